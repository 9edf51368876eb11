//! Calls that were made, to read and to hear.

use crate::{Caller, Operations, failure::internal, failure::missing, page_cursor, recordings::kept};
use domain::{
    ConversationId, UserError,
    access::Permission,
    paging::Page,
    views::{ConversationFilter, ConversationRow, ConversationView, RecordingView},
};
use store::{
    conversations::{self, Wanted},
    recordings,
};
use uuid::Uuid;
use vault::Kept;

/// Conversations, newest first.
///
/// # Errors
/// The role does not include it (403), not a cursor of ours (422).
pub async fn list(
    ops: &Operations,
    caller: &Caller,
    filter: ConversationFilter,
) -> Result<Page<ConversationRow>, UserError> {
    caller.may(Permission::Read)?;
    let wanted = Wanted {
        campaign: filter.campaign_id,
        lead: filter.lead_id,
        status: filter.status,
        before: page_cursor::decode::<Uuid>(filter.after.as_deref())?,
    };
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let rows = conversations::list(&mut transaction, wanted, page_cursor::LIMIT)
        .await
        .map_err(internal)?;
    Ok(page_cursor::page(
        rows.into_iter().map(|row| (row.conversation_id, row)).collect(),
    ))
}

/// One conversation with all that is known about it. The recording is there only for those who may hear it.
///
/// # Errors
/// The role does not include it (403), no such conversation (404).
pub async fn get(ops: &Operations, caller: &Caller, id: ConversationId) -> Result<ConversationView, UserError> {
    caller.may(Permission::Read)?;
    let mut snapshot = ops.store.begin_snapshot().await.map_err(internal)?;
    let details = conversations::details(&mut snapshot, id)
        .await
        .map_err(missing("conversation"))?;
    let segments = conversations::segments(&mut snapshot, id).await.map_err(internal)?;
    let may_listen = caller.may(Permission::Listen).is_ok();
    Ok(ConversationView {
        row: details.row,
        lead_id: details.lead_id,
        phone_number: details.phone_number.e164().to_owned(),
        call_end_time: details.call_end_time,
        results: details.results,
        result_fields: details.result_fields,
        attempt: details.attempt,
        segments,
        recording_rule: details.recording_rule,
        recording: details.recording.filter(|_| may_listen).map(|recording| RecordingView {
            url: format!("/recordings/{id}.ogg"),
            duration_ms: recording.duration_ms,
            peaks: recording.peaks,
            deleted_at: recording.deleted_at,
        }),
    })
}

/// What is to be read of a conversation's recording.
///
/// # Errors
/// The role does not include it (403), no such conversation, or no recording of it any more (404).
pub async fn recording(ops: &Operations, caller: &Caller, id: ConversationId) -> Result<Kept, UserError> {
    caller.may(Permission::Listen)?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let found = recordings::file(&mut conn, id).await.map_err(internal)?;
    found.map(kept).ok_or_else(|| UserError::not_found("recording"))
}
