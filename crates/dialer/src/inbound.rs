//! Answers people who call back.
//!
//! A call that came in waits in the database until one worker takes it: whoever has room looks every second, and at once
//! when a web process tells of a new one. The telephone network itself is asked, too, for what nobody told. A caller hears
//! it ring meanwhile, and is let go when that has lasted for too long.

use crate::{call, metric, worker::Worker};
use agent::announcement;
use domain::{
    Personal,
    inbound::{TurnedAway, decide},
    language::default_language,
    new_id,
};
use std::{sync::Arc, time::Duration};
use store::{
    StoreError,
    inbound::{self, NewCall, TakeRequest, Taken, WaitingCall},
};
use telephony::CallRoom;
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;

/// However quiet it is, somebody looks this often.
const LOOK: Duration = Duration::from_secs(1);
/// The same while somebody waits for a line.
const LOOK_FOR_A_LINE: Duration = Duration::from_millis(250);
/// Between two looks at the network, for calls that nobody told of and for those that have rung for too long.
const LOOK_AROUND: Duration = Duration::from_secs(3);
/// Callers who are told at the same time that nobody talks with them; beyond them it is hung up without a word.
const MOST_FAREWELLS: usize = 20;

/// Answers until `stop`.
pub(crate) async fn keep_answering(worker: Arc<Worker>, stop: CancellationToken) {
    let farewells = Arc::new(Semaphore::new(MOST_FAREWELLS));
    let mut look_around_at = Instant::now();
    while !stop.is_cancelled() {
        if Instant::now() >= look_around_at {
            look_around_at = Instant::now() + LOOK_AROUND;
            if let Err(error) = look_around(&worker).await {
                tracing::warn!(%error, "calls that came in could not be looked for");
            }
        }
        let still_waiting = match answer_all(&worker, &farewells, &stop).await {
            Ok(still_waiting) => still_waiting,
            Err(error) => {
                tracing::warn!(%error, "a call that came in could not be answered");
                false
            }
        };
        let wait = if still_waiting { LOOK_FOR_A_LINE } else { LOOK };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
            () = worker.callers.notified() => {}
        }
    }
}

/// Writes down the calls that the network knows of, and lets those go that have rung for too long.
async fn look_around(worker: &Worker) -> Result<(), StoreError> {
    match worker.network.arrivals().await {
        Ok(arrivals) => {
            for arrival in arrivals {
                let at = worker.clock.now();
                let call = NewCall {
                    id: new_id(at, &*worker.chance).into(),
                    room: arrival.room,
                    caller: arrival.caller,
                    phone_number: arrival.number,
                    at,
                };
                if inbound::arrive(&worker.store, &call).await? {
                    tracing::info!(conversation_id = %call.id, "a call came in that nobody had told of");
                }
            }
        }
        Err(error) => tracing::debug!(%error, "the network does not tell who calls"),
    }
    let given_up = {
        let mut conn = worker.store.connection().await?;
        inbound::give_up(&mut conn, worker.clock.now()).await?
    };
    for call in given_up {
        tracing::info!(conversation_id = %call.id, "a call that came in was let go");
        metric::caller("missed");
        hang_up(worker, &room_of(&call)).await;
    }
    Ok(())
}

/// Answers those who wait, as far as there is room. True if somebody goes on waiting.
async fn answer_all(
    worker: &Arc<Worker>,
    farewells: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Result<bool, StoreError> {
    let waiting = {
        let mut conn = worker.store.connection().await?;
        inbound::waiting(&mut conn).await?
    };
    let mut still_waiting = false;
    for call in waiting {
        let full = worker.calls.len() >= worker.config.worker_concurrency as usize;
        // An agent that cannot speak answers nobody.
        if stop.is_cancelled() || full || worker.voices.trouble().is_some() {
            return Ok(true);
        }
        let room = room_of(&call);
        if worker.network.reaches(&room) {
            still_waiting |= answer(worker, farewells, room, call.caller).await?;
        }
    }
    Ok(still_waiting)
}

/// Takes a call if it can be had. True if it goes on waiting.
async fn answer(
    worker: &Arc<Worker>,
    farewells: &Arc<Semaphore>,
    room: CallRoom,
    caller: Personal,
) -> Result<bool, StoreError> {
    let asked_at = Instant::now();
    let at = worker.clock.now();
    let request = TakeRequest {
        id: room.conversation,
        worker_id: worker.config.worker_id,
        at,
        global_concurrency: worker.config.global_concurrency,
        lease: worker.config.leases.length,
    };
    match inbound::take(&worker.store, &request, |known, last| decide(known, last, at)).await? {
        Taken::Call(taken) => {
            metric::caller("answered");
            call::answer(worker, *taken, room, caller, asked_at);
        }
        Taken::TurnedAway(why) => {
            tracing::info!(conversation_id = %room.conversation, reason = why.as_str(), "a caller is turned away");
            metric::caller(why.as_str());
            worker
                .tasks
                .spawn(turn_away(Arc::clone(worker), Arc::clone(farewells), room, caller, why));
        }
        Taken::Later => return Ok(true),
        Taken::Gone => {}
    }
    Ok(false)
}

/// Tells the caller that nobody talks with them.
async fn turn_away(worker: Arc<Worker>, farewells: Arc<Semaphore>, room: CallRoom, caller: Personal, why: TurnedAway) {
    let conversation_id = room.conversation;
    let seat = match farewells.try_acquire() {
        Ok(permit) => match worker.network.answer(&room, caller.reveal()).await {
            Ok(seat) => seat.map(|seat| (permit, seat)),
            Err(error) => {
                tracing::warn!(%error, %conversation_id, reason = why.as_str(), "a caller could not be told anything");
                None
            }
        },
        Err(_) => None,
    };
    match seat {
        Some((_permit, seat)) => {
            // No campaign is known that would have a language.
            announcement::turn_away(seat, &*worker.voices.text_to_speech, &default_language()).await;
        }
        None => hang_up(&worker, &room).await,
    }
    let told = async {
        let mut conn = worker.store.connection().await?;
        inbound::told(&mut conn, conversation_id, worker.clock.now()).await
    };
    if let Err(error) = told.await {
        tracing::warn!(%error, %conversation_id, "it could not be written down that a caller was told");
    }
}

/// Nobody is left on the line.
async fn hang_up(worker: &Worker, room: &CallRoom) {
    if let Err(error) = worker.network.end_orphan(room).await {
        tracing::warn!(%error, conversation_id = %room.conversation, "the room of a caller could not be closed");
    }
}

fn room_of(call: &WaitingCall) -> CallRoom {
    CallRoom {
        conversation: call.id,
        came_in: Some(call.room.clone()),
    }
}
