//! The frame around every page of somebody who is signed in.

use leptos::prelude::*;
use leptos_router::components::Outlet;

/// The frame.
#[component]
pub fn Frame() -> impl IntoView {
    view! { <Outlet /> }
}
