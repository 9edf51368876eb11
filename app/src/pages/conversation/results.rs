//! What the call brought back, and the lines of the transcript that say so.

use super::transcript::line_id;
use crate::{
    api::conversations::DrawResultsAgain,
    components::{Moment, Notice, Tone, form::CommandButton},
    session::may,
};
use domain::{
    access::Permission,
    results::{ConversationResults, Evidence, ResultField, ResultsState, in_words},
    views::ConversationView,
};
use leptos::prelude::*;

/// What the call brought back: each field that the campaign wanted, known or not, and on what it rests.
#[component]
pub(super) fn Results(conversation: ConversationView, again: ServerAction<DrawResultsAgain>) -> impl IntoView {
    let ConversationResults {
        mut fields,
        mut evidence,
        unsupported,
        summary,
        summary_lines,
        sentiment,
        call_back,
        call_back_at,
        reason,
    } = conversation.results;
    let state = conversation.row.results_state;
    let unknown = match state {
        ResultsState::Pending { .. } => "not known yet",
        ResultsState::Drawn | ResultsState::Failed { .. } => "not known",
    };
    let rows = conversation
        .result_fields
        .into_iter()
        .map(|field| {
            let value = fields.remove(&field.name).map(|value| in_words(&value));
            let evidence = evidence.remove(&field.name);
            let dropped = unsupported.contains(&field.name);
            view! { <Field field=field value=value evidence=evidence dropped=dropped unknown=unknown /> }
        })
        .collect_view();
    let id = conversation.row.conversation_id.to_string();
    view! {
        <section class="card stack tight">
            <h2>"Results"</h2>
            <Standing state=state id=id again=again />
            {summary
                .map(|summary| {
                    view! {
                        <p>{summary}</p>
                        <Lines lines=summary_lines before="rests on" />
                    }
                })}
            <dl class="facts">
                {rows}
                {sentiment
                    .map(|sentiment| {
                        view! {
                            <dt>"mood"</dt>
                            <dd>
                                {sentiment.mood.as_str()}
                                <Lines lines=sentiment.lines before="shown by" />
                            </dd>
                        }
                    })}
                {call_back
                    .map(|when| {
                        let at = call_back_at.map(|at| format!(" ({} by their clock)", at.replace('T', " ")));
                        view! {
                            <dt>"call back"</dt>
                            <dd>{when} {at}</dd>
                        }
                    })}
                {reason
                    .map(|reason| {
                        view! {
                            <dt>"why it ended"</dt>
                            <dd>{reason}</dd>
                        }
                    })}
            </dl>
        </section>
    }
    .into_any()
}

#[component]
fn Field(
    field: ResultField,
    value: Option<String>,
    evidence: Option<Evidence>,
    /// The model named a value, and nothing supports it.
    dropped: bool,
    unknown: &'static str,
) -> impl IntoView {
    let known = value.is_some();
    view! {
        <dt title=field.description>{field.name.replace('_', " ")}</dt>
        <dd>
            {match value {
                Some(value) => value.into_any(),
                None => view! { <span class="muted">{unknown}</span> }.into_any(),
            }}
            {(!known && dropped)
                .then(|| {
                    view! {
                        <span class="evidence muted small">
                            "A value was named, but no line supports it, so it was dropped."
                        </span>
                    }
                })} {evidence.map(|evidence| view! { <Lines lines=evidence.lines before=evidence.learned.label() /> })}
        </dd>
    }
    .into_any()
}

/// Ways to the lines that something rests on.
#[component]
fn Lines(lines: Vec<u32>, before: &'static str) -> impl IntoView {
    let count = lines.len();
    let links = lines
        .into_iter()
        .enumerate()
        .map(|(index, position)| {
            let after = if index + 1 < count { ", " } else { "" };
            view! {
                <a href=format!("#{}", line_id(position))>{format!("line {}", position + 1)}</a>
                {after}
            }
        })
        .collect_view();
    view! {
        <span class="evidence muted small">
            {before} {(count > 0).then_some(": ")} {links}
        </span>
    }
    .into_any()
}

/// Whether the results are there, and if not, why, and what can be done about it.
#[component]
fn Standing(state: ResultsState, id: String, again: ServerAction<DrawResultsAgain>) -> impl IntoView {
    let (tone, words) = match state {
        ResultsState::Drawn => return ().into_any(),
        ResultsState::Pending { reason, next_try } => (
            Tone::Ringing,
            view! {
                <p>
                    "The results are not drawn from the transcript yet; what is here was noted during the call. " {reason}
                    " Next try: " <Moment at=next_try /> "."
                </p>
            }
            .into_any(),
        ),
        ResultsState::Failed { reason } => (
            Tone::Warning,
            view! {
                <p>
                    "The results could not be drawn from the transcript; what is here was noted during the call. "
                    {reason}
                </p>
            }
            .into_any(),
        ),
    };
    view! {
        <Notice tone=tone>
            {words}
            {may(Permission::EditCampaigns)
                .then(|| view! { <CommandButton action=again label="Try again now" inputs=vec![("id", id)] /> })}
        </Notice>
    }
    .into_any()
}
