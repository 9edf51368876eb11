//! The list of campaigns.

use crate::{
    api::campaigns::list_campaigns,
    components::{Column, DataTable, EmptyState, LinkButton, Loaded, Moment, PageHeader, Pager, StatusBadge, grouped},
    pages::{
        address::{FilterLinks, address, asked, asked_word},
        campaign_manager::{CampaignManager, Managing},
    },
    session::may,
};
use domain::{access::Permission, campaign::CampaignStatus, live::CampaignProgress, paging::Page, views::CampaignRow};
use leptos::prelude::*;
use leptos_router::{components::A, hooks::use_query_map};

const COLUMNS: &[Column] = &[
    Column::Text("Name"),
    Column::Text("Status"),
    Column::Text("Progress"),
    Column::Number("Leads"),
    Column::Text("Changed"),
];

/// The list of campaigns.
#[component]
pub fn Campaigns() -> impl IntoView {
    view! { <CampaignManager managing=Managing::All /> }
}

/// Every campaign, newest first, filtered by status.
#[component]
pub(super) fn CampaignList() -> impl IntoView {
    let query = use_query_map();
    let filter =
        Memo::new(move |_| query.with(|query| (asked_word::<CampaignStatus>(query, "status"), asked(query, "after"))));
    let page = Resource::new(move || filter.get(), |(status, after)| list_campaigns(status, after));
    let links = move || {
        let chosen = filter.get().0;
        let mut links = vec![("/campaigns".to_owned(), "All".to_owned(), chosen.is_none())];
        links.extend(CampaignStatus::ALL.map(|status| {
            let address = address("/campaigns", &[("status", Some(status.to_string()))]);
            (
                address,
                crate::components::HasLook::look(&status).label.to_owned(),
                chosen == Some(status),
            )
        }));
        view! { <FilterLinks label="Campaigns by status" links=links /> }
    };
    view! {
        <PageHeader title="Campaigns">
            {may(Permission::EditCampaigns)
                .then(|| {
                    view! {
                        <LinkButton href="/campaigns/new" class="primary" icon="plus">
                            "New campaign"
                        </LinkButton>
                    }
                })}
        </PageHeader>
        {links}
        <Loaded
            resource=page
            view=move |page| view! { <CampaignTable page=page filtered=filter.get_untracked().0.is_some() /> }.into_any()
        />
    }
}

#[component]
fn CampaignTable(page: Page<CampaignRow>, filtered: bool) -> impl IntoView {
    if page.rows.is_empty() {
        let sentence = if filtered {
            "No campaign has this status."
        } else {
            "There is no campaign yet."
        };
        return view! {
            <section class="card">
                <EmptyState icon="megaphone" sentence=sentence>
                    {if filtered {
                        view! { <LinkButton href="/campaigns">"Show all"</LinkButton> }.into_any()
                    } else if may(Permission::EditCampaigns) {
                        view! {
                            <LinkButton href="/campaigns/new" class="primary" icon="plus">
                                "New campaign"
                            </LinkButton>
                        }
                            .into_any()
                    } else {
                        ().into_any()
                    }}
                </EmptyState>
            </section>
        }
        .into_any();
    }
    let rows = page
        .rows
        .into_iter()
        .map(|row| view! { <CampaignLine row=row /> })
        .collect_view();
    view! {
        <section class="card flush">
            <DataTable label="Campaigns" columns=COLUMNS>
                {rows}
            </DataTable>
            <Pager next=page.next />
        </section>
    }
    .into_any()
}

/// Leads for whom nothing is left to do.
pub(super) const fn finished(progress: &CampaignProgress) -> u64 {
    progress.done + progress.failed + progress.do_not_call
}

#[component]
fn CampaignLine(row: CampaignRow) -> impl IntoView {
    let progress = row.progress;
    let finished = finished(&progress);
    let percent = (finished * 100).checked_div(progress.leads).unwrap_or(0);
    let bar_label = format!("{percent} % of {} finished", progress.name);
    view! {
        <tr role="row">
            <th role="rowheader" scope="row" class="lead wrap">
                <A href=format!("/campaigns/{}", progress.campaign_id)>{progress.name}</A>
            </th>
            <td role="cell" class="aside">
                <StatusBadge status=Signal::stored(progress.status) />
            </td>
            <td role="cell" class="progress-cell">
                <progress aria-label=bar_label max=progress.leads.max(1).to_string() value=finished.to_string()></progress>
                <span class="muted small">{format!("{percent} %")}</span>
            </td>
            <td role="cell" class="number">
                {grouped(progress.leads)} <span class="only-narrow muted">" leads"</span>
            </td>
            <td role="cell" class="muted narrow-hidden">
                <Moment at=row.updated_at />
            </td>
        </tr>
    }
}
