//! The campaign editor: all that a manager writes about a campaign, with a preview, and a merge when two people save.

mod conflict;
mod draft;
mod form;
mod preview;
mod sections;
mod template_text;
mod tools_section;

use crate::{
    api::campaigns::{PostCampaignForm, create_campaign, get_campaign, preview_campaign, save_campaign},
    components::{
        LinkButton, Loaded, Notice, PageHeader, Problem, Toasts, Tone,
        form::{CountryField, ErrorSummary, SelectField, SubmitButton, TextField, posted_error},
    },
    error::AppError,
    pages::campaign_manager::{CampaignManager, Managing},
    session::may,
};
use conflict::{Clash, ClashPanel, differing, labels};
use domain::{
    CampaignId, UserError,
    access::Permission,
    campaign::CampaignContent,
    language::LANGUAGES,
    script::BUILT_IN,
    views::{CampaignView, SaveOutcome, ScriptPreview},
};
use draft::Draft;
pub use form::{CampaignForm, DayForm, ResultFieldForm, RetryForm, clock_text, tenths_text};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, server_fn::ServerFn, task::spawn_local};
use leptos_router::hooks::{use_navigate, use_params_map};
use preview::PreviewPanel;
use sections::{CallBackSection, EngineSection, HoursSection, PaceSection, RecordingSection, ResultFieldsSection};
use std::{collections::BTreeSet, time::Duration};
use template_text::TemplateText;
use tools_section::ToolsSection;

/// How long typing must rest before the preview is made anew.
const PREVIEW_AFTER: Duration = Duration::from_millis(400);

/// The page of the editor, for a new campaign or that of the address.
#[component]
pub fn CampaignEditor() -> impl IntoView {
    let params = use_params_map();
    move || {
        let managing = if params.with(|params| params.get("id").is_some()) {
            Managing::One
        } else {
            Managing::New
        };
        view! { <CampaignManager managing=managing /> }
    }
}

/// The campaign that is edited (none yet for a new one), and its first preview.
async fn editor_data(
    id: Option<CampaignId>,
) -> Result<(Option<CampaignView>, Result<ScriptPreview, UserError>), AppError> {
    let campaign = match id {
        Some(id) => Some(get_campaign(id).await?),
        None => None,
    };
    let content = campaign
        .as_ref()
        .map_or_else(CampaignContent::template, |campaign| campaign.content.clone());
    let preview = preview_campaign(id, previewable(&content))
        .await
        .map_err(|error| error.0);
    Ok((campaign, preview))
}

/// Fetches what the editor needs, then shows it.
#[component]
pub(super) fn EditorLoader(id: Option<CampaignId>) -> impl IntoView {
    if !may(Permission::EditCampaigns) {
        return view! { <Problem error=Permission::EditCampaigns.refusal().into() /> }.into_any();
    }
    let data = Resource::new(move || id, editor_data);
    view! {
        <Loaded
            resource=data
            view=|(campaign, preview)| view! { <Editor campaign=campaign first_preview=preview /> }.into_any()
        />
    }
    .into_any()
}

/// `content` with the fields that a preview does not show made harmless, so that it can be made while they are wrong.
fn previewable(content: &CampaignContent) -> CampaignContent {
    CampaignContent {
        name: "Preview".to_owned(),
        script: content.script.clone(),
        opening: content.opening.clone(),
        voicemail_message: content.voicemail_message.clone(),
        language: content.language.clone(),
        ..CampaignContent::template()
    }
}

