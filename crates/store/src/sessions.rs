//! Sessions, and the one-time links that open the first one.

use crate::{StoreError, from_sql, to_sql, users::role};
use domain::{UnixMillis, UserId, access::Role, views::SessionRow};
use sqlx::PgConnection;
use uuid::Uuid;

/// SHA-256 of a token; the token itself is never stored.
pub type TokenHash = [u8; 32];

/// A session that has not ended, and whose it is.
#[derive(Clone, Debug)]
pub struct OpenSession {
    pub session_id: Uuid,
    pub user_id: UserId,
    pub name: String,
    pub role: Role,
    pub last_seen_at: UnixMillis,
}

/// Opens a session that ends at `expires_at` at the latest.
///
/// # Errors
/// The database's.
pub async fn insert(
    conn: &mut PgConnection,
    at: UnixMillis,
    id: Uuid,
    token: &TokenHash,
    user: UserId,
    expires_at: UnixMillis,
    browser: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sessions (id, token_hash, user_id, created_at, last_seen_at, expires_at, browser)
         VALUES ($1, $2, $3, $4, $4, $5, $6)",
        id,
        token.as_slice(),
        user.0,
        to_sql(at),
        to_sql(expires_at),
        browser,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The session with this token, unless it expired by `now`, was not used since `idle_since`, or its user is locked.
///
/// # Errors
/// The database's.
pub async fn open(
    conn: &mut PgConnection,
    token: &TokenHash,
    now: UnixMillis,
    idle_since: UnixMillis,
) -> Result<Option<OpenSession>, StoreError> {
    sqlx::query!(
        "SELECT sessions.id, user_id, name, role, last_seen_at FROM sessions JOIN users ON users.id = user_id
         WHERE token_hash = $1 AND expires_at > $2 AND last_seen_at > $3 AND NOT locked",
        token.as_slice(),
        to_sql(now),
        to_sql(idle_since),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        Ok(OpenSession {
            session_id: row.id,
            user_id: UserId(row.user_id),
            role: role(&row.role)?,
            name: row.name,
            last_seen_at: from_sql(row.last_seen_at),
        })
    })
    .transpose()
}

/// Remembers that a session was used.
///
/// # Errors
/// The database's.
pub async fn touch(conn: &mut PgConnection, session: Uuid, at: UnixMillis) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2",
        session,
        to_sql(at)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A user's open sessions, the most recently used first, at most 100.
///
/// # Errors
/// The database's.
pub async fn list(
    conn: &mut PgConnection,
    user: UserId,
    current: Uuid,
    now: UnixMillis,
    idle_since: UnixMillis,
) -> Result<Vec<SessionRow>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, created_at, last_seen_at, browser FROM sessions
         WHERE user_id = $1 AND expires_at > $2 AND last_seen_at > $3 ORDER BY last_seen_at DESC, id DESC LIMIT 100",
        user.0,
        to_sql(now),
        to_sql(idle_since),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| SessionRow {
            created_at: from_sql(row.created_at),
            last_seen_at: from_sql(row.last_seen_at),
            browser: row.browser,
            current: row.id == current,
        })
        .collect())
}

/// Ends one session.
///
/// # Errors
/// The database's.
pub async fn end(conn: &mut PgConnection, session: Uuid) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM sessions WHERE id = $1", session)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends all sessions of a user, except `keep`.
///
/// # Errors
/// The database's.
pub async fn end_all(conn: &mut PgConnection, user: UserId, keep: Option<Uuid>) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2",
        user.0,
        keep
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes sessions and links that have ended; returns how many.
///
/// # Errors
/// The database's.
pub async fn delete_ended(conn: &mut PgConnection, now: UnixMillis, idle_since: UnixMillis) -> Result<u64, StoreError> {
    let sessions = sqlx::query!(
        "DELETE FROM sessions WHERE expires_at <= $1 OR last_seen_at <= $2",
        to_sql(now),
        to_sql(idle_since)
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    let links = sqlx::query!("DELETE FROM invitations WHERE expires_at <= $1", to_sql(now))
        .execute(conn)
        .await?
        .rows_affected();
    Ok(sessions + links)
}

/// What a one-time link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFor {
    /// Whoever opens it becomes the first administrator.
    FirstAdministrator,
    User(UserId),
}

impl LinkFor {
    const fn user(self) -> Option<Uuid> {
        match self {
            Self::FirstAdministrator => None,
            Self::User(id) => Some(id.0),
        }
    }
}

/// Makes a one-time link, and the older links for the same purpose worthless.
///
/// # Errors
/// The database's.
pub async fn make_link(
    conn: &mut PgConnection,
    at: UnixMillis,
    token: &TokenHash,
    purpose: LinkFor,
    expires_at: UnixMillis,
) -> Result<(), StoreError> {
    withdraw_links(&mut *conn, purpose).await?;
    sqlx::query!(
        "INSERT INTO invitations (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        token.as_slice(),
        purpose.user(),
        to_sql(at),
        to_sql(expires_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes the links for a purpose worthless.
///
/// # Errors
/// The database's.
pub async fn withdraw_links(conn: &mut PgConnection, purpose: LinkFor) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM invitations WHERE user_id IS NOT DISTINCT FROM $1",
        purpose.user()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a link that can still be used is for; with `use_it`, it cannot be used again once the transaction commits.
///
/// # Errors
/// The database's.
pub async fn link(
    conn: &mut PgConnection,
    token: &TokenHash,
    now: UnixMillis,
    use_it: bool,
) -> Result<Option<LinkFor>, StoreError> {
    let found = if use_it {
        sqlx::query_scalar!(
            "UPDATE invitations SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2
             RETURNING user_id",
            token.as_slice(),
            to_sql(now)
        )
        .fetch_optional(conn)
        .await?
    } else {
        sqlx::query_scalar!(
            "SELECT user_id FROM invitations WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2",
            token.as_slice(),
            to_sql(now)
        )
        .fetch_optional(conn)
        .await?
    };
    Ok(found.map(|user| user.map_or(LinkFor::FirstAdministrator, |id| LinkFor::User(UserId(id)))))
}
