//! Processes that make calls.

use crate::{Store, StoreError, call_commands, events, inbound, to_sql, webhooks};
use domain::{ConversationId, UnixMillis, WorkerId};
use sqlx::{PgConnection, postgres::PgListener};

/// Makes the worker known, or says that it is still there.
///
/// # Errors
/// The database's.
pub async fn report(conn: &mut PgConnection, worker: WorkerId, at: UnixMillis) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO workers (id, started_at, last_seen_at) VALUES ($1, $2, $2)
         ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at",
        worker.0,
        to_sql(at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets workers that were last seen before `before` and hold no call.
///
/// # Errors
/// The database's.
pub async fn forget(conn: &mut PgConnection, before: UnixMillis) -> Result<u64, StoreError> {
    let forgotten = sqlx::query!(
        "DELETE FROM workers WHERE last_seen_at < $1 AND NOT EXISTS (SELECT FROM leases WHERE worker_id = workers.id)",
        to_sql(before),
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}

/// What concerns a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something happened: there may be work.
    News,
    /// A command waits for this call.
    Command(ConversationId),
    /// A call may have lost its worker.
    LostCalls,
    /// A call came in.
    Caller,
    /// The connection was lost for a while, and with it perhaps news and commands.
    Gap,
}

/// Hears what concerns workers. It keeps one connection.
#[derive(Debug)]
pub struct WorkerListener(PgListener);

impl WorkerListener {
    /// Begins to listen.
    ///
    /// # Errors
    /// The database's.
    pub async fn start(store: &Store) -> Result<Self, StoreError> {
        let mut listener = PgListener::connect_with(store.pool()).await?;
        listener
            .listen_all([
                events::CHANNEL,
                call_commands::CHANNEL,
                webhooks::CHANNEL,
                inbound::CHANNEL,
            ])
            .await?;
        Ok(Self(listener))
    }

    /// Waits for the next announcement. Not to be cancelled half-way.
    ///
    /// # Errors
    /// The connection was lost and could not be made again.
    pub async fn next(&mut self) -> Result<Heard, StoreError> {
        loop {
            let Some(heard) = self.0.try_recv().await? else {
                return Ok(Heard::Gap);
            };
            if heard.channel() == events::CHANNEL {
                return Ok(Heard::News);
            }
            if heard.channel() == webhooks::CHANNEL {
                return Ok(Heard::LostCalls);
            }
            if heard.channel() == inbound::CHANNEL {
                return Ok(Heard::Caller);
            }
            if let Ok(id) = heard.payload().parse() {
                return Ok(Heard::Command(id));
            }
        }
    }
}
