//! The log of live events.
//!
//! Ids must grow in commit order, or a reader that has seen 7 would miss a 6 that commits later. So a writer takes an
//! advisory lock that it holds until commit. That costs nothing that NOTIFY, which serialises commits anyway, does not
//! cost already. Append as the last step of a transaction.

use crate::{Store, StoreError, Transaction, to_sql};
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
    // One statement, because others wait as long as this takes. The ids are drawn from rows that come out of a join with
    // the lock, so only when it is held.
    sqlx::query!(
        r#"WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock($6)),
                appended AS (
                    INSERT INTO events (at, kind, campaign_id, conversation_id, happened)
                    SELECT $1, kind, campaign_id, conversation_id, happened
                    FROM locked, unnest($2::text[], $3::uuid[], $4::uuid[], $5::jsonb[]) WITH ORDINALITY
                         AS new (kind, campaign_id, conversation_id, happened, position)
                    ORDER BY position
                    RETURNING id
                )
           SELECT count(*) AS "appended!", pg_notify($7, '')::text AS told FROM appended"#,
        to_sql(at),
        &kinds,
        &campaigns as &[Option<uuid::Uuid>],
        &conversations as &[Option<uuid::Uuid>],
        &happened as &[Json<&Happening>],
        APPEND_LOCK,
        CHANNEL,
    )
    .fetch_one(&mut *transaction)
    .await?;
    Ok(())
}

/// Commits a transaction that appended events, for writers that are many: calls.
///
/// Appending holds a lock until commit, and an ordinary commit waits for the disk, so all writers of all processes would
/// wait for one disk write each, one after the other. Here the commit itself does not wait; then, with the lock released,
/// the disk is waited for together with everybody else who does so. What is returned from is on disk as ever.
///
/// # Errors
/// The database's; then nothing was committed.
pub async fn commit(store: &Store, mut transaction: Transaction) -> Result<(), StoreError> {
    sqlx::query!("SELECT set_config('synchronous_commit', 'off', true)")
        .fetch_one(&mut *transaction)
        .await?;
    transaction.commit().await?;
    let flushed = async {
        let mut conn = store.connection().await?;
        // Any write that is committed synchronously takes everything before it to the disk; this one leaves no row.
        sqlx::query!("SELECT pg_logical_emit_message(true, 'ringside', '')::text")
            .fetch_one(&mut *conn)
            .await?;
        Ok::<(), StoreError>(())
    };
    if let Err(error) = flushed.await {
        // It is committed: telling the caller otherwise would make it do it again.
        tracing::error!(%error, "it is not known whether a commit has reached the disk");
    }
    Ok(())
}
