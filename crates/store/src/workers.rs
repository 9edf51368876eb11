//! Processes that make calls.

use crate::{StoreError, to_sql};
use domain::{UnixMillis, WorkerId};
use sqlx::PgConnection;

/// Makes the worker known, or says that it is still there.
///
/// # Errors
/// The database's.
pub async fn report(conn: &mut PgConnection, worker: WorkerId, at: UnixMillis) -> Result<(), StoreError> {
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

/// Forgets workers that were last seen before `before` and hold no call.
///
/// # Errors
/// The database's.
pub async fn forget(conn: &mut PgConnection, before: UnixMillis) -> Result<u64, StoreError> {
    let forgotten = sqlx::query!(
        "DELETE FROM workers WHERE last_seen_at < $1 AND NOT EXISTS (SELECT FROM leases WHERE worker_id = workers.id)",
        to_sql(before),
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}
