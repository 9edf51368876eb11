//! What stands where data will be.

use leptos::prelude::*;

/// Grey lines of the final size. They appear after 200 ms, so quick answers do not flicker.
#[component]
pub fn Skeleton(#[prop(default = 5)] lines: usize) -> impl IntoView {
    view! {
        <div class="skeleton" aria-hidden="true">
            {(0..lines).map(|_| view! { <span></span> }).collect_view()}
        </div>
        <p class="visually-hidden" role="status">"Loading"</p>
    }
}
