//! Every shared component in its states.

use leptos::prelude::*;

/// Every shared component in its states.
#[component]
pub fn Gallery() -> impl IntoView {
    view! { <h1>"Gallery"</h1> }
}
