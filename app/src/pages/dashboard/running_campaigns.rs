//! Campaigns that are running or paused, and how far they are.

use super::live_state::LiveSignals;
use crate::components::{EmptyState, LinkButton, Moment, ProgressBar, StatusBadge};
use domain::{CampaignId, live::CampaignProgress};
use leptos::prelude::*;
use leptos_router::components::A;

#[component]
pub(super) fn RunningCampaigns(signals: LiveSignals) -> impl IntoView {
    let ids = Memo::new(move |_| {
        signals.campaigns.with(|campaigns| {
            campaigns
                .iter()
                .map(|campaign| campaign.campaign_id)
                .collect::<Vec<_>>()
        })
    });
    view! {
        <section class="card flush" aria-labelledby="running-campaigns">
            <h2 id="running-campaigns">"Running campaigns"</h2>
            <Show
                when=move || !ids.with(Vec::is_empty)
                fallback=|| {
                    view! {
                        <EmptyState icon="megaphone" sentence="No campaign is running or paused.">
                            <LinkButton href="/campaigns">"Open the campaigns"</LinkButton>
                        </EmptyState>
                    }
                }
            >
                <For each=move || ids.get() key=|id| *id let:id>
                    <Running signals=signals id=id />
                </For>
            </Show>
        </section>
    }
}

#[component]
fn Running(signals: LiveSignals, id: CampaignId) -> impl IntoView {
    let campaign = Memo::new(move |before: Option<&Option<CampaignProgress>>| {
        signals
            .campaigns
            .with(|campaigns| campaigns.iter().find(|campaign| campaign.campaign_id == id).cloned())
            // It has just left the list; its row goes with the next breath.
            .or_else(|| before.cloned().flatten())
    });
    campaign.get_untracked().map(|first| {
        let read = move |read: fn(&CampaignProgress) -> u64| {
            Signal::derive(move || campaign.with(|campaign| campaign.as_ref().map_or(0, read)))
        };
        let status =
            Signal::derive(move || campaign.with(|campaign| campaign.as_ref().map_or(first.status, |c| c.status)));
        let wait = Memo::new(move |_| campaign.with(|campaign| campaign.as_ref().and_then(|c| c.budget_wait.clone())));
        let name = move || campaign.with(|campaign| campaign.as_ref().map(|campaign| campaign.name.clone()));
        view! {
            <div class="running-campaign">
                <div class="row spread">
                    <A href=format!("/campaigns/{id}")>{name}</A>
                    <StatusBadge status=status />
                </div>
                <ProgressBar
                    label="Leads finished"
                    value=read(|campaign| campaign.done + campaign.failed + campaign.do_not_call)
                    max=read(|campaign| campaign.leads)
                />
                {move || {
                    wait.get()
                        .map(|wait| {
                            view! {
                                <p class="muted small">
                                    "No call starts because of its budget. " {wait.standing.in_words()}
                                    {wait.until.map(|until| view! { " At the latest it goes on " <Moment at=until /> "." })}
                                </p>
                            }
                        })
                }}
            </div>
        }
    })
}
