//! One campaign: where it stands, what can be done with it, and the ways on.

mod deleting;
mod figures;
mod trial;

use crate::{
    api::campaigns::{CommandCampaign, DuplicateCampaign, get_campaign},
    components::{
        LinkButton, Loaded, Moment, PageHeader, Problem, ProgressBar, StatusBadge, Toasts,
        form::{CommandButton, ErrorSummary, action_error},
    },
    every::every,
    pages::{
        address::id_of_page,
        campaign_editor::{clock_text, tenths_text},
        campaigns::finished,
        turn_times::TurnFigures,
    },
    session::may,
    trouble_banner::{TroubleBanner, troubles},
};
use deleting::DeleteCampaignButton;
use domain::{
    CampaignId, UserError,
    access::Permission,
    calling_hours::{DAY, Weekday},
    campaign::{CampaignCommand, CampaignContent, CampaignStatus, VoicemailPolicy},
    views::CampaignView,
};
use figures::{LeadFigures, Outcomes, Warnings};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;

/// How often the numbers of a running campaign are asked for.
const PACE: Duration = Duration::from_secs(2);

/// One campaign.
#[component]
pub fn Campaign() -> impl IntoView {
    let troubles = troubles();
    let id = id_of_page::<CampaignId>();
    move || match id.get() {
        None => view! { <Problem error=UserError::not_found("campaign").into() /> }.into_any(),
        Some(id) => {
            let campaign = Resource::new(move || id, get_campaign);
            view! {
                <TroubleBanner troubles=troubles />
                <Loaded resource=campaign view=|campaign| view! { <CampaignDetail campaign=campaign /> }.into_any() />
            }
            .into_any()
        }
    }
}

/// The words on the button of a command.
const fn verb(command: CampaignCommand) -> (&'static str, &'static str) {
    match command {
        CampaignCommand::Start => ("start", "Start"),
        CampaignCommand::Pause => ("pause", "Pause"),
        CampaignCommand::Resume => ("resume", "Resume"),
        CampaignCommand::Stop => ("stop", "Stop"),
    }
}

#[component]
fn CampaignDetail(campaign: CampaignView) -> impl IntoView {
    let id = campaign.row.progress.campaign_id;
    let now = RwSignal::new(campaign.clone());
    let refresh = move || {
        spawn_local(async move {
            if let Ok(fresh) = get_campaign(id).await {
                let _ = now.try_set(fresh);
            }
        });
    };
    keep_fresh(now, refresh);

    let command = ServerAction::<CommandCampaign>::new();
    let duplicate = ServerAction::<DuplicateCampaign>::new();
    let toasts = Toasts::of_app();
    Effect::new(move |_| {
        if let Some(Ok(status)) = command.value().get() {
            toasts.done(format!("The campaign is {status} now."));
            refresh();
        }
    });
    let error = action_error(command);
    let duplicate_error = action_error(duplicate);
    let error = Signal::derive(move || error.get().or_else(|| duplicate_error.get()));

    let status = Memo::new(move |_| now.with(|now| now.row.progress.status));
    let commands = Memo::new(move |_| now.with(|now| now.commands.clone()));
    let editable = may(Permission::EditCampaigns);
    let command_buttons = move || {
        commands
            .get()
            .into_iter()
            .map(|wanted| {
                let (word, label) = verb(wanted);
                let class = if matches!(wanted, CampaignCommand::Start | CampaignCommand::Resume) {
                    "button primary"
                } else {
                    "button"
                };
                let inputs = vec![("id", id.to_string()), ("command", word.to_owned())];
                view! { <CommandButton action=command label=label inputs=inputs class=class /> }
            })
            .collect_view()
    };
    let total = Signal::derive(move || now.with(|now| now.row.progress.leads));
    let done = Signal::derive(move || now.with(|now| finished(&now.row.progress)));
    let base = format!("/campaigns/{id}");
    let back = ("/campaigns".to_owned(), "Campaigns".to_owned());
    let content = campaign.content;
    view! {
        <PageHeader
            title=campaign.row.progress.name.clone()
            back=back
            badge=view! { <StatusBadge status=Signal::derive(move || status.get()) /> }.into_any()
        >
            {editable.then_some(command_buttons)}
        </PageHeader>
        <ErrorSummary error=error />
        <nav class="row" aria-label="Of this campaign">
            <LinkButton href=format!("{base}/leads") icon="users">
                "Leads"
            </LinkButton>
            {editable
                .then(|| {
                    view! {
                        <LinkButton href=format!("{base}/import") icon="upload">
                            "Import"
                        </LinkButton>
                    }
                })}
            <LinkButton href=format!("/conversations?campaign={id}") icon="messages-square">
                "Conversations"
            </LinkButton>
            {editable
                .then(|| {
                    view! {
                        <LinkButton href=format!("{base}/edit") icon="pencil">
                            "Edit"
                        </LinkButton>
                        <trial::TalkToTheAgent id=id />
                        <LinkButton href=format!("{base}/rehearsal") icon="list-checks">
                            "Rehearse"
                        </LinkButton>
                        <CommandButton action=duplicate label="Duplicate" inputs=vec![("id", id.to_string())] />
                        <DeleteCampaignButton id=id name=campaign.row.progress.name.clone() now=now />
                    }
                })}
        </nav>
        <Warnings now=now />
        <section class="card stack">
            <h2>"Progress"</h2>
            <ProgressBar label="Leads finished" value=done max=total />
            <LeadFigures now=now />
        </section>
        <div class="columns">
            <Outcomes now=now />
            <TurnFigures summary=Signal::derive(move || now.with(|now| now.turns.clone())) />
            <ContentSummary content=content created=campaign.row.created_at updated=campaign.row.updated_at />
        </div>
    }
    .into_any()
}

