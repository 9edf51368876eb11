//! The calls that this worker holds, and the renewal of its right to them.

use crate::{metric, worker::Worker};
use domain::{ConversationId, call_command::IssuedCommand};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

/// How long a lease lasts and how often it is renewed.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTimes {
    pub length: Duration,
    pub renewal: Duration,
    /// How often expired leases, of any worker, are looked for.
    pub search: Duration,
    /// How often workers that died are looked for.
    pub watch: Duration,
    /// A worker that has shown no sign of life for so long is dead. Long enough for one that lost its connection to the
    /// database to be back.
    pub grace: Duration,
}

impl Default for LeaseTimes {
    fn default() -> Self {
        Self {
            length: Duration::from_secs(15),
            renewal: Duration::from_secs(5),
            search: Duration::from_secs(3),
            watch: Duration::from_millis(250),
            grace: Duration::from_secs(1),
        }
    }
}

/// This worker's right to one call.
#[derive(Debug)]
pub(crate) struct Hold {
    /// Until then nobody else can have taken the call, by a clock that also runs while the process is stopped.
    valid_until: Mutex<Instant>,
    /// The database says that the call is somebody else's, or over.
    pub(crate) gone: CancellationToken,
}

impl Hold {
    pub(crate) fn new(valid_until: Instant) -> Self {
        Self {
            valid_until: Mutex::new(valid_until),
            gone: CancellationToken::new(),
        }
    }

    pub(crate) fn is_valid(&self) -> bool {
        let valid_until = *self.valid_until.lock().unwrap_or_else(PoisonError::into_inner);
        !self.gone.is_cancelled() && Instant::now() < valid_until
    }

    fn extend(&self, valid_until: Instant) {
        *self.valid_until.lock().unwrap_or_else(PoisonError::into_inner) = valid_until;
    }
}

/// What reaches a running call from outside.
type Reins = (mpsc::Sender<IssuedCommand>, Arc<Hold>);

/// The calls of this worker.
#[derive(Debug, Default)]
pub(crate) struct OwnCalls {
    calls: Mutex<HashMap<ConversationId, Reins>>,
}

impl OwnCalls {
    fn with<T>(&self, what: impl FnOnce(&mut HashMap<ConversationId, Reins>) -> T) -> T {
        what(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn add(&self, id: ConversationId, commands: mpsc::Sender<IssuedCommand>, hold: Arc<Hold>) {
        let calls = self.with(|calls| {
            calls.insert(id, (commands, hold));
            calls.len()
        });
        metric::in_progress(calls);
    }

    pub(crate) fn remove(&self, id: ConversationId) {
        let calls = self.with(|calls| {
            calls.remove(&id);
            calls.len()
        });
        metric::in_progress(calls);
    }

    pub(crate) fn len(&self) -> usize {
        self.with(|calls| calls.len())
    }

    pub(crate) fn ids(&self) -> Vec<ConversationId> {
        self.with(|calls| calls.keys().copied().collect())
    }

    pub(crate) fn holds(&self, id: ConversationId) -> bool {
        self.with(|calls| calls.contains_key(&id))
    }

    /// Hands a command to its call; false if the call is over or has too many waiting.
    pub(crate) fn tell(&self, id: ConversationId, command: IssuedCommand) -> bool {
        self.with(|calls| {
            calls
                .get(&id)
                .is_some_and(|(commands, _)| commands.try_send(command).is_ok())
        })
    }

    fn hold(&self, id: ConversationId) -> Option<Arc<Hold>> {
        self.with(|calls| calls.get(&id).map(|(_, hold)| Arc::clone(hold)))
    }
}

/// Renews all leases of this worker until `stop`.
pub(crate) async fn keep(worker: Arc<Worker>, stop: CancellationToken) {
    let mut rhythm = tokio::time::interval(worker.config.leases.renewal);
    rhythm.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = rhythm.tick() => {}
        }
        // A renewal that hangs must not keep the next one from being tried.
        match tokio::time::timeout(worker.config.leases.renewal, renew(&worker)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "leases could not be renewed"),
            Err(_) => tracing::warn!("the renewal of leases took too long"),
        }
    }
}

async fn renew(worker: &Worker) -> Result<(), store::StoreError> {
    let ids = worker.calls.ids();
    if ids.is_empty() {
        return Ok(());
    }
    let asked_at = Instant::now();
    let length = worker.config.leases.length;
    let mut conn = worker.store.connection().await?;
    let renewed = store::leases::renew(&mut conn, worker.config.worker_id, &ids, length).await?;
    for id in ids {
        let Some(hold) = worker.calls.hold(id) else { continue };
        if renewed.contains(&id) {
            hold.extend(asked_at + length);
        } else {
            tracing::warn!(conversation_id = %id, "the lease is gone: the call ends at once");
            hold.gone.cancel();
        }
    }
    Ok(())
}
