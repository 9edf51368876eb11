use crate::{
    components::{EmptyState, Notice, StatusBadge, Tone, grouped},
    pages::address::{address, counted},
};
use domain::{conversation::ConversationStatus, lead::LeadStatus, views::CampaignView};
use leptos::prelude::*;
use leptos_router::components::A;

/// Leads by where they stand; each leads to its list.
#[component]
pub(super) fn LeadFigures(now: RwSignal<CampaignView>) -> impl IntoView {
    let id = now.with_untracked(|now| now.row.progress.campaign_id);
    let figures = LeadStatus::ALL
        .map(|status| {
            let count = Memo::new(move |_| {
                now.with(|now| {
                    let progress = &now.row.progress;
                    match status {
                        LeadStatus::Pending => progress.pending,
                        LeadStatus::Calling => progress.calling,
                        LeadStatus::Done => progress.done,
                        LeadStatus::Failed => progress.failed,
                        LeadStatus::DoNotCall => progress.do_not_call,
                    }
                })
            });
            let href = address(
                &format!("/campaigns/{id}/leads"),
                &[("status", Some(status.to_string()))],
            );
            view! {
                <li>
                    <A href=href>
                        <StatusBadge status=Signal::stored(status) plain=true />
                        <strong class="figure">{move || grouped(count.get())}</strong>
                    </A>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="figures">{figures}</ul> }
}

/// How calls ended so far, and how often the gate refused.
#[component]
pub(super) fn Outcomes(now: RwSignal<CampaignView>) -> impl IntoView {
    let id = now.with_untracked(|now| now.row.progress.campaign_id);
    let outcomes = Memo::new(move |_| now.with(|now| now.outcomes.clone()));
    let refusals = Memo::new(move |_| now.with(|now| now.refusals.clone()));
    let outcome_list = move || {
        let outcomes = outcomes.get();
        if outcomes.is_empty() {
            return view! { <EmptyState icon="phone" sentence="No call has ended yet." /> }.into_any();
        }
        let all: u64 = outcomes.iter().map(|(_, count)| count).sum();
        let rows = outcomes
            .into_iter()
            .map(|(outcome, count)| {
                let status = ConversationStatus::Ended(outcome);
                let href = address(
                    "/conversations",
                    &[("campaign", Some(id.to_string())), ("status", Some(status.to_string()))],
                );
                let bar_label = format!("{} of all calls that ended", outcome.label());
                view! {
                    <li>
                        <A href=href>
                            <StatusBadge status=Signal::stored(outcome) plain=true />
                        </A>
                        <progress aria-label=bar_label max=all.to_string() value=count.to_string()></progress>
                        <span class="number">{grouped(count)}</span>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="bars">{rows}</ul> }.into_any()
    };
    let refusal_list = move || {
        let refusals = refusals.get();
        (!refusals.is_empty()).then(|| {
            let rows = refusals
                .into_iter()
                .map(|(reason, count)| {
                    view! {
                        <li>
                            <span>{reason.label()}</span>
                            <span class="number">{grouped(count)}</span>
                        </li>
                    }
                })
                .collect_view();
            view! {
                <h3>"Not called, because"</h3>
                <ul class="counts">{rows}</ul>
            }
        })
    };
    view! {
        <section class="card stack">
            <h2>"Outcomes"</h2>
            {outcome_list}
            {refusal_list}
        </section>
    }
    .into_any()
}

/// What a manager should know before starting.
#[component]
pub(super) fn Warnings(now: RwSignal<CampaignView>) -> impl IntoView {
    let id = now.with_untracked(|now| now.row.progress.campaign_id);
    let empty = Memo::new(move |_| now.with(|now| now.row.progress.leads == 0));
    let missing = Memo::new(move |_| now.with(|now| now.missing_variables.clone()));
    view! {
        {move || {
            empty
                .get()
                .then(|| {
                    view! {
                        <Notice tone=Tone::Accent>
                            "This campaign has nobody to call yet. "
                            <A href=format!("/campaigns/{id}/import")>"Import a list"</A> ", or "
                            <A href=format!("/campaigns/{id}/leads")>"add a lead"</A> "."
                        </Notice>
                    }
                })
        }}
        {move || {
            let missing = missing.get();
            (!missing.is_empty())
                .then(|| {
                    let list = missing
                        .into_iter()
                        .map(|(variable, count)| {
                            format!("{variable} ({} without it)", counted(count, "lead", "leads"))
                        })
                        .collect::<Vec<_>>()
                        .join(", ");
                    view! {
                        <Notice tone=Tone::Warning>
                            {format!("The script uses variables that some leads lack: {list}. There they are left out.")}
                        </Notice>
                    }
                })
        }}
    }
}
