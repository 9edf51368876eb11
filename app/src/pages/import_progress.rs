//! One import: its mapping, its progress, its refused rows.

mod mapping;
mod refused;

use crate::{
    api::imports::{CancelImport, list_refusals, view_import},
    components::{
        LinkButton, Loaded, Notice, PageHeader, ProgressBar, StatusBadge, Toasts, Tone,
        form::{CommandButton, ErrorSummary, action_error},
    },
    error::AppError,
    every::every,
    live_feed::{self, Topic},
    pages::address::{asked, counted, id_of_page},
};
use domain::{
    ImportId, UserError,
    import::{ImportProgress as Progress, ImportStatus, ImportView, RefusedRow},
    live::{Happening, LiveBatch},
    paging::Page,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;
use mapping::MappingForm;
pub use mapping::{column_use, column_word};
use refused::RefusedRows;
use std::time::Duration;

/// How often the progress is asked for, beside the events: a stream that broke must not leave a bar standing still.
const PACE: Duration = Duration::from_secs(3);

/// One import.
#[component]
pub fn ImportProgress() -> impl IntoView {
    let id = id_of_page::<ImportId>();
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| asked(query, "after")));
    // Counts up whenever there may be other refused rows than those on the screen.
    let version = RwSignal::new(0_u32);
    let import = Resource::new(move || id.get(), |id| async move { view_import(known(id)?).await });
    let refused = Resource::new(
        move || (id.get(), after.get(), version.get()),
        |(id, after, _)| async move { list_refusals(known(id)?, after).await },
    );
    view! {
        <Loaded
            resource=import
            view=move |import| view! { <ImportDetail import=import refused=refused version=version /> }.into_any()
        />
    }
}

fn known(id: Option<ImportId>) -> Result<ImportId, UserError> {
    id.ok_or_else(|| UserError::not_found("import"))
}

/// The badge of an import's status.
pub(super) fn status_badge(status: ImportStatus) -> AnyView {
    use crate::components::Look;
    let (tone, icon, label) = match status {
        ImportStatus::Uploaded => (Tone::Neutral, "clock", "To be confirmed"),
        ImportStatus::Running => (Tone::Ringing, "loader-circle", "Importing"),
        ImportStatus::Completed => (Tone::Live, "circle-check", "Completed"),
        ImportStatus::Cancelled => (Tone::Warning, "circle-stop", "Cancelled"),
        ImportStatus::Failed => (Tone::Failed, "circle-alert", "Failed"),
    };
    view! { <StatusBadge status=Signal::stored(Look { tone, icon, label }) /> }.into_any()
}

#[component]
fn ImportDetail(
    import: ImportView,
    refused: Resource<Result<Page<RefusedRow>, AppError>>,
    version: RwSignal<u32>,
) -> impl IntoView {
    let id = import.progress.import_id;
    let campaign = import.progress.campaign_id;
    let now = RwSignal::new(import.clone());
    let refresh = move || {
        spawn_local(async move {
            if let Ok(fresh) = view_import(id).await {
                let _ = now.try_set(fresh);
            }
        });
    };
    follow(now, refresh);
    let status = Memo::new(move |_| now.with(|now| now.progress.status));
    let some_refused = Memo::new(move |_| now.with(|now| now.progress.refused > 0));
    Effect::new(move |before: Option<()>| {
        let _ = (status.get(), some_refused.get());
        if before.is_some() {
            version.update(|version| *version += 1);
        }
    });
    let name = if import.file_name.is_empty() {
        "Pasted rows".to_owned()
    } else {
        import.file_name.clone()
    };
    let kind = match import.delimiter.as_str() {
        "" => import.encoding.clone(),
        delimiter => format!("{}, separated by {delimiter}", import.encoding),
    };
    view! {
        <PageHeader title=name back=(format!("/campaigns/{campaign}/import"), "Import leads".to_owned()) />
        <p class="row">
            {move || status_badge(status.get())} <span class="muted">{kind}</span>
        </p>
        {move || match status.get() {
            ImportStatus::Uploaded => {
                let import = now.get_untracked();
                view! { <MappingForm import=import on_started=refresh /> }.into_any()
            }
            _ => view! { <Counts now=now /> }.into_any(),
        }}
        <RefusedRows import=id now=now page=refused />
    }
    .into_any()
}

/// Takes in what the events tell, and asks from time to time in case they tell nothing.
fn follow(now: RwSignal<ImportView>, refresh: impl Fn() + Copy + Send + Sync + 'static) {
    let id = now.with_untracked(|now| now.progress.import_id);
    let on_news = move |batches: Vec<LiveBatch>| {
        let newest: Option<Progress> = batches
            .into_iter()
            .flat_map(|batch| batch.events)
            .filter_map(|event| match event.happened {
                Happening::ImportMoved { import } if import.import_id == id => Some(import),
                _ => None,
            })
            .next_back();
        if let Some(newest) = newest {
            let _ = now.try_update(|now| {
                // A stream that begins anew tells old news first.
                if newest.bytes_read >= now.progress.bytes_read {
                    now.progress = newest;
                }
            });
        }
    };
    live_feed::follow(Topic::Import(id), 0, on_news, refresh);
    every(PACE, move || {
        if now.try_with_untracked(|now| now.progress.status == ImportStatus::Running) == Some(true) {
            refresh();
        }
    });
}

#[component]
fn Counts(now: RwSignal<ImportView>) -> impl IntoView {
    let (id, campaign) = now.with_untracked(|now| (now.progress.import_id, now.progress.campaign_id));
    let progress = Memo::new(move |_| now.with(|now| now.progress.clone()));
    let cancel = ServerAction::<CancelImport>::new();
    let error = action_error(cancel);
    let toasts = Toasts::of_app();
    Effect::new(move |_| {
        if let Some(Ok(())) = cancel.value().get() {
            toasts.done("The import was cancelled. Leads that were added stay.");
            spawn_local(async move {
                if let Ok(fresh) = view_import(id).await {
                    let _ = now.try_set(fresh);
                }
            });
        }
    });
    let running = Memo::new(move |_| progress.with(|progress| progress.status == ImportStatus::Running));
    let read = Signal::derive(move || progress.with(|progress| progress.bytes_read.div_ceil(1_024)));
    let total = Signal::derive(move || progress.with(|progress| progress.bytes_total.div_ceil(1_024)));
    view! {
        <section class="card stack">
            <ErrorSummary error=error />
            {move || {
                now.with(|now| now.failure.clone())
                    .map(|failure| view! { <Notice tone=Tone::Failed>{failure}</Notice> })
            }}
            <ProgressBar label="Read, in kB" value=read max=total />
            <p role="status">
                <strong>{move || counted(progress.with(|progress| progress.added), "lead", "leads")}</strong>
                " added, "
                <strong>{move || counted(progress.with(|progress| progress.refused), "row", "rows")}</strong>
                " refused"
            </p>
            <div class="row">
                {move || {
                    if running.get() {
                        view! {
                            <CommandButton
                                action=cancel
                                label="Cancel the import"
                                inputs=vec![("import", id.to_string())]
                            />
                        }
                            .into_any()
                    } else {
                        view! {
                            <LinkButton href=format!("/campaigns/{campaign}") class="primary">
                                "Go to the campaign"
                            </LinkButton>
                            <LinkButton href=format!("/campaigns/{campaign}/leads")>"See the leads"</LinkButton>
                        }
                            .into_any()
                    }
                }}
            </div>
        </section>
    }
    .into_any()
}
