//! The log of live events.
//!
//! Ids must grow in commit order, or a reader that has seen 7 would miss a 6 that commits later. So a writer takes an
//! advisory lock that it holds until commit. That costs nothing that NOTIFY, which serialises commits anyway, does not
//! cost already. Append as the last step of a transaction.

use crate::{StoreError, to_sql};
use domain::{UnixMillis, live::Happening};
use sqlx::{PgConnection, types::Json};

/// The channel on which writers announce new events; the payload is empty.
pub const CHANNEL: &str = "ringside_events";
/// The channel of glimpses; the payload is a JSON array of [`domain::live::Glimpse`], below 8,000 bytes.
pub const GLIMPSE_CHANNEL: &str = "ringside_glimpses";

/// “ringside” as the key of the lock.
const APPEND_LOCK: i64 = 0x7269_6e67_7369_6465;

/// Waits until every transaction that appended events before this one has committed, and makes the others wait for this
/// one. To be called after all other writes and before numbers are read that an event will tell: then of two events the
/// later one never tells the older numbers. [`append`] does it too.
///
/// # Errors
/// The database's.
pub async fn in_order(transaction: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", APPEND_LOCK)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Appends events inside the caller's transaction and announces them when it commits.
///
/// # Errors
/// The database's.
pub async fn append(
    transaction: &mut PgConnection,
    at: UnixMillis,
    happenings: &[Happening],
) -> Result<(), StoreError> {
    if happenings.is_empty() {
        return Ok(());
    }
    in_order(&mut *transaction).await?;
    let kinds: Vec<String> = happenings.iter().map(|happened| happened.kind().to_owned()).collect();
    let campaigns: Vec<Option<uuid::Uuid>> = happenings
        .iter()
        .map(|happened| happened.campaign().map(|id| id.0))
        .collect();
    let conversations: Vec<Option<uuid::Uuid>> = happenings
        .iter()
        .map(|happened| happened.conversation().map(|id| id.0))
        .collect();
    let happened: Vec<Json<&Happening>> = happenings.iter().map(Json).collect();
    sqlx::query!(
        "INSERT INTO events (at, kind, campaign_id, conversation_id, happened)
         SELECT $1, kind, campaign_id, conversation_id, happened
         FROM unnest($2::text[], $3::uuid[], $4::uuid[], $5::jsonb[]) WITH ORDINALITY
              AS new (kind, campaign_id, conversation_id, happened, position)
         ORDER BY position",
        to_sql(at),
        &kinds,
        &campaigns as &[Option<uuid::Uuid>],
        &conversations as &[Option<uuid::Uuid>],
        &happened as &[Json<&Happening>],
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!("SELECT pg_notify($1, '')", CHANNEL)
        .execute(&mut *transaction)
        .await?;
    Ok(())
}