#[component]
fn Editor(campaign: Option<CampaignView>, first_preview: Result<ScriptPreview, UserError>) -> impl IntoView {
    let id = campaign.as_ref().map(|campaign| campaign.row.progress.campaign_id);
    let content = campaign
        .as_ref()
        .map_or_else(CampaignContent::template, |campaign| campaign.content.clone());
    let draft = Draft::new(CampaignForm::from(&content));
    let base = RwSignal::new(content);
    let revision = RwSignal::new(campaign.as_ref().map_or(0, |campaign| campaign.revision));
    let error = RwSignal::new(posted_error(PostCampaignForm::PATH));
    let clash = RwSignal::new(None::<Clash>);
    let merged = RwSignal::new(None::<String>);
    let pending = RwSignal::new(false);
    let preview = RwSignal::new(first_preview);
    let rehearsal = id.map(|id| format!("/campaigns/{id}/rehearsal"));
    let variables = known_variables(preview);
    keep_preview_fresh(id, draft, preview);

    let owner = Owner::current();
    let navigate = use_navigate();
    let toasts = Toasts::of_app();
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if pending.get_untracked() {
            return;
        }
        let typed = untrack(|| draft.form());
        let content = match typed.content() {
            Ok(content) => content,
            Err(wrong) => return error.set(Some(wrong)),
        };
        error.set(None);
        pending.set(true);
        let (navigate, owner) = (navigate.clone(), owner.clone());
        spawn_local(async move {
            let outcome = match id {
                None => create_campaign(content.clone()).await.map(Saving::Done),
                Some(id) => save_campaign(id, revision.get_untracked(), content.clone())
                    .await
                    .map(|outcome| match outcome {
                        SaveOutcome::Saved { .. } => Saving::Done(id),
                        other => Saving::Together(other),
                    }),
            };
            // The editor may have been left meanwhile.
            if pending.try_set(false).is_some() {
                return;
            }
            match outcome {
                Err(wrong) => error.set(Some(wrong.0)),
                Ok(Saving::Done(id)) => {
                    toasts.done("The campaign was saved.");
                    navigate(&format!("/campaigns/{id}"), leptos_router::NavigateOptions::default());
                }
                Ok(Saving::Together(outcome)) => {
                    // Signals for new rows must live as long as the editor.
                    let take = move || together(outcome, &content, typed, draft, base, revision, clash, merged);
                    match owner {
                        Some(owner) => owner.with(take),
                        None => take(),
                    }
                }
            }
        });
    };

    let heading = campaign.as_ref().map(|campaign| {
        let progress = &campaign.row.progress;
        let back = (format!("/campaigns/{}", progress.campaign_id), progress.name.clone());
        view! { <PageHeader title=format!("Edit {}", progress.name) back=back /> }
    });
    let cancel = id.map_or_else(|| "/campaigns".to_owned(), |id| format!("/campaigns/{id}"));
    let leaves_message = Signal::derive(move || draft.voicemail_policy.with(|policy| policy == "leave_message"));
    let languages = LANGUAGES
        .into_iter()
        .map(|(tag, label)| (tag.to_owned(), label.to_owned()))
        .collect();
    let policies = vec![
        ("hang_up".to_owned(), "Hang up".to_owned()),
        (
            "leave_message".to_owned(),
            "Leave the message after the beep".to_owned(),
        ),
    ];
    let errors: Signal<Option<UserError>> = error.into();
    view! {
        {heading}
        {move || {
            merged
                .get()
                .map(|sentence| {
                    view! { <Notice tone=Tone::Live>{sentence}</Notice> }
                })
        }}
        {move || {
            clash
                .get()
                .map(|clash| {
                    view! { <ClashPanel clash=clash draft=draft /> }
                })
        }}
        <form class="form editor" method="post" action=PostCampaignForm::url() novalidate on:submit=save>
            <div class="editor-main">
                <ErrorSummary error=errors />
                {id.map(|id| view! { <input type="hidden" name="id" value=id.to_string() /> })}
                {id
                    .map(|_| {
                        view! { <input type="hidden" name="base_revision" value=move || revision.get().to_string() /> }
                    })}
                <fieldset class="card form-section">
                    <legend>"Campaign"</legend>
                    <TextField
                        field="name"
                        name="form[name]"
                        label="Name"
                        bind=draft.name
                        required=true
                        maxlength=120
                        autocomplete="off"
                        error=errors
                    />
                    <CountryField
                        field="default_country"
                        name="form[default_country]"
                        bind=draft.default_country
                        error=errors
                    />
                </fieldset>
                <fieldset class="card form-section">
                    <legend>"What to say"</legend>
                    <TemplateText
                        field="opening"
                        label="First sentence"
                        text=draft.opening
                        variables=variables
                        rows=2
                        maxlength=1_000
                        required=true
                        hint="Spoken as soon as the person answers: who is calling, and that it is an AI."
                        error=errors
                    />
                    <TemplateText
                        field="script"
                        label="Script"
                        text=draft.script
                        variables=variables
                        rows=10
                        maxlength=20_000
                        required=true
                        hint="What the agent should say and find out, in your own words."
                        error=errors
                    />
                    <SelectField
                        field="language"
                        name="form[language]"
                        label="Language"
                        options=languages
                        bind=draft.language
                        hint="What the agent speaks and listens for. Write the texts in it, too."
                        error=errors
                    />
                    <SelectField
                        field="voicemail_policy"
                        name="form[voicemail_policy]"
                        label="When a machine answers"
                        options=policies
                        bind=draft.voicemail_policy
                        error=errors
                    />
                    <div class:quieted=move || !leaves_message.get()>
                        <TemplateText
                            field="voicemail_message"
                            label="Voicemail message"
                            text=draft.voicemail_message
                            variables=variables
                            rows=3
                            maxlength=1_000
                            error=errors
                        />
                    </div>
                </fieldset>
                <ResultFieldsSection draft=draft error=errors />
                <HoursSection draft=draft error=errors />
                <PaceSection draft=draft error=errors />
                <RecordingSection draft=draft error=errors />
                <ToolsSection draft=draft error=errors />
                <CallBackSection draft=draft />
                <EngineSection draft=draft error=errors />
                <div class="actions editor-actions">
                    <SubmitButton label=if id.is_some() { "Save" } else { "Create campaign" } pending=pending />
                    <LinkButton href=cancel>"Cancel"</LinkButton>
                </div>
            </div>
            <PreviewPanel preview=preview leaves_message=leaves_message rehearsal=rehearsal />
        </form>
    }
    .into_any()
}

