//! A campaign's leads.

use leptos::prelude::*;

/// A campaign's leads.
#[component]
pub fn Leads() -> impl IntoView {
    view! { <h1>"Leads"</h1> }
}
