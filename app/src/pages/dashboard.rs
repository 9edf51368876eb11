//! The live dashboard.

use leptos::prelude::*;

/// The live dashboard.
#[component]
pub fn Dashboard() -> impl IntoView {
    view! { <h1>"Dashboard"</h1> }
}
