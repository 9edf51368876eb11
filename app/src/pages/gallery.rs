//! Every shared component in its states; only in development builds.

mod controls;
mod numbers;
mod statuses;

use crate::{
    components::{EmptyState, LinkButton, PageHeader},
    session::installation,
};
use domain::ErrorKind;
use leptos::prelude::*;

/// The gallery, or what stands in its place where there is none.
#[component]
pub fn Gallery() -> impl IntoView {
    if !installation().is_some_and(|view| view.development) {
        crate::answer::set_status(ErrorKind::NotFound);
        return view! {
            <PageHeader title="Gallery" />
            <EmptyState icon="palette" sentence="The gallery is part of development builds only.">
                <LinkButton href="/">"Open the dashboard"</LinkButton>
            </EmptyState>
        }
        .into_any();
    }
    view! {
        <PageHeader title="Gallery" />
        <p class="muted">"Each shared component in each of its states. What is not here is not shared."</p>
        <statuses::Statuses />
        <controls::Controls />
        <numbers::Numbers />
    }
    .into_any()
}

/// One component and its states.
#[component]
fn Exhibit(title: &'static str, children: Children) -> impl IntoView {
    view! {
        <section class="card stack" aria-label=title>
            <h2>{title}</h2>
            {children()}
        </section>
    }
}
