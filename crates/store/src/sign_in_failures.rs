//! Failed sign-ins, for the throttle. Subjects are keyed hashes: this table names nobody.

use crate::{StoreError, from_sql, to_sql};
use domain::UnixMillis;
use sqlx::PgConnection;

/// Whose failures are counted, and how many are allowed.
#[derive(Clone, Debug)]
pub struct Allowance<'a> {
    pub subject: &'a str,
    pub failures: u16,
}

/// Counts one try against each of `allowances` as if it had failed, unless one of them is used up: then nothing is
/// counted, and the time is returned from which a failure that is `since` or older leaves the count. Tries on the same
/// subject wait for one another until the transaction ends, so that a burst cannot slip through.
///
/// # Errors
/// The database's.
pub async fn reserve(
    conn: &mut PgConnection,
    now: UnixMillis,
    since: UnixMillis,
    allowances: &[Allowance<'_>],
) -> Result<Option<UnixMillis>, StoreError> {
    let mut subjects: Vec<String> = allowances.iter().map(|allowed| allowed.subject.to_owned()).collect();
    // In one order, so that two tries never wait for each other.
    subjects.sort();
    for subject in &subjects {
        sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", subject)
            .execute(&mut *conn)
            .await?;
    }
    for limit in allowances {
        // The oldest of the failures that fill the allowance: when it leaves the window, one more try is free.
        let filling = sqlx::query!(
            "SELECT at FROM sign_in_failures WHERE subject = $1 AND at > $2 ORDER BY at DESC OFFSET $3 LIMIT 1",
            limit.subject,
            to_sql(since),
            i64::from(limit.failures) - 1,
        )
        .fetch_optional(&mut *conn)
        .await?;
        if let Some(row) = filling {
            return Ok(Some(from_sql(row.at)));
        }
    }
    sqlx::query!(
        "INSERT INTO sign_in_failures (subject, at) SELECT subject, $2 FROM unnest($1::text[]) AS new (subject)",
        &subjects,
        to_sql(now)
    )
    .execute(conn)
    .await?;
    Ok(None)
}

/// A try turned out well: forgets all failures of `forget` and the one counted at `at` for `take_back`.
///
/// # Errors
/// The database's.
pub async fn succeeded(
    conn: &mut PgConnection,
    at: UnixMillis,
    forget: &str,
    take_back: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM sign_in_failures WHERE subject = $1", forget)
        .execute(&mut *conn)
        .await?;
    if let Some(subject) = take_back {
        sqlx::query!(
            "DELETE FROM sign_in_failures WHERE ctid = (
                 SELECT ctid FROM sign_in_failures WHERE subject = $1 AND at = $2 LIMIT 1)",
            subject,
            to_sql(at)
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Deletes failures older than `before`; returns how many.
///
/// # Errors
/// The database's.
pub async fn delete_old(conn: &mut PgConnection, before: UnixMillis) -> Result<u64, StoreError> {
    Ok(
        sqlx::query!("DELETE FROM sign_in_failures WHERE at < $1", to_sql(before))
            .execute(conn)
            .await?
            .rows_affected(),
    )
}
