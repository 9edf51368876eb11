//! Calls that were made or came in, filtered by campaign, lead, outcome and direction; and calls that no agent answered.

use crate::{
    api::{
        campaigns::list_campaigns,
        conversations::{list_conversations, list_unanswered_calls},
    },
    components::{
        CalledBack, Column, DataTable, Duration, EmptyState, Icon, LinkButton, Loaded, Moment, PageHeader, Pager,
        StatusBadge,
    },
    pages::address::{asked, asked_word},
};
use domain::{
    Direction,
    conversation::{ConversationStatus, Disposition},
    paging::Page,
    results::ResultsState,
    views::{CampaignRow, ConversationFilter, ConversationRow, UnansweredCallRow},
};
use leptos::prelude::*;
use leptos_router::{
    components::{A, Form},
    hooks::use_query_map,
};

const COLUMNS: &[Column] = &[
    Column::Text("Lead"),
    Column::Text("Outcome"),
    Column::Text("Campaign"),
    Column::Text("Number"),
    Column::Text("Answered"),
    Column::Number("Length"),
    Column::Hidden("Recording"),
];

const UNANSWERED_COLUMNS: &[Column] = &[Column::Text("Number"), Column::Text("Why"), Column::Text("Called")];

/// Calls that were made or came in.
#[component]
pub fn Conversations() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| {
        query.with(|query| ConversationFilter {
            campaign_id: asked_word(query, "campaign"),
            lead_id: asked_word(query, "lead"),
            status: asked_word(query, "status"),
            direction: asked_word(query, "direction"),
            after: asked(query, "after"),
        })
    });
    let page = Resource::new(move || filter.get(), list_conversations);
    let campaigns = Resource::new(|| (), |()| list_campaigns(None, None));
    let unanswered = Resource::new(|| (), |()| list_unanswered_calls());
    view! {
        <PageHeader title="Conversations" />
        <Loaded
            resource=campaigns
            lines=1
            view=move |campaigns| view! { <Filters filter=filter campaigns=campaigns.rows /> }.into_any()
        />
        <Loaded
            resource=page
            view=move |page| {
                let filtered = filter
                    .with_untracked(|filter| {
                        filter.campaign_id.is_some()
                            || filter.lead_id.is_some()
                            || filter.status.is_some()
                            || filter.direction.is_some()
                    });
                view! { <ConversationTable page=page filtered=filtered /> }.into_any()
            }
        />
        <Loaded
            resource=unanswered
            lines=1
            view=|calls| view! { <UnansweredCalls calls=calls /> }.into_any()
        />
    }
    .into_any()
}

#[component]
fn Filters(filter: Memo<ConversationFilter>, campaigns: Vec<CampaignRow>) -> impl IntoView {
    let statuses: Vec<ConversationStatus> = [
        ConversationStatus::Dialing,
        ConversationStatus::Ringing,
        ConversationStatus::Live,
    ]
    .into_iter()
    .chain(Disposition::ALL.map(ConversationStatus::Ended))
    .collect();
    move || {
        let ConversationFilter {
            campaign_id,
            lead_id,
            status,
            direction,
            ..
        } = filter.get();
        let campaign_options = campaigns
            .iter()
            .map(|row| {
                let id = row.progress.campaign_id;
                view! {
                    <option value=id.to_string() selected=campaign_id == Some(id)>
                        {row.progress.name.clone()}
                    </option>
                }
            })
            .collect_view();
        // A campaign too old for the list still stays chosen.
        let other = campaign_id
            .filter(|id| campaigns.iter().all(|row| row.progress.campaign_id != *id))
            .map(|id| {
                view! {
                    <option value=id.to_string() selected=true>
                        "An older campaign"
                    </option>
                }
            });
        let status_options = statuses
            .iter()
            .map(|known| {
                view! {
                    <option value=known.to_string() selected=status == Some(*known)>
                        {known.label()}
                    </option>
                }
            })
            .collect_view();
        let direction_options = Direction::ALL
            .into_iter()
            .map(|known| {
                view! {
                    <option value=known.as_str() selected=direction == Some(known)>
                        {known.label()}
                    </option>
                }
            })
            .collect_view();
        view! {
            <Form method="GET" action="/conversations" attr:class="filters">
                <div class="field">
                    <label for="filter-campaign">"Campaign"</label>
                    <select id="filter-campaign" name="campaign">
                        <option value="">"All campaigns"</option>
                        {campaign_options}
                        {other}
                    </select>
                </div>
                <div class="field">
                    <label for="filter-status">"Outcome"</label>
                    <select id="filter-status" name="status">
                        <option value="">"All"</option>
                        {status_options}
                    </select>
                </div>
                <div class="field">
                    <label for="filter-direction">"Direction"</label>
                    <select id="filter-direction" name="direction">
                        <option value="">"Both"</option>
                        {direction_options}
                    </select>
                </div>
                {lead_id.map(|id| view! { <input type="hidden" name="lead" value=id.to_string() /> })}
                <button type="submit" class="button">
                    "Filter"
                </button>
                {lead_id
                    .map(|_| {
                        view! {
                            <LinkButton href="/conversations" class="quiet" icon="x">
                                "Calls with one lead only"
                            </LinkButton>
                        }
                    })}
            </Form>
        }
    }
}

