//! The calls in progress.

use super::live_state::LiveSignals;
use crate::{
    components::{CallTimer, CalledBack, Column, DataTable, EmptyState, LinkButton, StatusBadge, grouped},
    monitor::MonitorButton,
};
use domain::{
    ConversationId,
    conversation::{ConversationStatus, Speaker},
};
use leptos::prelude::*;
use leptos_router::components::A;

const COLUMNS: &[Column] = &[
    Column::Text("Lead"),
    Column::Text("Status"),
    Column::Text("Agent"),
    Column::Text("Campaign"),
    Column::Number("Time"),
    Column::Text("Last line"),
    Column::Hidden("Actions"),
];

/// Rows that are drawn unless all are asked for: hundreds would cost more than anybody can read.
const SHOWN: usize = 50;

#[component]
pub(super) fn LiveCalls(signals: LiveSignals) -> impl IntoView {
    let all = RwSignal::new(false);
    // The table holds still for a pointer over it and for a focus inside it, each on its own.
    let (pointer, focus) = (RwSignal::new(false), RwSignal::new(false));
    let hold = move |by: &RwSignal<bool>, held: bool| {
        by.set(held);
        signals.hold(pointer.get_untracked() || focus.get_untracked());
    };
    let rows = Memo::new(move |_| {
        signals.rows.with(|rows| {
            let shown = if all.get() { rows.len() } else { rows.len().min(SHOWN) };
            rows[..shown].to_vec()
        })
    });
    let count = Memo::new(move |_| signals.rows.with(Vec::len));
    view! {
        <section class="card flush live-calls" aria-labelledby="live-calls">
            <div class="card-header">
                <h2 id="live-calls">"Live calls"</h2>
                <Show when=move || { count.get() > SHOWN }>
                    <button type="button" class="button small" on:click=move |_| all.update(|all| *all = !*all)>
                        {move || {
                            if all.get() {
                                format!("Show the first {SHOWN}")
                            } else {
                                format!("Show all {}", grouped(count.get() as u64))
                            }
                        }}
                    </button>
                </Show>
            </div>
            <div
                on:pointerenter=move |_| hold(&pointer, true)
                on:pointerleave=move |_| hold(&pointer, false)
                on:focusin=move |_| hold(&focus, true)
                on:focusout=move |_| hold(&focus, false)
            >
                <Show
                    when=move || { count.get() > 0 }
                    fallback=|| {
                        view! {
                            <EmptyState icon="phone" sentence="Nobody is being called right now.">
                                <LinkButton href="/campaigns">"Open the campaigns"</LinkButton>
                            </EmptyState>
                        }
                    }
                >
                    <DataTable label="Live calls" columns=COLUMNS>
                        <For each=move || rows.get() key=|id| *id let:id>
                            <Row signals=signals id=id />
                        </For>
                    </DataTable>
                </Show>
            </div>
        </section>
    }
}

#[component]
fn Row(signals: LiveSignals, id: ConversationId) -> impl IntoView {
    signals.call(id).map(|call| {
        let (lead, campaign, campaign_id, started, direction) = call.with_untracked(|call| {
            let name = call.lead_name.reveal();
            let lead = if name.is_empty() {
                call.phone_number.clone()
            } else {
                name.to_owned()
            };
            let campaign = call.campaign_name.clone();
            (lead, campaign, call.campaign_id, call.started_at, call.direction)
        });
        let call: RwSignal<_> = call.into();
        let status = Memo::new(move |_| call.with(|call| call.status));
        let agent = Memo::new(move |_| call.with(|call| call.agent_state));
        let since = Memo::new(move |_| call.with(|call| call.answered_at).unwrap_or(started));
        let ended = Memo::new(move |_| matches!(status.get(), ConversationStatus::Ended(_)));
        let running = Signal::derive(move || !ended.get());
        let said_by = Memo::new(move |_| {
            call.with(|call| call.last_line.as_ref().map(|(speaker, _)| *speaker))
                .map_or("", |speaker| match speaker {
                    Speaker::Agent => "Agent: ",
                    Speaker::Person => "Person: ",
                    Speaker::Supervisor => "Whisper: ",
                    Speaker::SupervisorAloud => "Supervisor: ",
                    Speaker::Colleague => "Colleague: ",
                    Speaker::Act => "",
                })
        });
        let line = Memo::new(move |_| {
            call.with(|call| call.last_line.as_ref().map(|(_, text)| text.reveal().to_owned()))
                .unwrap_or_default()
        });
        view! {
            <tr role="row" class=move || if ended.get() { "ended" } else { "" }>
                <th role="rowheader" scope="row" class="lead">
                    {lead.clone()}
                    <CalledBack direction=direction />
                </th>
                <td role="cell" class="status">
                    <StatusBadge status=status />
                </td>
                <td role="cell" class="agent">
                    <StatusBadge status=agent plain=true />
                </td>
                <td role="cell" class="campaign">
                    <A href=format!("/campaigns/{campaign_id}")>{campaign}</A>
                </td>
                <td role="cell" class="number time">
                    <CallTimer since=since running=running />
                </td>
                <td role="cell" class="clip">
                    <span class="said-by">{move || said_by.get()}</span>
                    {move || line.get()}
                </td>
                <td role="cell" class="monitor-cell">
                    <MonitorButton id=id lead=lead />
                </td>
            </tr>
        }
    })
}
