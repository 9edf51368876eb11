//! Goes on with calls whose worker died, or closes them.
//!
//! Every worker looks. A call that was answered and whose person is still on the line goes on here. An attempt that was never about to be dialled goes back into the queue; for one that was, the
//! network is asked, and if it cannot answer now, the call waits. What was dialled is closed as lost: the phone may have
//! rung, so it must not ring again by itself.

use crate::{call, metric, recorder, worker::Worker};
use domain::{ConversationId, conversation::Disposition, cost::Usage, results::ConversationResults};
use std::{sync::Arc, time::Duration};
use store::{
    StoreError,
    calls::{self, Ended, EndedBy, Ending},
    inbound,
    leases::{self, ExpiredLease},
    taking_over, workers,
};
use telephony::{CallRoom, DialRecord};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

/// Calls that are recovered at the same time.
const TOGETHER: usize = 24;
/// Calls recovered in one look.
const AT_ONCE: i64 = 200;
/// Workers that were last seen longer ago are forgotten.
const FORGET_WORKERS: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Looks for calls that nobody holds until `stop`.
pub(crate) async fn keep_recovering(worker: Arc<Worker>, stop: CancellationToken) {
    let mut rhythm = tokio::time::interval(worker.config.leases.search);
    rhythm.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = rhythm.tick() => {}
            () = worker.look_for_lost_calls.notified() => {}
        }
        if let Err(error) = recover(&worker).await {
            tracing::warn!(%error, "lost calls could not be looked for");
        }
    }
}

async fn recover(worker: &Arc<Worker>) -> Result<(), StoreError> {
    let now = worker.clock.now();
    let expired = {
        let mut conn = worker.store.connection().await?;
        workers::report(&mut conn, worker.config.worker_id, now).await?;
        let long_ago = i64::try_from(FORGET_WORKERS.as_millis()).unwrap_or(i64::MAX);
        workers::forget(&mut conn, domain::UnixMillis(now.0.saturating_sub(long_ago))).await?;
        leases::expired(&mut conn, AT_ONCE).await?
    };
    // People wait on the line: all at once, as far as there are connections to the database.
    let mut recovering = JoinSet::new();
    for lease in expired {
        if recovering.len() >= TOGETHER {
            recovering.join_next().await;
        }
        let worker = Arc::clone(worker);
        recovering.spawn(async move {
            let done = match go_on(&worker, lease).await {
                Ok(Found::NobodyToGoOnWith) => close(&worker, lease).await,
                Ok(Found::GoesOn | Found::Wait) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                tracing::warn!(%error, conversation_id = %lease.conversation_id, "a lost call could not be closed");
            }
        });
    }
    while recovering.join_next().await.is_some() {}
    Ok(())
}

/// What was found of a call whose worker died.
enum Found {
    /// It is this worker's now.
    GoesOn,
    NobodyToGoOnWith,
    /// Nothing is to be done here and now.
    Wait,
}

/// Takes the call over if the person is still there. Its lease is ours before the room is entered: two that find the same
/// call must not both go in.
async fn go_on(worker: &Arc<Worker>, lease: ExpiredLease) -> Result<Found, StoreError> {
    // While draining nothing new is begun: another worker takes it up, or the next start of this one.
    if worker.tasks.is_closed() {
        return Ok(Found::Wait);
    }
    if !lease.may_be_dialled {
        return Ok(Found::NobodyToGoOnWith);
    }
    let conversation_id = lease.conversation_id;
    let asked_at = Instant::now();
    let taken = {
        let mut conn = worker.store.connection().await?;
        let (id, length) = (worker.config.worker_id, worker.config.leases.length);
        taking_over::take_over(&mut conn, conversation_id, id, length).await?
    };
    let Some(call) = taken else {
        // Whoever was quicker is in the room now, or it was never answered.
        let mut conn = worker.store.connection().await?;
        let nobodys = leases::has_expired(&mut conn, conversation_id).await?;
        return Ok(if nobodys { Found::NobodyToGoOnWith } else { Found::Wait });
    };
    let room = room_of(worker, conversation_id).await?;
    let found = match worker.network.rejoin(&room).await {
        Ok(Some(seat)) => {
            tracing::warn!(%conversation_id, "a call goes on whose worker died");
            metric::taken_over();
            call::go_on(worker, call, seat, asked_at);
            return Ok(Found::GoesOn);
        }
        Ok(None) => Found::NobodyToGoOnWith,
        Err(error) => {
            tracing::warn!(%error, %conversation_id, "a call whose worker died waits for the network");
            Found::Wait
        }
    };
    let mut conn = worker.store.connection().await?;
    leases::give_up(&mut conn, conversation_id, worker.config.worker_id).await?;
    Ok(found)
}

/// Where a call takes place.
async fn room_of(worker: &Worker, conversation: ConversationId) -> Result<CallRoom, StoreError> {
    let mut conn = worker.store.connection().await?;
    Ok(CallRoom {
        conversation,
        came_in: inbound::room_of(&mut conn, conversation).await?,
    })
}

async fn close(worker: &Worker, lease: ExpiredLease) -> Result<(), StoreError> {
    let dialled = if lease.direction.is_inbound() {
        // Nobody was dialled, but somebody is on the line.
        true
    } else if lease.may_be_dialled {
        match worker.network.was_dialled(lease.attempt_id).await {
            Ok(record) => record == DialRecord::Dialled,
            Err(error) => {
                tracing::warn!(%error, conversation_id = %lease.conversation_id, "a lost call waits for the network");
                return Ok(());
            }
        }
    } else {
        false
    };
    // Nobody stays on the line with no one. Until that is certain the call is not over.
    if dialled {
        let room = room_of(worker, lease.conversation_id).await?;
        if let Err(error) = worker.network.end_orphan(&room).await {
            tracing::warn!(%error, conversation_id = %lease.conversation_id, "a lost call waits for the network");
            return Ok(());
        }
    }
    let (disposition, reason) = if dialled {
        (Disposition::Lost, "The process that held the call died.")
    } else {
        (
            Disposition::Cancelled,
            "The process that held the call died before it dialled.",
        )
    };
    let ending = Ending {
        call_back_at: None,
        conversation_id: lease.conversation_id,
        by: EndedBy::Finder {
            may_be_dialled: lease.may_be_dialled,
        },
        disposition,
        results: ConversationResults {
            reason: Some(reason.to_owned()),
            ..ConversationResults::default()
        },
        not_drawn: dialled.then(|| "The process that held the call died before they could be drawn.".to_owned()),
        usage: Usage {
            partial: dialled && worker.voices.charges(),
            ..Usage::default()
        },
        charged_by_minute: dialled && worker.network.charges(),
        duration: None,
        recordings: if dialled {
            recorder::left_behind(worker.config.recordings.as_ref(), lease.conversation_id, None).await
        } else {
            Vec::new()
        },
        not_again_before: Duration::ZERO,
        at: worker.clock.now(),
    };
    if let Ended::Ended { campaign_id, .. } = calls::end(&worker.store, &ending).await? {
        let conversation_id = lease.conversation_id;
        tracing::warn!(%conversation_id, %campaign_id, disposition = disposition.as_str(), "closed a call whose worker died");
        metric::recovered(disposition);
        worker.wake.notify_one();
    }
    Ok(())
}
