//! Recordings: what is known of their files. They are written with the end of a call ([`crate::calls::end`]).

use crate::{StoreError, from_sql, seconds, to_sql, whole};
use domain::{CampaignId, ConversationId, UnixMillis};
use sqlx::{PgConnection, types::Json};
use std::time::Duration;
use time::OffsetDateTime;

/// How a file is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingLock {
    /// Name of the key.
    pub key_id: String,
    /// `vault::Pieces` as bytes.
    pub pieces: Vec<u8>,
}

/// One file of a conversation's recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    pub conversation_id: ConversationId,
    /// Where in the call it begins, milliseconds since the answer.
    pub starts_ms: u64,
}

impl Part {
    fn starts(self) -> i64 {
        whole(self.starts_ms)
    }
}

/// A part of a recording as it is shown.
#[derive(Clone, Debug)]
pub struct Recording {
    /// As [`Part::starts_ms`].
    pub starts_ms: u64,
    pub duration_ms: u64,
    /// Loudest value per slice of equal length, 0 to 100: (agent, person).
    pub peaks: Vec<(u8, u8)>,
    /// There is nothing to hear any more since then.
    pub deleted_at: Option<UnixMillis>,
}

/// A recording as it is read.
#[derive(Clone, Debug)]
pub struct RecordingFile {
    pub file_name: String,
    /// Length of the sound when it is unlocked.
    pub bytes: u64,
    /// `None` if it is not locked.
    pub lock: Option<RecordingLock>,
    /// It lies in the object store.
    pub stored: bool,
}

/// A file's columns, as every table of sounds has them.
pub(crate) struct FileRow {
    pub(crate) file_name: String,
    pub(crate) bytes: i64,
    pub(crate) key_id: Option<String>,
    pub(crate) pieces: Option<Vec<u8>>,
    pub(crate) stored: bool,
}

impl From<FileRow> for RecordingFile {
    fn from(row: FileRow) -> Self {
        let lock = row.key_id.zip(row.pieces);
        Self {
            file_name: row.file_name,
            bytes: u64::try_from(row.bytes).unwrap_or(0),
            lock: lock.map(|(key_id, pieces)| RecordingLock { key_id, pieces }),
            stored: row.stored,
        }
    }
}

/// The parts of a conversation's recording in their order; none if none was made.
///
/// # Errors
/// The database's.
pub async fn of(conn: &mut PgConnection, id: ConversationId) -> Result<Vec<Recording>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT starts_ms, duration_ms, peaks AS "peaks: Json<serde_json::Value>", deleted_at FROM recordings
           WHERE conversation_id = $1 ORDER BY starts_ms"#,
        id.0
    )
    .fetch_all(conn)
    .await?;
    let parts = found.into_iter().map(|row| Recording {
        starts_ms: u64::try_from(row.starts_ms).unwrap_or(0),
        duration_ms: u64::try_from(row.duration_ms).unwrap_or(0),
        // Only a picture: without it the recording can still be heard.
        peaks: serde_json::from_value(row.peaks.0).unwrap_or_default(),
        deleted_at: row.deleted_at.map(from_sql),
    });
    Ok(parts.collect())
}

/// Where a part of a recording lies, if there is one that can still be heard.
///
/// # Errors
/// The database's.
pub async fn file(conn: &mut PgConnection, part: Part) -> Result<Option<RecordingFile>, StoreError> {
    let found = sqlx::query_as!(
        FileRow,
        r#"SELECT file_name, bytes, key_id, pieces, stored_at IS NOT NULL AS "stored!" FROM recordings
           WHERE conversation_id = $1 AND starts_ms = $2 AND deleted_at IS NULL"#,
        part.conversation_id.0,
        part.starts(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(RecordingFile::from))
}

/// Where the file of a recording should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFile {
    pub part: Part,
    pub campaign_id: CampaignId,
    pub file_name: String,
    /// When the call ended.
    pub recorded_at: UnixMillis,
    /// In the object store.
    pub stored: bool,
    /// Nowhere.
    pub deleted: bool,
}

/// The files of these conversations' recordings.
///
/// # Errors
/// The database's.
pub async fn known(conn: &mut PgConnection, ids: &[ConversationId]) -> Result<Vec<KnownFile>, StoreError> {
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"SELECT conversation_id, starts_ms, campaign_id, file_name, recordings.created_at, stored_at IS NOT NULL AS "stored!",
                  deleted_at IS NOT NULL AS "deleted!"
           FROM recordings JOIN conversations ON conversations.id = conversation_id
           WHERE conversation_id = ANY($1)"#,
        &ids
    )
    .fetch_all(conn)
    .await?;
    let known = rows.into_iter().map(|row| KnownFile {
        part: part(row.conversation_id, row.starts_ms),
        campaign_id: CampaignId(row.campaign_id),
        file_name: row.file_name,
        recorded_at: from_sql(row.created_at),
        stored: row.stored,
        deleted: row.deleted,
    });
    Ok(known.collect())
}

