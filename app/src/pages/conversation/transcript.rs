use super::playback::Playback;
use crate::components::{EmptyState, duration_text};
use domain::conversation::{Speaker, TranscriptSegment};
use leptos::prelude::*;

/// What was said, by speaker and with times. A line leads to its place in the recording.
#[component]
pub(in crate::pages) fn Transcript(
    segments: Vec<TranscriptSegment>,
    /// Of the recording, if there is one to hear.
    playback: Option<Playback>,
    /// Its lines can be linked to; of the transcripts of a page, one at most.
    #[prop(default = false)]
    linked: bool,
) -> impl IntoView {
    let lines = segments
        .into_iter()
        .map(|segment| view! { <Line segment=segment playback=playback linked=linked /> })
        .collect::<Vec<_>>();
    let body = if lines.is_empty() {
        view! { <EmptyState icon="message-square" sentence="Nothing was said." /> }.into_any()
    } else {
        view! { <ol class="transcript-lines">{lines}</ol> }.into_any()
    };
    view! {
        <section class="card">
            <h2>"Transcript"</h2>
            {body}
        </section>
    }
    .into_any()
}

/// The id of a line on a page whose transcript is linked.
pub(super) fn line_id(position: u32) -> String {
    format!("line-{}", position + 1)
}

#[component]
fn Line(segment: TranscriptSegment, playback: Option<Playback>, linked: bool) -> impl IntoView {
    let id = linked.then(|| line_id(segment.position));
    let number = linked.then(|| view! { <span class="line-number">{segment.position + 1}</span> });
    let (who, class) = match segment.speaker {
        Speaker::Agent => ("Agent", "said agent"),
        Speaker::Person => ("Person", "said person"),
        Speaker::Supervisor => ("Whisper from a supervisor", "said supervisor"),
        Speaker::SupervisorAloud => ("Supervisor, aloud", "said supervisor_aloud"),
        Speaker::Colleague => ("Colleague", "said supervisor_aloud"),
        Speaker::Act => ("Done in the call", "said act"),
    };
    let (from, to) = (
        f64::from(segment.start_ms) / 1_000.0,
        f64::from(segment.end_ms) / 1_000.0,
    );
    let time = duration_text(u64::from(segment.start_ms / 1_000));
    let playing = Memo::new(move |_| {
        let position = playback.and_then(|playback| playback.position.get());
        position.is_some_and(|at| (from..to).contains(&at))
    });
    let seek = move |_| {
        if let Some(playback) = playback {
            playback.seek(from, true);
        }
    };
    let time = if playback.is_some() {
        view! {
            <button type="button" class="time" aria-label=format!("Play from {time}") on:click=seek>
                {time.clone()}
            </button>
        }
        .into_any()
    } else {
        view! { <span class="time">{time}</span> }.into_any()
    };
    view! {
        <li class=class class:playing=move || playing.get() id=id tabindex=linked.then_some("-1")>
            <div class="who">
                {number}
                <strong>{who}</strong>
                {time}
            </div>
            <p on:click=seek>
                {segment.text.reveal().to_owned()}
                {segment
                    .interrupted
                    .then(|| view! { <span class="interrupted" title="Interrupted here">" — interrupted"</span> })}
            </p>
        </li>
    }
    .into_any()
}
