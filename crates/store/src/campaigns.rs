//! Campaigns and their revisions.

use crate::{StoreError, from_sql, to_sql};
use domain::{
    CampaignId, UnixMillis, UserId,
    budget::BudgetWait,
    calling_hours::GateReason,
    campaign::{CampaignContent, CampaignStatus},
    conversation::Disposition,
    live::{CampaignProgress, Happening},
    views::CampaignRow,
};
use sqlx::{PgConnection, types::Json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// One save of a campaign.
#[derive(Clone, Debug)]
pub struct Revision {
    /// 1 for the first.
    pub number: i64,
    pub content: CampaignContent,
    /// Name of who saved it; `None` if that person is gone.
    pub saved_by: Option<String>,
}

struct Row {
    id: Uuid,
    name: String,
    status: String,
    created_at: time::OffsetDateTime,
    updated_at: time::OffsetDateTime,
    counts: Option<Json<BTreeMap<String, i64>>>,
    budget_wait: Option<Json<BudgetWait>>,
}

impl TryFrom<Row> for CampaignRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let counts = row.counts.map(|counts| counts.0).unwrap_or_default();
        let of = |status: &str| u64::try_from(counts.get(status).copied().unwrap_or(0)).unwrap_or(0);
        let status = status_from(&row.status)?;
        Ok(Self {
            progress: CampaignProgress {
                campaign_id: CampaignId(row.id),
                name: row.name,
                status,
                leads: counts.values().filter_map(|count| u64::try_from(*count).ok()).sum(),
                pending: of("pending"),
                calling: of("calling"),
                done: of("done"),
                failed: of("failed"),
                do_not_call: of("do_not_call"),
                budget_wait: (status == CampaignStatus::Running)
                    .then(|| row.budget_wait.map(|wait| wait.0))
                    .flatten(),
            },
            created_at: from_sql(row.created_at),
            updated_at: from_sql(row.updated_at),
        })
    }
}

fn status_from(word: &str) -> Result<CampaignStatus, StoreError> {
    word.parse()
        .map_err(|error| StoreError::corrupt("campaign status", error))
}

/// Writes a new campaign as a draft with its first revision.
///
/// # Errors
/// The database's.
pub async fn insert(
    transaction: &mut PgConnection,
    id: CampaignId,
    content: &CampaignContent,
    by: UserId,
    at: UnixMillis,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO campaigns (id, name, status, script, created_at, updated_at) VALUES ($1, $2, 'draft', $3, $4, $4)",
        id.0,
        content.name,
        content.script,
        to_sql(at),
    )
    .execute(&mut *transaction)
    .await?;
    insert_revision(transaction, id, 1, content, by, at).await
}

