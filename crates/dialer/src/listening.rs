//! Hears what other processes say: commands for calls, and that something has changed.
//!
//! A notification only wakes; what is to be done stands in the database, which is also looked at every second, so a
//! lost notification costs a second and nothing else.

use crate::worker::Worker;
use domain::ConversationId;
use std::{sync::Arc, time::Duration};
use store::{StoreError, call_commands, calls, events};
use sqlx::postgres::{PgListener, PgNotification};
use tokio_util::sync::CancellationToken;

const LOOK_ANYWAY: Duration = Duration::from_secs(1);

/// Listens until `stop`; connects again if the connection breaks.
pub(crate) async fn keep_listening(worker: Arc<Worker>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let listened = tokio::select! {
            () = stop.cancelled() => return,
            listened = listen(&worker) => listened,
        };
        if let Err(error) = listened {
            tracing::warn!(%error, "notifications are not heard; looking every second instead");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_ANYWAY) => {}
        }
        if let Err(error) = deliver(&worker, &worker.calls.ids()).await {
            tracing::warn!(%error, "commands could not be read");
        }
    }
}

async fn listen(worker: &Worker) -> Result<(), StoreError> {
    let mut listener = PgListener::connect_with(worker.store.pool()).await?;
    listener.listen_all([events::CHANNEL, call_commands::CHANNEL]).await?;
    let mut look_anyway = tokio::time::interval(LOOK_ANYWAY);
    look_anyway.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            heard = listener.try_recv() => match heard? {
                Some(heard) => take(worker, &heard).await?,
                // The connection broke and was made again: something may have been missed.
                None => {
                    worker.wake.notify_one();
                    deliver(worker, &worker.calls.ids()).await?;
                }
            },
            _ = look_anyway.tick() => deliver(worker, &worker.calls.ids()).await?,
        }
    }
}

async fn take(worker: &Worker, heard: &PgNotification) -> Result<(), StoreError> {
    if heard.channel() == events::CHANNEL {
        worker.wake.notify_one();
        return Ok(());
    }
    match heard.payload().parse::<ConversationId>() {
        Ok(id) if worker.calls.holds(id) => deliver(worker, &[id]).await,
        _ => Ok(()),
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
