//! Showing that this worker is alive, and noticing at once when another is not.
//!
//! A lease alone would tell after many seconds that its worker died, and a person on the line does not wait for that. A
//! worker that is missed for a moment loses its answered calls to whoever missed it.

use crate::worker::Worker;
use domain::WorkerId;
use std::{collections::HashMap, sync::Arc, time::Duration};
use store::{
    StoreError,
    presence::{self, Presence},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Before a lost sign of life is shown again.
const PAUSE: Duration = Duration::from_millis(100);

/// Shows a sign of life until `stop`.
pub(crate) async fn keep_showing(worker: Arc<Worker>, stop: CancellationToken) {
    let showing = async {
        let mut told = false;
        loop {
            let error = match Presence::show(&worker.store, worker.config.worker_id).await {
                Ok(presence) => {
                    told = false;
                    presence.until_lost().await
                }
                Err(error) => error,
            };
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(%error, "this worker's sign of life is lost; others may take its calls over");
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    stop.run_until_cancelled(showing).await;
}

/// Looks for workers that died until `stop`.
pub(crate) async fn keep_watch(worker: Arc<Worker>, stop: CancellationToken) {
    let mut rhythm = tokio::time::interval(worker.config.leases.watch);
    rhythm.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut missed = Missed::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = rhythm.tick() => {}
        }
        if let Err(error) = watch(&worker, &mut missed).await {
            // A database that was away was away for the others too: nobody is missed for what could not be seen.
            missed = Missed::default();
            tracing::debug!(%error, "the other workers could not be looked at");
        }
    }
}

async fn watch(worker: &Worker, missed: &mut Missed) -> Result<(), StoreError> {
    let mut conn = worker.store.connection().await?;
    let missing = presence::missing(&mut conn).await?;
    let dead = missed.since(&missing, Instant::now(), worker.config.leases.grace);
    for id in dead.into_iter().filter(|id| *id != worker.config.worker_id) {
        let calls = presence::expire_live_calls(&mut conn, id).await?;
        tracing::warn!(worker_id = %id, calls, "a worker died; its answered calls are taken over");
        worker.look_for_lost_calls.notify_one();
    }
    Ok(())
}

/// Since when workers are missed.
#[derive(Debug, Default)]
struct Missed(HashMap<WorkerId, Instant>);

impl Missed {
    /// Takes who is missing now; gives who has been for all of `grace`.
    fn since(&mut self, missing: &[WorkerId], now: Instant, grace: Duration) -> Vec<WorkerId> {
        self.0.retain(|id, _| missing.contains(id));
        missing
            .iter()
            .copied()
            .filter(|id| now.duration_since(*self.0.entry(*id).or_insert(now)) >= grace)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_back_in_time_is_not_dead() {
        let mut missed = Missed::default();
        let (start, grace) = (Instant::now(), Duration::from_secs(1));
        let at = |millis| start + Duration::from_millis(millis);
        let worker = |id| WorkerId(uuid::Uuid::from_u128(id));
        assert_eq!(missed.since(&[worker(1), worker(2)], at(0), grace), []);
        assert_eq!(missed.since(&[worker(2)], at(500), grace), []);
        assert_eq!(missed.since(&[worker(1), worker(2)], at(1_000), grace), [worker(2)]);
        assert_eq!(missed.since(&[worker(1)], at(1_900), grace), []);
        assert_eq!(missed.since(&[worker(1)], at(2_000), grace), [worker(1)]);
    }
}
