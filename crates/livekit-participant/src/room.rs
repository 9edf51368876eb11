//! The handles of a room.

use crate::{LeaveReason, LocalAudioTrack, ParticipantInfo, RoomError, RoomEvent, data, local_track::OutgoingSound};
use livekit_protocol::data_packet::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// The server answers within a few ms; across oceans and on busy machines it takes longer.
const ANSWER: Duration = Duration::from_secs(10);

/// What the room's task is asked to do.
pub(crate) enum Command {
    Publish {
        name: String,
        reply: oneshot::Sender<Result<(u64, String), RoomError>>,
    },
    Unpublish {
        track: u64,
    },
    Mute {
        track: u64,
        muted: bool,
    },
    Subscribe {
        sid: String,
        on: bool,
    },
    AllowSubscribers(Option<Vec<String>>),
    Send {
        value: Box<Value>,
        to: Vec<String>,
        reliable: bool,
        reply: oneshot::Sender<Result<(), RoomError>>,
    },
    Attributes {
        changes: HashMap<String, String>,
        reply: oneshot::Sender<Result<(), RoomError>>,
    },
}

/// What a participant does in a room. Cheap to clone; when the last one and [`RoomEvents`] are dropped, it leaves.
#[derive(Clone)]
pub struct Room {
    pub(crate) commands: mpsc::UnboundedSender<Command>,
    pub(crate) sounds: mpsc::Sender<OutgoingSound>,
    pub(crate) facts: Arc<Mutex<Facts>>,
    pub(crate) leaving: CancellationToken,
    /// Cancelled when the room's task has ended.
    pub(crate) left: CancellationToken,
}

/// What is known of the room at present.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) sid: String,
    pub(crate) local: ParticipantInfo,
    pub(crate) others: Vec<ParticipantInfo>,
    pub(crate) streams: u64,
    pub(crate) leaving_because: Option<LeaveReason>,
}

/// A data packet to be sent.
#[derive(Clone, Debug, Default)]
pub struct OutgoingData {
    /// At most about 15 KiB.
    pub payload: Vec<u8>,
    pub topic: Option<String>,
    /// Sent again until it has come, and in order. If not, once.
    pub reliable: bool,
    /// Identities; empty means everybody.
    pub to: Vec<String>,
}

impl Room {
    #[must_use]
    pub fn name(&self) -> String {
        self.facts().name.clone()
    }

    #[must_use]
    pub fn sid(&self) -> String {
        self.facts().sid.clone()
    }

    /// Us.
    #[must_use]
    pub fn local(&self) -> ParticipantInfo {
        self.facts().local.clone()
    }

    /// Everybody else, at present.
    #[must_use]
    pub fn participants(&self) -> Vec<ParticipantInfo> {
        self.facts().others.clone()
    }

    /// Publishes a track of sound.
    ///
    /// # Errors
    /// [`RoomError`], for example if the token does not permit it.
    pub async fn publish_audio(&self, name: &str) -> Result<LocalAudioTrack, RoomError> {
        let (track, sid) = self
            .ask(|reply| Command::Publish {
                name: name.to_owned(),
                reply,
            })
            .await?;
        LocalAudioTrack::new(sid, track, self.sounds.clone(), self.commands.clone())
    }

    /// Subscribes to a track, or not any more.
    pub fn subscribe(&self, track_sid: &str, on: bool) {
        let _ = self.commands.send(Command::Subscribe {
            sid: track_sid.to_owned(),
            on,
        });
    }

    /// Who may subscribe to what we publish, by identity; `None` is everybody. Holds for the connections to come too.
    pub fn allow_subscribers(&self, identities: Option<Vec<String>>) {
        let _ = self.commands.send(Command::AllowSubscribers(identities));
    }

    /// Sends a data packet.
    ///
    /// # Errors
    /// [`RoomError`]. Success means that it is on its way.
    pub async fn send_data(&self, data: OutgoingData) -> Result<(), RoomError> {
        self.send(data::user(data.payload, data.topic), data.to, data.reliable)
            .await
    }

    /// Sends a text stream.
    ///
    /// # Errors
    /// [`RoomError`]. Success means that it is on its way.
    pub async fn send_text(&self, topic: &str, text: &str, to: &[String]) -> Result<(), RoomError> {
        let stream = {
            let mut facts = self.facts();
            facts.streams += 1;
            format!("{}-{}", facts.local.sid, facts.streams)
        };
        #[expect(clippy::disallowed_methods, reason = "the stream's header tells the real time")]
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        for packet in data::text(&stream, topic, text, i64::try_from(now).unwrap_or(i64::MAX)) {
            self.send(packet, to.to_vec(), true).await?;
        }
        Ok(())
    }

    /// Sends a key of the keypad to the telephones in the room.
    ///
    /// # Errors
    /// [`RoomError`], also if there is no such key.
    pub async fn send_dtmf(&self, digit: char) -> Result<(), RoomError> {
        let key = data::dtmf(digit).ok_or_else(|| RoomError::Refused("no such key".to_owned()))?;
        self.send(key, Vec::new(), true).await
    }

    /// Changes our own attributes; an empty value removes one.
    ///
    /// # Errors
    /// [`RoomError`]; the token has to permit it (`canUpdateOwnMetadata`).
    pub async fn set_attributes(&self, changes: HashMap<String, String>) -> Result<(), RoomError> {
        self.ask(|reply| Command::Attributes { changes, reply }).await
    }

    /// Leaves, so that everybody is told at once. Idempotent.
    pub async fn leave(&self) {
        self.leave_because(LeaveReason::ClientInitiated).await;
    }

    /// The same for a reason that everybody is told. LiveKit passes on that a user was unavailable or said no, as telephones
    /// do; whatever else it is told becomes [`LeaveReason::ClientInitiated`].
    pub async fn leave_because(&self, reason: LeaveReason) {
        self.facts().leaving_because.get_or_insert(reason);
        self.leaving.cancel();
        // The task bounds what it does when leaving.
        self.left.cancelled().await;
    }

    async fn send(&self, value: Value, to: Vec<String>, reliable: bool) -> Result<(), RoomError> {
        let value = Box::new(value);
        self.ask(|reply| Command::Send {
            value,
            to,
            reliable,
            reply,
        })
        .await
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, RoomError>>) -> Command,
    ) -> Result<T, RoomError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).map_err(|_| RoomError::Left)?;
        match timeout(ANSWER, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(RoomError::Left),
            Err(_) => Err(RoomError::NoAnswer),
        }
    }

    fn facts(&self) -> std::sync::MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What happens in a room.
pub struct RoomEvents {
    pub(crate) events: mpsc::UnboundedReceiver<RoomEvent>,
    pub(crate) ended: Option<crate::LeaveReason>,
}

impl RoomEvents {
    /// The next event. Cancel safe. After [`RoomEvent::Disconnected`] it says that again for ever.
    pub async fn next(&mut self) -> RoomEvent {
        if let Some(reason) = self.ended {
            // Whoever goes on asking must not keep the thread from everybody else.
            tokio::task::yield_now().await;
            return RoomEvent::Disconnected(reason);
        }
        let event = self
            .events
            .recv()
            .await
            .unwrap_or(RoomEvent::Disconnected(crate::LeaveReason::Other));
        if let RoomEvent::Disconnected(reason) = event {
            self.ended = Some(reason);
        }
        event
    }
}
