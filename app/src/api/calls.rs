//! What the call monitor asks for and orders.

use crate::error::AppError;
use domain::{ConversationId, call_command::CallCommand, monitor::MonitorState};
use leptos::prelude::*;

/// One call as it stands, to begin watching it.
#[server(prefix = "/api", endpoint = "monitor", input = server_fn::codec::Json)]
pub async fn monitor(conversation_id: ConversationId) -> Result<MonitorState, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::calls::monitor(&ops, &caller, conversation_id).await?)
}

/// Tells the agent of a running call what to do.
#[server(prefix = "/api", endpoint = "command-call", input = server_fn::codec::Json)]
pub async fn command_call(conversation_id: ConversationId, command: CallCommand) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::calls::command(&ops, &caller, conversation_id, command).await?)
}