/// Asks for the numbers again and again while calls may change them.
fn keep_fresh(now: RwSignal<CampaignView>, refresh: impl Fn() + Copy + 'static) {
    every(PACE, move || {
        let moving = now.try_with_untracked(|now| {
            now.row.progress.status == CampaignStatus::Running || now.row.progress.calling > 0
        });
        if moving == Some(true) {
            refresh();
        }
    });
}

/// What the campaign says, wants and allows, in short.
#[component]
fn ContentSummary(content: CampaignContent, created: domain::UnixMillis, updated: domain::UnixMillis) -> impl IntoView {
    let hours = Weekday::ALL
        .into_iter()
        .zip(content.hours.days)
        .map(|(day, window)| {
            let words = window.map_or_else(
                || "no calls".to_owned(),
                |window| {
                    let to = if window.to == DAY {
                        "24:00".to_owned()
                    } else {
                        clock_text(window.to)
                    };
                    format!("{} – {to}", clock_text(window.from))
                },
            );
            view! {
                <li>
                    <span>{day.label()}</span>
                    <span class="muted">{words}</span>
                </li>
            }
        })
        .collect_view();
    let wanted = content
        .result_fields
        .iter()
        .map(|field| field.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let voicemail = match content.voicemail_policy {
        VoicemailPolicy::HangUp => "Hang up",
        VoicemailPolicy::LeaveMessage => "Leave the message",
    };
    view! {
        <section class="card">
            <h2>"How it calls"</h2>
            <dl class="facts">
                <dt>"First sentence"</dt>
                <dd>{content.opening}</dd>
                <dt>"Pace"</dt>
                <dd>
                    {format!(
                        "{} at the same time, {}/s",
                        content.max_concurrent_calls,
                        tenths_text(content.calls_per_ten_seconds),
                    )}
                </dd>
                <dt>"Voicemail"</dt>
                <dd>{voicemail}</dd>
                <dt>"Call-backs"</dt>
                <dd>{if content.answer_call_backs { "The agent answers" } else { "Nobody answers" }}</dd>
                <dt>"Finds out"</dt>
                <dd>{if wanted.is_empty() { "nothing".to_owned() } else { wanted }}</dd>
                <dt>"Hours"</dt>
                <dd>
                    <ul class="hours-summary">{hours}</ul>
                </dd>
                <dt>"Created"</dt>
                <dd>
                    <Moment at=created />
                </dd>
                <dt>"Changed"</dt>
                <dd>
                    <Moment at=updated />
                </dd>
            </dl>
            <details class="script">
                <summary>"Script"</summary>
                <p class="preview-text">{content.script}</p>
            </details>
        </section>
    }
    .into_any()
}
