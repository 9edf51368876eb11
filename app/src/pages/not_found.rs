//! There is nothing at this address.

use crate::components::{EmptyState, LinkButton};
use domain::ErrorKind;
use leptos::prelude::*;
use leptos_meta::Title;

/// There is nothing at this address.
#[component]
pub fn NotFound() -> impl IntoView {
    crate::answer::set_status(ErrorKind::NotFound);
    view! {
        <Title text="Not found" />
        <main class="door">
            <div>
                <h1>"There is no page at this address"</h1>
                <EmptyState icon="circle-help" sentence="It may have been moved or deleted.">
                    <LinkButton href="/" class="primary">"Open the dashboard"</LinkButton>
                </EmptyState>
            </div>
        </main>
    }
}
