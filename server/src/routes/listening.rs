//! `/listen/{conversation}`: a call's sound for a supervisor's browser, and its microphone.
//!
//! The first message is a text, a [`SoundNews`], that says where the sound is: in a room on LiveKit, which the browser joins
//! by itself ([`in_room`]), or on this very WebSocket, raw and both ways. The latter goes like this.
//!
//! Down comes one binary message for each tick: 320 pairs of signed 16 bit little-endian samples at 16 kHz, the agent and
//! supervisors left, the person right. A listener who is too slow misses ticks and disturbs nobody.
//!
//! Up goes the supervisor's microphone: binary messages of 320 such samples, mono, one every 20 ms. The first opens the
//! microphone in the call, the text `mic-off` closes it, and so does silence of the connection. Whether the person hears
//! it is decided by what the supervisor commands ([`domain::call_command::CallCommand`]), not here. The Origin was checked
//! by the guard around every request.

mod in_room;

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
use domain::{
    ConversationId, ErrorKind, UserError, UserId,
    access::Permission,
    call_command::{owner_of_voice, voice_identity},
    call_sound::{MICROPHONE_OFF, SoundNews},
    new_id,
};
use futures::{FutureExt, SinkExt, Stream, StreamExt, future::BoxFuture};
use operations::Caller;
use std::time::Duration;
use telephony::{FRAME_SAMPLES, Frame, HeardFrames, Microphone};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, timeout},
};

/// Bytes of a microphone's message: one frame.
const VOICE_BYTES: usize = FRAME_SAMPLES * 2;
/// The largest message that is taken at all.
pub(super) const LARGEST_MESSAGE: usize = 1024;
/// Messages of one second; whoever sends more is cut off. A microphone sends 50.
const MOST_MESSAGES: u32 = 250;
/// How often it is asked whether whoever hears a call still may.
pub(super) const SESSION_CHECK: Duration = Duration::from_secs(2);
/// A microphone that sends nothing for so long is gone, although its connection may not know it.
const STALLED: Duration = Duration::from_secs(3);

/// Counts what a browser sends.
struct Pace {
    second: Instant,
    messages: u32,
}

impl Pace {
    fn new() -> Self {
        Self {
            second: Instant::now(),
            messages: 0,
        }
    }

    /// One more message; the reason to end the connection if it is one too many.
    fn too_fast(&mut self) -> Reason {
        if self.second.elapsed() >= Duration::from_secs(1) {
            *self = Self::new();
        }
        self.messages += 1;
        (self.messages > MOST_MESSAGES).then(|| (close_code::POLICY, "Too much was sent at once.".to_owned()))
    }
}

/// Why the server ends the connection; `None` if the browser did.
pub(super) type Reason = Option<(u16, String)>;

pub(super) async fn listen(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let id: ConversationId = id.parse().map_err(|_| UserError::not_found("call"))?;
    operations::calls::may_listen(&state.ops, &signed_in.caller, id).await?;
    let upgrade = upgrade.map_err(|_| Refusal::from(ErrorKind::Malformed))?;
    if let Some(seat) = in_room::seat(&state, &signed_in.caller, id).await? {
        return Ok(upgrade
            .max_message_size(LARGEST_MESSAGE)
            .on_upgrade(move |socket| in_room::serve(socket, seat, state, signed_in, id))
            .into_response());
    }
    let Some(sound) = state.network.listen(id) else {
        return Err(
            UserError::conflict("This call cannot be heard now: it has ended, or is held by another machine.").into(),
        );
    };
    Ok(upgrade
        .max_message_size(LARGEST_MESSAGE)
        .on_upgrade(move |socket| serve(socket, sound, state, signed_in, id))
        .into_response())
}

async fn serve(
    socket: WebSocket,
    sound: Receiver<HeardFrames>,
    state: WebState,
    signed_in: SignedIn,
    id: ConversationId,
) {
    let Stopping { closing, .. } = state.stopping.clone();
    let caller = signed_in.caller.clone();
    let no_longer = signed_in.until_no_longer(state.ops.clone(), SESSION_CHECK, |caller| {
        caller.role().may(Permission::Listen)
    });
    let (mut down, mut up) = socket.split();
    let (opening, speaker) = (state.clone(), caller.clone());
    let open = move || open(opening.clone(), speaker.clone(), id).boxed();
    ::metrics::gauge!("ringside_listeners").increment(1.0);
    let reason = tokio::select! {
        reason = send_sound(&mut down, sound, caller.user_id()) => reason,
        reason = take_voice(&mut up, open) => reason,
        () = closing.cancelled() => Some((close_code::AWAY, "the server stops".to_owned())),
        () = no_longer => Some((close_code::POLICY, "You are signed out, or your role has changed.".to_owned())),
    };
    ::metrics::gauge!("ringside_listeners").decrement(1.0);
    if let Some((code, reason)) = reason {
        let reason = reason.into();
        let _ = down.send(Message::Close(Some(CloseFrame { code, reason }))).await;
    }
}

async fn send_sound<S: SinkExt<Message> + Unpin>(down: &mut S, mut sound: Receiver<HeardFrames>, to: UserId) -> Reason {
    tell(down, &SoundNews::Here).await?;
    loop {
        match sound.recv().await {
            Ok(heard) => down.send(Message::Binary(interleave(&heard, to))).await.ok()?,
            Err(RecvError::Lagged(missed)) => tracing::debug!(missed, "a listener was too slow"),
            Err(RecvError::Closed) => return Some((close_code::NORMAL, "the call ended".to_owned())),
        }
    }
}

