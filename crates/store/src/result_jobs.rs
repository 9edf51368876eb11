//! Results that are not drawn yet. One row for each such conversation; processes compete for it by the database's clock.

use crate::{Store, StoreError, conversations, from_sql, seconds};
use domain::{
    CampaignId, ConversationId, Personal, UnixMillis,
    campaign::CampaignContent,
    conversation::TranscriptSegment,
    results::{ConversationResults, MOST_TRIES, ResultsState, next_try},
};
use sqlx::{PgConnection, types::Json};
use std::{collections::BTreeMap, time::Duration};

/// Since the end of the call, until the first try.
pub(crate) const FIRST_TRY: Duration = Duration::from_secs(60);

/// What a process needs to draw the results of a conversation.
#[derive(Clone, Debug)]
pub struct ResultsWork {
    pub conversation_id: ConversationId,
    /// Which try this is, from 1; it proves that nobody else has taken it since.
    pub number: u32,
    /// The campaign as it stood when the call began.
    pub content: CampaignContent,
    pub lead_name: Personal,
    pub lead_email: Personal,
    pub phone_number: String,
    pub variables: BTreeMap<String, String>,
    pub transcript: Vec<TranscriptSegment>,
    pub answered_at: Option<UnixMillis>,
    /// One of the zones the number could be in.
    pub zone: Option<String>,
}

