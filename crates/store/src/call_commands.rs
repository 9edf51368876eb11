//! Instructions to calls in progress, from any web process to the worker that holds the call.

use crate::{StoreError, to_sql};
use domain::{ConversationId, UnixMillis, UserId, call_command::CallCommand};
use sqlx::{PgConnection, types::Json};

/// The channel on which a new command is announced; the payload is the id of the conversation.
pub const CHANNEL: &str = "ringside_commands";

/// Leaves a command for the worker that holds the call and wakes it at commit. False, and nothing is written, if the
/// conversation has ended.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such conversation, else the database's.
pub async fn leave(
    conn: &mut PgConnection,
    at: UnixMillis,
    by: UserId,
    conversation: ConversationId,
    command: &CallCommand,
) -> Result<bool, StoreError> {
    let open = sqlx::query_scalar!(
        r#"SELECT call_end_time IS NULL AS "open!" FROM conversations WHERE id = $1 FOR SHARE"#,
        conversation.0
    )
    .fetch_one(&mut *conn)
    .await?;
    if !open {
        return Ok(false);
    }
    sqlx::query!(
        "INSERT INTO call_commands (conversation_id, command, issued_by, issued_at) VALUES ($1, $2, $3, $4)",
        conversation.0,
        Json(command) as Json<&CallCommand>,
        by.0,
        to_sql(at),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("SELECT pg_notify($1, $2)", CHANNEL, conversation.0.to_string())
        .execute(conn)
        .await?;
    Ok(true)
}

/// Takes the commands that wait for a call, oldest first; each is given out once.
///
/// # Errors
/// The database's.
pub async fn take(
    conn: &mut PgConnection,
    at: UnixMillis,
    conversation: ConversationId,
) -> Result<Vec<CallCommand>, StoreError> {
    let mut rows = sqlx::query!(
        r#"UPDATE call_commands SET taken_at = $2 WHERE conversation_id = $1 AND taken_at IS NULL
           RETURNING id, command AS "command: Json<CallCommand>""#,
        conversation.0,
        to_sql(at),
    )
    .fetch_all(conn)
    .await?;
    rows.sort_by_key(|row| row.id);
    Ok(rows.into_iter().map(|row| row.command.0).collect())
}
