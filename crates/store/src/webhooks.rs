//! Events that a telephone network sends by itself: each is acted upon once.

use crate::{Store, StoreError, to_sql};
use domain::{ConversationId, UnixMillis};
use sqlx::PgConnection;

/// The channel on which it is announced that a call may have lost its worker.
pub const CHANNEL: &str = "ringside_lost_calls";

/// How things stand with the call that an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its worker holds it: it sees for itself what happens.
    Held,
    /// It is going on, but no worker holds it any more.
    Abandoned,
    /// It is written down as ended.
    Ended,
    /// There is no such call.
    Unknown,
}

/// Remembers an event. False if it was remembered before.
///
/// # Errors
/// The database's.
pub async fn remember(conn: &mut PgConnection, event: &str, at: UnixMillis) -> Result<bool, StoreError> {
    let written = sqlx::query!(
        "INSERT INTO webhook_events (id, received_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        event,
        to_sql(at),
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Forgets an event that could not be acted upon, so that it is when it comes again.
///
/// # Errors
/// The database's.
pub async fn forget(conn: &mut PgConnection, event: &str) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM webhook_events WHERE id = $1", event)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets events from before `before`.
///
/// # Errors
/// The database's.
pub async fn delete_old(conn: &mut PgConnection, before: UnixMillis) -> Result<u64, StoreError> {
    let deleted = sqlx::query!("DELETE FROM webhook_events WHERE received_at < $1", to_sql(before))
        .execute(conn)
        .await?;
    Ok(deleted.rows_affected())
}

/// How things stand with a call.
///
/// # Errors
/// The database's.
pub async fn standing(conn: &mut PgConnection, conversation: ConversationId) -> Result<Standing, StoreError> {
    let row = sqlx::query!(
        r#"SELECT call_end_time IS NOT NULL AS "ended!", coalesce(expires_at >= clock_timestamp(), false) AS "held!"
           FROM conversations LEFT JOIN leases ON leases.conversation_id = conversations.id
           WHERE conversations.id = $1"#,
        conversation.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(match row {
        None => Standing::Unknown,
        Some(row) if row.ended => Standing::Ended,
        Some(row) if row.held => Standing::Held,
        Some(_) => Standing::Abandoned,
    })
}

/// Tells all workers to look for calls that nobody holds, now.
///
/// # Errors
/// The database's.
pub async fn announce_lost_calls(store: &Store) -> Result<(), StoreError> {
    let mut conn = store.connection().await?;
    sqlx::query!("SELECT pg_notify($1, '')", CHANNEL)
        .execute(&mut *conn)
        .await?;
    Ok(())
}
