//! A call whose sound is in a room that browsers join by themselves. The WebSocket stays beside it: it brings the browser its
//! keys, and whoever loses it, their session or their role is put out of the room.

use super::{Pace, Reason, SESSION_CHECK, tell};
use crate::{
    answer::Refusal,
    state::{SignedIn, WebState},
};
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use domain::{
    ConversationId, ErrorKind, UserError,
    access::Permission,
    call_command::{voice_identity, voices_of},
    call_sound::{MICROPHONE_OFF, MICROPHONE_ON, RoomKey, SoundNews},
    new_id,
};
use futures::{Sink, SinkExt, Stream, StreamExt};
use operations::{Caller, Operations};
use std::time::Duration;
use store::{StoreError, inbound};
use telephony::{BrowserAccess, BrowserSeat, CallRoom, TOKENS_LAST, TelephoneNetwork};
use tokio::time::{Instant, interval, sleep, timeout};

/// What browsers join rooms with; in the site if the build had it.
const CLIENT: &str = "livekit-client.js";
/// A connection over which nothing goes is tried this often.
const STILL_THERE: Duration = Duration::from_secs(20);
/// Telling a browser why it has to leave takes no longer.
const FAREWELL: Duration = Duration::from_millis(500);

/// A browser's seat in the room.
pub(super) struct Seat {
    room: CallRoom,
    identity: String,
    access: BrowserAccess,
}

/// A seat to listen from; `None` if the sound has to come over the WebSocket.
pub(super) async fn seat(state: &WebState, caller: &Caller, id: ConversationId) -> Result<Option<Seat>, Refusal> {
    if !state.configuration.site_dir.join(CLIENT).is_file() {
        return Ok(None);
    }
    let room = room_of(state, id).await.map_err(|error| {
        tracing::warn!(%error, "the room of a call is not known");
        UserError::unavailable()
    })?;
    let identity = new_identity(state, caller);
    let listen = BrowserSeat::Listen {
        identity: identity.clone(),
    };
    let access = state.network.browser_access(&room, listen).map_err(unavailable)?;
    Ok(access.map(|access| Seat { room, identity, access }))
}

/// Where a call takes place.
async fn room_of(state: &WebState, conversation: ConversationId) -> Result<CallRoom, StoreError> {
    let mut conn = state.ops.store.connection().await?;
    Ok(CallRoom {
        conversation,
        came_in: inbound::room_of(&mut conn, conversation).await?,
    })
}

fn new_identity(state: &WebState, caller: &Caller) -> String {
    voice_identity(caller.user_id(), new_id(state.ops.clock.now(), &*state.ops.chance))
}

fn unavailable(error: telephony::TelephonyError) -> UserError {
    tracing::warn!(%error, "a browser cannot be let into a room");
    UserError::unavailable()
}

pub(super) async fn serve(socket: WebSocket, seat: Seat, state: WebState, signed_in: SignedIn, id: ConversationId) {
    let closing = state.stopping.closing.clone();
    let caller = signed_in.caller.clone();
    let no_longer = signed_in.until_no_longer(state.ops.clone(), SESSION_CHECK, |caller| {
        caller.role().may(Permission::Listen)
    });
    let mut guest = Guest {
        state: state.clone(),
        caller: caller.clone(),
        room: seat.room,
        identities: vec![seat.identity],
        speaks: false,
    };
    let (mut down, mut up) = socket.split();
    ::metrics::gauge!("ringside_listeners").increment(1.0);
    let reason = tokio::select! {
        reason = guest.attend(&mut up, &mut down, seat.access) => reason,
        () = closing.cancelled() => Some((close_code::AWAY, "the server stops".to_owned())),
        () = no_longer => Some((close_code::POLICY, "You are signed out, or your role has changed.".to_owned())),
        () = until_ended(&state.ops, &caller, id) => Some((close_code::NORMAL, "the call ended".to_owned())),
    };
    ::metrics::gauge!("ringside_listeners").decrement(1.0);
    if let Some((code, reason)) = reason {
        let reason = reason.into();
        // It is out of the room only when it knows why; but nobody stays longer for not answering.
        let farewell = async {
            let sent = down.send(Message::Close(Some(CloseFrame { code, reason }))).await;
            while sent.is_ok() && matches!(up.next().await, Some(Ok(_))) {}
        };
        let _ = timeout(FAREWELL, farewell).await;
    }
    drop((down, up));
    // A browser that was tampered with may come back with a token of before.
    tokio::select! {
        () = keep_out(&*state.network, &guest.room, &guest.identities) => {}
        () = until_ended(&state.ops, &caller, id) => {}
        () = closing.cancelled() => remove(&*state.network, &guest.room, &guest.identities).await,
    }
}

