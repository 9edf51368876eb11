//! The do-not-call list of the whole installation.

use crate::{StoreError, from_sql, leads::ON_DO_NOT_CALL_LIST, to_sql};
use domain::{CampaignId, ConversationId, PhoneNumber, UnixMillis, UserId, views::DoNotCallRow};
use sqlx::PgConnection;
use uuid::Uuid;

/// Puts a number on the list and takes its waiting leads out of every queue. A number that is on it already stays as it
/// is. Answers with the campaigns whose leads changed: announce them ([`crate::campaigns::announce`]).
///
/// # Errors
/// The database's.
pub async fn add(
    transaction: &mut PgConnection,
    number: &PhoneNumber,
    reason: &str,
    by: Option<UserId>,
    conversation: Option<ConversationId>,
    at: UnixMillis,
) -> Result<Vec<CampaignId>, StoreError> {
    sqlx::query!(
        "INSERT INTO do_not_call (phone_number, reason, added_at, added_by, conversation_id) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (phone_number) DO NOTHING",
        number.e164(),
        reason,
        to_sql(at),
        by.map(|id| id.0),
        conversation.map(|id| id.0),
    )
    .execute(&mut *transaction)
    .await?;
    // The queue's rows first, as those who claim leads do: a lead that is being claimed is left to its call.
    let waiting: Vec<Uuid> = sqlx::query_scalar!(
        "SELECT lead_id FROM lead_queue JOIN leads ON leads.id = lead_id
         WHERE phone_number = $1 ORDER BY lead_id FOR UPDATE OF lead_queue",
        number.e164(),
    )
    .fetch_all(&mut *transaction)
    .await?;
    sqlx::query!("DELETE FROM lead_queue WHERE lead_id = ANY($1)", &waiting)
        .execute(&mut *transaction)
        .await?;
    let campaigns = sqlx::query_scalar!(
        "UPDATE leads SET status = 'do_not_call', error_reason = $2 WHERE id = ANY($1) AND status = 'pending'
         RETURNING campaign_id",
        &waiting,
        ON_DO_NOT_CALL_LIST,
    )
    .fetch_all(transaction)
    .await?;
    let mut campaigns: Vec<CampaignId> = campaigns.into_iter().map(CampaignId).collect();
    campaigns.sort_unstable();
    campaigns.dedup();
    Ok(campaigns)
}

/// Takes a number off the list. Leads that were set aside because of it stay aside.
///
/// # Errors
/// [`StoreError::Missing`] if it is not on the list.
pub async fn remove(transaction: &mut PgConnection, number: &PhoneNumber) -> Result<(), StoreError> {
    let removed = sqlx::query!("DELETE FROM do_not_call WHERE phone_number = $1", number.e164())
        .execute(transaction)
        .await?;
    if removed.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Missing)
    }
}

/// True if the number is on the list.
///
/// # Errors
/// The database's.
pub async fn contains(conn: &mut PgConnection, number: &PhoneNumber) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM do_not_call WHERE phone_number = $1) AS "listed!""#,
        number.e164(),
    )
    .fetch_one(conn)
    .await?)
}

/// Numbers on the list, newest first, after the row with this time (microseconds since 1970) and number, each with its
/// own. `digits` restricts it to numbers that contain them.
///
/// # Errors
/// The database's.
pub async fn list(
    conn: &mut PgConnection,
    digits: Option<&str>,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<((i64, String), DoNotCallRow)>, StoreError> {
    let (at, number) = after.map_or((None, None), |(at, number)| (Some(at), Some(number)));
    let at = at.map(|micros| {
        time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
            .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
    });
    let rows = sqlx::query!(
        r#"SELECT phone_number, reason, added_at, users.name AS "added_by?"
           FROM do_not_call LEFT JOIN users ON users.id = added_by
           WHERE ($1::text IS NULL OR position($1 IN phone_number) > 0)
             AND ($2::timestamptz IS NULL OR (added_at <= $2 AND (added_at < $2 OR phone_number > $3)))
           ORDER BY added_at DESC, phone_number LIMIT $4"#,
        digits,
        at,
        number,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let micros = i64::try_from(row.added_at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX);
            let key = (micros, row.phone_number.clone());
            let entry = DoNotCallRow {
                phone_number: row.phone_number,
                reason: row.reason,
                added_at: from_sql(row.added_at),
                added_by: row.added_by,
            };
            (key, entry)
        })
        .collect())
}
