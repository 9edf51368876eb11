//! The audit log: who did what to what. Rows are only ever added.

use crate::{StoreError, from_sql, to_sql};
use domain::{UnixMillis, UserId, views::AuditRow};
use sqlx::PgConnection;

/// Writes down that `actor` (`None`: the system itself) did `action` (past tense, “started campaign”) to `subject` (a
/// name or an id; never a secret). Call it inside the transaction that does it.
///
/// # Errors
/// The database's.
pub async fn record(
    conn: &mut PgConnection,
    at: UnixMillis,
    actor: Option<UserId>,
    action: &str,
    subject: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO audit_log (at, actor_id, action, subject) VALUES ($1, $2, $3, $4)",
        to_sql(at),
        actor.map(|id| id.0),
        action,
        subject,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Entries with their position, newest first, those before `before` only.
///
/// # Errors
/// The database's.
pub async fn list(
    conn: &mut PgConnection,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<(i64, AuditRow)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT audit_log.id AS "id!", at AS "at!", users.name AS "actor?", action AS "action!", subject AS "subject!"
           FROM audit_log LEFT JOIN users ON users.id = actor_id
           WHERE audit_log.id < $1 ORDER BY audit_log.id DESC LIMIT $2"#,
        before.unwrap_or(i64::MAX),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let entry = AuditRow {
                at: from_sql(row.at),
                actor: row.actor,
                action: row.action,
                subject: row.subject,
            };
            (row.id, entry)
        })
        .collect())
}