/// One browser in the room.
struct Guest {
    state: WebState,
    caller: Caller,
    room: CallRoom,
    /// As whom it was ever let in; the last is the one that speaks.
    identities: Vec<String>,
    speaks: bool,
}

impl Guest {
    /// Gives out keys until the browser leaves or does what it must not.
    async fn attend<U, D>(&mut self, up: &mut U, down: &mut D, access: BrowserAccess) -> Reason
    where
        U: Stream<Item = Result<Message, axum::Error>> + Unpin,
        D: Sink<Message> + Unpin,
    {
        tell(down, &SoundNews::Listen(self.key(access))).await?;
        let mut still_there = interval(STILL_THERE);
        let mut pace = Pace::new();
        loop {
            let message = tokio::select! {
                message = up.next() => message?.ok()?,
                _ = still_there.tick() => {
                    down.send(Message::Ping(bytes::Bytes::new())).await.ok()?;
                    continue;
                }
            };
            if let Some(reason) = pace.too_fast() {
                return Some(reason);
            }
            let Message::Text(text) = message else {
                if matches!(message, Message::Close(_)) {
                    return None;
                }
                continue;
            };
            match text.as_str() {
                MICROPHONE_ON if !self.speaks => match self.open_microphone().await {
                    Ok(key) => tell(down, &SoundNews::Speak(key)).await?,
                    Err(refusal) => return Some((close_code::POLICY, refusal.message)),
                },
                MICROPHONE_OFF if self.speaks => {
                    self.speaks = false;
                    let spoke = self.identities.last().map(std::slice::from_ref);
                    remove(&*self.state.network, &self.room, spoke.unwrap_or_default()).await;
                }
                _ => {}
            }
        }
    }

    async fn open_microphone(&mut self) -> Result<RoomKey, UserError> {
        operations::calls::open_microphone(&self.state.ops, &self.caller, self.room.conversation).await?;
        let identity = new_identity(&self.state, &self.caller);
        let speak = BrowserSeat::Speak {
            identity: identity.clone(),
            name: self.caller.name().into(),
        };
        let access = self
            .state
            .network
            .browser_access(&self.room, speak)
            .map_err(unavailable)?;
        let access = access.ok_or_else(UserError::unavailable)?;
        self.identities.push(identity);
        self.speaks = true;
        Ok(self.key(access))
    }

    fn key(&self, access: BrowserAccess) -> RoomKey {
        RoomKey {
            url: access.url,
            token: access.token,
            you: voices_of(self.caller.user_id()),
            agent: access.agent,
        }
    }
}

/// Waits until the call is over.
async fn until_ended(ops: &Operations, caller: &Caller, id: ConversationId) {
    loop {
        sleep(SESSION_CHECK).await;
        if let Err(refusal) = operations::calls::may_listen(ops, caller, id).await
            && matches!(refusal.kind, ErrorKind::Conflict | ErrorKind::NotFound)
        {
            return;
        }
    }
}

async fn remove(network: &dyn TelephoneNetwork, room: &CallRoom, identities: &[String]) {
    for identity in identities {
        if let Err(error) = network.remove_browser(room, identity).await {
            tracing::warn!(%error, conversation_id = %room.conversation, "a browser could not be put out of a room");
        }
    }
}

/// Removes them, and again whenever they come back.
async fn keep_out(network: &dyn TelephoneNetwork, room: &CallRoom, identities: &[String]) {
    let begun = Instant::now();
    while begun.elapsed() < TOKENS_LAST {
        remove(network, room, identities).await;
        sleep(SESSION_CHECK).await;
    }
}
