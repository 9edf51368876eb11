//! The people of a campaign: filter, search, page through, add one.

mod add_lead;

use crate::{
    api::{campaigns::get_campaign, leads::list_leads},
    components::{Column, DataTable, EmptyState, HasLook, LinkButton, Loaded, Moment, PageHeader, Pager, StatusBadge},
    error::AppError,
    pages::address::{FilterLinks, address, asked, asked_word, id_of_page},
    session::may,
};
use add_lead::AddLead;
use domain::{
    CampaignId, UserError,
    access::Permission,
    lead::LeadStatus,
    paging::Page,
    script,
    views::{CampaignView, LeadFilter, LeadRow},
};
use leptos::prelude::*;
use leptos_router::{
    components::{A, Form},
    hooks::use_query_map,
};

const COLUMNS: &[Column] = &[
    Column::Text("Name"),
    Column::Text("Status"),
    Column::Text("Number"),
    Column::Text("E-mail"),
    Column::Number("Tries"),
    Column::Text("Next call"),
    Column::Text("Note"),
];

/// The people of a campaign.
#[component]
pub fn Leads() -> impl IntoView {
    // Both are made here, side by side: a resource made inside the view of another has one number on the server and
    // another in the browser.
    let id = id_of_page::<CampaignId>();
    let query = use_query_map();
    let filter = Memo::new(move |_| {
        query.with(|query| LeadFilter {
            status: asked_word(query, "status"),
            search: asked(query, "search"),
            after: asked(query, "after"),
        })
    });
    let version = RwSignal::new(0_u32);
    let campaign = Resource::new(move || id.get(), |id| async move { get_campaign(known(id)?).await });
    let page = Resource::new(
        move || (id.get(), filter.get(), version.get()),
        |(id, filter, _)| async move { list_leads(known(id)?, filter).await },
    );
    view! {
        <Loaded
            resource=campaign
            view=move |campaign| {
                view! { <LeadsOf campaign=campaign filter=filter version=version page=page /> }.into_any()
            }
        />
    }
}

fn known(id: Option<CampaignId>) -> Result<CampaignId, UserError> {
    id.ok_or_else(|| UserError::not_found("campaign"))
}

#[component]
fn LeadsOf(
    campaign: CampaignView,
    filter: Memo<LeadFilter>,
    version: RwSignal<u32>,
    page: Resource<Result<Page<LeadRow>, AppError>>,
) -> impl IntoView {
    let id = campaign.row.progress.campaign_id;
    let path = format!("/campaigns/{id}/leads");
    let links = {
        let path = path.clone();
        move || {
            let LeadFilter {
                status: chosen, search, ..
            } = filter.get();
            let to = |status: Option<LeadStatus>| {
                address(
                    &path,
                    &[
                        ("status", status.map(|status| status.to_string())),
                        ("search", search.clone()),
                    ],
                )
            };
            let mut links = vec![(to(None), "All".to_owned(), chosen.is_none())];
            links.extend(
                LeadStatus::ALL
                    .map(|status| (to(Some(status)), status.look().label.to_owned(), chosen == Some(status))),
            );
            view! { <FilterLinks label="Leads by status" links=links /> }
        }
    };
    let search_form = {
        let path = path.clone();
        move || {
            let LeadFilter { status, search, .. } = filter.get();
            view! {
                <Form method="GET" action=path.clone() attr:class="search" attr:role="search">
                    {status.map(|status| view! { <input type="hidden" name="status" value=status.to_string() /> })}
                    <label class="visually-hidden" for="lead-search">
                        "Name or number"
                    </label>
                    <input
                        id="lead-search"
                        type="search"
                        name="search"
                        placeholder="Name or number"
                        maxlength="120"
                        value=search.unwrap_or_default()
                    />
                    <button type="submit" class="button">
                        "Search"
                    </button>
                </Form>
            }
        }
    };
    let mut variables = script::variables(&campaign.content.script);
    variables.extend(script::variables(&campaign.content.opening));
    variables.extend(script::variables(&campaign.content.voicemail_message));
    let variables: Vec<String> = variables
        .into_iter()
        .filter(|name| !["name", "email", "phone_number"].contains(&name.as_str()))
        .collect();
    let editable = may(Permission::EditCampaigns);
    let filtered = move || filter.with_untracked(|filter| filter.status.is_some() || filter.search.is_some());
    view! {
        <PageHeader title="Leads" back=(format!("/campaigns/{id}"), campaign.row.progress.name.clone())>
            {editable
                .then(|| {
                    view! {
                        <LinkButton href=format!("/campaigns/{id}/import") class="primary" icon="upload">
                            "Import"
                        </LinkButton>
                    }
                })}
        </PageHeader>
        {editable
            .then(|| {
                view! {
                    <AddLead
                        campaign=id
                        variables=variables
                        country=campaign.content.default_country.clone()
                        on_added=move || version.update(|version| *version += 1)
                    />
                }
            })}
        <div class="row spread">{links} {search_form}</div>
        <Loaded
            resource=page
            view=move |page| view! { <LeadTable campaign=id page=page filtered=filtered() /> }.into_any()
        />
    }
    .into_any()
}

#[component]
fn LeadTable(campaign: CampaignId, page: Page<LeadRow>, filtered: bool) -> impl IntoView {
    if page.rows.is_empty() {
        let sentence = if filtered {
            "No lead fits this filter."
        } else {
            "This campaign has no leads yet."
        };
        return view! {
            <section class="card">
                <EmptyState icon="users" sentence=sentence>
                    {if filtered {
                        view! { <LinkButton href=format!("/campaigns/{campaign}/leads")>"Show all"</LinkButton> }.into_any()
                    } else if may(Permission::EditCampaigns) {
                        view! {
                            <LinkButton href=format!("/campaigns/{campaign}/import") icon="upload">
                                "Import a list"
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
        .map(|row| view! { <LeadLine row=row /> })
        .collect_view();
    view! {
        <section class="card flush">
            <DataTable label="Leads" columns=COLUMNS>
                {rows}
            </DataTable>
            <Pager next=page.next />
        </section>
    }
    .into_any()
}

#[component]
fn LeadLine(row: LeadRow) -> impl IntoView {
    let name = row.name.reveal().to_owned();
    let name = if name.is_empty() { "No name".to_owned() } else { name };
    let tries = row.attempts;
    view! {
        <tr role="row">
            <th role="rowheader" scope="row" class="lead wrap">
                {if tries > 0 {
                    view! { <A href=format!("/conversations?lead={}", row.lead_id)>{name}</A> }.into_any()
                } else {
                    name.into_any()
                }}
            </th>
            <td role="cell" class="aside">
                <StatusBadge status=Signal::stored(row.status) />
            </td>
            <td role="cell" class="nowrap">{row.phone_number}</td>
            <td role="cell" class="wrap narrow-hidden">{row.email.reveal().to_owned()}</td>
            <td role="cell" class="number">
                {tries.to_string()} <span class="only-narrow muted">{if tries == 1 { " try" } else { " tries" }}</span>
            </td>
            <td role="cell" class="muted">{row.due_at.map(|at| view! { <Moment at=at /> })}</td>
            <td role="cell" class="wrap">{row.error_reason.unwrap_or_default()}</td>
        </tr>
    }
}
