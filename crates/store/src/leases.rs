//! Who holds which call. The database's own clock decides, so that processes with different clocks agree.

use crate::{StoreError, conversations::direction, seconds};
use domain::{AttemptId, ConversationId, Direction, WorkerId};
use sqlx::PgConnection;
use std::{collections::HashSet, time::Duration};

/// A call whose worker has not renewed its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiredLease {
    pub conversation_id: ConversationId,
    pub attempt_id: AttemptId,
    pub direction: Direction,
    /// The worker was about to ask the network to dial, so only the network knows whether it did.
    /// Always so of a call that came in: somebody may be on the line.
    pub may_be_dialled: bool,
}

/// Renews the leases that `worker` has on these calls, in one statement. Answers with those it still has: any other
/// call was taken away and must end at once.
///
/// # Errors
/// The database's.
pub async fn renew(
    conn: &mut PgConnection,
    worker: WorkerId,
    calls: &[ConversationId],
    length: Duration,
) -> Result<HashSet<ConversationId>, StoreError> {
    let calls: Vec<uuid::Uuid> = calls.iter().map(|id| id.0).collect();
    let renewed = sqlx::query_scalar!(
        // Locked in the order in which calls that end lock theirs, so that the two cannot wait for each other.
        "WITH held AS (
             SELECT conversation_id FROM leases WHERE worker_id = $1 AND conversation_id = ANY($2)
             ORDER BY conversation_id FOR UPDATE
         )
         UPDATE leases SET expires_at = clock_timestamp() + make_interval(secs => $3)
         FROM held WHERE leases.conversation_id = held.conversation_id RETURNING leases.conversation_id",
        worker.0,
        &calls,
        seconds(length),
    )
    .fetch_all(conn)
    .await?;
    Ok(renewed.into_iter().map(ConversationId).collect())
}

/// True if this call has a lease and nobody holds it any more.
///
/// # Errors
/// The database's.
pub async fn has_expired(conn: &mut PgConnection, conversation: ConversationId) -> Result<bool, StoreError> {
    let expired = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM leases WHERE conversation_id = $1 AND expires_at < clock_timestamp()) AS "expired!""#,
        conversation.0,
    );
    Ok(expired.fetch_one(conn).await?)
}

/// Lets the lease of `worker` on this call expire now, for whoever finds it next.
///
/// # Errors
/// The database's.
pub async fn give_up(
    conn: &mut PgConnection,
    conversation: ConversationId,
    worker: WorkerId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE leases SET expires_at = clock_timestamp() - interval '1 millisecond'
         WHERE conversation_id = $1 AND worker_id = $2",
        conversation.0,
        worker.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Calls whose lease has expired, the longest first.
///
/// # Errors
/// The database's.
pub async fn expired(conn: &mut PgConnection, limit: i64) -> Result<Vec<ExpiredLease>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT leases.conversation_id, coalesce(attempts.id, leases.conversation_id) AS "attempt_id!",
                  inbound_calls.id IS NOT NULL AS "inbound!",
                  (inbound_calls.id IS NOT NULL OR dialled_at IS NOT NULL) AS "may_be_dialled!"
           FROM leases
           LEFT JOIN inbound_calls ON inbound_calls.id = leases.conversation_id
           LEFT JOIN attempts ON attempts.conversation_id = leases.conversation_id
           WHERE expires_at < clock_timestamp() ORDER BY expires_at LIMIT $1"#,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ExpiredLease {
            conversation_id: ConversationId(row.conversation_id),
            attempt_id: AttemptId(row.attempt_id),
            direction: direction(row.inbound),
            may_be_dialled: row.may_be_dialled,
        })
        .collect())
}
