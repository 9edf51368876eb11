//! Calls that were made, to read and to hear.

use crate::{Caller, Operations, failure::internal, failure::missing, page_cursor, recordings::kept};
use domain::{
    ConversationId, UserError,
    access::Permission,
    paging::Page,
    views::{ConversationFilter, ConversationRow, ConversationView, RecordingView, UnansweredCallRow},
};
use store::{
    StoreError, audit,
    conversations::{self, Wanted},
    costs, inbound,
    recordings::{self, Part, Recording},
    result_jobs, turns,
};
use uuid::Uuid;
use vault::Kept;

/// Calls without an answer that are listed.
const MOST_UNANSWERED: i64 = 20;

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
        direction: filter.direction,
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

/// The latest calls that came in and that no agent answered, newest first.
///
/// # Errors
/// The role does not include it (403).
pub async fn unanswered(ops: &Operations, caller: &Caller) -> Result<Vec<UnansweredCallRow>, UserError> {
    caller.may(Permission::Read)?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    inbound::unanswered(&mut conn, MOST_UNANSWERED).await.map_err(internal)
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
    let turns = turns::of_conversation(&mut snapshot, id).await.map_err(internal)?;
    let cost = costs::of(&mut snapshot, id).await.map_err(internal)?;
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
        turns,
        recording_rule: details.recording_rule,
        cost,
        recordings: if may_listen {
            details.recordings.into_iter().map(|part| shown(id, part)).collect()
        } else {
            Vec::new()
        },
    })
}

/// Has results drawn now that are pending or could not be drawn. It is done in the background.
///
/// # Errors
/// The role does not include it (403), no such conversation (404), nothing to draw (409).
pub async fn draw_results_again(ops: &Operations, caller: &Caller, id: ConversationId) -> Result<(), UserError> {
    caller.may(Permission::EditCampaigns)?;
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    conversations::status_of(&mut transaction, id)
        .await
        .map_err(missing("conversation"))?;
    if !result_jobs::again(&mut transaction, id).await.map_err(internal)? {
        return Err(UserError::conflict(
            "The results of this call are there, or are being drawn just now. Reload the page to see them.",
        ));
    }
    let action = "asked again for the results of call";
    audit::record(
        &mut transaction,
        ops.clock.now(),
        Some(caller.user_id),
        action,
        &id.to_string(),
    )
    .await
    .map_err(internal)?;
    transaction.commit().await.map_err(StoreError::from).map_err(internal)
}

fn shown(id: ConversationId, part: Recording) -> RecordingView {
    let url = if part.starts_ms == 0 {
        format!("/recordings/{id}.ogg")
    } else {
        format!("/recordings/{id}.{}.ogg", part.starts_ms)
    };
    RecordingView {
        url,
        starts_ms: part.starts_ms,
        duration_ms: part.duration_ms,
        peaks: part.peaks,
        deleted_at: part.deleted_at,
    }
}

/// What is to be read of the part of a conversation's recording that begins `starts_ms` after the answer.
///
/// # Errors
/// The role does not include it (403), no such conversation, or no recording of it any more (404).
pub async fn recording(
    ops: &Operations,
    caller: &Caller,
    conversation_id: ConversationId,
    starts_ms: u64,
) -> Result<Kept, UserError> {
    caller.may(Permission::Listen)?;
    let part = Part {
        conversation_id,
        starts_ms,
    };
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let found = recordings::file(&mut conn, part).await.map_err(internal)?;
    found.map(kept).ok_or_else(|| UserError::not_found("recording"))
}

#[cfg(test)]
mod tests;
