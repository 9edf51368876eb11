//! The sound of rehearsed calls: what is known of its files.

use crate::{
    StoreError,
    calls::NewRecording,
    recordings::{FileRow, Recording, RecordingFile},
    to_sql, whole,
};
use domain::{CampaignId, ConversationId, RehearsalId, UnixMillis};
use sqlx::{PgConnection, types::Json};
use std::{collections::HashMap, time::Duration};
use time::OffsetDateTime;

/// Writes down where the sound of a call lies.
///
/// # Errors
/// The database's.
pub async fn insert(
    conn: &mut PgConnection,
    rehearsal: RehearsalId,
    call: ConversationId,
    sound: &NewRecording,
    stored: bool,
    at: UnixMillis,
) -> Result<(), StoreError> {
    // Its rehearsal may be gone already: then the row says that the file is to go too.
    sqlx::query!(
        "INSERT INTO rehearsal_sounds
            (call_id, rehearsal_id, file_name, bytes, duration_ms, peaks, key_id, pieces, stored_at, created_at)
         VALUES ($1, (SELECT id FROM rehearsals WHERE id = $2), $3, $4, $5, $6, $7, $8, $9, $10)",
        call.0,
        rehearsal.0,
        sound.file_name,
        whole(sound.bytes),
        whole(sound.duration_ms),
        Json(&sound.peaks) as Json<&Vec<(u8, u8)>>,
        sound.lock.as_ref().map(|lock| lock.key_id.as_str()),
        sound.lock.as_ref().map(|lock| lock.pieces.as_slice()),
        stored.then(|| to_sql(at)),
        to_sql(at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The sounds of a rehearsal's calls.
///
/// # Errors
/// The database's.
pub async fn of(conn: &mut PgConnection, id: RehearsalId) -> Result<HashMap<ConversationId, Recording>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT call_id, duration_ms, peaks AS "peaks: Json<serde_json::Value>" FROM rehearsal_sounds
           WHERE rehearsal_id = $1"#,
        id.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let recording = Recording {
                starts_ms: 0,
                duration_ms: u64::try_from(row.duration_ms).unwrap_or(0),
                // Only a picture: without it the sound can still be heard.
                peaks: serde_json::from_value(row.peaks.0).unwrap_or_default(),
                deleted_at: None,
            };
            (ConversationId(row.call_id), recording)
        })
        .collect())
}

/// Where the sound of a call lies, if it can be heard.
///
/// # Errors
/// The database's.
pub async fn file(conn: &mut PgConnection, call: ConversationId) -> Result<Option<RecordingFile>, StoreError> {
    let found = sqlx::query_as!(
        FileRow,
        r#"SELECT file_name, bytes, key_id, pieces, stored_at IS NOT NULL AS "stored!" FROM rehearsal_sounds
           WHERE call_id = $1 AND rehearsal_id IS NOT NULL"#,
        call.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(RecordingFile::from))
}

/// A sound that is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundToDelete {
    pub call: ConversationId,
    pub file_name: String,
    /// In the object store; if not, on the machine where it was made.
    pub stored: bool,
    /// Its machine had time enough to delete it, and did not.
    pub written_off: bool,
}

/// Sounds whose rehearsal is gone, and those made before the moment that their campaign has in `before`. After a further
/// `grace` nobody waits any more for the machine on which one lies.
///
/// # Errors
/// The database's.
pub async fn to_delete(
    conn: &mut PgConnection,
    before: &[(CampaignId, UnixMillis)],
    now: UnixMillis,
    grace: Duration,
    limit: i64,
) -> Result<Vec<SoundToDelete>, StoreError> {
    let (campaigns, moments): (Vec<uuid::Uuid>, Vec<OffsetDateTime>) = before
        .iter()
        .map(|(campaign, moment)| (campaign.0, to_sql(*moment)))
        .unzip();
    let rows = sqlx::query!(
        r#"SELECT call_id, file_name, stored_at IS NOT NULL AS "stored!",
                  coalesce(rule.before, $3) - make_interval(secs => $4) > sounds.created_at AS "written_off!"
           FROM rehearsal_sounds AS sounds
           LEFT JOIN rehearsals ON rehearsals.id = sounds.rehearsal_id
           LEFT JOIN unnest($1::uuid[], $2::timestamptz[]) AS rule (campaign_id, before)
                ON rule.campaign_id = rehearsals.campaign_id
           WHERE sounds.rehearsal_id IS NULL OR sounds.created_at < rule.before
           ORDER BY sounds.created_at LIMIT $5"#,
        &campaigns,
        &moments,
        to_sql(now),
        crate::seconds(grace),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let sounds = rows.into_iter().map(|row| SoundToDelete {
        call: ConversationId(row.call_id),
        file_name: row.file_name,
        stored: row.stored,
        written_off: row.written_off,
    });
    Ok(sounds.collect())
}

/// The file is gone.
///
/// # Errors
/// The database's.
pub async fn delete(conn: &mut PgConnection, call: ConversationId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM rehearsal_sounds WHERE call_id = $1", call.0)
        .execute(conn)
        .await?;
    Ok(())
}
