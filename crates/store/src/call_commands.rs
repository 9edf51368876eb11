//! Instructions to calls in progress, from any web process to the worker that holds the call
//! ([`crate::calls::take_commands`]).

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
