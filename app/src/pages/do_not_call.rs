//! Numbers that nobody may call.

use leptos::prelude::*;

/// Numbers that nobody may call.
#[component]
pub fn DoNotCall() -> impl IntoView {
    view! { <h1>"DoNotCall"</h1> }
}
