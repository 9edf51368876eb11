//! What is connected and how it is set.

use leptos::prelude::*;

/// What is connected and how it is set.
#[component]
pub fn Settings() -> impl IntoView {
    view! { <h1>"Settings"</h1> }
}