/// Writes the next revision, which is in force from the commit on. If it has other hours than the one before, leads that
/// the gate held back are judged anew.
///
/// # Errors
/// The database's; the constraint `campaign_revisions_pkey` if the number is taken.
pub async fn save_revision(
    transaction: &mut PgConnection,
    id: CampaignId,
    number: i64,
    content: &CampaignContent,
    by: UserId,
    at: UnixMillis,
) -> Result<(), StoreError> {
    insert_revision(transaction, id, number, content, by, at).await?;
    sqlx::query!(
        "UPDATE campaigns SET name = $2, script = $3, updated_at = $4 WHERE id = $1",
        id.0,
        content.name,
        content.script,
        to_sql(at),
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "UPDATE lead_queue SET due_at = due_but_for_gate, due_but_for_gate = NULL
         WHERE campaign_id = $1 AND due_but_for_gate IS NOT NULL
           AND (SELECT count(DISTINCT content -> 'hours') FROM campaign_revisions
                WHERE campaign_revisions.campaign_id = $1 AND revision BETWEEN $2::bigint - 1 AND $2) > 1",
        id.0,
        number,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

async fn insert_revision(
    transaction: &mut PgConnection,
    id: CampaignId,
    number: i64,
    content: &CampaignContent,
    by: UserId,
    at: UnixMillis,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO campaign_revisions (campaign_id, revision, content, saved_by, saved_at) VALUES ($1, $2, $3, $4, $5)",
        id.0,
        number,
        Json(content) as Json<&CampaignContent>,
        by.0,
        to_sql(at),
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// The status of a campaign, which nobody else can change until the transaction ends.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such campaign.
pub async fn lock(transaction: &mut PgConnection, id: CampaignId) -> Result<CampaignStatus, StoreError> {
    let status = sqlx::query_scalar!("SELECT status FROM campaigns WHERE id = $1 FOR NO KEY UPDATE", id.0)
        .fetch_one(transaction)
        .await?;
    status_from(&status)
}

/// Keeps a campaign from being deleted until the transaction ends; other writers need not wait.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such campaign.
pub async fn hold(transaction: &mut PgConnection, id: CampaignId) -> Result<(), StoreError> {
    sqlx::query_scalar!("SELECT id FROM campaigns WHERE id = $1 FOR KEY SHARE", id.0)
        .fetch_one(transaction)
        .await?;
    Ok(())
}

/// Sets the status.
///
/// # Errors
/// The database's.
pub async fn set_status(
    transaction: &mut PgConnection,
    id: CampaignId,
    status: CampaignStatus,
    at: UnixMillis,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE campaigns SET status = $2, updated_at = $3 WHERE id = $1",
        id.0,
        status.as_str(),
        to_sql(at),
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// The revision in force.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such campaign.
pub async fn latest(conn: &mut PgConnection, id: CampaignId) -> Result<Revision, StoreError> {
    let row = sqlx::query!(
        r#"SELECT revision, content AS "content: Json<CampaignContent>", users.name AS "saved_by?"
           FROM campaign_revisions LEFT JOIN users ON users.id = saved_by
           WHERE campaign_id = $1 ORDER BY revision DESC LIMIT 1"#,
        id.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(Revision {
        number: row.revision,
        content: row.content.0,
        saved_by: row.saved_by,
    })
}

/// What the campaign was at one of its revisions.
///
/// # Errors
/// [`StoreError::Missing`] if there was no such revision.
pub async fn content_at(conn: &mut PgConnection, id: CampaignId, revision: i64) -> Result<CampaignContent, StoreError> {
    let content = sqlx::query_scalar!(
        r#"SELECT content AS "content: Json<CampaignContent>" FROM campaign_revisions
           WHERE campaign_id = $1 AND revision = $2"#,
        id.0,
        revision,
    )
    .fetch_one(conn)
    .await?;
    Ok(content.0)
}

/// Campaigns, newest first, those made before `before` only.
///
/// # Errors
/// The database's.
pub async fn list(
    conn: &mut PgConnection,
    status: Option<CampaignStatus>,
    before: Option<CampaignId>,
    limit: i64,
) -> Result<Vec<CampaignRow>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"SELECT id, name, status, created_at, updated_at,
                  (SELECT jsonb_object_agg(lead_counts.status, leads) FROM lead_counts WHERE campaign_id = campaigns.id)
                      AS "counts: Json<BTreeMap<String, i64>>",
                  (SELECT jsonb_build_object('standing', standing, 'until', (extract(epoch FROM until) * 1000)::bigint)
                   FROM budget_waits WHERE campaign_id = campaigns.id AND (until IS NULL OR until > now()))
                      AS "budget_wait: Json<BudgetWait>"
           FROM campaigns
           WHERE ($1::text IS NULL OR status = $1) AND ($2::uuid IS NULL OR id < $2)
           ORDER BY id DESC LIMIT $3"#,
        status.map(CampaignStatus::as_str),
        before.map(|id| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(CampaignRow::try_from)
    .collect()
}

/// One campaign with its numbers.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such campaign.
pub async fn row(conn: &mut PgConnection, id: CampaignId) -> Result<CampaignRow, StoreError> {
    sqlx::query_as!(
        Row,
        r#"SELECT id, name, status, created_at, updated_at,
                  (SELECT jsonb_object_agg(lead_counts.status, leads) FROM lead_counts WHERE campaign_id = campaigns.id)
                      AS "counts: Json<BTreeMap<String, i64>>",
                  (SELECT jsonb_build_object('standing', standing, 'until', (extract(epoch FROM until) * 1000)::bigint)
                   FROM budget_waits WHERE campaign_id = campaigns.id AND (until IS NULL OR until > now()))
                      AS "budget_wait: Json<BudgetWait>"
           FROM campaigns WHERE id = $1"#,
        id.0,
    )
    .fetch_one(conn)
    .await?
    .try_into()
}

/// The numbers of one campaign, as `CampaignChanged` events and progress bars have them.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such campaign.
pub async fn progress(conn: &mut PgConnection, id: CampaignId) -> Result<CampaignProgress, StoreError> {
    Ok(row(conn, id).await?.progress)
}

/// The same of several campaigns, each once.
///
/// # Errors
/// [`StoreError::Missing`] if one of them does not exist.
pub(crate) async fn progress_of_all(
    conn: &mut PgConnection,
    ids: &[CampaignId],
) -> Result<Vec<CampaignProgress>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, name, status, created_at, updated_at,
                  (SELECT jsonb_object_agg(lead_counts.status, leads) FROM lead_counts WHERE campaign_id = campaigns.id)
                      AS "counts: Json<BTreeMap<String, i64>>",
                  (SELECT jsonb_build_object('standing', standing, 'until', (extract(epoch FROM until) * 1000)::bigint)
                   FROM budget_waits WHERE campaign_id = campaigns.id AND (until IS NULL OR until > now()))
                      AS "budget_wait: Json<BudgetWait>"
           FROM campaigns WHERE id = ANY($1) ORDER BY id"#,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    if rows.len() < ids.len() {
        return Err(StoreError::Missing);
    }
    rows.into_iter()
        .map(|row| Ok(CampaignRow::try_from(row)?.progress))
        .collect()
}

/// Appends a `CampaignChanged` event for each of the campaigns. The last step of a transaction, as all appending.
///
/// # Errors
/// [`StoreError::Missing`] if one of them does not exist.
pub async fn announce(transaction: &mut PgConnection, at: UnixMillis, ids: &[CampaignId]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    crate::events::in_order(&mut *transaction).await?;
    let happenings: Vec<Happening> = progress_of_all(transaction, ids)
        .await?
        .into_iter()
        .map(|campaign| Happening::CampaignChanged { campaign })
        .collect();
    crate::events::append(transaction, at, &happenings).await
}

/// True if a call was made, or refused, for one of the campaign's leads.
///
/// # Errors
/// The database's.
pub async fn has_history(conn: &mut PgConnection, id: CampaignId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM attempts WHERE campaign_id = $1)
               OR EXISTS (SELECT FROM conversations WHERE campaign_id = $1) AS "has_history!""#,
        id.0,
    )
    .fetch_one(conn)
    .await?)
}

