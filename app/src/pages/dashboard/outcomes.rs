//! How the last calls ended.

use super::live_state::LiveSignals;
use crate::components::{CalledBack, Column, DataTable, EmptyState, Moment, StatusBadge, duration_text};
use leptos::prelude::*;
use leptos_router::components::A;

const COLUMNS: &[Column] = &[
    Column::Text("Lead"),
    Column::Text("Outcome"),
    Column::Number("Length"),
    Column::Text("Ended"),
];

#[component]
pub(super) fn Outcomes(signals: LiveSignals) -> impl IntoView {
    let none = Memo::new(move |_| signals.recent.with(std::collections::VecDeque::is_empty));
    view! {
        <section class="card flush" aria-labelledby="recent-outcomes">
            <h2 id="recent-outcomes">"Recent outcomes"</h2>
            <Show
                when=move || !none.get()
                fallback=|| view! { <EmptyState icon="clock" sentence="No call has ended yet." /> }
            >
                <DataTable label="Recent outcomes" columns=COLUMNS>
                    <For each=move || signals.recent.get() key=|outcome| outcome.conversation_id let:outcome>
                        <tr role="row">
                            <th role="rowheader" scope="row" class="lead">
                                <A href=format!("/conversations/{}", outcome.conversation_id)>
                                    {if outcome.lead_name.is_empty() {
                                        "Without a name".to_owned()
                                    } else {
                                        outcome.lead_name.reveal().to_owned()
                                    }}
                                </A>
                                <CalledBack direction=outcome.direction />
                            </th>
                            <td role="cell" class="aside">
                                <StatusBadge status=Signal::stored(outcome.disposition) />
                            </td>
                            <td role="cell" class="number">
                                {duration_text(u64::from(outcome.duration_seconds))}
                            </td>
                            <td role="cell">
                                <Moment at=outcome.ended_at />
                            </td>
                        </tr>
                    </For>
                </DataTable>
            </Show>
        </section>
    }
}
