//! Calls in progress: watching, hearing, steering.

use crate::{Caller, Operations};
use domain::{ConversationId, UserError, call_command::CallCommand, monitor::MonitorState};

/// What the call monitor begins with; works for ended calls as well.
///
/// # Errors
/// The role does not include it (403), no such conversation (404).
pub async fn monitor(_ops: &Operations, _caller: &Caller, _id: ConversationId) -> Result<MonitorState, UserError> {
    Err(UserError::unavailable())
}

/// Whispers to the agent, has it say a sentence, or ends the call.
///
/// # Errors
/// The role does not include it (403), no such conversation (404), it has ended (409), the text will not do (422).
pub async fn command(
    _ops: &Operations,
    _caller: &Caller,
    _id: ConversationId,
    _command: CallCommand,
) -> Result<(), UserError> {
    Err(UserError::unavailable())
}

/// Checks that the caller may hear this call now.
///
/// # Errors
/// The role does not include it (403), no such conversation (404), it has ended (409).
pub async fn may_listen(_ops: &Operations, _caller: &Caller, _id: ConversationId) -> Result<(), UserError> {
    Err(UserError::unavailable())
}