/// How the campaign's calls ended, most frequent first.
///
/// # Errors
/// The database's.
pub async fn outcomes(conn: &mut PgConnection, id: CampaignId) -> Result<Vec<(Disposition, u64)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT disposition AS "disposition!", count(*) AS "calls!" FROM attempts
           WHERE campaign_id = $1 AND disposition IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"#,
        id.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let disposition = Disposition::ALL
                .into_iter()
                .find(|known| known.as_str() == row.disposition)?;
            Some((disposition, u64::try_from(row.calls).unwrap_or(0)))
        })
        .collect())
}

/// The gate's refusals, most frequent reason first.
///
/// # Errors
/// The database's.
pub async fn refusals(conn: &mut PgConnection, id: CampaignId) -> Result<Vec<(GateReason, u64)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT reason, count(*) AS "refusals!" FROM attempts
           WHERE campaign_id = $1 AND reason <> 'allowed' GROUP BY 1 ORDER BY 2 DESC, 1"#,
        id.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let reason = GateReason::ALL.into_iter().find(|known| known.as_str() == row.reason)?;
            Some((reason, u64::try_from(row.refusals).unwrap_or(0)))
        })
        .collect())
}

/// For each script variable that some lead has, how many leads have it.
///
/// # Errors
/// The database's.
pub async fn variables(conn: &mut PgConnection, id: CampaignId) -> Result<BTreeMap<String, u64>, StoreError> {
    let rows = sqlx::query!(
        "SELECT name, leads FROM variable_counts WHERE campaign_id = $1 AND leads > 0 ORDER BY name LIMIT 1000",
        id.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.name, u64::try_from(row.leads).unwrap_or(0)))
        .collect())
}

/// Deletes a campaign with its leads, imports and revisions.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such campaign; a constraint if there are conversations.
pub async fn delete(transaction: &mut PgConnection, id: CampaignId) -> Result<(), StoreError> {
    let deleted = sqlx::query!("DELETE FROM campaigns WHERE id = $1", id.0)
        .execute(transaction)
        .await?;
    if deleted.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Missing)
    }
}
