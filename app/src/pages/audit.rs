//! Who did what.

use leptos::prelude::*;

/// Who did what.
#[component]
pub fn Audit() -> impl IntoView {
    view! { <h1>"Audit"</h1> }
}
