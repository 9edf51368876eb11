//! `/listen/{conversation}`: both sides of a call as a WebSocket of raw sound.
//!
//! Each binary message is one tick: 320 pairs of signed 16 bit little-endian samples at 16 kHz, the agent left, the
//! person right. A listener who is too slow misses ticks and disturbs nobody. The Origin was checked by the guard
//! around every request.

use crate::{
    answer::Refusal,
    state::{SignedIn, Stopping, WebState},
};
use axum::{
    extract::{
        Path, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, close_code},
    },
    response::{IntoResponse, Response},
};
use bytes::{BufMut, Bytes, BytesMut};
use domain::{ConversationId, ErrorKind, UserError, access::Permission};
use telephony::{FRAME_SAMPLES, HeardFrames};
use tokio::sync::broadcast::{Receiver, error::RecvError};

pub(super) async fn listen(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let id: ConversationId = id.parse().map_err(|_| UserError::not_found("call"))?;
    operations::calls::may_listen(&state.ops, &signed_in.caller, id).await?;
    let upgrade = upgrade.map_err(|_| Refusal::from(ErrorKind::Malformed))?;
    let Some(sound) = state.network.listen(id) else {
        return Err(
            UserError::conflict("This call cannot be heard now: it has ended, or is held by another machine.").into(),
        );
    };
    Ok(upgrade
        .max_message_size(1024)
        .on_upgrade(move |socket| send_sound(socket, sound, state, signed_in))
        .into_response())
}

async fn send_sound(mut socket: WebSocket, mut sound: Receiver<HeardFrames>, state: WebState, signed_in: SignedIn) {
    let Stopping { closing, .. } = state.stopping;
    let no_longer = signed_in.until_no_longer(state.ops, |caller| caller.role().may(Permission::Listen));
    tokio::pin!(no_longer);
    ::metrics::gauge!("ringside_listeners").increment(1.0);
    let reason = loop {
        tokio::select! {
            heard = sound.recv() => match heard {
                Ok(heard) => {
                    if socket.send(Message::Binary(interleave(&heard))).await.is_err() {
                        break None;
                    }
                }
                Err(RecvError::Lagged(missed)) => tracing::debug!(missed, "a listener was too slow"),
                Err(RecvError::Closed) => break Some((close_code::NORMAL, "the call ended")),
            },
            // Nothing is expected from a listener but its goodbye.
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break None,
                Some(Ok(_)) => {}
            },
            () = closing.cancelled() => break Some((close_code::AWAY, "the server stops")),
            () = &mut no_longer => break Some((close_code::POLICY, "signed out")),
        }
    };
    ::metrics::gauge!("ringside_listeners").decrement(1.0);
    if let Some((code, reason)) = reason {
        let _ = socket
            .send(Message::Close(Some(CloseFrame {
                code,
                reason: reason.into(),
            })))
            .await;
    }
}

fn interleave(heard: &HeardFrames) -> Bytes {
    let mut bytes = BytesMut::with_capacity(FRAME_SAMPLES * 4);
    for (agent, person) in heard.agent.samples().iter().zip(heard.person.samples()) {
        bytes.put_i16_le(*agent);
        bytes.put_i16_le(*person);
    }
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use telephony::Frame;

    #[test]
    fn the_agent_is_left_and_the_person_right() {
        let heard = HeardFrames {
            agent: Frame::from_slice(&[1, 2]),
            person: Frame::from_slice(&[-1]),
            supervisors: Vec::new(),
        };
        let bytes = interleave(&heard);
        assert_eq!(bytes.len(), FRAME_SAMPLES * 4);
        assert_eq!(&bytes[..8], &[1, 0, 255, 255, 2, 0, 0, 0]);
    }
}
