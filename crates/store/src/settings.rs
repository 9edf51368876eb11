//! Switches of the installation that people change while it runs.

use crate::{StoreError, to_sql};
use domain::{UnixMillis, UserId, cost::PriceTable};
use sqlx::{PgConnection, types::Json};

const DIALLING_PAUSED: &str = "dialling_paused";
const PRICES: &str = "prices";

/// True while no new call may start.
///
/// # Errors
/// The database's.
pub async fn dialling_paused(conn: &mut PgConnection) -> Result<bool, StoreError> {
    let paused = sqlx::query_scalar!(
        r#"SELECT value = 'true'::jsonb AS "paused!" FROM settings WHERE key = $1"#,
        DIALLING_PAUSED
    )
    .fetch_optional(conn)
    .await?;
    Ok(paused.unwrap_or(false))
}

/// Sets the switch; false if it stood so already.
///
/// # Errors
/// The database's.
pub async fn set_dialling_paused(
    conn: &mut PgConnection,
    at: UnixMillis,
    by: UserId,
    paused: bool,
) -> Result<bool, StoreError> {
    set(conn, at, by, DIALLING_PAUSED, paused.into()).await
}

/// What things cost; `None` until somebody has said so.
///
/// # Errors
/// The database's, or they cannot be read.
pub async fn prices(conn: &mut PgConnection) -> Result<Option<PriceTable>, StoreError> {
    let stored = sqlx::query_scalar!(
        r#"SELECT value AS "value: Json<serde_json::Value>" FROM settings WHERE key = $1"#,
        PRICES
    )
    .fetch_optional(conn)
    .await?;
    stored
        .map(|stored| serde_json::from_value(stored.0).map_err(|cause| StoreError::corrupt("prices", cause)))
        .transpose()
}

/// Sets them; false if they stood so already.
///
/// # Errors
/// The database's.
pub async fn set_prices(
    conn: &mut PgConnection,
    at: UnixMillis,
    by: UserId,
    prices: &PriceTable,
) -> Result<bool, StoreError> {
    let value = serde_json::to_value(prices).map_err(|cause| StoreError::corrupt("prices", cause))?;
    set(conn, at, by, PRICES, value).await
}

/// False if it stood so already.
async fn set(
    conn: &mut PgConnection,
    at: UnixMillis,
    by: UserId,
    key: &str,
    value: serde_json::Value,
) -> Result<bool, StoreError> {
    let changed = sqlx::query!(
        "INSERT INTO settings (key, value, updated_at, updated_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at,
             updated_by = excluded.updated_by
         WHERE settings.value IS DISTINCT FROM excluded.value",
        key,
        value,
        to_sql(at),
        by.0,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(changed == 1)
}