/// `None` if the browser is gone.
async fn tell<S: SinkExt<Message> + Unpin>(down: &mut S, news: &SoundNews) -> Option<()> {
    let json = serde_json::to_string(news).ok()?;
    down.send(Message::Text(json.into())).await.ok()
}

/// Takes what the browser sends until it leaves or does what it must not. `open` is asked for a microphone with the first
/// frame, and with the first after each pause.
pub(super) async fn take_voice<S>(
    up: &mut S,
    open: impl Fn() -> BoxFuture<'static, Result<Microphone, UserError>>,
) -> Reason
where
    S: Stream<Item = Result<Message, axum::Error>> + Unpin,
{
    let mut microphone: Option<Microphone> = None;
    let mut pace = Pace::new();
    loop {
        let message = match timeout(STALLED, up.next()).await {
            Ok(message) => message?.ok()?,
            Err(_) => {
                microphone = None;
                continue;
            }
        };
        if let Some(reason) = pace.too_fast() {
            return Some(reason);
        }
        match message {
            Message::Close(_) => return None,
            Message::Text(text) if text.as_str() == MICROPHONE_OFF => microphone = None,
            Message::Binary(bytes) => {
                let Some(frame) = voice(&bytes) else {
                    return Some((close_code::UNSUPPORTED, "That is no sound of a microphone.".to_owned()));
                };
                if microphone.as_ref().is_none_or(Microphone::is_closed) {
                    microphone = match open().await {
                        Ok(opened) => Some(opened),
                        Err(refusal) => return Some((close_code::POLICY, refusal.message)),
                    };
                }
                // What comes too fast is dropped.
                let _ = microphone.as_ref().map(|microphone| microphone.try_send(frame));
            }
            _ => {}
        }
    }
}

async fn open(state: WebState, caller: Caller, id: ConversationId) -> Result<Microphone, UserError> {
    operations::calls::open_microphone(&state.ops, &caller, id).await?;
    let nonce = new_id(state.ops.clock.now(), &*state.ops.chance);
    state
        .network
        .open_microphone(id, &voice_identity(caller.user_id(), nonce))
        .ok_or_else(|| {
            UserError::conflict(
                "Your microphone cannot get into this call: it has ended, or Ringside was built without LiveKit’s browser client.",
            )
        })
}

fn voice(bytes: &Bytes) -> Option<Frame> {
    let (samples, rest) = bytes.as_chunks::<2>();
    if bytes.len() != VOICE_BYTES || !rest.is_empty() {
        return None;
    }
    let mut frame = [0; FRAME_SAMPLES];
    for (place, sample) in frame.iter_mut().zip(samples) {
        *place = i16::from_le_bytes(*sample);
    }
    Some(Frame::new(frame))
}

/// Both sides as `to` hears them: without their own voice.
fn interleave(heard: &HeardFrames, to: UserId) -> Bytes {
    let others = heard
        .supervisors
        .iter()
        .filter(|(who, _)| owner_of_voice(who) != Some(to));
    let others = others.map(|(_, frame)| frame).chain(&heard.aside);
    let ours = others.fold(heard.agent.clone(), |sum, frame| sum.mixed_with(frame));
    stereo(&ours, &heard.person)
}

/// Two sounds as the browser takes them.
pub(super) fn stereo(left: &Frame, right: &Frame) -> Bytes {
    let mut bytes = BytesMut::with_capacity(FRAME_SAMPLES * 4);
    for (left, right) in left.samples().iter().zip(right.samples()) {
        bytes.put_i16_le(*left);
        bytes.put_i16_le(*right);
    }
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u8) -> UserId {
        format!("00000000-0000-0000-0000-0000000000{number:02}")
            .parse()
            .expect("an id")
    }

    #[test]
    fn our_side_is_left_without_ones_own_voice_and_the_person_right() {
        let mia = voice_identity(user(1), new_id(domain::UnixMillis(0), &Zeros));
        let heard = HeardFrames {
            agent: Frame::from_slice(&[1, 2]),
            person: Frame::from_slice(&[-1]),
            supervisors: vec![(mia.into(), Frame::from_slice(&[256]))],
            aside: None,
        };
        let bytes = interleave(&heard, user(1));
        assert_eq!(bytes.len(), FRAME_SAMPLES * 4);
        assert_eq!(&bytes[..8], &[1, 0, 255, 255, 2, 0, 0, 0]);
        assert_eq!(&interleave(&heard, user(2))[..8], &[1, 1, 255, 255, 2, 0, 0, 0]);
    }

    struct Zeros;

    impl domain::Chance for Zeros {
        fn fill(&self, _: &mut [u8]) {}
    }

    #[test]
    fn only_whole_frames_are_a_voice() {
        let mut bytes = vec![0; VOICE_BYTES];
        bytes[..2].copy_from_slice(&(-2_i16).to_le_bytes());
        let frame = voice(&bytes.clone().into()).expect("a frame");
        assert_eq!(frame.samples()[..2], [-2, 0]);
        for wrong in [0, 1, VOICE_BYTES - 2, VOICE_BYTES - 1, VOICE_BYTES + 1, VOICE_BYTES + 2] {
            assert_eq!(voice(&vec![0; wrong].into()), None, "{wrong} bytes");
        }
    }
}
