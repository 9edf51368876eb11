//! Leases: which worker holds which call, and which calls nobody holds any more.
//!
//! They run by the database's clock, the only one that all workers share.

use crate::{StoreError, to_sql};
use domain::{AttemptId, ConversationId, UnixMillis, WorkerId};
use sqlx::PgConnection;
use std::time::Duration;

/// Enters a worker, or notes that it is still there.
///
/// # Errors
/// The database's.
pub async fn worker_seen(conn: &mut PgConnection, worker: WorkerId, at: UnixMillis) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO workers (id, started_at, last_seen_at) VALUES ($1, $2, $2)
         ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at",
        worker.0,
        to_sql(at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Renews all leases of a worker; answers with the calls it still holds.
///
/// # Errors
/// The database's.
pub async fn renew(
    conn: &mut PgConnection,
    worker: WorkerId,
    lease: Duration,
) -> Result<Vec<ConversationId>, StoreError> {
    let held = sqlx::query_scalar!(
        "UPDATE leases SET expires_at = clock_timestamp() + make_interval(secs => $2)
         WHERE worker_id = $1 AND expires_at > clock_timestamp() RETURNING conversation_id",
        worker.0,
        lease.as_secs_f64(),
    )
    .fetch_all(conn)
    .await?;
    Ok(held.into_iter().map(ConversationId).collect())
}

/// A call whose worker fell silent.
#[derive(Clone, Copy, Debug)]
pub struct AbandonedCall {
    pub conversation_id: ConversationId,
    pub attempt_id: AttemptId,
    /// The network may have been asked to dial.
    pub perhaps_dialled: bool,
    /// Seconds from the answer to now; `None` if it was never answered.
    pub answered_seconds_ago: Option<f64>,
}

/// Calls whose lease has expired, taken over for `lease` by `worker` so that nobody else closes them meanwhile.
///
/// # Errors
/// The database's.
pub async fn take_abandoned(
    conn: &mut PgConnection,
    worker: WorkerId,
    lease: Duration,
    at: UnixMillis,
) -> Result<Vec<AbandonedCall>, StoreError> {
    let rows = sqlx::query!(
        r#"UPDATE leases SET worker_id = $1, expires_at = clock_timestamp() + make_interval(secs => $2)
           FROM attempts, conversations
           WHERE leases.conversation_id IN (SELECT conversation_id FROM leases WHERE expires_at <= clock_timestamp()
                                            ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED)
             AND attempts.conversation_id = leases.conversation_id AND conversations.id = leases.conversation_id
           RETURNING leases.conversation_id, attempts.id AS attempt_id,
                     attempts.dialled_at IS NOT NULL AS "perhaps_dialled!",
                     extract(epoch FROM $3 - conversations.call_start_time)::float8 AS answered_seconds_ago"#,
        worker.0,
        lease.as_secs_f64(),
        to_sql(at),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| AbandonedCall {
            conversation_id: ConversationId(row.conversation_id),
            attempt_id: AttemptId(row.attempt_id),
            perhaps_dialled: row.perhaps_dialled,
            answered_seconds_ago: row.answered_seconds_ago,
        })
        .collect())
}
