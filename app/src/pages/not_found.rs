//! There is nothing at this address.

use leptos::prelude::*;

/// There is nothing at this address.
#[component]
pub fn NotFound() -> impl IntoView {
    view! { <h1>"NotFound"</h1> }
}
