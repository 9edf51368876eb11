use crate::components::{Duration, HasLook, Icon, Moment, Tone};
use domain::{
    calling_hours::GateReason,
    results::{ConversationResults, in_words},
    views::{AttemptView, ConversationView},
};
use leptos::prelude::*;
use leptos_router::components::A;

/// What the call brought back: each field that the campaign wanted, known or not.
#[component]
pub(super) fn Results(conversation: ConversationView) -> impl IntoView {
    let ConversationResults {
        fields,
        summary,
        call_back,
        call_back_at,
        reason,
    } = conversation.results;
    let rows = conversation
        .result_fields
        .into_iter()
        .map(|field| {
            let value = fields.get(&field.name).map(in_words);
            view! {
                <dt title=field.description>{field.name.replace('_', " ")}</dt>
                <dd>
                    {match value {
                        Some(value) => value.into_any(),
                        None => view! { <span class="muted">"not known"</span> }.into_any(),
                    }}
                </dd>
            }
        })
        .collect_view();
    view! {
        <section class="card stack tight">
            <h2>"Results"</h2>
            {summary.map(|summary| view! { <p>{summary}</p> })}
            <dl class="facts">
                {rows}
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

/// Who, when, for which campaign.
#[component]
pub(super) fn Facts(conversation: ConversationView) -> impl IntoView {
    let row = conversation.row;
    view! {
        <section class="card">
            <h2>"Call"</h2>
            <dl class="facts">
                <dt>"Campaign"</dt>
                <dd>
                    <A href=format!("/campaigns/{}", row.campaign_id)>{row.campaign_name}</A>
                </dd>
                <dt>"Direction"</dt>
                <dd>{row.direction.label()}</dd>
                <dt>"Number"</dt>
                <dd>{conversation.phone_number}</dd>
                <dt>"Answered"</dt>
                <dd>
                    {match row.call_start_time {
                        Some(at) => view! { <Moment at=at /> }.into_any(),
                        None => view! { <span class="muted">"no"</span> }.into_any(),
                    }}
                </dd>
                {conversation
                    .call_end_time
                    .map(|at| {
                        view! {
                            <dt>"Ended"</dt>
                            <dd>
                                <Moment at=at />
                            </dd>
                        }
                    })}
                <dt>"Length"</dt>
                <dd>
                    <Duration seconds=u64::from(row.duration_seconds) />
                </dd>
                <dt>"Other calls"</dt>
                <dd>
                    <A href=format!("/conversations?lead={}", conversation.lead_id)>"All calls with this lead"</A>
                </dd>
                <dt>"Id"</dt>
                <dd class="mono">{row.conversation_id.to_string()}</dd>
            </dl>
        </section>
    }
    .into_any()
}

/// Whether this call was allowed, and on what that rests.
#[component]
pub(super) fn Decision(attempt: Option<AttemptView>) -> impl IntoView {
    attempt.map(|attempt| {
        let allowed = attempt.reason == GateReason::Allowed;
        let (tone, icon, words) = if allowed {
            (Tone::Live, "circle-check", "Allowed")
        } else {
            (Tone::Failed, "ban", attempt.reason.label())
        };
        let outcome = attempt.disposition.map(|outcome| outcome.look().label);
        view! {
            <section class="card stack tight">
                <h2>"May this person be called?"</h2>
                <p>
                    <span class=format!("badge {}", tone.class())>
                        <Icon name=icon />
                        <span>{words}</span>
                    </span>
                </p>
                <p>{attempt.because}</p>
                <p class="muted small">
                    {format!("Attempt {}, decided ", attempt.number)} <Moment at=attempt.decided_at />
                    {outcome.map(|outcome| format!("; ended: {outcome}"))}
                </p>
            </section>
        }
        .into_any()
    })
}
