//! One call: facts, decision, results, transcript, recording.

mod cost;
mod facts;
pub(super) mod playback;
pub(super) mod player;
mod results;
pub(super) mod transcript;

use crate::{
    api::conversations::{DrawResultsAgain, get_conversation},
    components::{
        LinkButton, Loaded, Moment, Notice, PageHeader, Problem, StatusBadge, Tone,
        form::{ErrorSummary, action_error},
    },
    pages::{address::id_of_page, turn_times::TurnTimeline},
    session::may,
};
use cost::Cost;
use domain::{
    ConversationId, UnixMillis, UserError,
    access::Permission,
    conversation::ConversationStatus,
    recording::RecordingRule,
    views::{ConversationView, RecordingView},
};
use facts::{Decision, Facts};
use leptos::prelude::*;
use playback::Playback;
use player::Player;
use results::Results;
use transcript::Transcript;

/// One call.
#[component]
pub fn Conversation() -> impl IntoView {
    let id = id_of_page::<ConversationId>();
    move || match id.get() {
        None => view! { <Problem error=UserError::not_found("conversation").into() /> }.into_any(),
        Some(id) => {
            let again = ServerAction::<DrawResultsAgain>::new();
            let error = action_error(again);
            let conversation = Resource::new(move || (id, again.version().get()), |(id, _)| get_conversation(id));
            view! {
                <ErrorSummary error=error />
                <Loaded
                    resource=conversation
                    lines=10
                    view=move |conversation| view! { <Detail conversation=conversation again=again /> }.into_any()
                />
            }
            .into_any()
        }
    }
}

#[component]
fn Detail(conversation: ConversationView, again: ServerAction<DrawResultsAgain>) -> impl IntoView {
    let id = conversation.row.conversation_id;
    let status = conversation.row.status;
    let name = conversation.row.lead_name.reveal().to_owned();
    let title = if name.is_empty() {
        conversation.phone_number.clone()
    } else {
        name
    };
    let running = !matches!(status, ConversationStatus::Ended(_));
    let listen = may(Permission::Listen);
    let recordings = conversation.recordings.clone();
    let deleted_at = recordings.iter().filter_map(|part| part.deleted_at).max();
    let parts: Vec<RecordingView> = recordings
        .into_iter()
        .filter(|part| part.deleted_at.is_none())
        .collect();
    let playback = (listen && !parts.is_empty()).then(|| Playback::new(&parts));
    let recorded = match (playback, deleted_at) {
        (Some(playback), _) => {
            let begins = begins(conversation.recording_rule);
            view! { <Player parts=parts playback=playback begins=begins /> }.into_any()
        }
        (None, Some(at)) => view! { <Deleted at=at /> }.into_any(),
        (None, None) if !listen && conversation.row.has_recording => {
            view! { <p class="muted">"This call was recorded. Your role does not include listening."</p> }.into_any()
        }
        (None, None) if listen && !running && conversation.row.call_start_time.is_some() => {
            view! { <p class="muted">{why_none(conversation.recording_rule)}</p> }.into_any()
        }
        (None, None) => ().into_any(),
    };
    view! {
        <PageHeader
            title=title
            back=("/conversations".to_owned(), "Conversations".to_owned())
            badge=view! { <StatusBadge status=Signal::stored(status) /> }.into_any()
        >
            {running
                .then(|| {
                    view! {
                        <LinkButton href=format!("/monitor/{id}") class="primary" icon="eye">
                            "Watch it live"
                        </LinkButton>
                    }
                })}
        </PageHeader>
        {running
            .then(|| {
                view! {
                    <Notice tone=Tone::Ringing>"This call is going on. This page shows it as it was when it was opened."</Notice>
                }
            })}
        {recorded}
        <div class="conversation">
            <Transcript segments=conversation.segments.clone() playback=playback linked=true />
            <div class="stack">
                <Results conversation=conversation.clone() again=again />
                <Facts conversation=conversation.clone() />
                <Decision attempt=conversation.attempt />
                {conversation.cost.map(|cost| view! { <Cost cost=cost /> })}
            </div>
        </div>
        <TurnTimeline turns=conversation.turns />
    }
    .into_any()
}

/// From where on a call is recorded by this rule.
const fn begins(rule: RecordingRule) -> &'static str {
    match rule {
        RecordingRule::Announce => "Recorded from the end of the announcement on. Before that there is silence.",
        RecordingRule::Beep => "Recorded from the beep on. Before that there is silence.",
        RecordingRule::Always | RecordingRule::Never => "",
    }
}

/// Why an answered call has no recording.
const fn why_none(rule: RecordingRule) -> &'static str {
    match rule {
        RecordingRule::Never => "There is no recording: the campaign's calls are not recorded.",
        RecordingRule::Announce => {
            "There is no recording. A call of this campaign is recorded only after its announcement was heard to the end."
        }
        RecordingRule::Beep => {
            "There is no recording. A call of this campaign is recorded only after its beep was heard."
        }
        RecordingRule::Always => "There is no recording.",
    }
}

/// The recording is no longer there.
#[component]
fn Deleted(at: UnixMillis) -> impl IntoView {
    view! {
        <section class="card">
            <h2>"Recording"</h2>
            <p class="muted">"Deleted on " <Moment at=at /> ", because its time was over."</p>
        </section>
    }
    .into_any()
}
