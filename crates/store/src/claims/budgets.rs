//! What a campaign may spend in a day, looked at by whoever claims: one after the other, so that two cannot spend the same.

use super::{ClaimRequest, count};
use crate::{StoreError, campaigns, costs, settings, to_sql};
use domain::{
    CampaignId, UnixMillis,
    budget::{Standing, most_of_a_call, most_of_drawing},
    campaign::CampaignContent,
};
use sqlx::{PgConnection, types::Json};

/// The dearest of so many calls is plausible for the next one.
const LAST_CALLS: i64 = 500;

/// How the budget stands.
pub(super) struct Budget {
    pub(super) standing: Standing,
    /// When the next day begins.
    day_ends: UnixMillis,
}

/// How the budget stands; `None` if there is none, or nothing costs anything here.
pub(super) async fn standing(
    conn: &mut PgConnection,
    request: &ClaimRequest,
    content: &CampaignContent,
) -> Result<Option<Budget>, StoreError> {
    let Some(limit) = content.daily_budget.filter(|_| request.charges.any()) else {
        return Ok(None);
    };
    let prices = settings::prices(&mut *conn).await?;
    let zone = prices.as_ref().map_or("UTC", |prices| prices.zone.as_str());
    let (day_begins, day_ends) = costs::day_of(&mut *conn, zone, request.at).await?;
    // In one statement: a call that ends meanwhile is either in progress or paid for, never neither.
    let row = sqlx::query!(
        r#"SELECT (SELECT coalesce(sum(micros), 0)::bigint FROM call_costs
                   WHERE campaign_id = $1 AND ended_at >= $2) AS "spent!",
                  (SELECT count(*) FROM leases WHERE campaign_id = $1) AS "calls!",
                  (SELECT count(*) FROM result_jobs WHERE campaign_id = $1 AND status = 'pending') AS "drawings!",
                  (SELECT coalesce(max(micros), 0) FROM (
                       SELECT micros FROM call_costs WHERE campaign_id = $1 ORDER BY ended_at DESC LIMIT $3
                   ) AS last_calls) AS "dearest!""#,
        request.campaign_id.0,
        to_sql(day_begins),
        LAST_CALLS,
    )
    .fetch_one(conn)
    .await?;
    let amount = |stored: i64| u64::try_from(stored).unwrap_or(0);
    let (charges, longest) = (request.charges, content.max_call_seconds);
    let most = most_of_a_call(charges, longest, content.script.chars().count());
    let standing = Standing::new(
        limit,
        prices.as_ref(),
        (&most, &most_of_drawing(charges, longest)),
        (amount(row.spent), amount(row.dearest)),
        (count(row.calls), count(row.drawings)),
    );
    Ok(Some(Budget { standing, day_ends }))
}

/// Writes down that the campaign waits, and says so if it is news.
pub(super) async fn wait(conn: &mut PgConnection, request: &ClaimRequest, budget: &Budget) -> Result<(), StoreError> {
    let until = (!budget.standing.never_fits()).then(|| to_sql(budget.day_ends));
    let written = sqlx::query!(
        "INSERT INTO budget_waits (campaign_id, since, until, standing) VALUES ($1, $2, $3, $4)
         ON CONFLICT (campaign_id) DO UPDATE SET until = excluded.until, standing = excluded.standing
         WHERE budget_waits.standing IS DISTINCT FROM excluded.standing
            OR budget_waits.until IS DISTINCT FROM excluded.until",
        request.campaign_id.0,
        to_sql(request.at),
        until,
        Json(&budget.standing) as Json<&Standing>,
    )
    .execute(&mut *conn)
    .await?;
    if written.rows_affected() > 0 {
        campaigns::announce(conn, request.at, &[request.campaign_id]).await?;
    }
    Ok(())
}

/// It does not wait any more. True if it did.
pub(super) async fn go_on(conn: &mut PgConnection, campaign: CampaignId) -> Result<bool, StoreError> {
    let deleted = sqlx::query!("DELETE FROM budget_waits WHERE campaign_id = $1", campaign.0)
        .execute(conn)
        .await?;
    Ok(deleted.rows_affected() > 0)
}
