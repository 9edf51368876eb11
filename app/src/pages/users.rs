//! Who may sign in.

use leptos::prelude::*;

/// Who may sign in.
#[component]
pub fn Users() -> impl IntoView {
    view! { <h1>"Users"</h1> }
}
