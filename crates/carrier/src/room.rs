//! The room leg: the phone as a participant of a LiveKit room. Behind a trait, so that calls can be tested without one.

use async_trait::async_trait;
use livekit_participant::LeaveReason;
use telephony::Frame;

/// Lets phones into rooms.
#[async_trait]
pub(crate) trait Rooms: Send + Sync + 'static {
    /// Joins as whom the token says, with a track. Everything that others publish is heard.
    async fn join(&self, token: String) -> Result<Box<dyn RoomLeg>, NotJoined>;
}

/// LiveKit did not let the phone in.
#[derive(Debug, thiserror::Error)]
#[error("the room could not be joined: {0}")]
pub(crate) struct NotJoined(pub(crate) String);

/// A phone in a room. Dropping it leaves.
#[async_trait]
pub(crate) trait RoomLeg: Send {
    /// Of the participant, new for every session.
    fn sid(&self) -> String;
    /// What happens next, cancel safe. [`RoomSign::PutOut`] is said again for ever.
    async fn next(&mut self) -> RoomSign;
    /// The next 20 ms of all that is to be heard in the room. Never blocks.
    fn hear(&mut self) -> Frame;
    /// Says 20 ms. Never blocks.
    fn say(&mut self, frame: &Frame);
    /// Sets one of the participant's attributes.
    async fn set(&mut self, attribute: &'static str, value: &'static str);
    /// Sends a key of the phone's keypad to everybody.
    async fn press(&mut self, key: char);
    async fn leave(&mut self, reason: LeaveReason);
}

/// What happens in the room, as far as it concerns the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoomSign {
    /// Somebody else's track is heard.
    Heard,
    /// Somebody pressed a key.
    Key(char),
    /// The connection was away; attributes are as they were at first.
    CameBack,
    /// The phone was removed, or the room is closed.
    PutOut,
}
