//! Imported lists: the file in pieces, how far it is read, and the rows that were refused.

use crate::{StoreError, from_sql, to_sql, whole};
use domain::{
    CampaignId, ImportId, UnixMillis, UserId,
    import::{ColumnUse, ImportProgress, ImportStatus, ImportView, RefusedRow},
};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, types::Json};
use std::time::Duration;
use uuid::Uuid;

/// What the first rows of a file are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    /// One for each column; made up if the file has none.
    pub names: Vec<String>,
    /// Rows before the first lead: the header, and what a spreadsheet writes above it.
    pub rows_above: u32,
}

/// A file that was uploaded and looked at.
#[derive(Clone, Debug)]
pub struct NewImport {
    pub id: ImportId,
    pub campaign: CampaignId,
    pub file_name: String,
    /// As the Encoding Standard names it.
    pub encoding: String,
    pub delimiter: char,
    pub headers: Headers,
    pub mapping: Vec<ColumnUse>,
    pub sample: Vec<Vec<String>>,
    pub default_country: String,
    pub bytes_total: u64,
    pub created_by: UserId,
    pub created_at: UnixMillis,
}

/// What a reader needs to know of an import that it took.
#[derive(Clone, Debug)]
pub struct ImportWork {
    pub id: ImportId,
    pub campaign: CampaignId,
    pub encoding: String,
    pub delimiter: char,
    pub headers: Headers,
    pub mapping: Vec<ColumnUse>,
    pub default_country: String,
    pub bytes_total: u64,
    /// Rows whose fate is decided and committed, those above the first lead not counted.
    pub rows_read: u64,
}

/// A row that did not become a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Counts the rows of the file, from 1, those above the first lead not counted.
    pub row: u64,
    /// Line on which the row begins, from 1.
    pub line: u64,
    pub reason: String,
    pub cells: Vec<String>,
}

/// How far a batch of rows got.
#[derive(Clone, Copy, Debug)]
pub struct Advance {
    pub rows: u64,
    /// Bytes read since the beginning of the file.
    pub bytes_read: u64,
    pub added: u64,
    pub refused: u64,
}

fn to_u64(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn delimiter_from(text: &str) -> Result<char, StoreError> {
    text.chars()
        .next()
        .ok_or_else(|| StoreError::corrupt("delimiter", "it is empty"))
}

/// Writes an import that waits for its mapping to be confirmed.
///
/// # Errors
/// The database's; a foreign key if there is no such campaign.
pub async fn insert(transaction: &mut PgConnection, import: &NewImport) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO imports (id, campaign_id, status, file_name, encoding, delimiter, headers, mapping, sample,
                              default_country, bytes_total, created_by, created_at)
         VALUES ($1, $2, 'uploaded', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        import.id.0,
        import.campaign.0,
        import.file_name,
        import.encoding,
        import.delimiter.to_string(),
        Json(&import.headers) as Json<&Headers>,
        Json(&import.mapping) as Json<&Vec<ColumnUse>>,
        Json(&import.sample) as Json<&Vec<Vec<String>>>,
        import.default_country,
        whole(import.bytes_total),
        import.created_by.0,
        to_sql(import.created_at),
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Writes a piece of the file, `position` counting from 0.
///
/// # Errors
/// The database's.
pub async fn add_chunk(
    transaction: &mut PgConnection,
    id: ImportId,
    position: i32,
    bytes: &[u8],
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO import_chunks (import_id, position, bytes) VALUES ($1, $2, $3)",
        id.0,
        position,
        bytes,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// A piece of the file; `None` after the last.
///
/// # Errors
/// The database's.
pub async fn chunk(conn: &mut PgConnection, id: ImportId, position: i32) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT bytes FROM import_chunks WHERE import_id = $1 AND position = $2",
        id.0,
        position,
    )
    .fetch_optional(conn)
    .await?)
}

struct Row {
    id: Uuid,
    campaign_id: Uuid,
    status: String,
    file_name: String,
    encoding: String,
    delimiter: String,
    headers: Json<Headers>,
    mapping: Json<Vec<ColumnUse>>,
    sample: Json<Vec<Vec<String>>>,
    default_country: String,
    bytes_total: i64,
    bytes_read: i64,
    added: i64,
    refused: i64,
    failure: Option<String>,
    created_at: time::OffsetDateTime,
}

fn status_from(word: &str) -> Result<ImportStatus, StoreError> {
    ImportStatus::ALL
        .into_iter()
        .find(|status| status.as_str() == word)
        .ok_or_else(|| StoreError::corrupt("import status", word))
}

