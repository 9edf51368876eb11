//! Doing something again and again in the browser.

use leptos::prelude::*;
use std::time::Duration;

/// Calls `tick` after each `pace`, from the first moment in the browser until its owner is gone; never on the server.
pub(crate) fn every(pace: Duration, tick: impl Fn() + Copy + 'static) {
    Effect::new(move |_| {
        // Without a timer the page merely grows old.
        if let Ok(timer) = set_interval_with_handle(tick, pace) {
            on_cleanup(move || timer.clear());
        }
    });
}
