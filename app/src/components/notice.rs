//! Sentences that must be read: notices and errors.

use super::{Icon, Tone};
use crate::error::AppError;
use domain::ErrorKind;
use leptos::prelude::*;
use leptos_router::components::Redirect;

/// A notice with an icon. `Failed` is announced at once; the others when the reader comes to them.
#[component]
pub fn Notice(#[prop(optional)] tone: Tone, children: Children) -> impl IntoView {
    let icon = match tone {
        Tone::Failed => "circle-alert",
        Tone::Warning => "triangle-alert",
        Tone::Live => "circle-check",
        _ => "info",
    };
    view! {
        <div class=format!("notice {}", tone.class()) role=(tone == Tone::Failed).then_some("alert")>
            <Icon name=icon />
            <div>{children()}</div>
        </div>
    }
}

/// What could not be done, in the words of the error. Sets the status of the page's HTTP answer; whoever is signed out is
/// led to the sign-in page and comes back after it.
#[component]
pub fn Problem(error: AppError) -> impl IntoView {
    crate::answer::set_status(error.0.kind);
    if error.0.kind == ErrorKind::SignedOut {
        return view! { <Redirect path=crate::answer::sign_in_address() /> }.into_any();
    }
    let tone = if error.0.kind == ErrorKind::NotFound {
        Tone::Warning
    } else {
        Tone::Failed
    };
    view! { <Notice tone=tone>{error.0.message}</Notice> }.into_any()
}