#[component]
fn ConversationTable(page: Page<ConversationRow>, filtered: bool) -> impl IntoView {
    if page.rows.is_empty() {
        let (sentence, href, words) = if filtered {
            ("No conversation fits this filter.", "/conversations", "Show all")
        } else {
            ("No call was made yet.", "/campaigns", "Go to the campaigns")
        };
        return view! {
            <section class="card">
                <EmptyState icon="messages-square" sentence=sentence>
                    <LinkButton href=href>{words}</LinkButton>
                </EmptyState>
            </section>
        }
        .into_any();
    }
    let rows = page
        .rows
        .into_iter()
        .map(|row| view! { <ConversationLine row=row /> })
        .collect_view();
    view! {
        <section class="card flush">
            <DataTable label="Conversations" columns=COLUMNS>
                {rows}
            </DataTable>
            <Pager next=page.next />
        </section>
    }
    .into_any()
}

#[component]
fn ConversationLine(row: ConversationRow) -> impl IntoView {
    let name = row.lead_name.reveal().to_owned();
    let name = if name.is_empty() {
        row.phone_number.clone()
    } else {
        name
    };
    view! {
        <tr role="row">
            <th role="rowheader" scope="row" class="lead wrap">
                <A href=format!("/conversations/{}", row.conversation_id)>{name}</A>
                <CalledBack direction=row.direction />
            </th>
            <td role="cell" class="aside">
                <StatusBadge status=Signal::stored(row.status) />
                {missing_results(&row.results_state).map(|words| view! { <span class="muted small">{words}</span> })}
            </td>
            <td role="cell" class="wrap">
                <A href=format!("/campaigns/{}", row.campaign_id)>{row.campaign_name}</A>
            </td>
            <td role="cell" class="nowrap narrow-hidden">{row.phone_number}</td>
            <td role="cell" class="muted">{row.call_start_time.map(|at| view! { <Moment at=at /> })}</td>
            <td role="cell" class="number">
                {(row.duration_seconds > 0).then(|| view! { <Duration seconds=u64::from(row.duration_seconds) /> })}
            </td>
            <td role="cell" class="narrow-hidden">
                {row.has_recording
                    .then(|| {
                        view! {
                            <Icon name="headphones" />
                            <span class="visually-hidden">"Recorded"</span>
                        }
                    })}
            </td>
        </tr>
    }
}

/// Said where the results of a call are not there.
const fn missing_results(state: &ResultsState) -> Option<&'static str> {
    match state {
        ResultsState::Drawn => None,
        ResultsState::Pending { .. } => Some(" Results pending"),
        ResultsState::Failed { .. } => Some(" Results failed"),
    }
}

/// People who called and with whom no agent talked; nothing if there were none.
#[component]
fn UnansweredCalls(calls: Vec<UnansweredCallRow>) -> impl IntoView {
    (!calls.is_empty()).then(|| {
        let rows = calls
            .into_iter()
            .map(|call| {
                view! {
                    <tr role="row">
                        <th role="rowheader" scope="row" class="lead">
                            {call.phone_number.unwrap_or_else(|| "Not told".to_owned())}
                        </th>
                        <td role="cell">{call.reason}</td>
                        <td role="cell" class="muted">
                            <Moment at=call.arrived_at />
                        </td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <section class="card flush">
                <h2>"Callers with whom no agent talked"</h2>
                <DataTable label="Callers with whom no agent talked" columns=UNANSWERED_COLUMNS>
                    {rows}
                </DataTable>
            </section>
        }
    })
}
