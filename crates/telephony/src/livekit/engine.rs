//! Our own media engine, `livekit-participant`, behind the seat's port.

use super::participant::{
    Engine, Joined, LeaveReason, ParticipantInfo, Room, RoomEvent, RoomEvents, Sound, TokenSource, Voice,
};
use crate::{FRAME_SAMPLES, TelephonyError};
use async_trait::async_trait;
use livekit_participant as media;
use std::{sync::Arc, time::Duration};

/// Name of the agent's track.
const VOICE: &str = "voice";

/// Joins rooms with `livekit-participant`. Cheap to clone.
#[derive(Clone, Default)]
pub struct ParticipantEngine {
    engine: media::Engine,
}

impl ParticipantEngine {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Engine for ParticipantEngine {
    async fn join(&self, url: &str, tokens: Arc<dyn TokenSource>) -> Result<Joined, TelephonyError> {
        let options = media::JoinOptions {
            url: url.to_owned(),
            tokens: Arc::new(Tokens(tokens)),
            auto_subscribe: true,
        };
        let (room, events) = self.engine.join(options).await.map_err(|error| unavailable(&error))?;
        let voice = match room.publish_audio(VOICE).await {
            Ok(voice) => voice,
            Err(error) => {
                room.leave().await;
                return Err(unavailable(&error));
            }
        };
        Ok(Joined {
            room: Arc::new(RoomOf(room)),
            events: Box::new(EventsOf(events)),
            voice: Box::new(VoiceOf(voice)),
        })
    }
}

/// The sentence goes on to whoever looks after the installation.
fn unavailable(error: &impl ToString) -> TelephonyError {
    TelephonyError::Unavailable(error.to_string())
}

struct Tokens(Arc<dyn TokenSource>);

impl media::TokenSource for Tokens {
    fn token(&self) -> Result<String, String> {
        self.0.token().map_err(|error| error.to_string())
    }
}

struct RoomOf(media::Room);

#[async_trait]
impl Room for RoomOf {
    async fn send_dtmf(&self, digit: char) -> Result<(), TelephonyError> {
        self.0.send_dtmf(digit).await.map_err(|error| unavailable(&error))
    }

    async fn leave(&self) {
        self.0.leave().await;
    }
}

struct VoiceOf(media::LocalAudioTrack);

impl Voice for VoiceOf {
    fn send(&self, frame: &[i16; FRAME_SAMPLES]) {
        self.0.send(frame);
    }
}

struct SoundOf(media::RemoteAudioTrack);

impl Sound for SoundOf {
    fn sid(&self) -> &str {
        self.0.sid()
    }

    fn participant(&self) -> &str {
        self.0.participant()
    }

    fn pull(&mut self) -> [i16; FRAME_SAMPLES] {
        self.0.pull().samples
    }

    fn silent_for(&self) -> Duration {
        self.0.silent_for()
    }
}

struct EventsOf(media::RoomEvents);

#[async_trait]
impl RoomEvents for EventsOf {
    async fn next(&mut self) -> RoomEvent {
        loop {
            if let Some(event) = event(self.0.next().await) {
                return event;
            }
        }
    }
}

/// Those events that a call needs.
fn event(event: media::RoomEvent) -> Option<RoomEvent> {
    Some(match event {
        media::RoomEvent::ParticipantJoined(who) => RoomEvent::ParticipantJoined(who.into()),
        media::RoomEvent::ParticipantChanged(who) => RoomEvent::ParticipantChanged(who.into()),
        media::RoomEvent::ParticipantLeft { participant, reason } => RoomEvent::ParticipantLeft {
            participant: participant.into(),
            reason: reason.into(),
        },
        media::RoomEvent::TrackPublished { identity, track } => RoomEvent::TrackPublished {
            identity,
            sid: track.sid,
        },
        media::RoomEvent::TrackSubscribed(track) => RoomEvent::TrackSubscribed(Box::new(SoundOf(track))),
        media::RoomEvent::TrackUnsubscribed { sid } => RoomEvent::TrackUnsubscribed { sid },
        media::RoomEvent::TrackMuted { sid, muted, .. } => RoomEvent::TrackMuted { sid, muted },
        media::RoomEvent::Dtmf { from, digit } => RoomEvent::Dtmf { from, digit },
        media::RoomEvent::Reconnecting => RoomEvent::Reconnecting,
        media::RoomEvent::Reconnected => RoomEvent::Reconnected,
        media::RoomEvent::Disconnected(_) => RoomEvent::Disconnected,
        _ => return None,
    })
}

impl From<media::ParticipantInfo> for ParticipantInfo {
    fn from(who: media::ParticipantInfo) -> Self {
        Self {
            sid: who.sid,
            identity: who.identity,
            attributes: who.attributes,
        }
    }
}

impl From<media::LeaveReason> for LeaveReason {
    fn from(reason: media::LeaveReason) -> Self {
        match reason {
            media::LeaveReason::ClientInitiated => Self::ClientInitiated,
            media::LeaveReason::UserUnavailable => Self::UserUnavailable,
            media::LeaveReason::UserRejected => Self::UserRejected,
            _ => Self::Other,
        }
    }
}
