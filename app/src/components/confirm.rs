//! Asking once more, before something that cannot be taken back.

use super::Icon;
use leptos::{html, prelude::*};

/// A question with two answers. The focus goes to the one that changes nothing.
#[component]
pub fn Confirm(
    #[prop(into)] question: String,
    /// What leaves everything as it is.
    keep: &'static str,
    /// What does it.
    go_on: &'static str,
    icon: &'static str,
    /// It is being done.
    #[prop(into)]
    pending: Signal<bool>,
    on_keep: impl Fn() + 'static,
    on_go_on: impl Fn() + 'static,
) -> impl IntoView {
    let harmless = NodeRef::<html::Button>::new();
    Effect::new(move || {
        if let Some(harmless) = harmless.get() {
            // An element that is in the document can take the focus.
            let _ = harmless.focus();
        }
    });
    view! {
        <div role="group" aria-label=question.clone() class="confirm">
            <span>{question.clone()}</span>
            <button type="button" class="button" node_ref=harmless on:click=move |_| on_keep()>
                {keep}
            </button>
            <button type="button" class="button danger" disabled=move || pending.get() on:click=move |_| on_go_on()>
                <Icon name=icon />
                {go_on}
            </button>
        </div>
    }
}