/// What came of sending the form.
enum Saving {
    Done(CampaignId),
    /// Somebody else saved meanwhile.
    Together(SaveOutcome),
}

/// Takes in what somebody else saved meanwhile, so that neither loses anything.
#[expect(
    clippy::too_many_arguments,
    reason = "these are the editor's signals, and this is their only meeting point"
)]
fn together(
    outcome: SaveOutcome,
    mine: &CampaignContent,
    typed: CampaignForm,
    draft: Draft,
    base: RwSignal<CampaignContent>,
    revision: RwSignal<i64>,
    clash: RwSignal<Option<Clash>>,
    merged: RwSignal<Option<String>>,
) {
    match outcome {
        SaveOutcome::Saved { revision: saved } => revision.set(saved),
        SaveOutcome::Merged {
            revision: saved,
            saved_by,
            content,
        } => {
            let theirs = differing(mine, &content);
            draft.take(CampaignForm::from(&*content), |field| {
                theirs.iter().any(|other| other == field)
            });
            merged.set(Some(format!(
                "Saved, together with what {saved_by} saved while you were editing: {}. Your own changes are all in it too.",
                labels(&theirs)
            )));
            revision.set(saved);
            base.set(*content);
            clash.set(None);
        }
        SaveOutcome::Conflict {
            revision: theirs_revision,
            saved_by,
            conflicts,
            theirs,
        } => {
            let fields: Vec<String> = conflicts.into_iter().map(|conflict| conflict.field).collect();
            let my_changes = base.with_untracked(|base| differing(base, mine));
            let their_form = CampaignForm::from(&*theirs);
            draft.take(their_form.clone(), |field| !my_changes.iter().any(|mine| mine == field));
            merged.set(None);
            clash.set(Some(Clash {
                saved_by,
                fields,
                mine: typed,
                theirs: their_form,
            }));
            revision.set(theirs_revision);
            base.set(*theirs);
            if let Some(window) = web_sys::window() {
                window.scroll_to_with_x_and_y(0.0, 0.0);
            }
        }
    }
}

/// What can stand between braces: what every lead has, and the columns of this campaign's leads.
fn known_variables(preview: RwSignal<Result<ScriptPreview, UserError>>) -> Memo<Vec<String>> {
    Memo::new(move |_| {
        let mut known: Vec<String> = BUILT_IN.map(str::to_owned).to_vec();
        preview.with(|preview| {
            if let Ok(preview) = preview {
                let more: BTreeSet<&String> = preview
                    .known_variables
                    .iter()
                    .filter(|name| !BUILT_IN.contains(&name.as_str()))
                    .collect();
                known.extend(more.into_iter().cloned());
            }
        });
        known
    })
}

/// Makes the preview anew when typing rests.
fn keep_preview_fresh(id: Option<CampaignId>, draft: Draft, preview: RwSignal<Result<ScriptPreview, UserError>>) {
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |before: Option<[String; 4]>| {
        let texts = [
            draft.script.get(),
            draft.opening.get(),
            draft.voicemail_message.get(),
            draft.language.get(),
        ];
        if before.as_ref().is_none_or(|before| *before == texts) {
            return texts;
        }
        if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
        let [script, opening, voicemail_message, language] = texts.clone();
        let fetch = move || {
            let content = CampaignContent {
                script,
                opening,
                voicemail_message,
                language,
                ..CampaignContent::template()
            };
            spawn_local(async move {
                let made = preview_campaign(id, previewable(&content))
                    .await
                    .map_err(|error| error.0);
                let _ = preview.try_set(made);
            });
        };
        waiting.set_value(set_timeout_with_handle(fetch, PREVIEW_AFTER).ok());
        texts
    });
    on_cleanup(move || {
        if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    });
}
