//! Uploading or pasting a list of leads.

use leptos::prelude::*;

/// Uploading or pasting a list of leads.
#[component]
pub fn LeadImport() -> impl IntoView {
    view! { <h1>"LeadImport"</h1> }
}
