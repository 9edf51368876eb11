//! A room and a phone that the test moves, and a witness of what is done to them.

use super::{KEY, SECRET};
use crate::{
    Invitation, LegEvent, PhoneLeg, Phones,
    room::{NotJoined, RoomLeg, RoomSign, Rooms},
};
use async_trait::async_trait;
use livekit_api::access_token::{Claims, TokenVerifier};
use livekit_participant::LeaveReason;
use std::sync::Mutex;
use telephony::{FRAME_SAMPLES, Frame};
use tokio::sync::mpsc;

/// What happened, in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    Joined(Box<Claims>),
    Status(String),
    Said(i16),
    KeyInRoom(char),
    Left(LeaveReason),
    Called { to: String, from: String },
    Heard(i16),
    KeyOnPhone(char),
    Referred(String),
    PhoneDown,
}

pub(super) type Witness = mpsc::UnboundedSender<Seen>;
/// The end that a test moves; taken by the first call.
type Moved<T> = Mutex<Option<mpsc::UnboundedReceiver<T>>>;

pub(super) struct HandRooms {
    signs: Moved<RoomSign>,
    seen: Witness,
}

struct HandRoom {
    signs: mpsc::UnboundedReceiver<RoomSign>,
    seen: Witness,
}

impl HandRooms {
    pub(super) fn new(seen: &Witness) -> (Self, mpsc::UnboundedSender<RoomSign>) {
        let (sender, signs) = mpsc::unbounded_channel();
        let rooms = Self {
            signs: Mutex::new(Some(signs)),
            seen: seen.clone(),
        };
        (rooms, sender)
    }
}

#[async_trait]
impl Rooms for HandRooms {
    async fn join(&self, token: String) -> Result<Box<dyn RoomLeg>, NotJoined> {
        let claims = TokenVerifier::with_api_key(KEY, SECRET).verify(&token).expect("signed");
        let signs = self.signs.lock().expect("unpoisoned").take();
        let signs = signs.ok_or_else(|| NotJoined("there is one room only".to_owned()))?;
        let _ = self.seen.send(Seen::Joined(Box::new(claims)));
        let seen = self.seen.clone();
        Ok(Box::new(HandRoom { signs, seen }))
    }
}

#[async_trait]
impl RoomLeg for HandRoom {
    fn sid(&self) -> String {
        "PA_1".to_owned()
    }
    async fn next(&mut self) -> RoomSign {
        match self.signs.recv().await {
            Some(sign) => sign,
            None => std::future::pending().await,
        }
    }
    fn hear(&mut self) -> Frame {
        Frame::new([3; FRAME_SAMPLES])
    }
    fn say(&mut self, frame: &Frame) {
        let _ = self.seen.send(Seen::Said(frame.samples()[0]));
    }
    async fn set(&mut self, attribute: &'static str, value: &'static str) {
        assert_eq!(attribute, "sip.callStatus");
        let _ = self.seen.send(Seen::Status(value.to_owned()));
    }
    async fn press(&mut self, key: char) {
        let _ = self.seen.send(Seen::KeyInRoom(key));
    }
    async fn leave(&mut self, reason: LeaveReason) {
        let _ = self.seen.send(Seen::Left(reason));
    }
}

pub(super) struct HandPhones {
    events: Moved<LegEvent>,
    seen: Witness,
}

struct HandPhone {
    events: mpsc::UnboundedReceiver<LegEvent>,
    seen: Witness,
}

impl HandPhones {
    pub(super) fn new(seen: &Witness) -> (Self, mpsc::UnboundedSender<LegEvent>) {
        let (sender, events) = mpsc::unbounded_channel();
        let phones = Self {
            events: Mutex::new(Some(events)),
            seen: seen.clone(),
        };
        (phones, sender)
    }
}

#[async_trait]
impl Phones for HandPhones {
    fn call(&self, invitation: &Invitation) -> Box<dyn PhoneLeg> {
        let Invitation { to, from } = invitation.clone();
        let _ = self.seen.send(Seen::Called { to, from });
        let events = self.events.lock().expect("unpoisoned").take().expect("one call");
        let seen = self.seen.clone();
        Box::new(HandPhone { events, seen })
    }
}

#[async_trait]
impl PhoneLeg for HandPhone {
    async fn next(&mut self) -> LegEvent {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }
    fn hear(&mut self, frame: Frame) {
        let _ = self.seen.send(Seen::Heard(frame.samples()[0]));
    }
    fn press(&mut self, key: char) {
        let _ = self.seen.send(Seen::KeyOnPhone(key));
    }
    fn refer(&mut self, to: &str) {
        let _ = self.seen.send(Seen::Referred(to.to_owned()));
    }
}

impl Drop for HandPhone {
    fn drop(&mut self) {
        let _ = self.seen.send(Seen::PhoneDown);
    }
}
