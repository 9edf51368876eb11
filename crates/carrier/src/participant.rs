//! Phones in LiveKit's rooms.

use crate::room::{NotJoined, RoomLeg, RoomSign, Rooms};
use async_trait::async_trait;
use livekit_participant::{
    Engine, JoinOptions, LeaveReason, LocalAudioTrack, RemoteAudioTrack, Room, RoomEvent, RoomEvents,
};
use std::collections::HashMap;
use telephony::Frame;

/// The track's name, as LiveKit's SIP service calls it.
const TRACK: &str = "phone";

/// Rooms of a livekit-server.
pub(crate) struct LiveKitRooms {
    engine: Engine,
    url: String,
}

impl LiveKitRooms {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            engine: Engine::new(),
            url: url.to_owned(),
        }
    }
}

#[async_trait]
impl Rooms for LiveKitRooms {
    async fn join(&self, token: String) -> Result<Box<dyn RoomLeg>, NotJoined> {
        let joined = self.engine.join(JoinOptions::new(&self.url, token)).await;
        let (room, events) = joined.map_err(|error| NotJoined(error.to_string()))?;
        let voice = room.publish_audio(TRACK).await;
        Ok(Box::new(PhoneInRoom {
            voice: voice.map_err(|error| NotJoined(error.to_string()))?,
            room,
            events,
            others: Vec::new(),
        }))
    }
}

struct PhoneInRoom {
    room: Room,
    events: RoomEvents,
    voice: LocalAudioTrack,
    others: Vec<RemoteAudioTrack>,
}

#[async_trait]
impl RoomLeg for PhoneInRoom {
    fn sid(&self) -> String {
        self.room.local().sid
    }

    async fn next(&mut self) -> RoomSign {
        loop {
            match self.events.next().await {
                RoomEvent::TrackSubscribed(track) => {
                    self.others.push(track);
                    return RoomSign::Heard;
                }
                RoomEvent::TrackUnsubscribed { sid } => self.others.retain(|track| track.sid() != sid),
                RoomEvent::Dtmf { digit, .. } => return RoomSign::Key(digit),
                RoomEvent::Reconnected => return RoomSign::CameBack,
                RoomEvent::Disconnected(_) => return RoomSign::PutOut,
                _ => {}
            }
        }
    }

    fn hear(&mut self) -> Frame {
        let frames = self.others.iter_mut().map(|track| Frame::new(track.pull().samples));
        frames
            .reduce(|sum, frame| sum.mixed_with(&frame))
            .unwrap_or_else(Frame::silence)
    }

    fn say(&mut self, frame: &Frame) {
        self.voice.send(frame.samples());
    }

    async fn set(&mut self, attribute: &'static str, value: &'static str) {
        let changes = HashMap::from([(attribute.to_owned(), value.to_owned())]);
        if let Err(error) = self.room.set_attributes(changes).await {
            tracing::warn!(%error, attribute, "a phone could not show where its call stands");
        }
    }

    async fn press(&mut self, key: char) {
        if let Err(error) = self.room.send_dtmf(key).await {
            tracing::warn!(%error, "a key was pressed in vain");
        }
    }

    async fn leave(&mut self, reason: LeaveReason) {
        self.room.leave_because(reason).await;
    }
}
