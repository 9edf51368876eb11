//! A participant in a LiveKit room as the seat needs it. Which media engine is behind it, is for whoever implements
//! [`Engine`]: the seat is the same.

use crate::{FRAME_SAMPLES, TelephonyError};
use async_trait::async_trait;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Gives out tokens, a new one for each join: one that was used may have expired.
pub trait TokenSource: Send + Sync {
    /// # Errors
    /// [`TelephonyError::Unavailable`] if none can be signed.
    fn token(&self) -> Result<String, TelephonyError>;
}

/// Joins rooms.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Joins a room and publishes a track of the agent's voice in it. Everything that others publish is subscribed to.
    /// Who is in the room already is told first, as [`RoomEvent::ParticipantJoined`].
    ///
    /// # Errors
    /// [`TelephonyError::Unavailable`] with a sentence; then nobody is in the room.
    async fn join(&self, url: &str, tokens: Arc<dyn TokenSource>) -> Result<Joined, TelephonyError>;
}

/// A participant that is in a room with a voice.
pub struct Joined {
    pub room: Arc<dyn Room>,
    pub events: Box<dyn RoomEvents>,
    pub voice: Box<dyn Voice>,
}

/// The participant's side of the room.
#[async_trait]
pub trait Room: Send + Sync {
    /// Sends a key of the phone's keypad to the phones in the room.
    ///
    /// # Errors
    /// [`TelephonyError`].
    async fn send_dtmf(&self, digit: char) -> Result<(), TelephonyError>;
    /// Leaves. Idempotent.
    async fn leave(&self);
}

/// What happens in the room.
#[async_trait]
pub trait RoomEvents: Send {
    /// Cancel safe. After [`RoomEvent::Disconnected`] or [`RoomEvent::Replaced`] it says that again for ever.
    async fn next(&mut self) -> RoomEvent;
}

/// A track of ours.
pub trait Voice: Send {
    /// Sends 20 ms, 16 kHz mono. Never blocks; paced by the caller.
    fn send(&self, frame: &[i16; FRAME_SAMPLES]);
}

/// A track of somebody else's.
pub trait Sound: Send {
    fn sid(&self) -> &str;
    /// The identity of whoever publishes it.
    fn participant(&self) -> &str;
    /// The next 20 ms, to be called every 20 ms; silence if nothing has come. Never blocks.
    fn pull(&mut self) -> [i16; FRAME_SAMPLES];
    /// How long ago the last packet came.
    fn silent_for(&self) -> Duration;
}

/// Somebody in the room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParticipantInfo {
    /// New for every session.
    pub sid: String,
    pub identity: String,
    pub attributes: BTreeMap<String, String>,
}

/// Why somebody left, as far as it makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveReason {
    ClientInitiated,
    UserUnavailable,
    UserRejected,
    /// Any other: a lost connection, a room that was closed, somebody who was put out.
    Other,
}

/// What happens in the room, as far as a call needs it.
pub enum RoomEvent {
    ParticipantJoined(ParticipantInfo),
    /// Its attributes.
    ParticipantChanged(ParticipantInfo),
    ParticipantLeft {
        participant: ParticipantInfo,
        reason: LeaveReason,
    },
    TrackPublished {
        identity: String,
        sid: String,
    },
    TrackSubscribed(Box<dyn Sound>),
    TrackUnsubscribed {
        sid: String,
    },
    TrackMuted {
        sid: String,
        muted: bool,
    },
    Dtmf {
        from: String,
        digit: char,
    },
    Reconnecting,
    Reconnected,
    /// Somebody else joined as us and sits there now.
    Replaced,
    Disconnected,
}
