//! A list of people comes in: as a file, or pasted.

mod upload;

use crate::{
    api::{campaigns::get_campaign, imports::list_imports},
    components::{
        Column, DataTable, Loaded, Moment, Notice, PageHeader, Problem, ProgressBar, Tone, form::CountryField, grouped,
    },
    pages::{
        address::{asked, id_of_page},
        import_progress::status_badge,
    },
    session::may,
};
use domain::{CampaignId, UserError, access::Permission, import::ImportView, views::CampaignView};
use leptos::prelude::*;
use leptos_router::{
    components::A,
    hooks::{use_navigate, use_query_map},
};
use upload::{Uploaded, send};

const COLUMNS: &[Column] = &[
    Column::Text("File"),
    Column::Text("Status"),
    Column::Number("Added"),
    Column::Number("Refused"),
    Column::Text("When"),
];

/// A list of people comes in.
#[component]
pub fn LeadImport() -> impl IntoView {
    let id = id_of_page::<CampaignId>();
    move || match id.get() {
        None => view! { <Problem error=UserError::not_found("campaign").into() /> }.into_any(),
        Some(_) if !may(Permission::EditCampaigns) => {
            view! { <Problem error=Permission::EditCampaigns.refusal().into() /> }.into_any()
        }
        Some(id) => {
            let data = Resource::new(
                move || id,
                |id| async move { Ok((get_campaign(id).await?, list_imports(id).await?)) },
            );
            view! {
                <Loaded
                    resource=data
                    view=|(campaign, imports)| view! { <ImportInto campaign=campaign imports=imports /> }.into_any()
                />
            }
            .into_any()
        }
    }
}

#[component]
fn ImportInto(campaign: CampaignView, imports: Vec<ImportView>) -> impl IntoView {
    let id = campaign.row.progress.campaign_id;
    let sent = RwSignal::new(None::<(u64, u64)>);
    let problem =
        RwSignal::new(use_query_map().with_untracked(|query| asked(query, "problem").map(|kind| sentence(&kind))));
    let navigate = use_navigate();
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        if sent.get_untracked().is_some() {
            event.prevent_default();
            return;
        }
        problem.set(None);
        let navigate = navigate.clone();
        let done = move |uploaded: Uploaded| {
            sent.set(None);
            match uploaded {
                Uploaded::Import(import) => {
                    navigate(&format!("/imports/{import}"), leptos_router::NavigateOptions::default());
                }
                Uploaded::Refused(sentence) => problem.set(Some(sentence)),
            }
        };
        let begun = send(&event, move |loaded, total| sent.set(Some((loaded, total))), done);
        // If it cannot begin here, the browser posts the form itself.
        if begun {
            event.prevent_default();
            sent.set(Some((0, 1)));
        }
    };
    let bytes_sent = Signal::derive(move || sent.get().map_or(0, |(loaded, _)| loaded / 1_024));
    let bytes_total = Signal::derive(move || sent.get().map_or(1, |(_, total)| total.max(1).div_ceil(1_024)));
    view! {
        <PageHeader
            title="Import leads"
            back=(format!("/campaigns/{id}"), campaign.row.progress.name.clone())
        />
        {move || problem.get().map(|sentence| view! { <Notice tone=Tone::Failed>{sentence}</Notice> })}
        <form
            class="card form narrow"
            method="post"
            action=format!("/campaigns/{id}/import")
            enctype="multipart/form-data"
            on:submit=on_submit
        >
            <p>
                "A CSV file with one person on each line: phone number, name, e-mail address, and any other columns, which \
                 become variables of the script. Commas, semicolons and tabs all work."
            </p>
            <CountryField field="default_country" value=campaign.content.default_country.clone() />
            <div class="field">
                <label for="import-file">"File, up to 100 MB"</label>
                <input
                    id="import-file"
                    type="file"
                    name="file"
                    accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain"
                />
            </div>
            <div class="field">
                <label for="import-text">"Or paste the rows"</label>
                <textarea
                    id="import-text"
                    name="pasted"
                    rows="6"
                    spellcheck="false"
                    class="mono"
                    placeholder="phone,first_name,city\n+14155550123,Ada,Boston"
                ></textarea>
            </div>
            <div hidden=move || sent.get().is_none()>
                <ProgressBar label="Uploading, in kB" value=bytes_sent max=bytes_total />
            </div>
            <div class="actions">
                <button type="submit" class="button primary" disabled=move || sent.get().is_some()>
                    "Upload"
                </button>
            </div>
            <p class="muted small">"Nothing is imported yet: the next page shows what was recognised."</p>
        </form>
        {(!imports.is_empty()).then(|| view! { <EarlierImports imports=imports /> })}
    }
    .into_any()
}

/// What the address says about an upload that a browser without WASM sent: a kind of error, never a text, or a link could
/// put words into the mouth of this page.
fn sentence(kind: &str) -> String {
    match kind {
        "invalid" => "Choose a file, or paste the rows. The file must hold text: a CSV file, not a spreadsheet itself.",
        "too_large" => "The file is larger than 100 MB. Split it, then upload the parts one after the other.",
        _ => "The upload did not work, and nothing was imported. Send the file again.",
    }
    .to_owned()
}

#[component]
fn EarlierImports(imports: Vec<ImportView>) -> impl IntoView {
    let rows = imports
        .into_iter()
        .map(|import| {
            let name = if import.file_name.is_empty() {
                "Pasted rows".to_owned()
            } else {
                import.file_name.clone()
            };
            view! {
                <tr role="row">
                    <th role="rowheader" scope="row" class="lead wrap">
                        <A href=format!("/imports/{}", import.progress.import_id)>{name}</A>
                    </th>
                    <td role="cell" class="aside">{status_badge(import.progress.status)}</td>
                    <td role="cell" class="number">
                        {grouped(import.progress.added)} <span class="only-narrow muted">" added"</span>
                    </td>
                    <td role="cell" class="number">
                        {grouped(import.progress.refused)} <span class="only-narrow muted">" refused"</span>
                    </td>
                    <td role="cell" class="muted">
                        <Moment at=import.created_at />
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card flush">
            <h2>"Imports so far"</h2>
            <DataTable label="Imports so far" columns=COLUMNS>
                {rows}
            </DataTable>
        </section>
    }
    .into_any()
}
