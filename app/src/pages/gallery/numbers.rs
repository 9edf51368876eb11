//! Numbers, progress, times and tables.

use super::Exhibit;
use crate::components::{CallTimer, Column, DataTable, Duration, Meter, Moment, Now, ProgressBar, Sparkline, Tile};
use domain::UnixMillis;
use leptos::prelude::*;

const COLUMNS: &[Column] = &[
    Column::Text("Name"),
    Column::Text("Status"),
    Column::Number("Calls"),
    Column::Text("Last line"),
];

/// 2026-01-05 09:30 UTC: a fixed time, so that pictures of this page do not differ.
const MORNING: UnixMillis = UnixMillis(1_767_605_400_000);

#[component]
pub(super) fn Numbers() -> impl IntoView {
    let opened = use_context::<Now>().map_or(MORNING, |now| now.0.get_untracked());
    let level = RwSignal::new(40_u8);
    view! {
        <Exhibit title="Tile and Sparkline">
            <div class="tiles">
                <Tile label="Calls now" icon="phone-call" value="12" />
                <Tile label="Refused today" icon="shield" value="1,204" hint="By the calling-hour gate" />
                <Tile label="Calls a minute" icon="gauge" value="38" class="wide">
                    <Sparkline values=vec![1, 4, 2, 9, 12, 7, 15, 21, 18, 30, 38] label="Calls a minute" />
                </Tile>
            </div>
        </Exhibit>
        <Exhibit title="ProgressBar">
            <ProgressBar label="Leads finished" value=1_240_u64 max=5_000_u64 />
            <ProgressBar label="Rows read, of an unknown number" value=731_u64 max=0_u64 />
            <ProgressBar label="Done" value=20_u64 max=20_u64 />
        </Exhibit>
        <Exhibit title="Meter">
            <Meter label="Agent’s voice" level=level class="agent" />
            <Meter label="Person’s voice" level=level />
            <div class="field">
                <label for="gallery-level">"Level"</label>
                <input
                    id="gallery-level"
                    type="range"
                    min="0"
                    max="100"
                    value="40"
                    on:input:target=move |moved| level.set(moved.target().value().parse().unwrap_or(0))
                />
            </div>
        </Exhibit>
        <Exhibit title="Moment, Duration, CallTimer">
            <div class="row">
                <Moment at=MORNING />
                <Duration seconds=3_723 />
                <CallTimer since=opened />
            </div>
        </Exhibit>
        <section class="card flush" aria-label="Table">
            <h2>"Table, a card for each row on a phone"</h2>
            <DataTable label="Example" columns=COLUMNS>
                {["Ada Example", "Grace Example"]
                .map(|name| {
                    view! {
                        <tr role="row">
                            <th role="rowheader" scope="row" class="lead">{name}</th>
                            <td role="cell" class="aside">"Pending"</td>
                            <td role="cell" class="number">"3"</td>
                            <td role="cell" class="clip">"A sentence that is too long for its cell is cut at the end of it, whatever it says."</td>
                        </tr>
                    }
                })
                .collect_view()}
            </DataTable>
        </section>
    }
    .into_any()
}
