//! The supervisor's own voice: to the agent alone, to the person instead of the agent, or beside it.

use super::Watching;
use crate::{
    api::calls::command_call,
    components::{Icon, Notice, Toasts, Tone},
    listening::{Hearing, Listener, Speaking},
    session::signed_in,
};
use domain::{
    call_command::{CallCommand, CallFloor, Colleague},
    conversation::ConversationStatus,
};
use leptos::prelude::*;

/// What the parts below share.
#[derive(Clone, Copy)]
pub(super) struct OwnVoice {
    listener: Listener,
    /// What is commanded as soon as the microphone is open and connected.
    wanted: RwSignal<Option<CallCommand>>,
    send: Action<CallCommand, Result<(), crate::error::AppError>>,
    /// The floor is ours, as far as the call has said.
    mine: Memo<bool>,
    /// We brief a colleague, whom the person does not hear either.
    briefing: Memo<bool>,
}

impl OwnVoice {
    pub(super) fn new(listener: Listener) -> Self {
        let watching = expect_context::<Watching>();
        let toasts = Toasts::of_app();
        let me = signed_in().map(|me| me.user_id);
        let floor = watching.floor;
        let mine = Memo::new(move |_| {
            floor
                .with(|floor| floor.supervisor().map(|by| by.id))
                .is_some_and(|id| me == Some(id))
        });
        let send = Action::new(move |command: &CallCommand| {
            if matches!(command, CallCommand::TakeOver | CallCommand::BargeIn) {
                listener.let_everybody_hear();
            }
            command_call(watching.id, command.clone())
        });
        let wanted = RwSignal::new(None::<CallCommand>);
        let (hearing, speaking) = (listener.hearing(), listener.speaking());
        Effect::new(move || match (hearing.get(), speaking.get()) {
            (hearing, Speaking::On) if hearing.is_connected() => {
                if let Some(command) = wanted.try_update(Option::take).flatten() {
                    send.dispatch(command);
                }
            }
            (Hearing::Stopped(_), _) | (_, Speaking::Refused(_)) => wanted.set(None),
            _ => {}
        });
        Effect::new(move || {
            if let Some(Err(error)) = send.value().get() {
                toasts.failed(error.0.message);
                if !mine.get_untracked() {
                    listener.be_silent();
                }
            }
        });
        let briefing = Memo::new(move |_| {
            let stage = watching.colleague;
            stage.with(|stage| matches!(stage, Colleague::Briefed(by) if me == Some(by.id)))
        });
        // The agent's side keeps it from the person.
        Effect::new(move || {
            if briefing.get() && speaking.get() == Speaking::On && hearing.get().is_connected() {
                listener.let_everybody_hear();
            }
        });
        // Whoever has no floor any more must not be heard unawares.
        Effect::new(move |was_mine: Option<bool>| {
            let mine = mine.get();
            if was_mine == Some(true) && !mine && speaking.get_untracked() == Speaking::On {
                listener.be_silent();
                toasts.done("The agent has the call again. Your microphone is off.");
            }
            mine
        });
        Self {
            listener,
            wanted,
            send,
            mine,
            briefing,
        }
    }

    pub(super) fn be_silent(self) {
        self.listener.be_silent();
    }

    fn ask_for(self, command: CallCommand) {
        self.wanted.set(Some(command.clone()));
        if self.listener.speaking().get_untracked() == Speaking::On
            && self.listener.hearing().get_untracked().is_connected()
        {
            self.wanted.set(None);
            self.send.dispatch(command);
        } else {
            self.listener.speak();
        }
    }

    fn is_open(self) -> bool {
        self.listener.speaking().get() == Speaking::On
    }
}

/// Speak to the agent, take over, barge in, return.
#[component]
pub(super) fn SpeakingButtons(voice: OwnVoice) -> impl IntoView {
    let watching = expect_context::<Watching>();
    let floor = watching.floor;
    let live = Memo::new(move |_| watching.status.get() == ConversationStatus::Live);
    let asking = move || voice.listener.speaking().get() == Speaking::Asking || voice.send.pending().get();
    let others = move || floor.with(|floor| *floor != CallFloor::Agent) && !voice.mine.get();
    let speaks = move || voice.mine.get() && voice.is_open();
    let taken_over = move || speaks() && floor.with(CallFloor::is_taken_over);
    let barged_in = move || speaks() && !floor.with(CallFloor::is_taken_over);
    view! {
        <Show when=move || !voice.mine.get()>
            <button
                type="button"
                class=move || if voice.is_open() { "button on" } else { "button" }
                aria-pressed=move || voice.is_open().to_string()
                disabled=asking
                on:click=move |_| {
                    if voice.is_open() { voice.listener.be_silent() } else { voice.listener.speak() }
                }
            >
                <Icon name="ear" />
                {move || match (voice.is_open(), voice.briefing.get()) {
                    (true, false) => "Stop speaking to the agent",
                    (false, false) => "Speak to the agent",
                    (true, true) => "Stop speaking to the colleague",
                    (false, true) => "Speak to the colleague",
                }}
            </button>
        </Show>
        <Show when=move || !taken_over()>
            <button
                type="button"
                class="button"
                disabled=move || !live.get() || others() || asking()
                on:click=move |_| voice.ask_for(CallCommand::TakeOver)
            >
                <Icon name="mic" />
                "Take over"
            </button>
        </Show>
        <Show when=move || !barged_in()>
            <button
                type="button"
                class="button"
                disabled=move || !live.get() || others() || asking()
                on:click=move |_| voice.ask_for(CallCommand::BargeIn)
            >
                <Icon name="users" />
                {move || if taken_over() { "Let the agent speak too" } else { "Barge in" }}
            </button>
        </Show>
        <Show when=move || voice.mine.get()>
            <button
                type="button"
                class="button primary"
                disabled=asking
                on:click=move |_| {
                    voice.send.dispatch(CallCommand::ReturnToAgent);
                }
            >
                <Icon name="undo-2" />
                "Return to the agent"
            </button>
        </Show>
    }
}

/// Where the microphone stands, in words.
#[component]
pub(super) fn MicrophoneState(voice: OwnVoice) -> impl IntoView {
    let listener = voice.listener;
    view! {
        <div role="status">
            {move || match listener.speaking().get() {
                Speaking::Asking => {
                    view! { <p class="muted small">"Waiting for the microphone: allow it if your browser asks."</p> }
                        .into_any()
                }
                Speaking::Refused(why) => view! { <Notice tone=Tone::Warning>{why}</Notice> }.into_any(),
                Speaking::On if voice.briefing.get() => {
                    view! {
                        <p class="muted small">
                            "Your microphone is on. Your colleague hears you, the person does not; nothing of it is recorded or written down."
                        </p>
                    }
                        .into_any()
                }
                Speaking::On if !voice.mine.get() => {
                    view! { <p class="muted small">"Your microphone is on. The agent hears you, the person does not."</p> }
                        .into_any()
                }
                Speaking::On => ().into_any(),
                Speaking::Off if voice.mine.get() => {
                    view! {
                        <Notice tone=Tone::Warning>
                            "Your microphone is off. Take over again, or the agent goes on in a few seconds."
                        </Notice>
                    }
                        .into_any()
                }
                Speaking::Off => ().into_any(),
            }}
        </div>
    }
}
