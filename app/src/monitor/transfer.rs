//! Handing the person over to another number: at once, or after speaking with whoever answers there.

use super::Watching;
use crate::{
    api::calls::command_call,
    components::{Confirm, Icon, Toasts},
};
use domain::{Personal, call_command::CallCommand};
use leptos::{ev::SubmitEvent, html, prelude::*};

/// Asks for the number, and then either calls a colleague there, or asks once more and puts the person through.
#[component]
pub(super) fn Transfer(done: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let watching = expect_context::<Watching>();
    let toasts = Toasts::of_app();
    let field = NodeRef::<html::Input>::new();
    let asking = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let send = Action::new(move |command: &CallCommand| command_call(watching.id, command.clone()));
    let pending = send.pending();
    Effect::new(move || {
        if let Some(field) = field.get() {
            // An element that is in the document can take the focus.
            let _ = field.focus();
        }
    });
    Effect::new(move || match send.value().get() {
        Some(Ok(())) => {
            if asking.get_untracked().is_some() {
                toasts.done("The person is being put through.");
            }
            done();
        }
        Some(Err(error)) => {
            asking.set(None);
            let of_field = error.0.fields.first().map(|field| field.message.clone());
            problem.set(Some(of_field.unwrap_or(error.0.message)));
        }
        None => {}
    });
    let number = move || {
        problem.set(None);
        let number = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        let number = number.trim().to_owned();
        (!number.is_empty()).then_some(number)
    };
    view! {
        <form on:submit=move |submit: SubmitEvent| {
            submit.prevent_default();
            if let Some(number) = number() {
                send.dispatch(CallCommand::CallColleague(Personal::new(number)));
            }
        }>
            <div class="field">
                <label for="transfer-to">"Number of a colleague"</label>
                <span class="hint" id="transfer-to-hint">
                    "With its country code, as in +49 30 123456. Call them first to tell them what it is about, while the agent goes on; or put the person through at once, and the call ends here."
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
                <button class="button primary" type="submit" disabled=move || pending.get()>
                    <Icon name="phone-call" />
                    "Call first"
                </button>
                <button
                    class="button"
                    type="button"
                    disabled=move || pending.get()
                    on:click=move |_| {
                        if let Some(number) = number() {
                            asking.set(Some(number));
                        }
                    }
                >
                    <Icon name="phone-forwarded" />
                    "Put through"
                </button>
            </Show>
        </form>
        {move || {
            asking
                .get()
                .map(|number| {
                    let question = format!("Put the person through to {number}?");
                    view! {
                        <Confirm
                            question=question
                            keep="Not yet"
                            go_on="Yes, put through"
                            icon="phone-forwarded"
                            pending=pending
                            on_keep=move || asking.set(None)
                            on_go_on=move || {
                                send.dispatch(CallCommand::Transfer(Personal::new(number.clone())));
                            }
                        />
                    }
                })
        }}
    }
}