impl TryFrom<Row> for ImportView {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            progress: ImportProgress {
                import_id: ImportId(row.id),
                campaign_id: CampaignId(row.campaign_id),
                status: status_from(&row.status)?,
                bytes_read: to_u64(row.bytes_read),
                bytes_total: to_u64(row.bytes_total),
                added: to_u64(row.added),
                refused: to_u64(row.refused),
            },
            file_name: row.file_name,
            encoding: row.encoding,
            delimiter: match delimiter_from(&row.delimiter)? {
                ',' => "comma".to_owned(),
                ';' => "semicolon".to_owned(),
                '\t' => "tab".to_owned(),
                '|' => "vertical bar".to_owned(),
                other => other.to_string(),
            },
            headers: row.headers.0.names,
            mapping: row.mapping.0,
            sample: row.sample.0,
            default_country: row.default_country,
            failure: row.failure,
            created_at: from_sql(row.created_at),
        })
    }
}

/// One import.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such import.
pub async fn view(conn: &mut PgConnection, id: ImportId) -> Result<ImportView, StoreError> {
    sqlx::query_as!(
        Row,
        r#"SELECT id, campaign_id, status, file_name, encoding, delimiter, headers AS "headers: Json<Headers>",
                  mapping AS "mapping: Json<Vec<ColumnUse>>", sample AS "sample: Json<Vec<Vec<String>>>",
                  default_country, bytes_total, bytes_read, added, refused, failure, created_at
           FROM imports WHERE id = $1"#,
        id.0,
    )
    .fetch_one(conn)
    .await?
    .try_into()
}

/// A campaign's imports, newest first.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut PgConnection, campaign: CampaignId, limit: i64) -> Result<Vec<ImportView>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"SELECT id, campaign_id, status, file_name, encoding, delimiter, headers AS "headers: Json<Headers>",
                  mapping AS "mapping: Json<Vec<ColumnUse>>", sample AS "sample: Json<Vec<Vec<String>>>",
                  default_country, bytes_total, bytes_read, added, refused, failure, created_at
           FROM imports WHERE campaign_id = $1 ORDER BY id DESC LIMIT $2"#,
        campaign.0,
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(ImportView::try_from)
    .collect()
}

/// The status of an import, which nobody else can change until the transaction ends.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such import.
pub async fn lock(transaction: &mut PgConnection, id: ImportId) -> Result<ImportStatus, StoreError> {
    let status = sqlx::query_scalar!("SELECT status FROM imports WHERE id = $1 FOR UPDATE", id.0)
        .fetch_one(transaction)
        .await?;
    status_from(&status)
}

