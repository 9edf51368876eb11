use crate::components::{Duration, HasLook, Icon, Moment, Tone};
use domain::{
    calling_hours::GateReason,
    views::{AttemptView, ConversationView},
};
use leptos::prelude::*;
use leptos_router::components::A;

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
