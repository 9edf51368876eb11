//! Calls that were made or came in.

use crate::error::AppError;
use domain::{
    ConversationId,
    paging::Page,
    views::{ConversationFilter, ConversationRow, ConversationView, UnansweredCallRow},
};
use leptos::prelude::*;
use server_fn::codec::Json;

/// A page of conversations, newest first.
#[server(endpoint = "conversations/list", input = Json)]
pub async fn list_conversations(filter: ConversationFilter) -> Result<Page<ConversationRow>, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::conversations::list(&ops, &caller, filter).await?)
}

/// Calls that came in and that no agent answered, newest first.
#[server(endpoint = "conversations/unanswered", input = Json)]
pub async fn list_unanswered_calls() -> Result<Vec<UnansweredCallRow>, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::conversations::unanswered(&ops, &caller).await?)
}

/// Has the results of a call drawn that are not there.
#[server(prefix = "/api", endpoint = "conversations/draw-results-again")]
pub async fn draw_results_again(id: ConversationId) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    operations::conversations::draw_results_again(&ops, &caller, id).await?;
    // Without WASM the answer to the form is the page again.
    if !crate::caller::asks_for_data() {
        leptos_axum::redirect(&format!("/conversations/{id}"));
    }
    Ok(())
}

/// One conversation: facts, decision, results, transcript, recording.
#[server(endpoint = "conversations/get", input = Json)]
pub async fn get_conversation(id: ConversationId) -> Result<ConversationView, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::conversations::get(&ops, &caller, id).await?)
}
