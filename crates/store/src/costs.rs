//! What calls used and cost, and by which prices.

use crate::{Store, StoreError, from_sql, settings, to_sql, whole};
use domain::{
    CampaignId, ConversationId, UnixMillis,
    cost::{CallCost, CostSum, PriceTable, Usage},
};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

/// What calls that end at the same time used.
#[derive(Default)]
pub(crate) struct EndedCalls {
    conversations: Vec<Uuid>,
    campaigns: Vec<Uuid>,
    at: Vec<time::OffsetDateTime>,
    usages: Vec<Usage>,
}

impl EndedCalls {
    pub(crate) fn add(&mut self, conversation: ConversationId, campaign: CampaignId, at: UnixMillis, usage: Usage) {
        self.conversations.push(conversation.0);
        self.campaigns.push(campaign.0);
        self.at.push(to_sql(at));
        self.usages.push(usage);
    }

    /// Writes them down by the prices that are in force now.
    pub(crate) async fn write(self, conn: &mut PgConnection) -> Result<(), StoreError> {
        let prices = settings::prices(&mut *conn).await?;
        let usages: Vec<Json<Usage>> = self.usages.iter().copied().map(Json).collect();
        let micros: Vec<Option<i64>> = self
            .usages
            .iter()
            .map(|usage| Some(whole(prices.as_ref()?.cost(usage).total())))
            .collect();
        let currency = prices.as_ref().map(|prices| prices.currency.clone());
        sqlx::query!(
            "INSERT INTO call_costs (conversation_id, campaign_id, ended_at, usage, prices, currency, micros)
             SELECT conversation_id, campaign_id, ended_at, usage, $6, $7, micros
             FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::jsonb[], $5::bigint[])
                  AS ended (conversation_id, campaign_id, ended_at, usage, micros)",
            &self.conversations,
            &self.campaigns,
            &self.at,
            &usages as &[Json<Usage>],
            &micros as &[Option<i64>],
            prices.map(Json) as Option<Json<PriceTable>>,
            currency,
        )
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// Adds what was used for a call after its end, by the prices that it was reckoned with.
///
/// # Errors
/// The database's.
pub async fn add(store: &Store, id: ConversationId, usage: Usage) -> Result<(), StoreError> {
    if usage.is_nothing() {
        return Ok(());
    }
    let mut transaction = store.begin().await?;
    let row = sqlx::query!(
        r#"SELECT usage AS "usage: Json<serde_json::Value>", prices AS "prices: Json<serde_json::Value>"
           FROM call_costs WHERE conversation_id = $1 FOR UPDATE"#,
        id.0
    )
    .fetch_optional(&mut *transaction)
    .await?;
    // Of a call of an earlier release nothing was counted, so it stays unknown.
    let Some(row) = row else { return Ok(()) };
    let before = read(row.usage.0, row.prices.map(|prices| prices.0))?;
    let after = CallCost {
        usage: before.usage.plus(usage),
        ..before
    };
    sqlx::query!(
        "UPDATE call_costs SET usage = $2, micros = $3 WHERE conversation_id = $1",
        id.0,
        Json(after.usage) as Json<Usage>,
        after.parts().map(|parts| whole(parts.total())),
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

fn read(usage: serde_json::Value, prices: Option<serde_json::Value>) -> Result<CallCost, StoreError> {
    let corrupt = |cause| StoreError::corrupt("cost of a call", cause);
    Ok(CallCost {
        usage: serde_json::from_value(usage).map_err(corrupt)?,
        prices: prices.map(serde_json::from_value).transpose().map_err(corrupt)?,
    })
}

/// What a conversation used and cost; `None` if that was not counted, or it has not ended.
///
/// # Errors
/// The database's.
pub async fn of(conn: &mut PgConnection, id: ConversationId) -> Result<Option<CallCost>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT usage AS "usage: Json<serde_json::Value>", prices AS "prices: Json<serde_json::Value>"
           FROM call_costs WHERE conversation_id = $1"#,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| read(row.usage.0, row.prices.map(|prices| prices.0)))
        .transpose()
}

/// What the calls of a campaign cost, for each currency in which they were reckoned; today from `day` on.
///
/// # Errors
/// The database's.
pub async fn sums(conn: &mut PgConnection, campaign: CampaignId, day: UnixMillis) -> Result<Vec<CostSum>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT currency AS "currency!", sum(micros)::bigint AS "micros!",
                  coalesce(sum(micros) FILTER (WHERE ended_at >= $2), 0)::bigint AS "today!"
           FROM call_costs WHERE campaign_id = $1 AND currency IS NOT NULL GROUP BY currency ORDER BY max(ended_at) DESC"#,
        campaign.0,
        to_sql(day),
    )
    .fetch_all(conn)
    .await?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(rows
        .into_iter()
        .map(|row| CostSum {
            currency: row.currency,
            micros: count(row.micros),
            today_micros: count(row.today),
        })
        .collect())
}

/// When the day of `at` began in the IANA zone `zone`, and when the next one does.
///
/// # Errors
/// The database's; also if it knows no such zone.
pub async fn day_of(
    conn: &mut PgConnection,
    zone: &str,
    at: UnixMillis,
) -> Result<(UnixMillis, UnixMillis), StoreError> {
    let day = sqlx::query!(
        r#"SELECT date_trunc('day', $2::timestamptz AT TIME ZONE $1) AT TIME ZONE $1 AS "begins!",
                  (date_trunc('day', $2::timestamptz AT TIME ZONE $1) + interval '1 day') AT TIME ZONE $1 AS "ends!""#,
        zone,
        to_sql(at),
    )
    .fetch_one(conn)
    .await?;
    Ok((from_sql(day.begins), from_sql(day.ends)))
}
