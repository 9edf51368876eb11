//! Pressing keys for somebody at the other end who answers with a menu.

use super::Watching;
use crate::{api::calls::command_call, components::Toasts};
use domain::call_command::{CallCommand, KEYS, is_key};
use leptos::{ev::KeyboardEvent, html, prelude::*, task::spawn_local};
use std::collections::VecDeque;

/// Keys that are on their way; one follows the other, so that none overtakes.
#[derive(Clone, Copy)]
struct Presses {
    watching: Watching,
    toasts: Toasts,
    waiting: StoredValue<VecDeque<char>>,
    busy: StoredValue<bool>,
    pressed: RwSignal<String>,
}

impl Presses {
    fn press(self, key: char) {
        self.pressed.update(|pressed| pressed.push(key));
        self.waiting.update_value(|waiting| waiting.push_back(key));
        if !self.busy.get_value() {
            self.busy.set_value(true);
            spawn_local(self.send());
        }
    }

    async fn send(self) {
        // Nothing is there any more once the keypad was closed.
        while let Some(key) = self.waiting.try_update_value(VecDeque::pop_front).flatten() {
            if let Err(error) = command_call(self.watching.id, CallCommand::Press(key)).await {
                self.toasts.failed(error.0.message);
                self.waiting.try_update_value(VecDeque::clear);
                self.pressed.try_update(String::clear);
            }
        }
        self.busy.try_set_value(false);
    }
}

/// The twelve keys of a telephone. The computer's keys press them too while one of them has the focus.
#[component]
pub(super) fn Keypad() -> impl IntoView {
    let presses = Presses {
        watching: expect_context(),
        toasts: Toasts::of_app(),
        waiting: StoredValue::new(VecDeque::new()),
        busy: StoredValue::new(false),
        pressed: RwSignal::new(String::new()),
    };
    let first = NodeRef::<html::Button>::new();
    Effect::new(move || {
        if let Some(first) = first.get() {
            // An element that is in the document can take the focus.
            let _ = first.focus();
        }
    });
    let typed = move |event: KeyboardEvent| {
        let mut letters = event.key();
        let plain = !(event.ctrl_key() || event.alt_key() || event.meta_key());
        if let (Some(key), true, true) = (letters.pop(), letters.is_empty(), plain)
            && is_key(key)
        {
            event.prevent_default();
            presses.press(key);
        }
    };
    let keys = KEYS
        .into_iter()
        .enumerate()
        .map(|(place, key)| {
            let name = match key {
                '*' => "Star".to_owned(),
                '#' => "Hash".to_owned(),
                digit => digit.to_string(),
            };
            let key_ref = if place == 0 { first } else { NodeRef::new() };
            view! {
                <button
                    type="button"
                    class="button"
                    node_ref=key_ref
                    aria-label=name
                    on:click=move |_| presses.press(key)
                >
                    {key.to_string()}
                </button>
            }
        })
        .collect_view();
    view! {
        <div class="keypad">
            <div class="keys" role="group" aria-label="Keys of the telephone" on:keydown=typed>
                {keys}
            </div>
            <div class="stack tight">
                <p class="muted small">
                    "Presses keys at the other end, where a menu answers. You can type them too. The person hears the tones."
                </p>
                <p role="status">
                    {move || {
                        let pressed = presses.pressed.get();
                        (!pressed.is_empty())
                            .then(|| {
                                view! {
                                    "Pressed: "
                                    <strong class="mono">{pressed}</strong>
                                }
                            })
                    }}
                </p>
            </div>
        </div>
    }
}
