//! People with an account.

use crate::{StoreError, from_sql, to_sql};
use domain::{UnixMillis, UserId, access::Role, views::UserRow};
use sqlx::PgConnection;

/// What sign-in needs to know of a user.
#[derive(Clone, Debug)]
pub struct Account {
    pub user_id: UserId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub locked: bool,
    /// PHC string; `None` until a password was chosen.
    pub password_hash: Option<String>,
}

/// The unique index on e-mail addresses; its refusal means that the address is taken.
pub const EMAIL_TAKEN: &str = "users_email_key";

struct Row {
    id: uuid::Uuid,
    name: String,
    email: String,
    role: String,
    locked: bool,
    password_hash: Option<String>,
}

impl TryFrom<Row> for Account {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: UserId(row.id),
            role: role(&row.role)?,
            name: row.name,
            email: row.email,
            locked: row.locked,
            password_hash: row.password_hash,
        })
    }
}

pub(crate) fn role(stored: &str) -> Result<Role, StoreError> {
    stored.parse().map_err(|cause| StoreError::corrupt("role", cause))
}

/// The account with this e-mail address, in any case of letters.
///
/// # Errors
/// The database's.
pub async fn by_email(conn: &mut PgConnection, email: &str) -> Result<Option<Account>, StoreError> {
    sqlx::query_as!(
        Row,
        "SELECT id, name, email, role, locked, password_hash FROM users WHERE lower(email) = lower($1)",
        email
    )
    .fetch_optional(conn)
    .await?
    .map(Account::try_from)
    .transpose()
}

/// The account, locked against changes until the transaction ends.
///
/// # Errors
/// [`StoreError::Missing`] if there is none, else the database's.
pub async fn for_update(conn: &mut PgConnection, user: UserId) -> Result<Account, StoreError> {
    sqlx::query_as!(
        Row,
        "SELECT id, name, email, role, locked, password_hash FROM users WHERE id = $1 FOR UPDATE",
        user.0
    )
    .fetch_one(conn)
    .await?
    .try_into()
}

/// All users by name, at most 1,000.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<UserRow>, StoreError> {
    sqlx::query!(
        r#"SELECT id, name, email, role, locked, created_at,
                  (SELECT max(last_seen_at) FROM sessions WHERE user_id = users.id) AS last_seen_at
           FROM users ORDER BY lower(name), id LIMIT 1000"#
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(UserRow {
            user_id: UserId(row.id),
            role: role(&row.role)?,
            name: row.name,
            email: row.email,
            locked: row.locked,
            created_at: from_sql(row.created_at),
            last_seen_at: row.last_seen_at.map(from_sql),
        })
    })
    .collect()
}

/// Adds a user. [`EMAIL_TAKEN`] refuses a second one with the same address.
///
/// # Errors
/// The constraint's refusal, else the database's.
pub async fn insert(conn: &mut PgConnection, at: UnixMillis, account: &Account) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO users (id, email, name, role, password_hash, locked, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        account.user_id.0,
        account.email,
        account.name,
        account.role.as_str(),
        account.password_hash,
        account.locked,
        to_sql(at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes name, role, lock and password; the e-mail address stays.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such user, else the database's.
pub async fn update(conn: &mut PgConnection, account: &Account) -> Result<(), StoreError> {
    let changed = sqlx::query!(
        "UPDATE users SET name = $2, role = $3, locked = $4, password_hash = $5 WHERE id = $1",
        account.user_id.0,
        account.name,
        account.role.as_str(),
        account.locked,
        account.password_hash,
    )
    .execute(conn)
    .await?
    .rows_affected();
    if changed == 1 { Ok(()) } else { Err(StoreError::Missing) }
}

/// The administrators who can sign in, locked against changes until the transaction ends: of two that would each
/// remove the other, the second sees what the first did.
///
/// # Errors
/// The database's.
pub async fn administrators_for_update(conn: &mut PgConnection) -> Result<Vec<UserId>, StoreError> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM users WHERE role = 'administrator' AND NOT locked AND password_hash IS NOT NULL
         ORDER BY id FOR UPDATE"
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(UserId).collect())
}
