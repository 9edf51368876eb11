//! One call in a window of its own.

use crate::{
    components::{EmptyState, LinkButton},
    monitor::CallMonitor,
};
use domain::ErrorKind;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

/// The call monitor of the call in the address.
#[component]
pub fn Monitor() -> impl IntoView {
    let params = use_params_map();
    view! {
        <Title text="Call monitor" />
        <div class="monitor-window">
            <h1 class="visually-hidden">"Call monitor"</h1>
            {move || match params.with(|params| params.get("id").and_then(|id| id.parse().ok())) {
                Some(id) => view! { <CallMonitor id=id own_window=true /> }.into_any(),
                None => {
                    crate::answer::set_status(ErrorKind::NotFound);
                    view! {
                        <EmptyState icon="circle-help" sentence="There is no such call.">
                            <LinkButton href="/">"Open the dashboard"</LinkButton>
                        </EmptyState>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}
