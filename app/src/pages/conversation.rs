//! One conversation.

use leptos::prelude::*;

/// One conversation.
#[component]
pub fn Conversation() -> impl IntoView {
    view! { <h1>"Conversation"</h1> }
}