/// Takes the conversation that has waited longest, for `lease`. One whose last try was never heard of again is given up.
///
/// # Errors
/// The database's, or what is stored cannot be read.
pub async fn take(conn: &mut PgConnection, lease: Duration) -> Result<Option<ResultsWork>, StoreError> {
    sqlx::query!(
        "UPDATE result_jobs SET status = 'failed', leased_until = NULL, reason = $2
         WHERE status = 'pending' AND tries >= $1 AND leased_until < now()",
        i32::try_from(MOST_TRIES).unwrap_or(i32::MAX),
        "The process that drew them ended before they were there.",
    )
    .execute(&mut *conn)
    .await?;
    let taken = sqlx::query!(
        r#"UPDATE result_jobs SET tries = tries + 1, leased_until = now() + make_interval(secs => $1)
           WHERE conversation_id = (
               SELECT conversation_id FROM result_jobs
               WHERE status = 'pending' AND due_at <= now() AND (leased_until IS NULL OR leased_until < now())
               ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING conversation_id, tries"#,
        seconds(lease),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(taken) = taken else { return Ok(None) };
    let row = sqlx::query!(
        r#"SELECT content AS "content: Json<serde_json::Value>", name, email, leads.phone_number, call_start_time,
                  variables AS "variables?: Json<BTreeMap<String, String>>",
                  coalesce(because -> 'zones' -> 0 ->> 'zone', inbound_calls.zones[1]) AS zone
           FROM conversations
           JOIN leads ON leads.id = conversations.lead_id
           LEFT JOIN lead_variables ON lead_variables.lead_id = leads.id
           LEFT JOIN attempts ON attempts.conversation_id = conversations.id
           LEFT JOIN inbound_calls ON inbound_calls.id = conversations.id
           JOIN campaign_revisions ON campaign_revisions.campaign_id = conversations.campaign_id
                AND campaign_revisions.revision = coalesce(attempts.revision, inbound_calls.revision)
           WHERE conversations.id = $1"#,
        taken.conversation_id,
    )
    .fetch_one(&mut *conn)
    .await?;
    let conversation_id = ConversationId(taken.conversation_id);
    Ok(Some(ResultsWork {
        conversation_id,
        number: u32::try_from(taken.tries).unwrap_or(0),
        content: serde_json::from_value(row.content.0)
            .map_err(|error| StoreError::corrupt("campaign content", error))?,
        lead_name: row.name.into(),
        lead_email: row.email.into(),
        phone_number: row.phone_number,
        variables: row.variables.map(|variables| variables.0).unwrap_or_default(),
        transcript: conversations::segments(conn, conversation_id).await?,
        answered_at: row.call_start_time.map(from_sql),
        zone: row.zone,
    }))
}

/// Writes down what try `number` has drawn, over what was noted during the call. False if that try is not the one that
/// counts any more.
///
/// # Errors
/// The database's, or what was noted cannot be read.
pub async fn drawn(
    store: &Store,
    id: ConversationId,
    number: u32,
    results: ConversationResults,
) -> Result<bool, StoreError> {
    let mut transaction = store.begin().await?;
    let ended = sqlx::query!(
        "DELETE FROM result_jobs WHERE conversation_id = $1 AND status = 'pending' AND tries = $2",
        id.0,
        i32::try_from(number).unwrap_or(i32::MAX),
    )
    .execute(&mut *transaction)
    .await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    let noted = sqlx::query_scalar!(
        r#"SELECT results AS "results: Json<serde_json::Value>" FROM conversations WHERE id = $1 FOR UPDATE"#,
        id.0
    )
    .fetch_one(&mut *transaction)
    .await?;
    let noted = serde_json::from_value(noted.0).map_err(|cause| StoreError::corrupt("results", cause))?;
    sqlx::query!(
        "UPDATE conversations SET results = $2 WHERE id = $1",
        id.0,
        Json(results.over(noted)) as Json<ConversationResults>,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(true)
}

/// Try `number` has failed. Answers whether there will be another; `None` if that try did not count any more.
///
/// # Errors
/// The database's.
pub async fn not_drawn(
    conn: &mut PgConnection,
    id: ConversationId,
    number: u32,
    reason: &str,
) -> Result<Option<bool>, StoreError> {
    let again = next_try(number);
    let written = sqlx::query!(
        "UPDATE result_jobs SET reason = $3, leased_until = NULL, status = $4, due_at = now() + make_interval(secs => $5)
         WHERE conversation_id = $1 AND status = 'pending' AND tries = $2",
        id.0,
        i32::try_from(number).unwrap_or(i32::MAX),
        reason,
        if again.is_some() { "pending" } else { "failed" },
        seconds(again.unwrap_or_default()),
    )
    .execute(conn)
    .await?;
    Ok((written.rows_affected() == 1).then_some(again.is_some()))
}

/// Has them drawn now, with all tries before them again. False if there is nothing to draw, or it is being done.
///
/// # Errors
/// The database's.
pub async fn again(conn: &mut PgConnection, id: ConversationId) -> Result<bool, StoreError> {
    let written = sqlx::query!(
        "UPDATE result_jobs SET status = 'pending', tries = 0, due_at = now(), leased_until = NULL
         WHERE conversation_id = $1 AND (leased_until IS NULL OR leased_until < now())",
        id.0,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// How many conversations of a campaign have results that are pending, and that could not be drawn.
///
/// # Errors
/// The database's.
pub async fn counts(conn: &mut PgConnection, campaign: CampaignId) -> Result<(u64, u64), StoreError> {
    let counted = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE status = 'pending') AS "pending!", count(*) FILTER (WHERE status = 'failed') AS "failed!"
           FROM result_jobs WHERE campaign_id = $1"#,
        campaign.0
    )
    .fetch_one(conn)
    .await?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok((count(counted.pending), count(counted.failed)))
}

/// From a row of jobs, joined from the left.
pub(crate) fn state(
    status: Option<&str>,
    reason: Option<String>,
    due_at: Option<time::OffsetDateTime>,
) -> Result<ResultsState, StoreError> {
    let reason = reason.unwrap_or_default();
    match status {
        None => Ok(ResultsState::Drawn),
        Some("pending") => Ok(ResultsState::Pending {
            reason,
            next_try: due_at.map(from_sql).unwrap_or_default(),
        }),
        Some("failed") => Ok(ResultsState::Failed { reason }),
        Some(other) => Err(StoreError::corrupt("status of results", other)),
    }
}
