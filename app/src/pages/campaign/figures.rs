use crate::{
    components::{EmptyState, Moment, Notice, StatusBadge, Tone, grouped},
    pages::address::{address, counted},
};
use domain::{
    budget::BudgetWait,
    conversation::ConversationStatus,
    cost::{CostSum, amount_text, money_text},
    lead::LeadStatus,
    views::CampaignView,
};
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
    let costs = Memo::new(move |_| now.with(|now| costs_in_words(&now.costs)));
    let missing = Memo::new(move |_| now.with(|now| without_results(now.results_pending, now.results_failed)));
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
            {move || costs.get().map(|words| view! { <p>{words}</p> })}
            {move || missing.get().map(|words| view! { <p class="muted">{words}</p> })}
            {refusal_list}
        </section>
    }
    .into_any()
}

/// Why no call starts, and until when.
#[component]
fn BudgetNotice(wait: BudgetWait) -> impl IntoView {
    let remedy = if wait.standing.no_prices {
        " Set the prices in the settings."
    } else {
        " That is more than the budget of a whole day: raise it, or shorten the longest call."
    };
    view! {
        <Notice tone=Tone::Warning>
            "No call starts because of the budget of this campaign. " {wait.standing.in_words()}
            {match wait.until {
                Some(until) => {
                    view! { " Calls start again when a call in progress ends cheaper, and at the latest " <Moment at=until /> "." }
                        .into_any()
                }
                None => remedy.into_any(),
            }}
        </Notice>
    }
    .into_any()
}

/// What the calls cost; nothing if no price was known for any.
fn costs_in_words(costs: &[CostSum]) -> Option<String> {
    let sums: Vec<String> = costs
        .iter()
        .map(|sum| {
            let (all, today) = (sum.micros, sum.today_micros);
            format!(
                "{} in all, {} today",
                money_text(&sum.currency, all),
                amount_text(today)
            )
        })
        .collect();
    (!sums.is_empty()).then(|| format!("Cost of its calls: {}.", sums.join("; ")))
}

/// How many calls have no results drawn from them; nothing if all have.
fn without_results(pending: u64, failed: u64) -> Option<String> {
    let mut parts = Vec::new();
    if pending > 0 {
        parts.push(format!(
            "Results of {} are still to be drawn.",
            counted(pending, "call", "calls")
        ));
    }
    if failed > 0 {
        parts.push(format!(
            "Those of {} could not be drawn.",
            counted(failed, "call", "calls")
        ));
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// What a manager should know before starting.
#[component]
pub(super) fn Warnings(now: RwSignal<CampaignView>) -> impl IntoView {
    let id = now.with_untracked(|now| now.row.progress.campaign_id);
    let empty = Memo::new(move |_| now.with(|now| now.row.progress.leads == 0));
    let missing = Memo::new(move |_| now.with(|now| now.missing_variables.clone()));
    let waits = Memo::new(move |_| now.with(|now| now.row.progress.budget_wait.clone()));
    view! {
        {move || waits.get().map(|wait| view! { <BudgetNotice wait=wait /> })}
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
