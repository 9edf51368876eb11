//! Buttons, fields, dialogs, toasts.

use super::Exhibit;
use crate::components::{Confirm, Dialog, EmptyState, Icon, IconButton, LinkButton, Skeleton, Toasts};
use leptos::prelude::*;

#[component]
pub(super) fn Controls() -> impl IntoView {
    let (small, wide) = (RwSignal::new(false), RwSignal::new(false));
    let toasts = Toasts::of_app();
    view! {
        <Exhibit title="Buttons">
            <div class="row">
                <button type="button" class="button primary">"Primary"</button>
                <button type="button" class="button">"Plain"</button>
                <button type="button" class="button danger">
                    <Icon name="trash-2" />
                    "Danger"
                </button>
                <button type="button" class="button quiet">"Quiet"</button>
                <button type="button" class="button on">
                    <Icon name="headphones" />
                    "On"
                </button>
                <button type="button" class="button small">"Small"</button>
                <button type="button" class="button" disabled>"Disabled"</button>
                <LinkButton href="/gallery" icon="external-link">"LinkButton"</LinkButton>
                <IconButton icon="x" label="IconButton" on_press=|_| {} />
            </div>
        </Exhibit>
        <Exhibit title="Fields">
            <div class="field-row">
                <div class="field">
                    <label for="gallery-text">"Text"</label>
                    <input id="gallery-text" placeholder="What is typed here" />
                    <span class="hint">"A hint stands under its field."</span>
                </div>
                <div class="field">
                    <label for="gallery-wrong">"Wrong"</label>
                    <input id="gallery-wrong" value="12" aria-invalid="true" aria-describedby="gallery-problem" />
                    <span class="problem" id="gallery-problem">
                        <Icon name="circle-alert" />
                        "Choose 1 to 10."
                    </span>
                </div>
                <div class="field">
                    <label for="gallery-choice">"Choice"</label>
                    <select id="gallery-choice">
                        <option>"One"</option>
                        <option>"Another"</option>
                    </select>
                </div>
                <div class="field">
                    <label for="gallery-off">"Disabled"</label>
                    <input id="gallery-off" value="Cannot be changed" disabled />
                </div>
            </div>
            <div class="field">
                <label for="gallery-area">"Longer text"</label>
                <textarea id="gallery-area"></textarea>
            </div>
            <label class="choice">
                <input type="checkbox" checked />
                "A choice of yes and no"
            </label>
        </Exhibit>
        <Exhibit title="Dialog and toasts">
            <div class="row">
                <button type="button" class="button" on:click=move |_| small.set(true)>"Open a dialog"</button>
                <button type="button" class="button" on:click=move |_| wide.set(true)>"Open a wide dialog"</button>
                <button type="button" class="button" on:click=move |_| toasts.done("It was done.")>"Toast: done"</button>
                <button type="button" class="button" on:click=move |_| toasts.failed("It could not be done. Try again.")>
                    "Toast: failed"
                </button>
            </div>
            <Dialog open=small title="A dialog">
                <p>"Escape closes it, and the focus goes back to where it was."</p>
            </Dialog>
            <Dialog open=wide title="A wide dialog" wide=true>
                <p>"It has the size of the call monitor."</p>
            </Dialog>
        </Exhibit>
        <Exhibit title="Confirm">
            <Confirm
                question="End this call?"
                keep="Let it go on"
                go_on="End call"
                icon="phone-off"
                pending=Signal::stored(false)
                on_keep=|| {}
                on_go_on=|| {}
            />
        </Exhibit>
        <Exhibit title="EmptyState">
            <EmptyState icon="phone" sentence="Nobody is being called right now.">
                <LinkButton href="/campaigns">"Open the campaigns"</LinkButton>
            </EmptyState>
        </Exhibit>
        <Exhibit title="Skeleton">
            <Skeleton lines=4 />
        </Exhibit>
    }
    .into_any()
}
