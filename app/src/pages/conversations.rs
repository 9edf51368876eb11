//! The list of conversations.

use leptos::prelude::*;

/// The list of conversations.
#[component]
pub fn Conversations() -> impl IntoView {
    view! { <h1>"Conversations"</h1> }
}
