//! What this installation is connected to, whether dialling is paused, and the audit log.

use crate::error::AppError;
use domain::{
    paging::Page,
    views::{AuditRow, InstallationView, TroubleView},
};
use leptos::prelude::*;
use server_fn::codec::Json;

/// What is connected and what is simulated.
#[server(endpoint = "settings/installation", input = Json)]
pub async fn installation() -> Result<InstallationView, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::settings::installation(&ops, &caller).await?)
}

/// What is wrong with what every campaign needs.
#[server(endpoint = "settings/trouble", input = Json)]
pub async fn trouble() -> Result<TroubleView, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::settings::trouble(&ops, &caller).await?)
}

/// True while all dialling is paused.
#[server(endpoint = "settings/dialling-paused", input = Json)]
pub async fn dialling_paused() -> Result<bool, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::settings::dialling_paused(&ops, &caller).await?)
}

/// A page of the audit log, newest first.
#[server(endpoint = "audit/list", input = Json)]
pub async fn list_audit(after: Option<String>) -> Result<Page<AuditRow>, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::settings::audit(&ops, &caller, after).await?)
}
