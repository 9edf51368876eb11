//! One call in a window of its own.

use leptos::prelude::*;

/// One call in a window of its own.
#[component]
pub fn Monitor() -> impl IntoView {
    view! { <h1>"Monitor"</h1> }
}
