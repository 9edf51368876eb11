//! Reading conversations: lists and pages. Calls are written by the dialer's side of this crate.

use crate::{
    StoreError, Transaction, from_sql,
    recordings::{self, Recording},
    result_jobs,
};
use domain::{
    AttemptId, CampaignId, ConversationId, Direction, LeadId, Personal, PhoneNumber,
    calling_hours::{GateEvidence, GateReason},
    conversation::{ConversationStatus, Disposition, TranscriptSegment},
    recording::RecordingRule,
    results::{ConversationResults, ResultField},
    views::{AttemptView, ConversationRow},
};
use sqlx::{PgConnection, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

/// What to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    pub campaign: Option<CampaignId>,
    pub lead: Option<LeadId>,
    pub status: Option<ConversationStatus>,
    pub direction: Option<Direction>,
    /// Only those older than this one.
    pub before: Option<Uuid>,
}

struct Row {
    id: Uuid,
    campaign_id: Uuid,
    campaign_name: String,
    lead_name: String,
    phone_number: String,
    inbound: bool,
    status: String,
    call_start_time: Option<OffsetDateTime>,
    duration: Option<i32>,
    has_recording: bool,
    results_status: Option<String>,
    results_reason: Option<String>,
    results_due_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for ConversationRow {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            conversation_id: ConversationId(row.id),
            campaign_id: CampaignId(row.campaign_id),
            campaign_name: row.campaign_name,
            lead_name: row.lead_name.into(),
            phone_number: phone_number(&row.phone_number)?.masked(),
            direction: direction(row.inbound),
            status: status(&row.status)?,
            call_start_time: row.call_start_time.map(from_sql),
            duration_seconds: seconds(row.duration),
            has_recording: row.has_recording,
            results_state: result_jobs::state(row.results_status.as_deref(), row.results_reason, row.results_due_at)?,
        })
    }
}

pub(crate) fn phone_number(stored: &str) -> Result<PhoneNumber, StoreError> {
    stored
        .parse()
        .map_err(|cause| StoreError::corrupt("phone number", cause))
}

pub(crate) fn status(stored: &str) -> Result<ConversationStatus, StoreError> {
    stored
        .parse()
        .map_err(|cause| StoreError::corrupt("conversation status", cause))
}

/// A conversation came in if there is a row of `inbound_calls` for it.
pub(crate) const fn direction(inbound: bool) -> Direction {
    if inbound {
        Direction::Inbound
    } else {
        Direction::Outbound
    }
}

pub(crate) fn seconds(stored: Option<i32>) -> u32 {
    u32::try_from(stored.unwrap_or(0)).unwrap_or(0)
}

/// Conversations, newest first.
///
/// # Errors
/// The database's.
pub async fn list(
    transaction: &mut Transaction,
    wanted: Wanted,
    limit: i64,
) -> Result<Vec<ConversationRow>, StoreError> {
    // One statement for every filter, planned for the values at hand: an absent filter is optimised away and each
    // combination finds its own index. Ranges of one value keep it from walking through the primary key instead, as in
    // `leads::list`.
    sqlx::query!("SET LOCAL plan_cache_mode = force_custom_plan")
        .execute(&mut **transaction)
        .await?;
    sqlx::query_as!(
        Row,
        r#"SELECT conversations.id, conversations.campaign_id, campaigns.name AS campaign_name,
                  leads.name AS lead_name, leads.phone_number, inbound_calls.id IS NOT NULL AS "inbound!",
                  conversations.status, call_start_time, duration,
                  EXISTS (SELECT FROM recordings
                          WHERE conversation_id = conversations.id AND deleted_at IS NULL) AS "has_recording!",
                  result_jobs.status AS "results_status?", result_jobs.reason AS "results_reason?",
                  result_jobs.due_at AS "results_due_at?"
           FROM conversations
           JOIN campaigns ON campaigns.id = conversations.campaign_id
           JOIN leads ON leads.id = conversations.lead_id
           LEFT JOIN inbound_calls ON inbound_calls.id = conversations.id
           LEFT JOIN result_jobs ON result_jobs.conversation_id = conversations.id
           WHERE ($1::uuid IS NULL OR (conversations.campaign_id >= $1 AND conversations.campaign_id <= $1))
             AND ($2::uuid IS NULL OR conversations.lead_id = $2)
             AND ($3::text IS NULL OR (conversations.status >= $3 AND conversations.status <= $3
                                       AND ($1 IS NULL OR conversations.campaign_id = $1)))
             AND ($4::uuid IS NULL OR conversations.id < $4)
             AND ($6::bool IS NULL OR (inbound_calls.id IS NOT NULL) = $6)
           ORDER BY CASE WHEN $1 IS NULL THEN NULL ELSE conversations.campaign_id END,
                    CASE WHEN $3 IS NULL THEN NULL ELSE conversations.status END, conversations.id DESC LIMIT $5"#,
        wanted.campaign.map(|id| id.0),
        wanted.lead.map(|id| id.0),
        wanted.status.map(ConversationStatus::as_str),
        wanted.before,
        limit,
        wanted.direction.map(Direction::is_inbound),
    )
    .fetch_all(&mut **transaction)
    .await?
    .into_iter()
    .map(ConversationRow::try_from)
    .collect()
}

