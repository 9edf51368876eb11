//! The moment from which the browser may draw something else than the server did.

use leptos::prelude::*;

/// Runs `change` in the browser once it has taken the page over; on the server, never.
///
/// An effect alone comes too early for whatever adds or removes elements: pages are taken over piece by piece, and a
/// piece that no longer looks as the server wrote it cannot be taken over. Changing text or attributes in an effect is
/// fine.
pub fn once_taken_over(change: impl FnOnce() + Clone + 'static) {
    Effect::new(move || {
        let change = change.clone();
        // All pieces come before the next frame is painted.
        request_animation_frame(change);
    });
}
