//! Handing the person over to another number.

use super::Watching;
use crate::{
    api::calls::command_call,
    components::{Icon, Toasts},
};
use domain::{Personal, call_command::CallCommand};
use leptos::{ev::SubmitEvent, html, prelude::*};

/// Asks for the number, asks once more, transfers.
#[component]
pub(super) fn Transfer(done: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let watching = expect_context::<Watching>();
    let toasts = Toasts::of_app();
    let field = NodeRef::<html::Input>::new();
    let confirm = NodeRef::<html::Button>::new();
    let asking = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let send = Action::new(move |number: &String| {
        command_call(watching.id, CallCommand::Transfer(Personal::new(number.clone())))
    });
    Effect::new(move || {
        if let Some(field) = field.get() {
            // An element that is in the document can take the focus.
            let _ = field.focus();
        }
    });
    Effect::new(move || {
        if let Some(confirm) = confirm.get() {
            let _ = confirm.focus();
        }
    });
    Effect::new(move || match send.value().get() {
        Some(Ok(())) => {
            toasts.done("The person is being put through.");
            done();
        }
        Some(Err(error)) => {
            asking.set(None);
            let of_field = error.0.fields.first().map(|field| field.message.clone());
            problem.set(Some(of_field.unwrap_or(error.0.message)));
        }
        None => {}
    });
    view! {
        <form on:submit=move |submit: SubmitEvent| {
            submit.prevent_default();
            let number = field.get_untracked().map(|field| field.value()).unwrap_or_default();
            if !number.trim().is_empty() {
                problem.set(None);
                asking.set(Some(number.trim().to_owned()));
            }
        }>
            <div class="field">
                <label for="transfer-to">"Number to put the person through to"</label>
                <span class="hint" id="transfer-to-hint">
                    "With its country code, as in +49 30 123456. The call then ends here."
                </span>
                <input
                    node_ref=field
                    id="transfer-to"
                    type="tel"
                    maxlength="60"
                    autocomplete="off"
                    aria-describedby="transfer-to-hint transfer-to-problem"
                    aria-invalid=move || problem.get().is_some().to_string()
                    required
                />
                <span class="field-error" id="transfer-to-problem" role="alert">
                    {move || problem.get()}
                </span>
            </div>
            <Show when=move || asking.get().is_none()>
                <button class="button primary" type="submit">
                    <Icon name="phone-forwarded" />
                    "Put through"
                </button>
            </Show>
        </form>
        {move || {
            asking
                .get()
                .map(|number| {
                    let dialled = number.clone();
                    view! {
                        <span role="group" aria-label="Put the person through?" class="row">
                            <span>"Put the person through to " <strong>{number}</strong> "?"</span>
                            <button type="button" class="button" node_ref=confirm on:click=move |_| asking.set(None)>
                                "Not yet"
                            </button>
                            <button
                                type="button"
                                class="button danger"
                                disabled=move || send.pending().get()
                                on:click=move |_| {
                                    send.dispatch(dialled.clone());
                                }
                            >
                                <Icon name="phone-forwarded" />
                                "Yes, put through"
                            </button>
                        </span>
                    }
                })
        }}
    }
}
