//! A campaign's script against simulated people, before anybody is called.

mod calls;
mod form;
mod shown;

use crate::{
    api::rehearsals::view_rehearsals,
    components::{Column, DataTable, EmptyState, Loaded, Look, Moment, Notice, PageHeader, Problem, StatusBadge, Tone},
    every::every,
    pages::address::{asked_word, counted, id_of_page},
    session::may,
};
use calls::CallDetails;
use domain::{
    CampaignId, RehearsalId, UserError,
    access::Permission,
    rehearsal::{RehearsalRow, RehearsalStatus, RehearsalsView},
};
use form::ScenariosForm;
pub use form::{ScenarioForm, scenarios};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{components::A, hooks::use_query_map};
use shown::Shown;
use std::time::Duration;

/// How often a rehearsal that goes on is asked for.
const PACE: Duration = Duration::from_millis(1_500);

const COLUMNS: &[Column] = &[
    Column::Text("Rehearsal"),
    Column::Text("Status"),
    Column::Number("As expected"),
    Column::Number("Revision"),
    Column::Text("By"),
];

/// The rehearsals of a campaign.
#[component]
pub fn Rehearsal() -> impl IntoView {
    let id = id_of_page::<CampaignId>();
    let query = use_query_map();
    let shown = Memo::new(move |_| query.with(|query| asked_word::<RehearsalId>(query, "run")));
    move || match id.get() {
        None => view! { <Problem error=UserError::not_found("campaign").into() /> }.into_any(),
        Some(_) if !may(Permission::EditCampaigns) => {
            view! { <Problem error=Permission::EditCampaigns.refusal().into() /> }.into_any()
        }
        Some(id) => {
            let rehearsals = Resource::new(
                move || (id, shown.get()),
                |(id, shown)| async move { view_rehearsals(id, shown).await },
            );
            view! {
                <Loaded
                    resource=rehearsals
                    lines=10
                    view=move |rehearsals| {
                        let asked = shown.get_untracked();
                        view! { <Rehearsals rehearsals=rehearsals asked=asked /> }.into_any()
                    }
                />
            }
            .into_any()
        }
    }
}

/// How a rehearsal looks in few words: never by colour alone.
fn look(row: &RehearsalRow) -> Look {
    let (tone, icon, label) = match row.status {
        RehearsalStatus::Waiting => (Tone::Neutral, "clock", "Waiting"),
        RehearsalStatus::Running => (Tone::Ringing, "loader-circle", "Running"),
        RehearsalStatus::Completed if row.passed() => (Tone::Live, "circle-check", "Passed"),
        RehearsalStatus::Completed => (Tone::Failed, "circle-x", "Failed"),
        RehearsalStatus::Cancelled => (Tone::Warning, "circle-stop", "Cancelled"),
        RehearsalStatus::Failed => (Tone::Warning, "circle-alert", "Not played"),
    };
    Look { tone, icon, label }
}

#[component]
fn Rehearsals(
    rehearsals: RehearsalsView,
    /// The one that the address names; otherwise the newest is shown.
    asked: Option<RehearsalId>,
) -> impl IntoView {
    let id = rehearsals.campaign_id;
    let back = (format!("/campaigns/{id}"), rehearsals.campaign_name.clone());
    let scenarios = rehearsals.scenarios.clone();
    let none_yet = rehearsals.runs.is_empty();
    let now = RwSignal::new(rehearsals);
    let refresh = move || {
        spawn_local(async move {
            if let Ok(fresh) = view_rehearsals(id, asked).await {
                let _ = now.try_set(fresh);
            }
        });
    };
    keep_fresh(now, refresh);
    let runs = Memo::new(move |_| now.with(|now| now.runs.clone()));
    let shown = Memo::new(move |_| now.with(|now| now.shown.clone()));
    let calls = Memo::new(move |_| {
        now.with(|now| now.shown.as_ref().map(|shown| shown.calls.clone()))
            .unwrap_or_default()
    });
    let revision = Memo::new(move |_| now.with(|now| now.revision));
    let open = Memo::new(move |_| runs.with(|runs| runs.iter().any(|run| run.status.is_open())));
    view! {
        <PageHeader title="Rehearsal" back=back />
        <Notice>
            "Simulated people answer the campaign as it is saved. No phone rings, no lead is touched, and nothing of it counts."
        </Notice>
        <ScenariosForm campaign=id scenarios=scenarios unfolded=none_yet open=open refresh=refresh />
        {move || match shown.get() {
            Some(rehearsal) => {
                view! { <Shown rehearsal=rehearsal revision=revision.get() refresh=refresh /> }.into_any()
            }
            None => {
                view! {
                    <EmptyState icon="list-checks" sentence="Nothing was rehearsed yet. Choose the scenarios, then rehearse." />
                }
                    .into_any()
            }
        }}
        <section class="stack" hidden=move || calls.with(Vec::is_empty)>
            <h2>"Calls"</h2>
            // Keyed, so that a call that is being read stays open while others come.
            <For each=move || calls.get() key=|call| call.call.id let:call>
                <CallDetails call=call />
            </For>
        </section>
        {move || {
            let runs = runs.get();
            (!runs.is_empty()).then(|| view! { <Runs campaign=id runs=runs /> })
        }}
    }
    .into_any()
}

/// Asks again and again while there is more to come.
fn keep_fresh(now: RwSignal<RehearsalsView>, refresh: impl Fn() + Copy + 'static) {
    every(PACE, move || {
        let moving = now.try_with_untracked(|now| now.runs.iter().any(|run| run.status.is_open()));
        if moving == Some(true) {
            refresh();
        }
    });
}

#[component]
fn Runs(campaign: CampaignId, runs: Vec<RehearsalRow>) -> impl IntoView {
    let kept = counted(u64::try_from(runs.len()).unwrap_or(0), "rehearsal", "rehearsals");
    let rows = runs
        .into_iter()
        .map(|run| {
            let status = Signal::stored(look(&run));
            view! {
                <tr role="row">
                    <th role="rowheader" scope="row" class="lead">
                        <A href=format!("/campaigns/{campaign}/rehearsal?run={}", run.id)>
                            <Moment at=run.created_at />
                        </A>
                    </th>
                    <td role="cell" class="aside">
                        <StatusBadge status=status plain=true />
                    </td>
                    <td role="cell" class="number" data-label="As expected">
                        {format!("{} of {}", run.calls_passed, run.calls_total)}
                    </td>
                    <td role="cell" class="number" data-label="Revision">
                        {run.revision}
                    </td>
                    <td role="cell" data-label="By">
                        {run.started_by.unwrap_or_else(|| "somebody".to_owned())}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="stack">
            <h2>{format!("The last {kept}")}</h2>
            <DataTable label="Rehearsals" columns=COLUMNS>
                {rows}
            </DataTable>
        </section>
    }
    .into_any()
}
