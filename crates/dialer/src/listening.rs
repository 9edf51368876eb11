//! Hears what other processes say: commands for calls, and that something has changed.
//!
//! A notification only wakes; what is to be done stands in the database, which is also looked at every second, so a
//! lost notification costs a second and nothing else.

use crate::worker::Worker;
use domain::ConversationId;
use std::{sync::Arc, time::Duration};
use store::{
    StoreError, calls,
    workers::{Heard, WorkerListener},
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

const LOOK_ANYWAY: Duration = Duration::from_secs(1);
/// Announcements that may wait; beyond them the listener is slowed down.
const WAITING: usize = 1_024;

/// Carries commands to calls and wakes the claiming until `stop`.
pub(crate) async fn keep_listening(worker: Arc<Worker>, stop: CancellationToken) {
    let (sender, mut heard) = mpsc::channel(WAITING);
    // In a task of its own, because listening must not be cancelled half-way.
    let _listening = AbortOnDropHandle::new(tokio::spawn(listen(worker.store.clone(), sender)));
    let mut look_anyway = tokio::time::interval(LOOK_ANYWAY);
    look_anyway.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let heard = tokio::select! {
            () = stop.cancelled() => return,
            Some(heard) = heard.recv() => heard,
            _ = look_anyway.tick() => Heard::Gap,
        };
        let delivered = match heard {
            Heard::News => {
                worker.wake.notify_one();
                Ok(())
            }
            Heard::LostCalls => {
                worker.look_for_lost_calls.notify_one();
                Ok(())
            }
            Heard::Caller => {
                worker.callers.notify_one();
                Ok(())
            }
            Heard::Command(id) if worker.calls.holds(id) => deliver(&worker, &[id]).await,
            Heard::Command(_) => Ok(()),
            Heard::Gap => deliver(&worker, &worker.calls.ids()).await,
        };
        if let Err(error) = delivered {
            tracing::warn!(%error, "commands could not be read");
        }
    }
}

/// Listens for ever; connects again if the connection cannot be kept.
async fn listen(store: store::Store, heard: mpsc::Sender<Heard>) {
    loop {
        let outcome: Result<(), StoreError> = async {
            let mut listener = WorkerListener::start(&store).await?;
            loop {
                if heard.send(listener.next().await?).await.is_err() {
                    return Ok(());
                }
            }
        }
        .await;
        match outcome {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "announcements are not heard; looking every second instead"),
        }
        tokio::time::sleep(LOOK_ANYWAY).await;
    }
}

/// Hands waiting commands to their calls.
async fn deliver(worker: &Worker, ids: &[ConversationId]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut conn = worker.store.connection().await?;
    for (conversation_id, command) in calls::take_commands(&mut conn, ids, worker.clock.now()).await? {
        if !worker.calls.tell(conversation_id, command) {
            tracing::warn!(%conversation_id, "a command came too late for its call");
        }
    }
    Ok(())
}
