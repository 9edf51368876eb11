//! Campaigns: the list, one campaign, its editor and its commands.

use crate::error::AppError;
use domain::{
    CampaignId,
    campaign::{CampaignCommand, CampaignContent, CampaignStatus},
    paging::Page,
    views::{CampaignRow, CampaignView, SaveOutcome, ScriptPreview},
};
use leptos::prelude::*;
use server_fn::codec::Json;

/// The campaigns, newest first.
#[server(endpoint = "campaigns/list", input = Json)]
pub async fn list_campaigns(
    status: Option<CampaignStatus>,
    after: Option<String>,
) -> Result<Page<CampaignRow>, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::campaigns::list(&ops, &caller, status, after).await?)
}

/// One campaign with its numbers and what can be done with it.
#[server(endpoint = "campaigns/get", input = Json)]
pub async fn get_campaign(id: CampaignId) -> Result<CampaignView, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::campaigns::get(&ops, &caller, id).await?)
}

/// Saves a new campaign and answers with its id.
#[server(endpoint = "campaigns/create", input = Json)]
pub async fn create_campaign(content: CampaignContent) -> Result<CampaignId, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::campaigns::create(&ops, &caller, content).await?)
}

/// Saves an edited campaign over the revision it was read at.
#[server(endpoint = "campaigns/save", input = Json)]
pub async fn save_campaign(
    id: CampaignId,
    base_revision: i64,
    content: CampaignContent,
) -> Result<SaveOutcome, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::campaigns::save(&ops, &caller, id, base_revision, content).await?)
}

/// The editor's form as a browser without JavaScript posts it: creates without `id`, saves with it, then shows the
/// campaign.
#[server(endpoint = "campaigns/form")]
pub async fn post_campaign_form(
    id: Option<CampaignId>,
    base_revision: Option<i64>,
    form: crate::pages::campaign_editor::CampaignForm,
) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    let content = form.content()?;
    let id = match (id, base_revision) {
        (None, _) => operations::campaigns::create(&ops, &caller, content).await?,
        (Some(id), base) => {
            let outcome = operations::campaigns::save(&ops, &caller, id, base.unwrap_or(0), content).await?;
            if let SaveOutcome::Conflict { saved_by, .. } = outcome {
                return Err(domain::UserError::conflict(format!(
                    "{saved_by} changed the same fields meanwhile, so nothing was saved. \
                     Go back to copy what you typed, then reload the page."
                ))
                .into());
            }
            id
        }
    };
    leptos_axum::redirect(&format!("/campaigns/{id}"));
    Ok(())
}

/// Copies a campaign without its leads and shows the copy's editor.
#[server(endpoint = "campaigns/duplicate")]
pub async fn duplicate_campaign(id: CampaignId) -> Result<CampaignId, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    let copy = operations::campaigns::duplicate(&ops, &caller, id).await?;
    leptos_axum::redirect(&format!("/campaigns/{copy}/edit"));
    Ok(copy)
}

/// Deletes a campaign that never called anybody, then shows the list.
#[server(endpoint = "campaigns/delete")]
pub async fn delete_campaign(id: CampaignId) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    operations::campaigns::delete(&ops, &caller, id).await?;
    leptos_axum::redirect("/campaigns");
    Ok(())
}

/// Starts, pauses, resumes or stops a campaign.
#[server(endpoint = "campaigns/command")]
pub async fn command_campaign(id: CampaignId, command: CampaignCommand) -> Result<CampaignStatus, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::campaigns::command(&ops, &caller, id, command).await?)
}

/// The texts of the editor as one lead would hear them, and which variables the leads lack.
#[server(endpoint = "campaigns/preview", input = Json)]
pub async fn preview_campaign(id: Option<CampaignId>, content: CampaignContent) -> Result<ScriptPreview, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::campaigns::preview(&ops, &caller, id, content).await?)
}
