//! What happens in a call, as its worker writes it down, and the one transaction that ends it.

use crate::{StoreError, do_not_call, events, leads, to_sql};
use domain::{
    AttemptId, CampaignId, ConversationId, LeadId, PhoneNumber, UnixMillis, WorkerId,
    calling_hours::GateEvidence,
    campaign::{CampaignContent, CampaignStatus},
    conversation::{ConversationStatus, Disposition, Speaker, TranscriptSegment},
    lead::LeadStatus,
    live::{Happening, RecentOutcome},
    results::ConversationResults,
    retry::{AfterCall, after_call},
};
use sqlx::{PgConnection, types::Json};
use std::time::Duration;

/// Notes that the network is about to be asked to dial.
///
/// # Errors
/// [`StoreError::Missing`] if the call is not this worker's any more: it must not be dialled then.
pub async fn about_to_dial(
    conn: &mut PgConnection,
    worker: WorkerId,
    attempt: AttemptId,
    at: UnixMillis,
) -> Result<(), StoreError> {
    sqlx::query_scalar!(
        "UPDATE attempts SET dialled_at = $3
         WHERE id = $1 AND dialled_at IS NULL AND EXISTS (
             SELECT FROM leases WHERE leases.conversation_id = attempts.conversation_id
                AND leases.worker_id = $2 AND expires_at > clock_timestamp())
         RETURNING id",
        attempt.0,
        worker.0,
        to_sql(at),
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// It rings, or it was answered.
///
/// # Errors
/// [`StoreError::Missing`] if the call has ended.
pub async fn set_stage(
    transaction: &mut PgConnection,
    conversation: ConversationId,
    status: ConversationStatus,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let answered = status == ConversationStatus::Live;
    let campaign = sqlx::query_scalar!(
        "UPDATE conversations SET status = $2,
                call_start_time = CASE WHEN $3 THEN coalesce(call_start_time, $4) ELSE call_start_time END
         WHERE id = $1 AND call_end_time IS NULL RETURNING campaign_id",
        conversation.0,
        status.as_str(),
        answered,
        to_sql(at),
    )
    .fetch_one(&mut *transaction)
    .await?;
    let changed =
        Happening::CallStageChanged { conversation_id: conversation, campaign_id: CampaignId(campaign), status };
    events::append(transaction, at, &[changed]).await
}

/// A sentence as it is handed over; its position is given here.
#[derive(Clone, Debug)]
pub struct NewSegment<'a> {
    pub speaker: Speaker,
    pub text: &'a domain::Personal,
    pub start_ms: u32,
    pub end_ms: u32,
    pub interrupted: bool,
}

/// Writes a sentence down, behind those already there.
///
/// # Errors
/// The database's.
pub async fn add_segment(
    transaction: &mut PgConnection,
    conversation: ConversationId,
    campaign: CampaignId,
    new: &NewSegment<'_>,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let millis = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let position = sqlx::query_scalar!(
        "INSERT INTO transcript_segments (conversation_id, position, speaker, text, start_ms, end_ms, interrupted, at)
         SELECT $1, coalesce(max(position) + 1, 0), $2, $3, $4, $5, $6, $7
         FROM transcript_segments WHERE conversation_id = $1
         RETURNING position",
        conversation.0,
        new.speaker.as_str(),
        new.text.reveal().replace('\0', ""),
        millis(new.start_ms),
        millis(new.end_ms),
        new.interrupted,
        to_sql(at),
    )
    .fetch_one(&mut *transaction)
    .await?;
    let segment = TranscriptSegment {
        position: u32::try_from(position).map_err(|error| StoreError::corrupt("position", error))?,
        speaker: new.speaker,
        text: new.text.clone(),
        start_ms: new.start_ms,
        end_ms: new.end_ms,
        interrupted: new.interrupted,
        at,
    };
    let spoken = Happening::SentenceSpoken { conversation_id: conversation, campaign_id: campaign, segment };
    events::append(transaction, at, &[spoken]).await
}

