//! Deletes what nobody needs any more.

use crate::{Operations, sign_in::LONGEST_IDLE, throttle::before};
use domain::inbound::REMEMBERED;
use std::time::Duration;
use store::{StoreError, event_log, inbound, sessions, sign_in_failures, webhooks};
use tokio_util::sync::CancellationToken;

/// How long a browser may have been away and still resume.
const KEEP_EVENTS: Duration = Duration::from_secs(7 * 86_400);
/// Failures stop counting after a quarter of an hour.
const KEEP_FAILURES: Duration = Duration::from_secs(3_600);
/// They are only believed for five minutes.
const KEEP_WEBHOOKS: Duration = Duration::from_secs(3_600);
const EVERY: Duration = Duration::from_secs(600);
/// Events deleted in one transaction.
const BATCH: u16 = 5_000;

/// Deletes old events, expired sessions and links, old sign-in failures, webhooks and callers with whom nobody talked, now and every ten minutes until `stop`.
pub async fn run(ops: &Operations, stop: CancellationToken) {
    loop {
        if let Err(error) = once(ops, &stop).await {
            tracing::warn!(%error, "old rows could not be deleted; trying again in ten minutes");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn once(ops: &Operations, stop: &CancellationToken) -> Result<(), StoreError> {
    let now = ops.clock.now();
    let mut conn = ops.store.connection().await?;
    sessions::delete_ended(&mut conn, now, before(now, LONGEST_IDLE)).await?;
    sign_in_failures::delete_old(&mut conn, before(now, KEEP_FAILURES)).await?;
    webhooks::delete_old(&mut conn, before(now, KEEP_WEBHOOKS)).await?;
    // Longer ago, their number means nothing any more.
    inbound::delete_old(&mut conn, before(now, REMEMBERED)).await?;
    while !stop.is_cancelled() {
        let deleted = event_log::delete_old(&mut conn, before(now, KEEP_EVENTS), i64::from(BATCH)).await?;
        if deleted < u64::from(BATCH) {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
