//! What happens in a call, as it is written down while it goes on. Its end is in [`end`].

mod ending;

pub(crate) use ending::zones_of;
pub use ending::{Ended, EndedBy, Ending, NewRecording, end, end_all};

use crate::{Store, StoreError, campaigns, do_not_call, events, to_sql};
use domain::{
    CampaignId, ConversationId, PhoneNumber, UnixMillis, UserId, WorkerId,
    call_command::{CallCommand, CallSupervisor, IssuedCommand},
    conversation::{ConversationStatus, TranscriptSegment},
    live::Happening,
};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

/// The reason on the do-not-call list of a number whose owner said so.
const ASKED_DURING_A_CALL: &str = "asked during a call";

/// Writes down that the network is about to be asked to dial. False if the worker's lease has expired or is gone: then
/// nothing must be dialled.
///
/// # Errors
/// The database's; then nothing must be dialled either.
pub async fn about_to_dial(
    conn: &mut PgConnection,
    conversation: ConversationId,
    worker: WorkerId,
    at: UnixMillis,
) -> Result<bool, StoreError> {
    // Locks the lease, so that it cannot be taken away between the check and the write.
    let written = sqlx::query!(
        "WITH held AS (
             SELECT conversation_id FROM leases
             WHERE conversation_id = $1 AND worker_id = $2 AND expires_at > clock_timestamp() FOR UPDATE
         )
         UPDATE attempts SET dialled_at = $3 FROM held
         WHERE attempts.conversation_id = held.conversation_id AND dialled_at IS NULL",
        conversation.0,
        worker.0,
        to_sql(at),
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// It rings, or was answered.
///
/// # Errors
/// [`StoreError::Missing`] if the call is over, else the database's.
pub async fn stage(
    store: &Store,
    conversation: ConversationId,
    status: ConversationStatus,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let mut transaction = events::begin(store).await?;
    let campaign = sqlx::query_scalar!(
        "UPDATE conversations SET status = $2,
             call_start_time = CASE WHEN $2 = 'live' THEN coalesce(call_start_time, $3) ELSE call_start_time END
         WHERE id = $1 AND call_end_time IS NULL RETURNING campaign_id",
        conversation.0,
        status.as_str(),
        to_sql(at),
    )
    .fetch_one(&mut *transaction)
    .await?;
    let changed = Happening::CallStageChanged {
        conversation_id: conversation,
        campaign_id: CampaignId(campaign),
        status,
    };
    events::append(&mut transaction, at, &[changed]).await?;
    events::commit(store, transaction).await
}

/// The person was told as far as they must be: from now on the call is recorded, whoever holds it.
///
/// # Errors
/// The database's.
pub async fn recording_began(conn: &mut PgConnection, conversation: ConversationId) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE leases SET recording_began = true WHERE conversation_id = $1",
        conversation.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A sentence was said aloud. One whose position is taken was written before, by a try whose answer was lost: it stays as
/// it is.
///
/// # Errors
/// The database's.
pub async fn sentence(
    store: &Store,
    campaign: CampaignId,
    conversation: ConversationId,
    segment: TranscriptSegment,
) -> Result<(), StoreError> {
    let mut transaction = events::begin(store).await?;
    let small = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let written = sqlx::query!(
        "INSERT INTO transcript_segments (conversation_id, position, speaker, text, start_ms, end_ms, interrupted, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        conversation.0,
        small(segment.position),
        segment.speaker.as_str(),
        segment.text.reveal(),
        small(segment.start_ms),
        small(segment.end_ms),
        segment.interrupted,
        to_sql(segment.at),
    )
    .execute(&mut *transaction)
    .await?;
    if written.rows_affected() == 0 {
        return Ok(());
    }
    let at = segment.at;
    let spoken = Happening::SentenceSpoken {
        conversation_id: conversation,
        campaign_id: campaign,
        segment,
    };
    events::append(&mut transaction, at, &[spoken]).await?;
    events::commit(store, transaction).await
}

/// The person asked not to be called again: from now on nobody calls the number.
///
/// # Errors
/// The database's.
pub async fn opted_out(
    store: &Store,
    conversation: ConversationId,
    number: &PhoneNumber,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let mut transaction = events::begin(store).await?;
    let changed = do_not_call::add(
        &mut transaction,
        number,
        ASKED_DURING_A_CALL,
        None,
        Some(conversation),
        at,
    )
    .await?;
    campaigns::announce(&mut transaction, at, &changed).await?;
    events::commit(store, transaction).await
}

/// Tells the news that nobody keeps; each payload is a JSON array of glimpses below 8,000 bytes.
///
/// # Errors
/// The database's.
pub async fn show_glimpses(conn: &mut PgConnection, payloads: &[String]) -> Result<(), StoreError> {
    // Commits that notify come one after the other: nobody should wait for the disk because of what nobody keeps.
    sqlx::query!(
        "SELECT pg_notify($1, payload)
         FROM (SELECT set_config('synchronous_commit', 'off', true)) AS quickly, unnest($2::text[]) AS payload",
        events::GLIMPSE_CHANNEL,
        payloads,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the commands that wait for these calls, oldest first; each is given out once.
///
/// # Errors
/// The database's.
pub async fn take_commands(
    conn: &mut PgConnection,
    calls: &[ConversationId],
    at: UnixMillis,
) -> Result<Vec<(ConversationId, IssuedCommand)>, StoreError> {
    let calls: Vec<Uuid> = calls.iter().map(|id| id.0).collect();
    let mut rows = sqlx::query!(
        r#"UPDATE call_commands SET taken_at = $2 WHERE conversation_id = ANY($1) AND taken_at IS NULL
           RETURNING id, conversation_id, command AS "command: Json<CallCommand>", issued_by,
                     (SELECT name FROM users WHERE users.id = issued_by) AS name"#,
        &calls,
        to_sql(at),
    )
    .fetch_all(conn)
    .await?;
    rows.sort_by_key(|row| row.id);
    Ok(rows
        .into_iter()
        .map(|row| {
            let by = CallSupervisor {
                id: UserId(row.issued_by.unwrap_or_default()),
                name: row.name.unwrap_or_default().into(),
            };
            let command = row.command.0;
            (ConversationId(row.conversation_id), IssuedCommand { by, command })
        })
        .collect())
}
