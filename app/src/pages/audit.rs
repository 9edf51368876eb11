//! Who did what.

use crate::{
    api::settings::list_audit,
    components::{Column, DataTable, EmptyState, Loaded, Moment, PageHeader, Pager, Problem},
    pages::address::asked,
    session::may,
};
use domain::{access::Permission, paging::Page, views::AuditRow};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

const COLUMNS: &[Column] = &[
    Column::Text("When"),
    Column::Text("Who"),
    Column::Text("Did"),
    Column::Text("On"),
];

/// Who did what, newest first.
#[component]
pub fn Audit() -> impl IntoView {
    if !may(Permission::Administer) {
        return view! { <Problem error=Permission::Administer.refusal().into() /> }.into_any();
    }
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| asked(query, "after")));
    let page = Resource::new(move || after.get(), list_audit);
    view! {
        <PageHeader title="Audit log" back=("/settings".to_owned(), "Settings".to_owned()) />
        <Loaded resource=page view=|page| view! { <AuditTable page=page /> }.into_any() />
    }
    .into_any()
}

#[component]
fn AuditTable(page: Page<AuditRow>) -> impl IntoView {
    if page.rows.is_empty() {
        return view! {
            <section class="card">
                <EmptyState icon="scroll-text" sentence="Nothing was done yet." />
            </section>
        }
        .into_any();
    }
    let rows = page
        .rows
        .into_iter()
        .map(|row| {
            view! {
                <tr role="row">
                    <td role="cell" class="muted aside">
                        <Moment at=row.at />
                    </td>
                    <td role="cell" class="lead wrap">{row.actor.unwrap_or_else(|| "Ringside".to_owned())}</td>
                    <td role="cell" class="wrap">{row.action}</td>
                    <td role="cell" class="wrap">{row.subject}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card flush">
            <DataTable label="Audit log" columns=COLUMNS>
                {rows}
            </DataTable>
            <Pager next=page.next />
        </section>
    }
    .into_any()
}
