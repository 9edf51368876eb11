use crate::{
    components::{Column, DataTable, Icon, Loaded, Pager},
    error::AppError,
    pages::address::counted,
};
use domain::{
    ImportId,
    import::{ImportView, RefusedRow},
    paging::Page,
};
use leptos::prelude::*;

const COLUMNS: &[Column] = &[Column::Number("Line"), Column::Text("Why"), Column::Text("The row")];

/// The rows that did not become leads, each with its line and reason.
#[component]
pub(super) fn RefusedRows(
    import: ImportId,
    now: RwSignal<ImportView>,
    page: Resource<Result<Page<RefusedRow>, AppError>>,
) -> impl IntoView {
    let some = Memo::new(move |_| now.with(|now| now.progress.refused > 0));
    let count = move || counted(now.with(|now| now.progress.refused), "refused row", "refused rows");
    view! {
        <section class="card flush" hidden=move || !some.get()>
            <div class="card-header">
                <h2>{count}</h2>
                <a class="button small" href=format!("/imports/{import}/refused.csv") rel="external" download>
                    <Icon name="download" />
                    "Download"
                </a>
            </div>
            <Loaded resource=page lines=2 view=|page| view! { <RefusedTable page=page /> }.into_any() />
        </section>
    }
    .into_any()
}

#[component]
fn RefusedTable(page: Page<RefusedRow>) -> impl IntoView {
    let rows = page
        .rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td class="number">{row.line.to_string()}</td>
                    <td>{row.reason}</td>
                    <td class="wrap mono">{row.row}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <DataTable label="Refused rows" columns=COLUMNS cards=false>
            {rows}
        </DataTable>
        <Pager next=page.next />
    }
    .into_any()
}
