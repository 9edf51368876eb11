//! What a seat waits for.

use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until},
};

/// What came of what was asked; for ever if nothing was. Cancel safe. A task that died took its answer along: `lost`.
pub(super) async fn answer_of<T>(asked: &mut Option<oneshot::Receiver<T>>, lost: T) -> T {
    match asked {
        Some(asked) => asked.await.unwrap_or(lost),
        None => std::future::pending().await,
    }
}

pub(super) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
