//! One campaign.

use leptos::prelude::*;

/// One campaign.
#[component]
pub fn Campaign() -> impl IntoView {
    view! { <h1>"Campaign"</h1> }
}
