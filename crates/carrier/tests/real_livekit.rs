//! The carrier in front of a real livekit-server, with LiveKit's own client and an agent that comes in through it.

mod support;

use carrier::{LegEvent, Phones, SimulatedPhones, SipStatus};
use domain::{AttemptId, ConversationId};
use livekit_api::{
    access_token::{AccessToken, VideoGrants},
    services::{
        ServiceError, SipCallError,
        room::RoomClient,
        sip::{CreateSIPParticipantOptions, SIPClient},
    },
};
use livekit_participant::{
    Engine, JoinOptions, LeaveReason, LocalAudioTrack, ParticipantKind, RemoteAudioTrack, Room, RoomEvent, RoomEvents,
};
use livekit_protocol::SipParticipantInfo;
use rehearsal::{Odds, Outcome, Persona, Recogniser, RehearsalConfig, Studio, StudioConfig, far_end::People, voice_of};
use std::{sync::Arc, time::Duration};
use support::{HandPhones, KEY, NUMBER, SECRET, TRUNK, Telephony, soon};
use telephony::{
    AgentSeat, DialRequest, FRAME_SAMPLES, FarEnd, Frame, NotAnswered, RoomEvent as Told, TelephoneNetwork,
    livekit::LiveKitNetwork,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

const PERSON: &str = "person-1";
const ROOM: &str = "call-1";

/// The agent in a room, and what is needed for it.
struct Stage {
    telephony: Telephony,
    room: Room,
    events: RoomEvents,
    voice: LocalAudioTrack,
}

impl Stage {
    async fn start(phones: impl Phones) -> Self {
        let telephony = Telephony::start(phones).await;
        let grants = VideoGrants {
            room_join: true,
            room: ROOM.to_owned(),
            ..VideoGrants::default()
        };
        let token = AccessToken::with_api_key(KEY, SECRET)
            .with_identity("agent")
            .with_kind("agent")
            .with_grants(grants)
            .to_jwt()
            .expect("signed");
        let joined = soon(Engine::new().join(JoinOptions::new(&telephony.url, token))).await;
        let (room, events) = joined.expect("joins through the carrier");
        let voice = soon(room.publish_audio("agent")).await.expect("published");
        Self {
            telephony,
            room,
            events,
            voice,
        }
    }

    /// Dials in the background and waits for the answer there.
    fn dial(&self) -> JoinHandle<Result<SipParticipantInfo, ServiceError>> {
        let client = SIPClient::with_api_key(&self.telephony.url, KEY, SECRET).with_failover(false);
        let options = CreateSIPParticipantOptions {
            participant_identity: PERSON.to_owned(),
            wait_until_answered: Some(true),
            ringing_timeout: Some(Duration::from_secs(30)),
            ..CreateSIPParticipantOptions::default()
        };
        tokio::spawn(async move {
            let (trunk, number, room) = (TRUNK.to_owned(), NUMBER.to_owned(), ROOM.to_owned());
            client.create_sip_participant(trunk, number, room, options, None).await
        })
    }

    /// Until the person's call stands like this; gives what it stood like before, each once, and their track if it came.
    async fn until_status(&mut self, status: &str) -> (Vec<String>, Option<RemoteAudioTrack>) {
        let (mut stages, mut track) = (Vec::new(), None);
        loop {
            match soon(self.events.next()).await {
                RoomEvent::ParticipantJoined(info) | RoomEvent::ParticipantChanged(info) if info.identity == PERSON => {
                    assert_eq!(info.kind, ParticipantKind::Sip);
                    assert_eq!(info.attributes["sip.phoneNumber"], NUMBER);
                    assert_eq!(info.attributes["sip.trunkID"], TRUNK);
                    let stage = info.attributes["sip.callStatus"].clone();
                    if stages.last() != Some(&stage) {
                        stages.push(stage);
                    }
                    if stages.last().is_some_and(|stage| stage == status) {
                        return (stages, track);
                    }
                }
                RoomEvent::TrackSubscribed(subscribed) if subscribed.participant() == PERSON => {
                    track = Some(subscribed)
                }
                RoomEvent::Disconnected(reason) => panic!("the agent was put out: {reason:?}"),
                _ => {}
            }
        }
    }

    async fn until_left(&mut self) -> LeaveReason {
        loop {
            match soon(self.events.next()).await {
                RoomEvent::ParticipantLeft { participant, reason } if participant.identity == PERSON => return reason,
                RoomEvent::Disconnected(reason) => panic!("the agent was put out: {reason:?}"),
                _ => {}
            }
        }
    }

    async fn close(self) {
        self.room.leave().await;
        self.telephony.carrier.close().await;
    }
}

fn studio() -> Arc<Studio> {
    Studio::new(StudioConfig {
        cache: None,
        tones_only: true,
    })
}

/// Everybody does the same.
fn only(outcome: Outcome) -> RehearsalConfig {
    RehearsalConfig {
        odds: Odds::only(outcome),
        ringing: Duration::from_millis(500)..=Duration::from_millis(800),
        ..RehearsalConfig::default()
    }
}

/// The agent's side of a call, 20 ms by 20 ms: it says goodbye as soon as the person has said hello.
struct PoliteAgent {
    ear: Recogniser,
    heard: String,
    silent_ticks: u32,
    goodbye: std::vec::IntoIter<Frame>,
}

impl PoliteAgent {
    async fn new(studio: &Studio) -> Self {
        let goodbye = studio.render(voice_of::agent("en"), "Thank you. Goodbye.").await;
        Self {
            ear: studio.phrase_book().recogniser(),
            heard: String::new(),
            silent_ticks: 0,
            goodbye: goodbye.expect("rendered").frames.clone().into_iter(),
        }
    }

    /// What it says while it hears this.
    fn tick(&mut self, person: &Frame) -> Option<Frame> {
        if let Some(words) = self.ear.hear(person) {
            words.clone_into(&mut self.heard);
        }
        self.silent_ticks = if person.peak() < 500 { self.silent_ticks + 1 } else { 0 };
        // What was begun is said to its end.
        let may_speak = !self.heard.is_empty() && self.silent_ticks >= 25 || self.goodbye.len() < 25;
        if may_speak { self.goodbye.next() } else { None }
    }
}

#[tokio::test]
async fn a_person_is_rung_up_heard_and_understands_goodbye() {
    let studio = studio();
    let config = only(Outcome::Person(Persona::Interested));
    let people = People::new(config, Arc::clone(&studio));
    let mut stage = Stage::start(SimulatedPhones::new(people)).await;
    let dialled = stage.dial();
    let (stages, track) = stage.until_status("active").await;
    assert_eq!(stages, ["dialing", "ringing", "active"]);
    let mut track = track.expect("the track is there before the answer");
    soon(dialled).await.expect("no panic").expect("answered");

    let mut agent = PoliteAgent::new(&studio).await;
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let conversation = async {
        loop {
            tokio::select! {
                event = stage.events.next() => match event {
                    RoomEvent::ParticipantLeft { participant, reason } if participant.identity == PERSON => return reason,
                    RoomEvent::Disconnected(reason) => panic!("the agent was put out: {reason:?}"),
                    _ => {}
                },
                _ = ticks.tick() => {
                    let said = agent.tick(&Frame::new(track.pull().samples));
                    stage.voice.send(said.unwrap_or_else(Frame::silence).samples());
                }
            }
        }
    };
    let reason = soon(conversation).await;
    assert!(!agent.heard.is_empty(), "the person was heard");
    assert_eq!(agent.goodbye.len(), 0, "they hung up because of what they heard");
    assert_eq!(reason, LeaveReason::ClientInitiated);
    stage.close().await;
}

#[tokio::test]
async fn busy_is_busy_to_the_client_and_to_the_room() {
    let (phones, phone, mut keys) = HandPhones::new();
    let mut stage = Stage::start(phones).await;
    let dialled = stage.dial();
    stage.until_status("dialing").await;
    phone
        .send(LegEvent::Refused(SipStatus::BUSY_HERE))
        .expect("the call goes on");
    let error = soon(dialled).await.expect("no panic").expect_err("not answered");
    let status = SipCallError::from_error(&error).and_then(|error| error.sip_status_code());
    assert_eq!(status, Some(486));
    assert_eq!(stage.until_left().await, LeaveReason::UserRejected);
    assert_eq!(soon(keys.recv()).await, None, "the phone leg is gone");
    stage.close().await;
}

#[tokio::test]
async fn keys_go_both_ways_and_a_removed_phone_hangs_up() {
    let (phones, phone, mut keys) = HandPhones::new();
    let mut stage = Stage::start(phones).await;
    let dialled = stage.dial();
    phone.send(LegEvent::Answered).expect("the call goes on");
    stage.until_status("active").await;
    soon(dialled).await.expect("no panic").expect("answered");
    soon(stage.room.send_dtmf('5')).await.expect("sent");
    assert_eq!(soon(keys.recv()).await, Some('5'));
    phone
        .send(LegEvent::Sound(Frame::new([900; FRAME_SAMPLES])))
        .expect("the call goes on");
    phone.send(LegEvent::Key('#')).expect("the call goes on");
    loop {
        if let RoomEvent::Dtmf { from, digit } = soon(stage.events.next()).await {
            assert_eq!((from.as_str(), digit), (PERSON, '#'));
            break;
        }
    }
    let rooms = RoomClient::with_api_key(&stage.telephony.url, KEY, SECRET);
    rooms
        .remove_participant(ROOM, PERSON)
        .await
        .expect("removed, through the carrier");
    assert_eq!(soon(keys.recv()).await, None, "the phone leg is gone");
    assert_eq!(stage.until_left().await, LeaveReason::ParticipantRemoved);
    stage.close().await;
}

#[tokio::test]
async fn a_room_that_is_closed_ends_a_phone_that_still_rings() {
    let (phones, phone, mut keys) = HandPhones::new();
    let mut stage = Stage::start(phones).await;
    let dialled = stage.dial();
    phone.send(LegEvent::Ringing).expect("the call goes on");
    stage.until_status("ringing").await;
    let rooms = RoomClient::with_api_key(&stage.telephony.url, KEY, SECRET);
    rooms.delete_room(ROOM).await.expect("deleted, through the carrier");
    assert_eq!(soon(keys.recv()).await, None, "the phone leg is gone");
    let error = soon(dialled).await.expect("no panic").expect_err("not answered");
    assert!(SipCallError::from_error(&error).is_none(), "{error}");
    stage.close().await;
}

async fn dialled(network: &LiveKitNetwork, call: u128) -> Box<dyn AgentSeat> {
    let opened = soon(network.open_room(ConversationId(Uuid::from_u128(call)))).await;
    let mut seat = opened.expect("a room");
    let request = DialRequest {
        attempt_id: AttemptId(Uuid::from_u128(call)),
        number: NUMBER.parse().expect("valid"),
        ringing_timeout: Duration::from_secs(5),
        longest_call: Duration::from_secs(60),
    };
    soon(seat.dial(request)).await.expect("taken");
    seat
}

#[tokio::test]
async fn the_products_own_seat_talks_with_a_person() {
    let studio = studio();
    let people = People::new(only(Outcome::Person(Persona::Interested)), Arc::clone(&studio));
    let telephony = Telephony::start(SimulatedPhones::new(people)).await;
    let network = telephony.product();
    soon(network.check()).await.expect("calls can be made");
    let mut seat = dialled(&network, 1).await;
    assert_eq!(soon(seat.next()).await, Told::Ringing);
    assert_eq!(soon(seat.next()).await, Told::Answered);
    let mut agent = PoliteAgent::new(&studio).await;
    let conversation = async {
        loop {
            let frame = match seat.next().await {
                Told::Tick(frame) => frame,
                event => return event,
            };
            if let Some(said) = agent.tick(&frame) {
                seat.speak(said);
            }
        }
    };
    let end = soon(conversation).await;
    assert!(!agent.heard.is_empty(), "the person was heard");
    assert_eq!(agent.goodbye.len(), 0, "they hung up because of what they heard");
    assert_eq!(end, Told::Left(FarEnd::HungUp));
    soon(seat.hang_up()).await;
    telephony.carrier.close().await;
}

#[tokio::test]
async fn the_products_own_seat_is_told_why_nobody_answers() {
    for (outcome, expected) in [
        (Outcome::Busy, NotAnswered::Busy { sip_code: Some(486) }),
        (Outcome::Rejected, NotAnswered::Rejected { sip_code: Some(603) }),
        (Outcome::NoAnswer, NotAnswered::NoAnswer { sip_code: None }),
    ] {
        let telephony = Telephony::start(SimulatedPhones::new(People::new(only(outcome), studio()))).await;
        let mut seat = dialled(&telephony.product(), 2).await;
        let told = async {
            loop {
                match seat.next().await {
                    Told::Ringing => {}
                    event => return event,
                }
            }
        };
        assert_eq!(soon(told).await, Told::NotAnswered(expected), "{outcome:?}");
        soon(seat.hang_up()).await;
        telephony.carrier.close().await;
    }
}

#[tokio::test]
async fn the_product_hanging_up_ends_the_phone() {
    let (phones, phone, mut keys) = HandPhones::new();
    let telephony = Telephony::start(phones).await;
    let mut seat = dialled(&telephony.product(), 3).await;
    phone.send(LegEvent::Answered).expect("the call goes on");
    assert_eq!(soon(seat.next()).await, Told::Answered);
    soon(seat.hang_up()).await;
    assert_eq!(soon(keys.recv()).await, None, "the phone leg is gone");
    telephony.carrier.close().await;
}
