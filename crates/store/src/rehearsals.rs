//! Rehearsals: which are to be played, and the calls that were made in them. Their sound is in [`crate::rehearsal_sounds`].

use crate::{StoreError, from_sql, seconds, to_sql};
use domain::{
    CampaignId, RehearsalId, UnixMillis, UserId,
    campaign::CampaignContent,
    rehearsal::{KEPT_RUNS, RehearsalRow, RehearsalStatus, RehearsedCall, Scenario},
};
use sqlx::{PgConnection, types::Json};
use std::time::Duration;

/// A rehearsal that is to be played.
#[derive(Clone, Debug)]
pub struct NewRehearsal<'a> {
    pub id: RehearsalId,
    pub campaign_id: CampaignId,
    pub revision: i64,
    pub scenarios: &'a [Scenario],
    pub started_by: UserId,
    pub at: UnixMillis,
}

/// Another rehearsal of the campaign is waiting or being played.
pub const ONE_AT_A_TIME: &str = "rehearsals_one_at_a_time";

/// Adds a rehearsal, and lets go of the oldest of its campaign beyond [`KEPT_RUNS`].
///
/// # Errors
/// [`ONE_AT_A_TIME`] refused it, or the database's.
pub async fn insert(conn: &mut PgConnection, new: &NewRehearsal<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO rehearsals (id, campaign_id, revision, status, scenarios, calls_total, started_by, created_at)
         VALUES ($1, $2, $3, 'waiting', $4, $5, $6, $7)",
        new.id.0,
        new.campaign_id.0,
        new.revision,
        Json(new.scenarios) as Json<&[Scenario]>,
        i32::try_from(Scenario::calls(new.scenarios)).unwrap_or(i32::MAX),
        new.started_by.0,
        to_sql(new.at),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "DELETE FROM rehearsals WHERE id IN
            (SELECT id FROM rehearsals WHERE campaign_id = $1 ORDER BY id DESC OFFSET $2)",
        new.campaign_id.0,
        KEPT_RUNS,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The campaign's rehearsals, newest first.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut PgConnection, campaign_id: CampaignId) -> Result<Vec<RehearsalRow>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT rehearsals.id, revision, rehearsals.status, users.name AS "started_by?", rehearsals.created_at,
                  calls_total, failure, count(rehearsal_calls.id) AS "done!",
                  count(rehearsal_calls.id) FILTER (WHERE passed) AS "passed!"
           FROM rehearsals
           LEFT JOIN users ON users.id = started_by
           LEFT JOIN rehearsal_calls ON rehearsal_calls.rehearsal_id = rehearsals.id
           WHERE campaign_id = $1
           GROUP BY rehearsals.id, users.name ORDER BY rehearsals.id DESC"#,
        campaign_id.0
    )
    .fetch_all(conn)
    .await?;
    let count = |number: i64| u32::try_from(number).unwrap_or(0);
    rows.into_iter()
        .map(|row| {
            Ok(RehearsalRow {
                id: RehearsalId(row.id),
                revision: row.revision,
                status: status(&row.status)?,
                started_by: row.started_by,
                created_at: from_sql(row.created_at),
                calls_total: count(i64::from(row.calls_total)),
                calls_done: count(row.done),
                calls_passed: count(row.passed),
                failure: row.failure,
            })
        })
        .collect()
}

fn status(word: &str) -> Result<RehearsalStatus, StoreError> {
    word.parse()
        .map_err(|error| StoreError::corrupt("status of a rehearsal", error))
}

/// The scenarios of the campaign's newest rehearsal, if there was one.
///
/// # Errors
/// The database's, or they cannot be read.
pub async fn newest_scenarios(
    conn: &mut PgConnection,
    campaign_id: CampaignId,
) -> Result<Option<Vec<Scenario>>, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT scenarios AS "scenarios: Json<serde_json::Value>" FROM rehearsals
           WHERE campaign_id = $1 ORDER BY id DESC LIMIT 1"#,
        campaign_id.0
    )
    .fetch_optional(conn)
    .await?;
    found.map(|scenarios| scenarios_from(scenarios.0)).transpose()
}

fn scenarios_from(json: serde_json::Value) -> Result<Vec<Scenario>, StoreError> {
    serde_json::from_value(json).map_err(|error| StoreError::corrupt("scenarios", error))
}