fn part(conversation: uuid::Uuid, starts_ms: i64) -> Part {
    Part {
        conversation_id: ConversationId(conversation),
        starts_ms: u64::try_from(starts_ms).unwrap_or(0),
    }
}

/// The recording lies in the object store now. False if it was deleted meanwhile.
///
/// # Errors
/// The database's.
pub async fn mark_stored(conn: &mut PgConnection, part: Part, at: UnixMillis) -> Result<bool, StoreError> {
    let marked = sqlx::query!(
        "UPDATE recordings SET stored_at = $3 WHERE conversation_id = $1 AND starts_ms = $2 AND deleted_at IS NULL",
        part.conversation_id.0,
        part.starts(),
        to_sql(at)
    )
    .execute(conn)
    .await?;
    Ok(marked.rows_affected() == 1)
}

/// For how many days each campaign wants its recordings kept, by its newest revision.
///
/// # Errors
/// The database's.
pub async fn keep_days(conn: &mut PgConnection) -> Result<Vec<(CampaignId, Option<u16>)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT ON (campaign_id) campaign_id, (content ->> 'recording_days')::integer AS days
           FROM campaign_revisions ORDER BY campaign_id, revision DESC"#
    )
    .fetch_all(conn)
    .await?;
    let days = |days: i32| u16::try_from(days).unwrap_or(u16::MAX);
    Ok(rows
        .into_iter()
        .map(|row| (CampaignId(row.campaign_id), row.days.map(days)))
        .collect())
}

/// A recording whose time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    pub part: Part,
    pub file_name: String,
    /// In the object store; if not, it should have been deleted long ago by the process that made it.
    pub stored: bool,
}

/// Recordings made before the moment that their campaign has in `before`. Those that are not in the object store are for the
/// process that has them, and come here only after a further `grace`.
///
/// # Errors
/// The database's.
pub async fn expired(
    conn: &mut PgConnection,
    before: &[(CampaignId, UnixMillis)],
    grace: Duration,
    limit: i64,
) -> Result<Vec<Expired>, StoreError> {
    let (campaigns, moments): (Vec<uuid::Uuid>, Vec<OffsetDateTime>) = before
        .iter()
        .map(|(campaign, moment)| (campaign.0, to_sql(*moment)))
        .unzip();
    let rows = sqlx::query!(
        r#"SELECT conversation_id, starts_ms, file_name, stored_at IS NOT NULL AS "stored!"
           FROM recordings
           JOIN conversations ON conversations.id = conversation_id
           JOIN unnest($1::uuid[], $2::timestamptz[]) AS rule (campaign_id, before)
                ON rule.campaign_id = conversations.campaign_id
           WHERE deleted_at IS NULL
             AND recordings.created_at < rule.before
             AND (stored_at IS NOT NULL OR recordings.created_at < rule.before - make_interval(secs => $3))
           ORDER BY recordings.created_at LIMIT $4"#,
        &campaigns,
        &moments,
        seconds(grace),
        limit
    )
    .fetch_all(conn)
    .await?;
    let expired = rows.into_iter().map(|row| Expired {
        part: part(row.conversation_id, row.starts_ms),
        file_name: row.file_name,
        stored: row.stored,
    });
    Ok(expired.collect())
}

/// The file was deleted; what could still be seen of it goes too. `stored` is where it was thought to be: false if that is
/// no longer so, or it was deleted before.
///
/// # Errors
/// The database's.
pub async fn mark_deleted(
    conn: &mut PgConnection,
    part: Part,
    stored: bool,
    at: UnixMillis,
) -> Result<bool, StoreError> {
    let marked = sqlx::query!(
        "UPDATE recordings SET deleted_at = $4, peaks = '[]', key_id = NULL, pieces = NULL
         WHERE conversation_id = $1 AND starts_ms = $2 AND deleted_at IS NULL AND (stored_at IS NOT NULL) = $3",
        part.conversation_id.0,
        part.starts(),
        stored,
        to_sql(at)
    )
    .execute(conn)
    .await?;
    Ok(marked.rows_affected() == 1)
}
