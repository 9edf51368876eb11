//! One's own sessions and password.

use leptos::prelude::*;

/// One's own sessions and password.
#[component]
pub fn Account() -> impl IntoView {
    view! { <h1>"Account"</h1> }
}
