use crate::{
    api::imports::list_refusals,
    components::{Icon, Loaded, Pager, TableFrame},
    pages::address::{asked, counted},
};
use domain::{
    ImportId,
    import::{ImportStatus, ImportView, RefusedRow},
    paging::Page,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The rows that did not become leads, each with its line and reason. Asked for again when the import ends.
#[component]
pub(super) fn RefusedRows(import: ImportId, now: RwSignal<ImportView>) -> impl IntoView {
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| asked(query, "after")));
    let some = Memo::new(move |_| now.with(|now| now.progress.refused > 0));
    let running = Memo::new(move |_| now.with(|now| now.progress.status == ImportStatus::Running));
    move || {
        some.get().then(|| {
            let page = Resource::new(move || (after.get(), running.get()), move |(after, _)| list_refusals(import, after));
            let count = move || counted(now.with(|now| now.progress.refused), "refused row", "refused rows");
            view! {
                <section class="card flush">
                    <div class="card-header">
                        <h2>{count}</h2>
                        <a class="button small" href=format!("/imports/{import}/refused.csv") rel="external" download>
                            <Icon name="download" />
                            "Download"
                        </a>
                    </div>
                    <Loaded resource=page view=|page| view! { <RefusedTable page=page /> }.into_any() />
                </section>
            }
        })
    }
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
        <TableFrame label="Refused rows">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col" class="number">"Line"</th>
                        <th scope="col">"Why"</th>
                        <th scope="col">"The row"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </TableFrame>
        <Pager next=page.next />
    }
    .into_any()
}
