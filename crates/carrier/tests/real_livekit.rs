//! The carrier in front of a real livekit-server, with LiveKit's own client and an agent that comes in through it.

use async_trait::async_trait;
use carrier::{Carrier, CarrierOptions, Invitation, LegEvent, PhoneLeg, Phones, SimulatedPhones, SipStatus};
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
use livekit_protocol::{SipOutboundTrunkInfo, SipParticipantInfo};
use local_livekit::{API_KEY as KEY, API_SECRET as SECRET, LocalLiveKit, Options};
use rehearsal::{Odds, Outcome, Persona, RehearsalConfig, Studio, StudioConfig, far_end::People, voice_of};
use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};
use telephony::{FRAME_SAMPLES, Frame};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

const PERSON: &str = "person-1";
const ROOM: &str = "call-1";
/// On a busy machine everything takes longer than it should.
const PATIENCE: Duration = Duration::from_secs(60);

struct Counter(AtomicU8);

impl domain::Chance for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

/// A livekit-server, a carrier in front of it, and the agent in the room.
struct Stage {
    _server: LocalLiveKit,
    carrier: Carrier,
    /// The carrier's, which is all that the agent and the client know.
    url: String,
    room: Room,
    events: RoomEvents,
    voice: LocalAudioTrack,
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("within a minute")
}

impl Stage {
    async fn start(phones: impl Phones) -> Self {
        let server = LocalLiveKit::start(&Options::default()).unwrap_or_else(|error| panic!("{error}"));
        let options = CarrierOptions {
            livekit_url: server.url(),
            api_key: KEY.to_owned(),
            api_secret: SECRET.to_owned(),
            outbound_trunks: vec![SipOutboundTrunkInfo {
                sip_trunk_id: "ST_1".to_owned(),
                address: "sip.example.com".to_owned(),
                numbers: vec!["+12025550100".to_owned()],
                ..SipOutboundTrunkInfo::default()
            }],
        };
        let carrier = Carrier::new(options, phones, Arc::new(Counter(AtomicU8::new(0)))).expect("an address");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("ws://{}", listener.local_addr().expect("bound"));
        let router = carrier.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
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
        let joined = soon(Engine::new().join(JoinOptions::new(&url, token))).await;
        let (room, events) = joined.expect("joins through the carrier");
        let voice = soon(room.publish_audio("agent")).await.expect("published");
        Self {
            _server: server,
            carrier,
            url,
            room,
            events,
            voice,
        }
    }

    /// Dials in the background and waits for the answer there.
    fn dial(&self) -> JoinHandle<Result<SipParticipantInfo, ServiceError>> {
        let client = SIPClient::with_api_key(&self.url, KEY, SECRET).with_failover(false);
        let options = CreateSIPParticipantOptions {
            participant_identity: PERSON.to_owned(),
            wait_until_answered: Some(true),
            ringing_timeout: Some(Duration::from_secs(30)),
            ..CreateSIPParticipantOptions::default()
        };
        tokio::spawn(async move {
            let (trunk, number, room) = ("ST_1".to_owned(), "+14155550123".to_owned(), ROOM.to_owned());
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
                    assert_eq!(info.attributes["sip.phoneNumber"], "+14155550123");
                    assert_eq!(info.attributes["sip.trunkID"], "ST_1");
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
        self.carrier.close().await;
    }
}

#[tokio::test]
async fn a_person_is_rung_up_heard_and_understands_goodbye() {
    let studio = Studio::new(StudioConfig {
        cache: None,
        tones_only: true,
    });
    let config = RehearsalConfig {
        odds: Odds::only(Outcome::Person(Persona::Interested)),
        ringing: Duration::from_millis(500)..=Duration::from_millis(800),
        ..RehearsalConfig::default()
    };
    let people = People::new(config, Arc::clone(&studio));
    let mut stage = Stage::start(SimulatedPhones::new(people)).await;
    let dialled = stage.dial();
    let (stages, track) = stage.until_status("active").await;
    assert_eq!(stages, ["dialing", "ringing", "active"]);
    let mut track = track.expect("the track is there before the answer");
    soon(dialled).await.expect("no panic").expect("answered");

    // The agent's side of the call, 20 ms by 20 ms: it says goodbye as soon as the person has said hello.
    let goodbye = studio
        .render(voice_of::agent("en"), "Thank you. Goodbye.")
        .await
        .expect("rendered");
    let mut goodbye = goodbye.frames.iter();
    let mut ear = studio.phrase_book().recogniser();
    let (mut hello, mut silent_ticks) = (String::new(), 0);
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
                    let heard = Frame::new(track.pull().samples);
                    if let Some(words) = ear.hear(&heard) {
                        words.clone_into(&mut hello);
                    }
                    silent_ticks = if heard.peak() < 500 { silent_ticks + 1 } else { 0 };
                    let may_speak = !hello.is_empty() && silent_ticks >= 25 || goodbye.len() < 25;
                    let said = if may_speak { goodbye.next().cloned() } else { None };
                    stage.voice.send(said.unwrap_or_else(Frame::silence).samples());
                }
            }
        }
    };
    let reason = soon(conversation).await;
    assert!(!hello.is_empty(), "the person was heard");
    assert_eq!(goodbye.len(), 0, "they hung up because of what they heard");
    assert_eq!(reason, LeaveReason::ClientInitiated);
    stage.close().await;
}

/// A phone that the test moves.
struct HandPhones {
    events: Mutex<Option<mpsc::UnboundedReceiver<LegEvent>>>,
    /// Keys that were pressed for it; closes when it is hung up.
    keys: Mutex<Option<mpsc::UnboundedSender<char>>>,
}

struct HandPhone {
    events: mpsc::UnboundedReceiver<LegEvent>,
    keys: mpsc::UnboundedSender<char>,
}

impl HandPhones {
    fn new() -> (Self, mpsc::UnboundedSender<LegEvent>, mpsc::UnboundedReceiver<char>) {
        let (events, coming) = mpsc::unbounded_channel();
        let (keys, pressed) = mpsc::unbounded_channel();
        let phones = Self {
            events: Mutex::new(Some(coming)),
            keys: Mutex::new(Some(keys)),
        };
        (phones, events, pressed)
    }
}

impl Phones for HandPhones {
    fn call(&self, _invitation: &Invitation) -> Box<dyn PhoneLeg> {
        Box::new(HandPhone {
            events: self.events.lock().expect("unpoisoned").take().expect("one call"),
            keys: self.keys.lock().expect("unpoisoned").take().expect("one call"),
        })
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
    fn hear(&mut self, _frame: Frame) {}
    fn press(&mut self, key: char) {
        let _ = self.keys.send(key);
    }
    fn refer(&mut self, _to: &str) {}
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
    let rooms = RoomClient::with_api_key(&stage.url, KEY, SECRET);
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
    let rooms = RoomClient::with_api_key(&stage.url, KEY, SECRET);
    rooms.delete_room(ROOM).await.expect("deleted, through the carrier");
    assert_eq!(soon(keys.recv()).await, None, "the phone leg is gone");
    let error = soon(dialled).await.expect("no panic").expect_err("not answered");
    assert!(SipCallError::from_error(&error).is_none(), "{error}");
    stage.close().await;
}
