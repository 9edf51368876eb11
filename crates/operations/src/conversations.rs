//! Calls that were made, to read and to hear.

use crate::{Caller, Operations};
use domain::{
    ConversationId, UserError,
    paging::Page,
    views::{ConversationFilter, ConversationRow, ConversationView},
};

/// Conversations, newest first.
///
/// # Errors
/// The role does not include it (403), not a cursor of ours (422).
pub async fn list(
    _ops: &Operations,
    _caller: &Caller,
    _filter: ConversationFilter,
) -> Result<Page<ConversationRow>, UserError> {
    Err(UserError::unavailable())
}

/// One conversation with all that is known about it. The recording is there only for those who may hear it.
///
/// # Errors
/// The role does not include it (403), no such conversation (404).
pub async fn get(_ops: &Operations, _caller: &Caller, _id: ConversationId) -> Result<ConversationView, UserError> {
    Err(UserError::unavailable())
}

/// The name of the recording's file in the directory of recordings.
///
/// # Errors
/// The role does not include it (403), no such conversation or no recording of it (404).
pub async fn recording_file(_ops: &Operations, _caller: &Caller, _id: ConversationId) -> Result<String, UserError> {
    Err(UserError::unavailable())
}
