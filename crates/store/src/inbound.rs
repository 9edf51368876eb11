//! Calls that came in: where they wait until a worker takes them, and what became of those that no agent answered.
//!
//! A call that an agent answers becomes a conversation with the same id, written by [`take`] in one transaction like a
//! lead that is handed out. So whatever holds for calls that we make (leases, takeover, the one end) holds for it too.

mod taking;

pub(crate) use taking::StoodBefore;
pub use taking::{TakeRequest, Taken, TakenCall, take};

use crate::{Store, StoreError, from_sql, to_sql};
use domain::{
    ConversationId, Personal, PhoneNumber, UnixMillis,
    inbound::{LONGEST_RINGING, Missed, reason_in_words},
    views::UnansweredCallRow,
};
use sqlx::PgConnection;
use std::time::Duration;

/// The channel on which it is announced that a call came in.
pub const CHANNEL: &str = "ringside_callers";
/// A caller who is turned away is told so within this time; if not, whoever was to tell them died.
const LONGEST_FAREWELL: Duration = Duration::from_secs(60);

/// A call that came in.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// The conversation that it becomes if an agent answers.
    pub id: ConversationId,
    pub room: Personal,
    /// The caller's participant in the room.
    pub caller: Personal,
    /// `None` if the network told none, or nonsense.
    pub phone_number: Option<PhoneNumber>,
    pub at: UnixMillis,
}

/// A call that waits for a worker.
#[derive(Clone, Debug)]
pub struct WaitingCall {
    pub id: ConversationId,
    pub room: Personal,
    pub caller: Personal,
}

struct WaitingRow {
    id: uuid::Uuid,
    room: String,
    caller: String,
}

impl From<WaitingRow> for WaitingCall {
    fn from(row: WaitingRow) -> Self {
        Self {
            id: ConversationId(row.id),
            room: row.room.into(),
            caller: row.caller.into(),
        }
    }
}

/// Writes down that a call came in, and tells the workers. False if its room is known already: the same news came twice.
///
/// # Errors
/// The database's.
pub async fn arrive(store: &Store, call: &NewCall) -> Result<bool, StoreError> {
    let mut transaction = store.begin().await?;
    let written = sqlx::query!(
        "INSERT INTO inbound_calls (id, room, caller, phone_number, arrived_at, status)
         VALUES ($1, $2, $3, $4, $5, 'waiting') ON CONFLICT (room) DO NOTHING",
        call.id.0,
        call.room.reveal(),
        call.caller.reveal(),
        call.phone_number.as_ref().map(PhoneNumber::e164),
        to_sql(call.at),
    )
    .execute(&mut *transaction)
    .await?;
    if written.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!("SELECT pg_notify($1, '')", CHANNEL)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(true)
}

/// Calls that wait, the longest first.
///
/// # Errors
/// The database's.
pub async fn waiting(conn: &mut PgConnection) -> Result<Vec<WaitingCall>, StoreError> {
    let rows = sqlx::query_as!(
        WaitingRow,
        "SELECT id, room, caller FROM inbound_calls WHERE status = 'waiting' ORDER BY arrived_at, id LIMIT 100"
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(WaitingCall::from).collect())
}

/// The caller went before anybody answered. True if the call was waiting.
///
/// # Errors
/// The database's.
pub async fn hung_up(conn: &mut PgConnection, room: &Personal, at: UnixMillis) -> Result<bool, StoreError> {
    let written = sqlx::query!(
        "UPDATE inbound_calls SET status = 'missed', reason = $2, ended_at = $3 WHERE room = $1 AND status = 'waiting'",
        room.reveal(),
        Missed::HungUp.as_str(),
        to_sql(at),
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Whoever was turned away has been told so.
///
/// # Errors
/// The database's.
pub async fn told(conn: &mut PgConnection, id: ConversationId, at: UnixMillis) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE inbound_calls SET ended_at = $2 WHERE id = $1 AND status = 'turned_away' AND ended_at IS NULL",
        id.0,
        to_sql(at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives up the calls that have rung for too long, and finds those that were turned away by a worker that died. Their
/// rooms are to be closed.
///
/// # Errors
/// The database's.
pub async fn give_up(conn: &mut PgConnection, at: UnixMillis) -> Result<Vec<WaitingCall>, StoreError> {
    let before = |span: Duration| {
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        to_sql(UnixMillis(at.0.saturating_sub(span)))
    };
    let rows = sqlx::query_as!(
        WaitingRow,
        "UPDATE inbound_calls SET ended_at = $1, reason = coalesce(reason, $4),
             status = CASE status WHEN 'waiting' THEN 'missed' ELSE status END
         WHERE (status = 'waiting' AND arrived_at < $2)
            OR (status = 'turned_away' AND ended_at IS NULL AND arrived_at < $3)
         RETURNING id, room, caller",
        to_sql(at),
        before(LONGEST_RINGING),
        before(LONGEST_RINGING + LONGEST_FAREWELL),
        Missed::NobodyFree.as_str(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(WaitingCall::from).collect())
}

/// The room of a call that came in; `None` if it is a call that we made.
///
/// # Errors
/// The database's.
pub async fn room_of(conn: &mut PgConnection, id: ConversationId) -> Result<Option<Personal>, StoreError> {
    let room = sqlx::query_scalar!("SELECT room FROM inbound_calls WHERE id = $1", id.0)
        .fetch_optional(conn)
        .await?;
    Ok(room.map(Personal::from))
}

/// The call that came in into this room.
///
/// # Errors
/// The database's.
pub async fn call_in(conn: &mut PgConnection, room: &Personal) -> Result<Option<ConversationId>, StoreError> {
    let id = sqlx::query_scalar!("SELECT id FROM inbound_calls WHERE room = $1", room.reveal())
        .fetch_optional(conn)
        .await?;
    Ok(id.map(ConversationId))
}

/// Calls that no agent answered, newest first.
///
/// # Errors
/// The database's.
pub async fn unanswered(conn: &mut PgConnection, limit: i64) -> Result<Vec<UnansweredCallRow>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT phone_number, arrived_at, reason AS "reason!" FROM inbound_calls
           WHERE status IN ('turned_away', 'missed') ORDER BY arrived_at DESC LIMIT $1"#,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let number = row.phone_number.as_deref().map(crate::conversations::phone_number);
            Ok(UnansweredCallRow {
                phone_number: number.transpose()?.map(|number| number.masked()),
                arrived_at: from_sql(row.arrived_at),
                reason: reason_in_words(&row.reason),
            })
        })
        .collect()
}

/// Forgets calls from before `before` that no agent answered.
///
/// # Errors
/// The database's.
pub async fn delete_old(conn: &mut PgConnection, before: UnixMillis) -> Result<u64, StoreError> {
    let deleted = sqlx::query!(
        "DELETE FROM inbound_calls WHERE status IN ('turned_away', 'missed') AND arrived_at < $1",
        to_sql(before),
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected())
}
