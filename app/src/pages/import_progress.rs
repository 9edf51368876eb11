//! One import: its mapping, its progress, its refused rows.

use leptos::prelude::*;

/// One import: its mapping, its progress, its refused rows.
#[component]
pub fn ImportProgress() -> impl IntoView {
    view! { <h1>"ImportProgress"</h1> }
}
