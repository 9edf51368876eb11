//! The end of a campaign that has nobody left to call.

use crate::{Store, StoreError, campaigns, to_sql};
use domain::{CampaignId, UnixMillis};

/// Ends a running campaign that has no lead waiting, no call in progress and no list being read. Answers whether it
/// did.
///
/// # Errors
/// The database's.
pub async fn complete(store: &Store, campaign: CampaignId, at: UnixMillis) -> Result<bool, StoreError> {
    let mut transaction = store.begin().await?;
    // Waits for whoever is adding leads: their foreign key holds the campaign.
    sqlx::query!("SELECT id FROM campaigns WHERE id = $1 FOR UPDATE", campaign.0)
        .fetch_one(&mut *transaction)
        .await?;
    let completed = sqlx::query!(
        "UPDATE campaigns SET status = 'completed', updated_at = $2
         WHERE id = $1 AND status = 'running'
           AND NOT EXISTS (SELECT FROM lead_queue WHERE campaign_id = $1)
           AND NOT EXISTS (SELECT FROM leases WHERE campaign_id = $1)
           AND NOT EXISTS (SELECT FROM imports WHERE campaign_id = $1 AND status = 'running')",
        campaign.0,
        to_sql(at),
    )
    .execute(&mut *transaction)
    .await?;
    if completed.rows_affected() == 0 {
        return Ok(false);
    }
    campaigns::announce(&mut transaction, at, &[campaign]).await?;
    transaction.commit().await?;
    Ok(true)
}
