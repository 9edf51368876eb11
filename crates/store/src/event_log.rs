//! Reading the log of live events. Writing is in [`crate::events`].

use crate::{StoreError, from_sql, to_sql};
use domain::{
    ConversationId, ImportId, UnixMillis,
    live::{Happening, LiveEvent},
};
use sqlx::{PgConnection, types::Json};

/// Which events to read.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    All,
    Conversation(ConversationId),
    Import(ImportId),
}

struct Row {
    id: i64,
    at: time::OffsetDateTime,
    happened: Json<serde_json::Value>,
}

impl Row {
    /// `None` for an event that only a newer release understands.
    fn event(self) -> Option<LiveEvent> {
        match serde_json::from_value::<Happening>(self.happened.0) {
            Ok(happened) => Some(LiveEvent {
                id: self.id,
                at: from_sql(self.at),
                happened,
            }),
            Err(_) => {
                tracing::warn!(
                    event_id = self.id,
                    "an event of the log cannot be understood and is left out"
                );
                None
            }
        }
    }
}

/// A stretch of the log.
#[derive(Clone, Debug)]
pub struct Stretch {
    pub events: Vec<LiveEvent>,
    /// Id of the last row read, understood or not; `None` if there was none.
    pub last: Option<i64>,
    /// The limit was reached: there may be more.
    pub full: bool,
}

/// Events after `after` and up to `until` in their order, at most `limit`.
///
/// # Errors
/// The database's.
pub async fn read(
    conn: &mut PgConnection,
    which: Which,
    after: i64,
    until: i64,
    limit: i64,
) -> Result<Stretch, StoreError> {
    let rows = match which {
        Which::All => {
            sqlx::query_as!(
                Row,
                r#"SELECT id, at, happened AS "happened: _" FROM events WHERE id > $1 AND id <= $2
                   ORDER BY id LIMIT $3"#,
                after,
                until,
                limit
            )
            .fetch_all(conn)
            .await?
        }
        Which::Conversation(conversation) => {
            sqlx::query_as!(
                Row,
                r#"SELECT id, at, happened AS "happened: _" FROM events
                   WHERE conversation_id = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT $4"#,
                conversation.0,
                after,
                until,
                limit
            )
            .fetch_all(conn)
            .await?
        }
        Which::Import(import) => {
            sqlx::query_as!(
                Row,
                r#"SELECT id, at, happened AS "happened: _" FROM events
                   WHERE kind = 'import_moved' AND happened -> 'import' ->> 'import_id' = $1
                         AND id > $2 AND id <= $3 ORDER BY id LIMIT $4"#,
                import.0.to_string(),
                after,
                until,
                limit
            )
            .fetch_all(conn)
            .await?
        }
    };
    let full = i64::try_from(rows.len()).is_ok_and(|read| read >= limit);
    Ok(Stretch {
        last: rows.last().map(|row| row.id),
        full,
        events: rows.into_iter().filter_map(Row::event).collect(),
    })
}

/// Id of the newest event; 0 if there never was one.
///
/// # Errors
/// The database's.
pub async fn newest(conn: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(
        sqlx::query_scalar!(r#"SELECT coalesce(max(id), 0) AS "id!" FROM events"#)
            .fetch_one(conn)
            .await?,
    )
}

/// The latest time that an event bears; 1970 if there never was one.
///
/// # Errors
/// The database's.
pub async fn latest(conn: &mut PgConnection) -> Result<UnixMillis, StoreError> {
    let at = sqlx::query_scalar!("SELECT max(at) FROM events")
        .fetch_one(conn)
        .await?;
    Ok(at.map(from_sql).unwrap_or_default())
}

/// True if the log still holds everything after `after`.
///
/// # Errors
/// The database's.
pub async fn reaches_back_to(conn: &mut PgConnection, after: i64) -> Result<bool, StoreError> {
    if after <= 0 {
        return Ok(true);
    }
    // Old events leave from the beginning, so if `after` or an older one is still there, nothing after it is missing.
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM events WHERE id <= $1) AS "there!""#,
        after
    )
    .fetch_one(conn)
    .await?)
}

/// Deletes at most `limit` events older than `before`, oldest first, and returns how many. The newest always stays: its
/// id is where a snapshot goes on.
///
/// # Errors
/// The database's.
pub async fn delete_old(conn: &mut PgConnection, before: UnixMillis, limit: i64) -> Result<u64, StoreError> {
    // A prefix of the log by id, so that what is left has no holes: up to the last id before the first young event.
    Ok(sqlx::query!(
        "DELETE FROM events WHERE id IN (
             SELECT id FROM events
             WHERE id < coalesce((SELECT min(id) FROM events WHERE at >= $1), (SELECT max(id) FROM events))
             ORDER BY id LIMIT $2)",
        to_sql(before),
        limit
    )
    .execute(conn)
    .await?
    .rows_affected())
}

/// What a [`Listener`] heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// There are new events, or there may be: the connection was lost for a while.
    Events,
    /// A JSON array of [`domain::live::Glimpse`].
    Glimpses(String),
}

/// Hears what writers announce. It keeps one connection.
#[derive(Debug)]
pub struct Listener(sqlx::postgres::PgListener);

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    /// The database's.
    pub async fn start(store: &crate::Store) -> Result<Self, StoreError> {
        let mut listener = sqlx::postgres::PgListener::connect_with(&store.pool).await?;
        listener
            .listen_all([crate::events::CHANNEL, crate::events::GLIMPSE_CHANNEL])
            .await?;
        Ok(Self(listener))
    }

    /// Waits for the next announcement. Not to be cancelled half-way.
    ///
    /// # Errors
    /// The connection was lost and could not be made again.
    pub async fn next(&mut self) -> Result<Heard, StoreError> {
        Ok(match self.0.try_recv().await? {
            Some(heard) if heard.channel() == crate::events::GLIMPSE_CHANNEL => {
                Heard::Glimpses(heard.payload().to_owned())
            }
            Some(_) | None => Heard::Events,
        })
    }
}
