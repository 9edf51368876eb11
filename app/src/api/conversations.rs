//! Calls that were made.

use crate::error::AppError;
use domain::{
    ConversationId,
    paging::Page,
    views::{ConversationFilter, ConversationRow, ConversationView},
};
use leptos::prelude::*;
use server_fn::codec::Json;

/// A page of conversations, newest first.
#[server(endpoint = "conversations/list", input = Json)]
pub async fn list_conversations(filter: ConversationFilter) -> Result<Page<ConversationRow>, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::conversations::list(&ops, &caller, filter).await?)
}

/// One conversation: facts, decision, results, transcript, recording.
#[server(endpoint = "conversations/get", input = Json)]
pub async fn get_conversation(id: ConversationId) -> Result<ConversationView, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::conversations::get(&ops, &caller, id).await?)
}
