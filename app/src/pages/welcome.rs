//! Where an invitation leads.

use leptos::prelude::*;

/// Where an invitation leads.
#[component]
pub fn Welcome() -> impl IntoView {
    view! { <h1>"Welcome"</h1> }
}
