//! The log of live events.
//!
//! Ids must grow in commit order, or a reader that has seen 7 would miss a 6 that commits later. So a writer takes an
//! advisory lock that it holds until commit. Append as the last step of a transaction.
//!
//! An ordinary commit waits for the disk, and under the lock all writers of all processes would wait for one disk write
//! each, one after the other. Writers that are many (calls, and whoever claims) therefore use [`begin`] and [`commit`]:
//! they commit without waiting, and wait for the disk when the lock is free again, together with everybody else who does.

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

/// Appends events of one moment inside the caller's transaction and announces them when it commits.
///
/// # Errors
/// The database's.
pub async fn append(
    transaction: &mut PgConnection,
    at: UnixMillis,
    happenings: &[Happening],
) -> Result<(), StoreError> {
    let events: Vec<(UnixMillis, &Happening)> = happenings.iter().map(|happened| (at, happened)).collect();
    append_each(transaction, &events).await
}

/// As [`append`], each event with a time of its own.
pub(crate) async fn append_each(
    transaction: &mut PgConnection,
    events: &[(UnixMillis, &Happening)],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let (mut times, mut kinds, mut happened) = (Vec::new(), Vec::new(), Vec::new());
    let (mut campaigns, mut conversations) = (Vec::new(), Vec::new());
    for (at, event) in events {
        times.push(to_sql(*at));
        kinds.push(event.kind().to_owned());
        campaigns.push(event.campaign().map(|id| id.0));
        conversations.push(event.conversation().map(|id| id.0));
        happened.push(Json(*event));
    }
    // One statement, because others wait as long as this takes. The ids are drawn from rows that come out of a join with
    // the lock, so only when it is held.
    sqlx::query!(
        r#"WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock($6)),
                appended AS (
                    INSERT INTO events (at, kind, campaign_id, conversation_id, happened)
                    SELECT at, kind, campaign_id, conversation_id, happened
                    FROM locked, unnest($1::timestamptz[], $2::text[], $3::uuid[], $4::uuid[], $5::jsonb[])
                         WITH ORDINALITY AS new (at, kind, campaign_id, conversation_id, happened, position)
                    ORDER BY position
                    RETURNING id
                )
           SELECT count(*) AS "appended!", pg_notify($7, '')::text AS told FROM appended"#,
        &times,
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

/// Begins a transaction of a writer that is one of many; [`commit`] ends it.
///
/// # Errors
/// The database's.
pub async fn begin(store: &Store) -> Result<Transaction, StoreError> {
    Ok(store
        .pool
        .begin_with("BEGIN; SET LOCAL synchronous_commit = off")
        .await?)
}

/// Commits what [`begin`] began. Everything is on disk when this returns.
///
/// # Errors
/// The database's. It may all the same be committed, as after any commit whose answer was lost: whoever tries again must
/// be able to find it done.
pub async fn commit(store: &Store, transaction: Transaction) -> Result<(), StoreError> {
    transaction.commit().await?;
    let mut conn = store.connection().await?;
    to_disk(&mut conn).await
}

/// Waits until everything that could be read so far is on disk. Whoever tells an event, or its id, to somebody who will
/// remember it (a browser's cursor) waits for this first: a database that crashed has forgotten what was not on disk,
/// and gives its ids to other events.
///
/// # Errors
/// The database's.
pub async fn to_disk(conn: &mut PgConnection) -> Result<(), StoreError> {
    // Any write that is committed in the ordinary way takes everything before it to the disk; this one leaves no row.
    sqlx::query!("SELECT pg_logical_emit_message(true, 'ringside', '')::text")
        .fetch_one(conn)
        .await?;
    Ok(())
}