/// The person asked not to be called again: their number goes on the list at once.
///
/// # Errors
/// The database's.
pub async fn opt_out(
    transaction: &mut PgConnection,
    conversation: ConversationId,
    number: &PhoneNumber,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let changed =
        do_not_call::add(transaction, number, "asked during a call", None, Some(conversation), at).await?;
    crate::campaigns::announce(transaction, at, &changed).await
}

/// A recording that was finished.
#[derive(Clone, Debug)]
pub struct FinishedRecording {
    /// Name of the file in the recordings folder.
    pub file_name: String,
    pub bytes: u64,
    pub duration_ms: u64,
    pub peaks: Vec<(u8, u8)>,
}

/// The end of a call.
#[derive(Clone, Debug)]
pub struct EndedCall {
    pub conversation_id: ConversationId,
    pub disposition: Disposition,
    pub results: ConversationResults,
    /// From answer to end; zero if nobody answered.
    pub duration: Duration,
    pub recording: Option<FinishedRecording>,
    pub at: UnixMillis,
}

/// Ends a call: conversation, attempt, lead or its next try, recording, lease and events, all or nothing. False, and
/// nothing is changed, if it had ended before.
///
/// # Errors
/// The database's; then nothing is changed and it can be tried again.
pub async fn end(transaction: &mut PgConnection, call: &EndedCall) -> Result<bool, StoreError> {
    let seconds = i32::try_from(call.duration.as_secs()).unwrap_or(i32::MAX);
    let ended = sqlx::query!(
        r#"UPDATE conversations SET status = $2, call_end_time = $3, duration = $4, results = $5
           FROM leads, campaigns, attempts
           WHERE conversations.id = $1 AND call_end_time IS NULL AND leads.id = conversations.lead_id
             AND campaigns.id = conversations.campaign_id AND attempts.conversation_id = conversations.id
           RETURNING conversations.lead_id, conversations.campaign_id, leads.name AS lead_name, leads.phone_number,
                     campaigns.name AS campaign_name, attempts.id AS attempt_id, attempts.number, attempts.revision,
                     attempts.dialled_at IS NOT NULL AS "dialled!", attempts.because AS "because: Json<GateEvidence>""#,
        call.conversation_id.0,
        call.disposition.as_str(),
        to_sql(call.at),
        seconds,
        Json(&call.results) as Json<&ConversationResults>,
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(ended) = ended else { return Ok(false) };
    let campaign_id = CampaignId(ended.campaign_id);
    sqlx::query!(
        "UPDATE attempts SET disposition = $2, ended_at = $3 WHERE id = $1",
        ended.attempt_id,
        call.disposition.as_str(),
        to_sql(call.at),
    )
    .execute(&mut *transaction)
    .await?;
    if let Some(recording) = &call.recording {
        add_recording(transaction, call, recording).await?;
    }
    let same_before = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM attempts WHERE lead_id = $1 AND disposition = $2 AND id <> $3"#,
        ended.lead_id,
        call.disposition.as_str(),
        ended.attempt_id,
    )
    .fetch_one(&mut *transaction)
    .await?;
    let content = crate::campaigns::content_at(transaction, campaign_id, ended.revision).await?;
    let calls_made = if ended.dialled { ended.number } else { ended.number - 1 };
    let zones: Vec<String> = ended.because.0.zones.iter().map(|clock| clock.zone.clone()).collect();
    let lead = EndedLead {
        id: LeadId(ended.lead_id),
        campaign: campaign_id,
        number: ended.phone_number.parse().map_err(|error| StoreError::corrupt("phone number", error))?,
        calls_made,
        zones,
    };
    settle_lead(transaction, &lead, &content, call, u32::try_from(same_before).unwrap_or(u32::MAX)).await?;
    sqlx::query!("DELETE FROM leases WHERE conversation_id = $1", call.conversation_id.0)
        .execute(&mut *transaction)
        .await?;
    let outcome = RecentOutcome {
        conversation_id: call.conversation_id,
        campaign_id,
        campaign_name: ended.campaign_name,
        lead_id: LeadId(ended.lead_id),
        lead_name: ended.lead_name.into(),
        disposition: call.disposition,
        ended_at: call.at,
        duration_seconds: u32::try_from(seconds).unwrap_or(0),
    };
    let campaign = crate::campaigns::progress(transaction, campaign_id).await?;
    events::append(transaction, call.at, &[Happening::CallEnded { outcome }, Happening::CampaignChanged { campaign }])
        .await?;
    Ok(true)
}

