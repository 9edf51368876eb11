//! Imported lists. The file itself is posted to `/campaigns/:id/import`, which streams it; all else is here.

use crate::error::AppError;
use domain::{
    CampaignId, ImportId,
    import::{ImportView, RefusedRow},
    paging::Page,
};
use leptos::prelude::*;
use server_fn::codec::Json;

/// One import: its file, its mapping, how far it is.
#[server(endpoint = "imports/view", input = Json)]
pub async fn view_import(import: ImportId) -> Result<ImportView, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::imports::view(&ops, &caller, import).await?)
}

/// The imports of a campaign, newest first.
#[server(endpoint = "imports/list", input = Json)]
pub async fn list_imports(campaign: CampaignId) -> Result<Vec<ImportView>, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::imports::list(&ops, &caller, campaign).await?)
}

/// Confirms what each column is and starts reading the rows. `columns` holds one word per column as
/// [`crate::pages::import_progress::column_word`] writes it.
#[server(endpoint = "imports/start")]
pub async fn start_import(import: ImportId, columns: Vec<String>, default_country: String) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    let mapping: Option<Vec<domain::import::ColumnUse>> = columns
        .iter()
        .map(|word| crate::pages::import_progress::column_use(word))
        .collect();
    let mapping =
        mapping.ok_or_else(|| domain::UserError::field("columns", "Choose a use from the list for each column."))?;
    Ok(operations::imports::start(&ops, &caller, import, mapping, default_country).await?)
}

/// Stops an import. Leads that were added stay.
#[server(endpoint = "imports/cancel")]
pub async fn cancel_import(import: ImportId) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::imports::cancel(&ops, &caller, import).await?)
}

/// A page of the rows that did not become leads.
#[server(endpoint = "imports/refusals", input = Json)]
pub async fn list_refusals(import: ImportId, after: Option<String>) -> Result<Page<RefusedRow>, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::imports::refusals(&ops, &caller, import, after).await?)
}