/// Confirms the mapping and hands the import to whoever reads imports.
///
/// # Errors
/// The database's.
pub async fn start(
    transaction: &mut PgConnection,
    id: ImportId,
    mapping: &[ColumnUse],
    default_country: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE imports SET status = 'running', mapping = $2, default_country = $3 WHERE id = $1",
        id.0,
        Json(mapping) as Json<&[ColumnUse]>,
        default_country,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Ends an import, for better or worse, and lets go of the file.
///
/// # Errors
/// The database's.
pub async fn end(
    transaction: &mut PgConnection,
    id: ImportId,
    status: ImportStatus,
    failure: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE imports SET status = $2, failure = $3, leased_until = NULL,
                bytes_read = CASE WHEN $2 = 'completed' THEN bytes_total ELSE bytes_read END
         WHERE id = $1",
        id.0,
        status.as_str(),
        failure,
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!("DELETE FROM import_chunks WHERE import_id = $1", id.0)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Takes the oldest running import that nobody reads, for `lease`; by the database's clock, since processes compete.
///
/// # Errors
/// The database's.
pub async fn take(conn: &mut PgConnection, lease: Duration) -> Result<Option<ImportWork>, StoreError> {
    let row = sqlx::query!(
        r#"UPDATE imports SET leased_until = now() + make_interval(secs => $1)
           WHERE id = (SELECT id FROM imports
                       WHERE status = 'running' AND (leased_until IS NULL OR leased_until < now())
                       ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING id, campaign_id, encoding, delimiter, headers AS "headers: Json<Headers>",
                     mapping AS "mapping: Json<Vec<ColumnUse>>", default_country, bytes_total, rows_read"#,
        lease.as_secs_f64(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(ImportWork {
            id: ImportId(row.id),
            campaign: CampaignId(row.campaign_id),
            encoding: row.encoding,
            delimiter: delimiter_from(&row.delimiter)?,
            headers: row.headers.0,
            mapping: row.mapping.0,
            default_country: row.default_country,
            bytes_total: to_u64(row.bytes_total),
            rows_read: to_u64(row.rows_read),
        })
    })
    .transpose()
}

/// Lets go of an import so that the next process may take it at once.
///
/// # Errors
/// The database's.
pub async fn release(conn: &mut PgConnection, id: ImportId) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE imports SET leased_until = NULL WHERE id = $1 AND status = 'running'",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Begins a batch: locks the import and tells whether it is still to be read from this row on. False if somebody
/// cancelled it, or another process went on with it after our lease ran out.
///
/// # Errors
/// The database's.
pub async fn begin_batch(
    transaction: &mut PgConnection,
    id: ImportId,
    rows_read: u64,
    lease: Duration,
) -> Result<bool, StoreError> {
    let ours = sqlx::query!(
        "UPDATE imports SET leased_until = now() + make_interval(secs => $3)
         WHERE id = $1 AND status = 'running' AND rows_read = $2",
        id.0,
        whole(rows_read),
        lease.as_secs_f64(),
    )
    .execute(transaction)
    .await?;
    Ok(ours.rows_affected() == 1)
}

/// Ends a batch: how far the import is now.
///
/// # Errors
/// The database's.
pub async fn advance(transaction: &mut PgConnection, id: ImportId, by: Advance) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE imports SET rows_read = rows_read + $2, bytes_read = least(bytes_total, $3), added = added + $4,
                refused = refused + $5
         WHERE id = $1",
        id.0,
        whole(by.rows),
        whole(by.bytes_read),
        whole(by.added),
        whole(by.refused),
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Writes down refused rows.
///
/// # Errors
/// The database's.
pub async fn refuse(transaction: &mut PgConnection, id: ImportId, refusals: &[Refusal]) -> Result<(), StoreError> {
    if refusals.is_empty() {
        return Ok(());
    }
    let rows: Vec<i64> = refusals.iter().map(|refusal| whole(refusal.row)).collect();
    let lines: Vec<i64> = refusals.iter().map(|refusal| whole(refusal.line)).collect();
    let reasons: Vec<String> = refusals.iter().map(|refusal| refusal.reason.clone()).collect();
    let cells: Vec<Json<&Vec<String>>> = refusals.iter().map(|refusal| Json(&refusal.cells)).collect();
    sqlx::query!(
        "INSERT INTO import_refusals (import_id, row, line, reason, cells)
         SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::jsonb[])",
        id.0,
        &rows,
        &lines,
        &reasons,
        &cells as &[Json<&Vec<String>>],
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Refused rows in the order of the file, those after row `after` only.
///
/// # Errors
/// The database's.
pub async fn refusals(
    conn: &mut PgConnection,
    id: ImportId,
    after: u64,
    limit: i64,
) -> Result<Vec<Refusal>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT row, line, reason, cells AS "cells: Json<Vec<String>>" FROM import_refusals
           WHERE import_id = $1 AND row > $2 ORDER BY row LIMIT $3"#,
        id.0,
        whole(after),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Refusal {
            row: to_u64(row.row),
            line: to_u64(row.line),
            reason: row.reason,
            cells: row.cells.0,
        })
        .collect())
}

/// The character between the cells of an import's file.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such import.
pub async fn delimiter(conn: &mut PgConnection, id: ImportId) -> Result<char, StoreError> {
    let delimiter = sqlx::query_scalar!("SELECT delimiter FROM imports WHERE id = $1", id.0)
        .fetch_one(conn)
        .await?;
    delimiter_from(&delimiter)
}

impl Refusal {
    /// The row as a screen shows it.
    #[must_use]
    pub fn as_row(&self, delimiter: char) -> RefusedRow {
        RefusedRow {
            line: self.line,
            reason: self.reason.clone(),
            row: self.cells.join(&delimiter.to_string()),
        }
    }
}

/// Cancels uploads whose mapping nobody confirmed since `before`, and lets go of their files.
///
/// # Errors
/// The database's.
pub async fn cancel_abandoned(conn: &mut PgConnection, before: UnixMillis) -> Result<u64, StoreError> {
    let cancelled = sqlx::query!(
        "WITH abandoned AS (
             UPDATE imports SET status = 'cancelled' WHERE status = 'uploaded' AND created_at < $1 RETURNING id)
         DELETE FROM import_chunks USING abandoned WHERE import_id = abandoned.id",
        to_sql(before),
    )
    .execute(conn)
    .await?;
    Ok(cancelled.rows_affected())
}
