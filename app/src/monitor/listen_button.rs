//! Listening to the call, and who is heard.

use super::Watching;
use crate::{
    components::{Icon, Notice, Tone},
    listening::{Hearing, Listener, Speaking},
};
use leptos::prelude::*;

/// The button, in words what it does now.
#[component]
pub(super) fn ListenButton(listener: Listener) -> impl IntoView {
    let hearing = listener.hearing();
    view! {
        <button
            type="button"
            class=move || if hearing.get().is_connected() { "button on" } else { "button" }
            aria-pressed=move || {
                matches!(hearing.get(), Hearing::On | Hearing::Blocked | Hearing::Connecting).to_string()
            }
            on:click=move |_| {
                match hearing.get_untracked() {
                    Hearing::On | Hearing::Connecting => listener.stop(),
                    Hearing::Blocked => listener.turn_on(),
                    Hearing::Off | Hearing::Stopped(_) => listener.start(),
                }
            }
        >
            <Icon name="headphones" />
            {move || match hearing.get() {
                Hearing::Off => "Listen",
                Hearing::Connecting => "Connecting…",
                Hearing::On => "Listening – stop",
                Hearing::Blocked => "Turn the sound on",
                Hearing::Stopped(_) => "Listen again",
            }}
        </button>
    }
}

/// Says who can hear the viewer while their microphone is off.
#[component]
pub(super) fn WhoHears(listener: Listener) -> impl IntoView {
    let watching = expect_context::<Watching>();
    let hearing = listener.hearing();
    view! {
        <div role="status">
            {move || match hearing.get() {
                Hearing::Stopped(why) if !watching.ended() => {
                    view! { <Notice tone=Tone::Warning>{why}</Notice> }.into_any()
                }
                Hearing::Blocked => {
                    view! { <Notice>"Your browser holds the sound back until you press “Turn the sound on”."</Notice> }
                        .into_any()
                }
                _ if listener.speaking().get() == Speaking::On => ().into_any(),
                Hearing::On => {
                    view! {
                        <p class="muted small">
                            "You hear both sides. Nobody hears you: a whisper reaches the agent only, a given sentence is spoken by the agent."
                        </p>
                    }
                        .into_any()
                }
                _ => {
                    view! {
                        <p class="muted small">
                            "Nobody hears you: a whisper reaches the agent only, a given sentence is spoken by the agent."
                        </p>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}
