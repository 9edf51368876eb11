//! Writing a campaign, new or existing.

use leptos::prelude::*;

/// Writing a campaign, new or existing.
#[component]
pub fn CampaignEditor() -> impl IntoView {
    view! { <h1>"CampaignEditor"</h1> }
}
