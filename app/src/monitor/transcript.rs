//! What is being said, running.

use super::Watching;
use crate::components::{Icon, duration_text};
use domain::conversation::{Speaker, TranscriptSegment};
use leptos::{html, prelude::*};

/// Pixels from the end within which the reader counts as being there.
const NEAR_THE_END: i32 = 40;

/// The final lines, announced as a log, and under them what is being said right now, which is not.
#[component]
pub(super) fn Transcript() -> impl IntoView {
    let state = expect_context::<Watching>().state;
    let segments = Memo::new(move |_| state.with(|state| state.segments.clone()));
    let partial_agent = Memo::new(move |_| state.with(|state| state.partial_agent.reveal().to_owned()));
    let partial_person = Memo::new(move |_| state.with(|state| state.partial_person.reveal().to_owned()));

    let lines = NodeRef::<html::Div>::new();
    let at_end = RwSignal::new(true);
    let to_end = move || {
        if let Some(lines) = lines.get_untracked() {
            lines.set_scroll_top(lines.scroll_height());
        }
    };
    Effect::new(move || {
        segments.track();
        partial_agent.track();
        partial_person.track();
        if at_end.get_untracked() {
            // After the new line is in the document.
            request_animation_frame(to_end);
        }
    });
    view! {
        <div class="transcript">
            <div
                class="lines"
                node_ref=lines
                tabindex="0"
                role="region"
                aria-label="Transcript"
                on:scroll=move |_| {
                    if let Some(lines) = lines.get_untracked() {
                        let below = lines.scroll_height() - lines.scroll_top() - lines.client_height();
                        at_end.set(below <= NEAR_THE_END);
                    }
                }
            >
                <Show when=move || segments.with(Vec::is_empty)>
                    <p class="muted">"Nothing has been said yet."</p>
                </Show>
                <div class="final" role="log" aria-label="What was said">
                    <For each=move || segments.get() key=|segment| segment.position let:segment>
                        <Line segment=segment />
                    </For>
                </div>
                <Partial speaker=Speaker::Agent text=partial_agent />
                <Partial speaker=Speaker::Person text=partial_person />
            </div>
            <Show when=move || !at_end.get()>
                <button
                    type="button"
                    class="button small jump"
                    on:click=move |_| {
                        at_end.set(true);
                        to_end();
                    }
                >
                    <Icon name="arrow-down" />
                    "Jump to latest"
                </button>
            </Show>
        </div>
    }
}

const fn by(speaker: Speaker) -> (&'static str, &'static str) {
    match speaker {
        Speaker::Agent => ("bot", "Agent"),
        Speaker::Person => ("user-round", "Person"),
        Speaker::Supervisor => ("message-circle", "Whispered to the agent"),
        Speaker::SupervisorAloud => ("mic", "Supervisor"),
        Speaker::Colleague => ("users", "Colleague"),
        Speaker::Act => ("hand", "Done in the call"),
    }
}

/// One line that was said.
#[component]
fn Line(segment: TranscriptSegment) -> impl IntoView {
    let (icon, name) = by(segment.speaker);
    view! {
        <div class=format!("line {}", segment.speaker.as_str())>
            <span class="by">
                <Icon name=icon />
                {name}
                " "
                {duration_text(u64::from(segment.start_ms / 1_000))}
                {segment.interrupted.then_some(" · interrupted")}
            </span>
            <p>{segment.text.reveal().to_owned()}</p>
        </div>
    }
}

/// What somebody is saying; not part of the log until it is final.
#[component]
fn Partial(speaker: Speaker, text: Memo<String>) -> impl IntoView {
    let (icon, name) = by(speaker);
    view! {
        <Show when=move || !text.with(String::is_empty)>
            <div class=format!("line partial {}", speaker.as_str()) aria-hidden="true">
                <span class="by">
                    <Icon name=icon />
                    {name}
                </span>
                <p>{move || text.get()}</p>
            </div>
        </Show>
    }
}
