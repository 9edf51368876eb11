//! Numbers that nobody may call.

use crate::error::AppError;
use domain::{paging::Page, views::DoNotCallRow};
use leptos::prelude::*;
use server_fn::codec::Json;

/// A page of the do-not-call list, newest first.
#[server(endpoint = "do-not-call/list", input = Json)]
pub async fn list_do_not_call(search: Option<String>, after: Option<String>) -> Result<Page<DoNotCallRow>, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::do_not_call::list(&ops, &caller, search, after).await?)
}

/// Puts a number on the list.
#[server(endpoint = "do-not-call/add")]
pub async fn add_do_not_call(number: String, reason: String) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::do_not_call::add(&ops, &caller, number, reason).await?)
}

/// Takes a number off the list, with a written reason.
#[server(endpoint = "do-not-call/remove")]
pub async fn remove_do_not_call(number: String, reason: String) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::do_not_call::remove(&ops, &caller, number, reason).await?)
}