/// A conversation without its transcript.
#[derive(Clone, Debug)]
pub struct Details {
    pub row: ConversationRow,
    pub lead_id: LeadId,
    pub phone_number: PhoneNumber,
    pub call_end_time: Option<domain::UnixMillis>,
    pub results: ConversationResults,
    /// The fields wanted by the revision of the campaign with which the call began.
    pub result_fields: Vec<ResultField>,
    pub attempt: Option<AttemptView>,
    /// Its parts, in their order.
    pub recordings: Vec<Recording>,
    pub recording_rule: RecordingRule,
}

/// One conversation.
///
/// # Errors
/// [`StoreError::Missing`] if there is none, else the database's.
pub async fn details(conn: &mut PgConnection, id: ConversationId) -> Result<Details, StoreError> {
    let found = sqlx::query!(
        r#"SELECT conversations.campaign_id, campaigns.name AS campaign_name, conversations.lead_id,
                  leads.name AS lead_name, leads.phone_number, inbound_calls.id IS NOT NULL AS "inbound!",
                  conversations.status, call_start_time,
                  call_end_time, duration, results AS "results: Json<serde_json::Value>",
                  result_jobs.status AS "results_status?", result_jobs.reason AS "results_reason?",
                  result_jobs.due_at AS "results_due_at?"
           FROM conversations
           JOIN campaigns ON campaigns.id = conversations.campaign_id
           JOIN leads ON leads.id = conversations.lead_id
           LEFT JOIN inbound_calls ON inbound_calls.id = conversations.id
           LEFT JOIN result_jobs ON result_jobs.conversation_id = conversations.id
           WHERE conversations.id = $1"#,
        id.0
    )
    .fetch_one(&mut *conn)
    .await?;
    let (attempt, revision) = match attempt(&mut *conn, id).await? {
        Some((attempt, revision)) => (Some(attempt), Some(revision)),
        None => (None, revision_answered_by(&mut *conn, id).await?),
    };
    let (result_fields, recording_rule) = of_revision(&mut *conn, CampaignId(found.campaign_id), revision).await?;
    let recordings = recordings::of(&mut *conn, id).await?;
    let phone_number = phone_number(&found.phone_number)?;
    Ok(Details {
        row: ConversationRow {
            conversation_id: id,
            campaign_id: CampaignId(found.campaign_id),
            campaign_name: found.campaign_name,
            lead_name: found.lead_name.into(),
            phone_number: phone_number.masked(),
            direction: direction(found.inbound),
            status: status(&found.status)?,
            call_start_time: found.call_start_time.map(from_sql),
            duration_seconds: seconds(found.duration),
            has_recording: recordings.iter().any(|recording| recording.deleted_at.is_none()),
            results_state: result_jobs::state(
                found.results_status.as_deref(),
                found.results_reason,
                found.results_due_at,
            )?,
        },
        lead_id: LeadId(found.lead_id),
        phone_number,
        call_end_time: found.call_end_time.map(from_sql),
        results: serde_json::from_value(found.results.0).map_err(|cause| StoreError::corrupt("results", cause))?,
        result_fields,
        attempt,
        recordings,
        recording_rule,
    })
}

