//! One after the other, and how many lines are in use: what whoever claims a lead and whoever takes a call that came in share.

use super::count;
use crate::StoreError;
use domain::CampaignId;
use sqlx::PgConnection;

/// Whoever claims holds this lock: “claims”.
const CLAIM_LOCK: i64 = 0x636c_6169_6d73;

/// Waits until nobody else claims, and makes the others wait until the transaction ends.
pub(crate) async fn one_at_a_time(transaction: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", CLAIM_LOCK)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Lines in use.
pub(crate) struct Places {
    pub(crate) all_calls: u32,
    /// Those of the campaign.
    pub(crate) calls: u32,
}

pub(crate) async fn places(conn: &mut PgConnection, campaign: CampaignId) -> Result<Places, StoreError> {
    let leases = sqlx::query!(
        r#"SELECT count(*) AS "all_calls!", count(*) FILTER (WHERE campaign_id = $1) AS "calls!" FROM leases"#,
        campaign.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(Places {
        all_calls: count(leases.all_calls),
        calls: count(leases.calls),
    })
}
