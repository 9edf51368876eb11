//! Which workers are alive, known at once.
//!
//! A worker keeps one connection with an advisory lock that stands for it. Its operating system closes that connection
//! when the process dies, however it dies, and with it goes the lock. A machine that falls off the network keeps its lock
//! until PostgreSQL gives the connection up; for that there are leases.

use crate::{Store, StoreError};
use domain::WorkerId;
use sqlx::{Connection, PgConnection};
use std::time::Duration;

/// How often the lock's connection is tried.
const TRIED_EVERY: Duration = Duration::from_secs(5);

/// The key of the lock that stands for a worker: the random half of its id.
fn key(worker: WorkerId) -> i64 {
    i64::from_be_bytes(worker.0.as_u64_pair().1.to_be_bytes())
}

/// A worker's sign of life. Dropping it ends it.
#[derive(Debug)]
pub struct Presence {
    conn: PgConnection,
}

impl Presence {
    /// Shows that `worker` is there.
    ///
    /// # Errors
    /// The database's, and [`StoreError::Missing`] while an earlier connection of this worker still stands for it.
    pub async fn show(store: &Store, worker: WorkerId) -> Result<Self, StoreError> {
        // Not from the pool: it stays for as long as the process.
        let mut conn = PgConnection::connect_with(&store.pool().connect_options()).await?;
        let locked = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "locked!""#, key(worker))
            .fetch_one(&mut conn)
            .await?;
        if locked {
            Ok(Self { conn })
        } else {
            Err(StoreError::Missing)
        }
    }

    /// Stays until the connection breaks, and tells why.
    pub async fn until_lost(mut self) -> StoreError {
        loop {
            tokio::time::sleep(TRIED_EVERY).await;
            if let Err(error) = self.conn.ping().await {
                return error.into();
            }
        }
    }
}

/// Workers that hold answered calls and are not there.
///
/// # Errors
/// The database's.
pub async fn missing(conn: &mut PgConnection) -> Result<Vec<WorkerId>, StoreError> {
    let missing = sqlx::query_scalar!(
        r#"SELECT DISTINCT leases.worker_id AS "worker_id!"
           FROM leases JOIN conversations ON conversations.id = leases.conversation_id
           WHERE conversations.status = 'live' AND leases.expires_at > clock_timestamp() AND NOT EXISTS (
               SELECT FROM pg_locks
               WHERE locktype = 'advisory' AND granted AND objsubid = 1
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 AND (classid::bigint << 32) | objid::bigint
                     = ('x' || right(replace(leases.worker_id::text, '-', ''), 16))::bit(64)::bigint)"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(missing.into_iter().map(WorkerId).collect())
}

/// Lets the leases of `worker` on answered calls expire now. Those that may still be about to dial keep theirs: a worker
/// that lives after all must not find that somebody else decided about a phone that it is about to ring.
///
/// # Errors
/// The database's.
pub async fn expire_live_calls(conn: &mut PgConnection, worker: WorkerId) -> Result<u64, StoreError> {
    let expired = sqlx::query!(
        "UPDATE leases SET expires_at = clock_timestamp() - interval '1 millisecond'
         FROM conversations
         WHERE conversations.id = leases.conversation_id AND conversations.status = 'live'
           AND leases.worker_id = $1 AND leases.expires_at > clock_timestamp()",
        worker.0,
    )
    .execute(conn)
    .await?;
    Ok(expired.rows_affected())
}