/// The decision that stands before a call, and the revision of the campaign it was made with.
async fn attempt(conn: &mut PgConnection, id: ConversationId) -> Result<Option<(AttemptView, i64)>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT id, number, revision, reason, because AS "because: Json<serde_json::Value>", decided_at, disposition
           FROM attempts WHERE conversation_id = $1"#,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    found
        .map(|row| {
            let reason = GateReason::ALL
                .into_iter()
                .find(|reason| reason.as_str() == row.reason)
                .ok_or_else(|| StoreError::corrupt("reason of a decision", &row.reason))?;
            let view = AttemptView {
                attempt_id: AttemptId(row.id),
                number: u32::try_from(row.number).unwrap_or(0),
                reason,
                decided_at: from_sql(row.decided_at),
                because: serde_json::from_value::<GateEvidence>(row.because.0)
                    .map(|evidence| evidence.in_words())
                    .unwrap_or_default(),
                disposition: row.disposition.as_deref().and_then(disposition),
                conversation_id: Some(id),
            };
            Ok((view, row.revision))
        })
        .transpose()
}

/// The revision of the campaign whose agent answered a call that came in.
async fn revision_answered_by(conn: &mut PgConnection, id: ConversationId) -> Result<Option<i64>, StoreError> {
    let revision = sqlx::query_scalar!("SELECT revision FROM inbound_calls WHERE id = $1", id.0)
        .fetch_optional(conn)
        .await?;
    Ok(revision.flatten())
}

pub(crate) fn disposition(stored: &str) -> Option<Disposition> {
    Disposition::ALL.into_iter().find(|known| known.as_str() == stored)
}

/// The result fields and the rule of recording in a campaign's revision; in the newest without one.
async fn of_revision(
    conn: &mut PgConnection,
    campaign: CampaignId,
    revision: Option<i64>,
) -> Result<(Vec<ResultField>, RecordingRule), StoreError> {
    let stored = sqlx::query!(
        r#"SELECT content -> 'result_fields' AS "fields: Json<serde_json::Value>", content ->> 'recording' AS recording
           FROM campaign_revisions
           WHERE campaign_id = $1 AND ($2::bigint IS NULL OR revision = $2) ORDER BY revision DESC LIMIT 1"#,
        campaign.0,
        revision
    )
    .fetch_optional(conn)
    .await?;
    let Some(stored) = stored else {
        return Ok(Default::default());
    };
    let fields = stored.fields.map_or_else(
        || Ok(Vec::new()),
        |fields| serde_json::from_value(fields.0).map_err(|cause| StoreError::corrupt("result fields", cause)),
    )?;
    let rule = RecordingRule::ALL
        .into_iter()
        .find(|rule| stored.recording.as_deref() == Some(rule.as_str()));
    Ok((fields, rule.unwrap_or_default()))
}

/// Where a conversation stands.
///
/// # Errors
/// [`StoreError::Missing`] if there is none, else the database's.
pub async fn status_of(conn: &mut PgConnection, id: ConversationId) -> Result<ConversationStatus, StoreError> {
    let stored = sqlx::query_scalar!("SELECT status FROM conversations WHERE id = $1", id.0)
        .fetch_one(conn)
        .await?;
    status(&stored)
}

/// The transcript in its order.
///
/// # Errors
/// The database's.
pub async fn segments(conn: &mut PgConnection, id: ConversationId) -> Result<Vec<TranscriptSegment>, StoreError> {
    sqlx::query!(
        "SELECT position, speaker, text, start_ms, end_ms, interrupted, at FROM transcript_segments
         WHERE conversation_id = $1 ORDER BY position",
        id.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(TranscriptSegment {
            position: u32::try_from(row.position).unwrap_or(0),
            speaker: row
                .speaker
                .parse()
                .map_err(|cause| StoreError::corrupt("speaker", cause))?,
            text: Personal::from(row.text),
            start_ms: u32::try_from(row.start_ms).unwrap_or(0),
            end_ms: u32::try_from(row.end_ms).unwrap_or(0),
            interrupted: row.interrupted,
            at: from_sql(row.at),
        })
    })
    .collect()
}