struct EndedLead {
    id: LeadId,
    campaign: CampaignId,
    number: PhoneNumber,
    calls_made: i32,
    zones: Vec<String>,
}

/// Finishes the lead, or puts it back into the queue for its next try.
async fn settle_lead(
    transaction: &mut PgConnection,
    lead: &EndedLead,
    content: &CampaignContent,
    call: &EndedCall,
    same_before: u32,
) -> Result<(), StoreError> {
    let listed = do_not_call::contains(transaction, &lead.number).await?;
    let (status, reason, again) = match after_call(&content.retries, call.disposition, same_before) {
        _ if listed => (LeadStatus::DoNotCall, Some(leads::ON_DO_NOT_CALL_LIST.to_owned()), None),
        AfterCall::Again(delay) => (LeadStatus::Pending, None, Some(call.at.plus(delay))),
        AfterCall::Finished(status @ LeadStatus::Failed) => {
            let reason = call.results.reason.clone().unwrap_or_else(|| call.disposition.label().to_owned());
            (status, Some(reason), None)
        }
        AfterCall::Finished(status) => (status, None, None),
    };
    sqlx::query!(
        "UPDATE leads SET status = $2, error_reason = $3 WHERE id = $1",
        lead.id.0,
        status.as_str(),
        reason,
    )
    .execute(&mut *transaction)
    .await?;
    if let Some(due_at) = again {
        sqlx::query!(
            "INSERT INTO lead_queue (lead_id, campaign_id, due_at, attempts, zones) VALUES ($1, $2, $3, $4, $5)",
            lead.id.0,
            lead.campaign.0,
            to_sql(due_at),
            lead.calls_made,
            &lead.zones,
        )
        .execute(transaction)
        .await?;
    }
    Ok(())
}

async fn add_recording(
    transaction: &mut PgConnection,
    call: &EndedCall,
    recording: &FinishedRecording,
) -> Result<(), StoreError> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    sqlx::query!(
        "INSERT INTO recordings (conversation_id, file_name, bytes, duration_ms, peaks, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        call.conversation_id.0,
        recording.file_name,
        number(recording.bytes),
        number(recording.duration_ms),
        Json(&recording.peaks) as Json<&Vec<(u8, u8)>>,
        to_sql(call.at),
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Completes every running campaign that has nobody left to call and no call in progress; answers with them.
///
/// # Errors
/// The database's.
pub async fn complete_campaigns(transaction: &mut PgConnection, at: UnixMillis) -> Result<Vec<CampaignId>, StoreError> {
    let done = sqlx::query_scalar!(
        "SELECT id FROM campaigns WHERE status = 'running'
             AND NOT EXISTS (SELECT FROM lead_queue WHERE lead_queue.campaign_id = campaigns.id)
             AND NOT EXISTS (SELECT FROM leases WHERE leases.campaign_id = campaigns.id)
         ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
    )
    .fetch_all(&mut *transaction)
    .await?;
    let done: Vec<CampaignId> = done.into_iter().map(CampaignId).collect();
    for id in &done {
        crate::campaigns::set_status(transaction, *id, CampaignStatus::Completed, at).await?;
    }
    crate::campaigns::announce(transaction, at, &done).await?;
    Ok(done)
}
