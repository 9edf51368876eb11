//! `/try/{campaign}`: a conversation with a campaign's agent over a WebSocket, without a telephone. Nothing of it is kept.
//!
//! Sound goes both ways as in [`super::listening`]; down come also texts, each a [`TrialNews`]. The microphone's first frame
//! is the answer, and closing it hangs up.

use super::listening::{LARGEST_MESSAGE, Reason, SESSION_CHECK, stereo, take_voice};
use crate::{
    answer::Refusal,
    state::{SignedIn, WebState},
};
use axum::{
    extract::{
        Path, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, close_code, rejection::WebSocketUpgradeRejection},
    },
    response::{IntoResponse, Response},
};
use dialer::trial::Trial;
use domain::{CampaignId, ConversationId, ErrorKind, UserError, access::Permission, new_id, trial::TrialNews};
use futures::{FutureExt, SinkExt, StreamExt, future::ready};
use std::sync::Arc;
use telephony::HeardFrames;
use tokio::sync::{
    OwnedSemaphorePermit,
    broadcast::{Receiver, error::RecvError},
    mpsc,
};
use tokio_util::task::AbortOnDropHandle;

/// As whom the browser comes into its room.
const BROWSER: &str = "browser";
/// News that may wait for a slow browser.
const WAITING_NEWS: usize = 64;

pub(super) async fn converse(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    signed_in.caller.may(Permission::EditCampaigns)?;
    let id: CampaignId = id.parse().map_err(|_| UserError::not_found("campaign"))?;
    let upgrade = upgrade.map_err(|_| Refusal::from(ErrorKind::Malformed))?;
    let seat = Arc::clone(&state.trials.seats).try_acquire_owned().map_err(|_| {
        UserError::conflict("Too many people are talking to agents at this moment. Try again in a few minutes.")
    })?;
    let content = operations::campaigns::try_out(&state.ops, &signed_in.caller, id).await?;
    let room = ConversationId(new_id(state.ops.clock.now(), &*state.ops.chance));
    let agents_seat = state.trials.rooms.open_room(room).await.map_err(|error| {
        tracing::warn!(%error, "no room for a trial");
        UserError::unavailable()
    })?;
    let sound = state.trials.rooms.listen(room).ok_or_else(UserError::unavailable)?;
    let (news, told) = mpsc::channel(WAITING_NEWS);
    let trial = Trial {
        seat: agents_seat,
        browser: BROWSER.to_owned(),
        voices: state.trials.voices.clone(),
        content,
        room,
        news,
        stop: state.stopping.asked.clone(),
    };
    Ok(upgrade
        .max_message_size(LARGEST_MESSAGE)
        .on_upgrade(move |socket| serve(socket, trial, sound, told, state, signed_in, seat))
        .into_response())
}

async fn serve(
    socket: WebSocket,
    trial: Trial,
    sound: Receiver<HeardFrames>,
    told: mpsc::Receiver<TrialNews>,
    state: WebState,
    signed_in: SignedIn,
    _seat: OwnedSemaphorePermit,
) {
    let (room, rooms) = (trial.room, Arc::clone(&state.trials.rooms));
    let closing = state.stopping.closing.clone();
    let no_longer = signed_in.until_no_longer(state.ops.clone(), SESSION_CHECK, |caller| {
        caller.role().may(Permission::EditCampaigns)
    });
    // Who closes the page takes the agent with them.
    let _agent = AbortOnDropHandle::new(tokio::spawn(trial.run()));
    let open = move || {
        let opened = rooms.open_microphone(room, BROWSER);
        ready(opened.ok_or_else(|| UserError::conflict("The conversation is over."))).boxed()
    };
    let (mut down, mut up) = socket.split();
    let reason = tokio::select! {
        reason = send(&mut down, sound, told) => reason,
        reason = take_voice(&mut up, open) => reason,
        () = closing.cancelled() => Some((close_code::AWAY, "the server stops".to_owned())),
        () = no_longer => Some((close_code::POLICY, "You are signed out, or your role has changed.".to_owned())),
    };
    if let Some((code, reason)) = reason {
        let reason = reason.into();
        let _ = down.send(Message::Close(Some(CloseFrame { code, reason }))).await;
    }
}

/// Sends the agent's voice to both ears, and the news, until the conversation has ended.
async fn send<S: SinkExt<Message> + Unpin>(
    down: &mut S,
    mut sound: Receiver<HeardFrames>,
    mut told: mpsc::Receiver<TrialNews>,
) -> Reason {
    let over = Some((close_code::NORMAL, "the conversation is over".to_owned()));
    let mut sounds = true;
    loop {
        let message = tokio::select! {
            news = told.recv() => {
                let Some(news) = news else { return over };
                let Ok(json) = serde_json::to_string(&news) else { continue };
                Message::Text(json.into())
            }
            heard = sound.recv(), if sounds => match heard {
                Ok(heard) => Message::Binary(stereo(&heard.agent, &heard.agent)),
                Err(RecvError::Lagged(_)) => continue,
                // The end is still to be told.
                Err(RecvError::Closed) => {
                    sounds = false;
                    continue;
                }
            },
        };
        down.send(message).await.ok()?;
    }
}
