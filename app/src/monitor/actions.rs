//! What a supervisor can do to a running call.

use super::{
    Watching,
    colleague::ColleagueState,
    end_call::EndCall,
    keypad::Keypad,
    listen_button::{ListenButton, WhoHears},
    speaking::{MicrophoneState, OwnVoice, SpeakingButtons},
    transfer::Transfer,
};
use crate::{
    api::calls::command_call,
    components::{Icon, Toasts},
    listening::Listener,
    session::may,
};
use domain::{Personal, access::Permission, call_command::CallCommand, conversation::ConversationStatus};
use leptos::{ev::SubmitEvent, html, prelude::*};

/// The longest text for the agent, in characters; the operation has the last word.
const LONGEST: &str = "500";

/// What is being written, or asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Whisper,
    Say,
    /// The number to transfer to.
    Number,
    Keys,
    /// Whether to end the call.
    End,
}

/// Listen, whisper, say, speak, transfer, press keys, end; each as far as the role allows.
#[component]
pub(super) fn Actions() -> impl IntoView {
    let watching = expect_context::<Watching>();
    let listener = Listener::new(watching.id);
    let writing = RwSignal::new(None::<Writing>);
    let toggle = move |which| {
        writing.update(|writing| *writing = (*writing != Some(which)).then_some(which));
    };
    let voice = may(Permission::SteerCalls).then(|| OwnVoice::new(listener));
    let unanswered = move || watching.status.get() != ConversationStatus::Live;
    view! {
        <div class="monitor-foot">
            <WhoHears listener=listener />
            {voice
                .map(|voice| {
                    view! {
                        <MicrophoneState voice=voice />
                        <ColleagueState voice=voice />
                    }
                })}
            {move || {
                let done = move || writing.set(None);
                match writing.get()? {
                    Writing::Number => Some(view! { <Transfer done=done /> }.into_any()),
                    Writing::Keys => Some(view! { <Keypad /> }.into_any()),
                    Writing::End => Some(view! { <EndCall done=done /> }.into_any()),
                    which => Some(view! { <TextForAgent which=which done=done /> }.into_any()),
                }
            }}
            <div class="row">
                {may(Permission::Listen).then(|| view! { <ListenButton listener=listener /> })}
                {voice
                    .map(|voice| {
                        view! {
                            <button
                                type="button"
                                class="button"
                                aria-expanded=move || (writing.get() == Some(Writing::Whisper)).to_string()
                                on:click=move |_| toggle(Writing::Whisper)
                            >
                                <Icon name="message-circle" />
                                "Whisper"
                            </button>
                            <button
                                type="button"
                                class="button"
                                aria-expanded=move || (writing.get() == Some(Writing::Say)).to_string()
                                on:click=move |_| toggle(Writing::Say)
                            >
                                <Icon name="megaphone" />
                                "Say"
                            </button>
                            <SpeakingButtons voice=voice />
                            <button
                                type="button"
                                class="button"
                                aria-expanded=move || (writing.get() == Some(Writing::Number)).to_string()
                                disabled=unanswered
                                on:click=move |_| toggle(Writing::Number)
                            >
                                <Icon name="phone-forwarded" />
                                "Transfer"
                            </button>
                            <button
                                type="button"
                                class="button"
                                aria-expanded=move || (writing.get() == Some(Writing::Keys)).to_string()
                                disabled=unanswered
                                on:click=move |_| toggle(Writing::Keys)
                            >
                                <Icon name="keypad" />
                                "Keypad"
                            </button>
                            <span class="grow"></span>
                            <button
                                type="button"
                                class="button danger"
                                aria-expanded=move || (writing.get() == Some(Writing::End)).to_string()
                                on:click=move |_| toggle(Writing::End)
                            >
                                <Icon name="phone-off" />
                                "End call"
                            </button>
                        }
                    })}
            </div>
        </div>
    }
}

#[component]
fn TextForAgent(which: Writing, done: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let watching = expect_context::<Watching>();
    let toasts = Toasts::of_app();
    let field = NodeRef::<html::Input>::new();
    let send = Action::new(move |text: &String| {
        let text = Personal::new(text.clone());
        let command = match which {
            Writing::Whisper => CallCommand::Whisper(text),
            _ => CallCommand::Say(text),
        };
        command_call(watching.id, command)
    });
    Effect::new(move || {
        if let Some(field) = field.get() {
            // An element that is in the document can take the focus.
            let _ = field.focus();
        }
    });
    Effect::new(move || match send.value().get() {
        Some(Ok(())) => {
            toasts.done(match which {
                Writing::Whisper => "Whispered to the agent.",
                _ => "The agent will say it.",
            });
            done();
        }
        Some(Err(error)) => toasts.failed(error.0.message),
        None => {}
    });
    let (label, hint) = match which {
        Writing::Whisper => (
            "Whisper to the agent",
            "Advice for its next answers. The person does not hear it.",
        ),
        _ => (
            "Sentence to say now",
            "The agent says exactly this. The person hears it.",
        ),
    };
    view! {
        <form on:submit=move |submit: SubmitEvent| {
            submit.prevent_default();
            let text = field.get_untracked().map(|field| field.value()).unwrap_or_default();
            if !text.trim().is_empty() {
                send.dispatch(text.trim().to_owned());
            }
        }>
            <div class="field">
                <label for="text-for-agent">{label}</label>
                <span class="hint" id="text-for-agent-hint">
                    {hint}
                </span>
                <input
                    node_ref=field
                    id="text-for-agent"
                    name="text"
                    maxlength=LONGEST
                    autocomplete="off"
                    aria-describedby="text-for-agent-hint"
                    required
                />
            </div>
            <button class="button primary" type="submit" disabled=move || send.pending().get()>
                <Icon name="send" />
                "Send"
            </button>
        </form>
    }
}