/// The calls of a rehearsal, in the order of its scenarios.
///
/// # Errors
/// The database's, or one cannot be read.
pub async fn calls(conn: &mut PgConnection, id: RehearsalId) -> Result<Vec<RehearsedCall>, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT call AS "call: Json<serde_json::Value>" FROM rehearsal_calls WHERE rehearsal_id = $1 ORDER BY position"#,
        id.0
    )
    .fetch_all(conn)
    .await?;
    found
        .into_iter()
        .map(|call| serde_json::from_value(call.0).map_err(|error| StoreError::corrupt("rehearsed call", error)))
        .collect()
}

/// What a process needs to play a rehearsal.
#[derive(Clone, Debug)]
pub struct RehearsalWork {
    pub id: RehearsalId,
    pub content: CampaignContent,
    pub scenarios: Vec<Scenario>,
}

/// Takes the oldest rehearsal that nobody plays, for `lease`; by the database's clock, since processes compete.
///
/// # Errors
/// The database's, or what is stored cannot be read.
pub async fn take(conn: &mut PgConnection, lease: Duration) -> Result<Option<RehearsalWork>, StoreError> {
    let row = sqlx::query!(
        r#"UPDATE rehearsals SET status = 'running', leased_until = now() + make_interval(secs => $1)
           FROM campaign_revisions
           WHERE rehearsals.id = (SELECT id FROM rehearsals WHERE status = 'waiting'
                                  ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
             AND campaign_revisions.campaign_id = rehearsals.campaign_id
             AND campaign_revisions.revision = rehearsals.revision
           RETURNING rehearsals.id, scenarios AS "scenarios: Json<serde_json::Value>",
                     content AS "content: Json<serde_json::Value>""#,
        seconds(lease),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(RehearsalWork {
            id: RehearsalId(row.id),
            content: serde_json::from_value(row.content.0)
                .map_err(|error| StoreError::corrupt("campaign content", error))?,
            scenarios: scenarios_from(row.scenarios.0)?,
        })
    })
    .transpose()
}

/// Says that the process which plays it is alive. False if it is not to be played any more.
///
/// # Errors
/// The database's.
pub async fn renew(conn: &mut PgConnection, id: RehearsalId, lease: Duration) -> Result<bool, StoreError> {
    let renewed = sqlx::query!(
        "UPDATE rehearsals SET leased_until = now() + make_interval(secs => $2) WHERE id = $1 AND status = 'running'",
        id.0,
        seconds(lease),
    )
    .execute(conn)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Writes a call down. False if its rehearsal is not being played any more.
///
/// # Errors
/// The database's.
pub async fn add_call(
    conn: &mut PgConnection,
    id: RehearsalId,
    position: u32,
    call: &RehearsedCall,
) -> Result<bool, StoreError> {
    let added = sqlx::query!(
        "INSERT INTO rehearsal_calls (id, rehearsal_id, position, call, passed)
         SELECT $1, id, $3, $4, $5 FROM rehearsals WHERE id = $2 AND status = 'running' FOR SHARE",
        call.id.0,
        id.0,
        i32::try_from(position).unwrap_or(i32::MAX),
        Json(call) as Json<&RehearsedCall>,
        call.passed(),
    )
    .execute(conn)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Ends a rehearsal that is open. False if it was not.
///
/// # Errors
/// The database's.
pub async fn end(
    conn: &mut PgConnection,
    id: RehearsalId,
    status: RehearsalStatus,
    failure: Option<&str>,
) -> Result<bool, StoreError> {
    let ended = sqlx::query!(
        "UPDATE rehearsals SET status = $2, failure = $3, leased_until = NULL
         WHERE id = $1 AND status IN ('waiting', 'running')",
        id.0,
        status.as_str(),
        failure,
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Ends the rehearsals whose process said nothing for the length of its lease.
///
/// # Errors
/// The database's.
pub async fn end_abandoned(conn: &mut PgConnection, failure: &str) -> Result<u64, StoreError> {
    let ended = sqlx::query!(
        "UPDATE rehearsals SET status = 'failed', failure = $1, leased_until = NULL
         WHERE status = 'running' AND leased_until < now()",
        failure,
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected())
}

/// The campaign of a rehearsal.
///
/// # Errors
/// There is no such rehearsal, or the database's.
pub async fn campaign_of(conn: &mut PgConnection, id: RehearsalId) -> Result<CampaignId, StoreError> {
    let found = sqlx::query_scalar!("SELECT campaign_id FROM rehearsals WHERE id = $1", id.0)
        .fetch_one(conn)
        .await?;
    Ok(CampaignId(found))
}
