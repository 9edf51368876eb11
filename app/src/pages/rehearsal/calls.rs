//! The calls of a rehearsal: as a table, and each to read and to hear.

use crate::{
    components::{Column, DataTable, HasLook, Icon, Look, StatusBadge, Tone, duration_text},
    pages::conversation::{playback::Playback, player::Player, transcript::Transcript},
};
use domain::{
    rehearsal::{RehearsedCall, RehearsedCallView, Verdict},
    results::in_words,
    views::RecordingView,
};
use leptos::prelude::*;

const COLUMNS: &[Column] = &[
    Column::Text("Scenario"),
    Column::Text("As expected"),
    Column::Text("Ended as"),
    Column::Number("Length"),
    Column::Text("Why"),
];

fn look(passed: bool) -> Look {
    let (tone, icon, label) = if passed {
        (Tone::Live, "circle-check", "Passed")
    } else {
        (Tone::Failed, "circle-x", "Failed")
    };
    Look { tone, icon, label }
}

fn title(call: &RehearsedCall) -> String {
    format!("{} ({})", call.scenario, call.repetition)
}

/// All calls, one in a row, with what was not as expected.
#[component]
pub(super) fn CallTable(calls: Vec<RehearsedCallView>) -> impl IntoView {
    let rows = calls
        .into_iter()
        .map(|RehearsedCallView { call, .. }| {
            let passed = Signal::stored(look(call.passed()));
            let ended = Signal::stored(call.story.disposition.look());
            let why: Vec<String> = call
                .verdicts
                .iter()
                .filter(|verdict| !verdict.passed)
                .map(|verdict| format!("Not met: {}. {}", verdict.expectation, verdict.because))
                .collect();
            view! {
                <tr role="row">
                    <th role="rowheader" scope="row" class="lead wrap">
                        <a href=format!("#call-{}", call.id) rel="external">
                            {title(&call)}
                        </a>
                    </th>
                    <td role="cell" class="aside">
                        <StatusBadge status=passed plain=true />
                    </td>
                    <td role="cell" data-label="Ended as">
                        <StatusBadge status=ended plain=true />
                    </td>
                    <td role="cell" class="number" data-label="Length">
                        {duration_text(u64::from(call.story.duration_ms / 1_000))}
                    </td>
                    <td role="cell" class="wrap" data-label="Why">
                        {why.join(" ")}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <DataTable label="Calls of this rehearsal" columns=COLUMNS>
            {rows}
        </DataTable>
    }
    .into_any()
}

/// One call, folded.
#[component]
pub(super) fn CallDetails(call: RehearsedCallView) -> impl IntoView {
    let RehearsedCallView { call, recording } = call;
    let parts: Vec<RecordingView> = recording.into_iter().collect();
    let playback = (!parts.is_empty()).then(|| Playback::new(&parts));
    let passed = look(call.passed());
    let verdicts = call.verdicts.iter().cloned().map(verdict_line).collect_view();
    let heading = title(&call);
    view! {
        <details class="card" id=format!("call-{}", call.id)>
            <summary>
                <span class=format!("badge {}", passed.tone.class())>
                    <Icon name=passed.icon />
                    <span>{passed.label}</span>
                </span>
                {format!(" {heading} – {}", call.who.label())}
            </summary>
            <div class="stack">
                <ul>{verdicts}</ul>
                <Results call=call.clone() />
                {playback.map(|playback| view! { <Player parts=parts playback=playback begins="" /> })}
                <Transcript segments=call.story.lines playback=playback />
            </div>
        </details>
    }
    .into_any()
}

fn verdict_line(verdict: Verdict) -> impl IntoView {
    let word = if verdict.passed { "Met" } else { "Not met" };
    view! {
        <li>
            {format!("{word}: {}. ", verdict.expectation)}
            <span class="muted">{verdict.because}</span>
        </li>
    }
}

/// What the call brought back.
#[component]
fn Results(call: RehearsedCall) -> impl IntoView {
    let results = call.story.results;
    let known = results
        .fields
        .into_iter()
        .map(|(name, value)| (name.replace('_', " "), in_words(&value)));
    let others = [
        ("call back", results.call_back),
        ("summary", results.summary),
        ("why it ended", results.reason),
    ];
    let others = others
        .into_iter()
        .filter_map(|(name, words)| Some((name.to_owned(), words?)));
    let rows: Vec<_> = known
        .chain(others)
        .map(|(name, words)| {
            view! {
                <dt>{name}</dt>
                <dd>{words}</dd>
            }
        })
        .collect();
    (!rows.is_empty()).then(|| view! { <dl class="facts">{rows}</dl> }.into_any())
}
