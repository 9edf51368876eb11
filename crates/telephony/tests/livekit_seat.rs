//! The agent's seat on LiveKit: the room's signs are played by hand, the server API is a real HTTP server that answers as
//! LiveKit does.

use async_trait::async_trait;
use axum::{Router, extract::Path, http::StatusCode, response::IntoResponse, routing::post};
use domain::{AttemptId, ConversationId};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use telephony::{
    AgentSeat, DialRequest, FRAME_SAMPLES, FarEnd, Frame, NotAnswered, RoomEvent as Told, TelephoneNetwork,
    TelephonyError,
    livekit::{
        LiveKitNetwork, LiveKitSettings,
        participant::{
            Engine, Joined, LeaveReason, ParticipantInfo, Room, RoomEvent, RoomEvents, Sound, TokenSource, Voice,
        },
    },
};
use tokio::sync::{mpsc, watch};

const ID: &str = "01900000-0000-7000-8000-000000000001";
const ID_OF_ANOTHER: &str = "01900000-0000-7000-8000-000000000002";

/// How the request to dial is answered.
#[derive(Clone)]
enum Dialled {
    NotYet,
    Answered,
    Error(&'static str),
}

/// LiveKit, as far as a call sees it.
struct Stage {
    network: LiveKitNetwork,
    room: mpsc::UnboundedSender<RoomEvent>,
    /// What was asked of the server API, in order.
    asked: Arc<Mutex<Vec<String>>>,
    dialled: watch::Sender<Dialled>,
    spoken: Arc<Mutex<Vec<i16>>>,
}

struct HandRoom {
    /// `None`: taken, and whoever comes after that waits at the door for ever.
    events: Mutex<Option<mpsc::UnboundedReceiver<RoomEvent>>>,
    spoken: Arc<Mutex<Vec<i16>>>,
}

struct Quiet;
struct Events(mpsc::UnboundedReceiver<RoomEvent>);
struct Spoken(Arc<Mutex<Vec<i16>>>);

#[async_trait]
impl Engine for HandRoom {
    async fn join(&self, _url: &str, tokens: Arc<dyn TokenSource>) -> Result<Joined, TelephonyError> {
        tokens.token()?;
        let events = self.events.lock().expect("unpoisoned").take();
        let Some(events) = events else {
            return std::future::pending().await;
        };
        Ok(Joined {
            room: Arc::new(Quiet),
            events: Box::new(Events(events)),
            voice: Box::new(Spoken(Arc::clone(&self.spoken))),
        })
    }
}

#[async_trait]
impl Room for Quiet {
    async fn send_dtmf(&self, _digit: char) -> Result<(), TelephonyError> {
        Ok(())
    }
    async fn leave(&self) {}
}

#[async_trait]
impl RoomEvents for Events {
    async fn next(&mut self) -> RoomEvent {
        self.0.recv().await.unwrap_or(RoomEvent::Disconnected)
    }
}

impl Voice for Spoken {
    fn send(&self, frame: &[i16; FRAME_SAMPLES]) {
        self.0.lock().expect("unpoisoned").push(frame[0]);
    }
}

struct Tone {
    identity: String,
    silent_for: Duration,
}

impl Sound for Tone {
    fn sid(&self) -> &str {
        "TR_1"
    }
    fn participant(&self) -> &str {
        &self.identity
    }
    fn pull(&mut self) -> [i16; FRAME_SAMPLES] {
        [7; FRAME_SAMPLES]
    }
    fn silent_for(&self) -> Duration {
        self.silent_for
    }
}

impl Stage {
    async fn start() -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (dialled, answers) = watch::channel(Dialled::NotYet);
        let log = Arc::clone(&asked);
        let answer = move |Path(method): Path<String>| {
            let mut answers = answers.clone();
            log.lock().expect("unpoisoned").push(method.clone());
            async move {
                if method == "livekit.RoomService/ListParticipants" {
                    return somebody_on_the_line().into_response();
                }
                if method != "livekit.SIP/CreateSIPParticipant" {
                    return StatusCode::OK.into_response();
                }
                let answer = answers.wait_for(|answer| !matches!(answer, Dialled::NotYet)).await;
                match answer.map(|answer| answer.clone()) {
                    Ok(Dialled::Error(json)) => (StatusCode::TOO_MANY_REQUESTS, json).into_response(),
                    // An empty message is a valid one.
                    _ => StatusCode::OK.into_response(),
                }
            }
        };
        let router = Router::new().route("/twirp/{*method}", post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("ws://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (room, events) = mpsc::unbounded_channel();
        let spoken = Arc::default();
        let settings = LiveKitSettings {
            trunk_id: Some("ST_1".to_owned()),
            ..LiveKitSettings::new(&url, "devkey", "secret")
        };
        let engine = HandRoom {
            events: Mutex::new(Some(events)),
            spoken: Arc::clone(&spoken),
        };
        Self {
            network: LiveKitNetwork::new(settings, engine),
            room,
            asked,
            dialled,
            spoken,
        }
    }

    async fn dialling(&self) -> Box<dyn AgentSeat> {
        let mut seat = self.network.open_room(conversation()).await.expect("opens");
        let request = DialRequest {
            attempt_id: ID.parse::<AttemptId>().expect("an id"),
            number: "+14155550123".parse().expect("valid"),
            ringing_timeout: Duration::from_secs(20),
            longest_call: Duration::from_secs(60),
        };
        seat.dial(request).await.expect("taken");
        seat
    }

    fn tell(&self, event: RoomEvent) {
        self.room.send(event).expect("the seat is there");
    }

    fn status(&self, status: &str) {
        let mut info = person();
        info.attributes.insert("sip.callStatus".to_owned(), status.to_owned());
        self.tell(RoomEvent::ParticipantChanged(info));
    }

    async fn until_asked(&self, method: &str) {
        for _ in 0..500 {
            if self
                .asked
                .lock()
                .expect("unpoisoned")
                .iter()
                .any(|asked| asked == method)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{method} was not asked: {:?}", self.asked.lock().expect("unpoisoned"));
    }
}

fn conversation() -> ConversationId {
    ID.parse().expect("an id")
}

fn person() -> ParticipantInfo {
    ParticipantInfo {
        sid: "PA_1".to_owned(),
        identity: format!("person-{ID}"),
        attributes: BTreeMap::new(),
    }
}

fn sound(silent_for: Duration) -> RoomEvent {
    RoomEvent::TrackSubscribed(Box::new(Tone {
        identity: person().identity,
        silent_for,
    }))
}

async fn next(seat: &mut Box<dyn AgentSeat>) -> Told {
    tokio::time::timeout(Duration::from_secs(10), seat.next())
        .await
        .expect("in time")
}

#[tokio::test]
async fn a_call_is_answered_once_heard_and_really_ended() {
    let stage = Stage::start().await;
    let mut seat = stage.dialling().await;
    stage.tell(RoomEvent::ParticipantJoined(person()));
    stage.tell(sound(Duration::ZERO));
    stage.status("ringing");
    assert_eq!(next(&mut seat).await, Told::Ringing);
    stage.status("active");
    stage.dialled.send_replace(Dialled::Answered);
    assert_eq!(next(&mut seat).await, Told::Answered);
    for _ in 0..5 {
        assert_eq!(next(&mut seat).await, Told::Tick(Frame::new([7; FRAME_SAMPLES])));
        seat.speak(Frame::new([9; FRAME_SAMPLES]));
    }
    assert_eq!(
        stage
            .spoken
            .lock()
            .expect("unpoisoned")
            .iter()
            .filter(|sample| **sample == 9)
            .count(),
        5
    );
    stage.tell(RoomEvent::ParticipantLeft {
        participant: person(),
        reason: LeaveReason::ClientInitiated,
    });
    let mut told = next(&mut seat).await;
    while matches!(told, Told::Tick(_)) {
        told = next(&mut seat).await;
    }
    assert_eq!(told, Told::Left(FarEnd::HungUp));
    seat.hang_up().await;
    stage.until_asked("livekit.RoomService/RemoveParticipant").await;
    stage.until_asked("livekit.RoomService/DeleteRoom").await;
    assert!(stage.network.listen(conversation()).is_none());
    assert_eq!(next(&mut seat).await, Told::Left(FarEnd::Lost));
}

#[tokio::test]
async fn the_sip_code_of_a_call_that_was_not_answered_is_kept() {
    let stage = Stage::start().await;
    let mut seat = stage.dialling().await;
    // The room's poorer reason comes first.
    stage.tell(RoomEvent::ParticipantJoined(person()));
    stage.tell(RoomEvent::ParticipantLeft {
        participant: person(),
        reason: LeaveReason::UserRejected,
    });
    let busy = r#"{"code":"resource_exhausted","msg":"busy","meta":{"sip_status_code":"486","sip_status":"Busy"}}"#;
    stage.dialled.send_replace(Dialled::Error(busy));
    let expected = Told::NotAnswered(NotAnswered::Busy { sip_code: Some(486) });
    assert_eq!(next(&mut seat).await, expected);
}

#[tokio::test]
async fn a_trunk_that_livekit_does_not_know_is_a_refusal() {
    let stage = Stage::start().await;
    let mut seat = stage.dialling().await;
    let unknown = r#"{"code":"not_found","msg":"requested sip trunk does not exist"}"#;
    stage.dialled.send_replace(Dialled::Error(unknown));
    let told = next(&mut seat).await;
    let Told::NotAnswered(NotAnswered::Refused { reason }) = told else {
        panic!("{told:?}");
    };
    assert!(reason.contains("LIVEKIT_SIP_TRUNK_ID"), "{reason}");
}

#[tokio::test]
async fn a_phone_without_packets_is_lost() {
    let stage = Stage::start().await;
    let mut seat = stage.dialling().await;
    stage.tell(RoomEvent::ParticipantJoined(person()));
    stage.tell(sound(Duration::from_secs(6)));
    stage.status("active");
    assert_eq!(next(&mut seat).await, Told::Answered);
    assert_eq!(next(&mut seat).await, Told::Left(FarEnd::Lost));
}

#[tokio::test]
async fn the_person_does_not_hear_a_supervisor_who_was_not_let_through() {
    let stage = Stage::start().await;
    let mut seat = stage.dialling().await;
    stage.tell(RoomEvent::ParticipantJoined(person()));
    stage.status("active");
    assert_eq!(next(&mut seat).await, Told::Answered);
    stage.tell(RoomEvent::ParticipantJoined(ParticipantInfo {
        sid: "PA_2".to_owned(),
        identity: "supervisor-1".to_owned(),
        attributes: BTreeMap::new(),
    }));
    stage.tell(RoomEvent::TrackPublished {
        identity: "supervisor-1".to_owned(),
        sid: "TR_2".to_owned(),
    });
    let identity: Arc<str> = "supervisor-1".into();
    assert_eq!(next(&mut seat).await, Told::SupervisorJoined { identity });
    // The publication is seen with the next event.
    next(&mut seat).await;
    stage.until_asked("livekit.RoomService/UpdateSubscriptions").await;
    seat.let_person_hear("supervisor-1", true).await.expect("done");
}

#[tokio::test]
async fn a_seat_that_is_dropped_ends_the_call_too() {
    let stage = Stage::start().await;
    let seat = stage.dialling().await;
    stage.until_asked("livekit.SIP/CreateSIPParticipant").await;
    drop(seat);
    stage.until_asked("livekit.RoomService/DeleteRoom").await;
}

/// A `ListParticipantsResponse` with the person of the call, who has answered.
fn somebody_on_the_line() -> Vec<u8> {
    let field = |number: u8, value: Vec<u8>| {
        let length = u8::try_from(value.len()).expect("short");
        [vec![number << 3 | 2, length], value].concat()
    };
    let status = [field(1, b"sip.callStatus".to_vec()), field(2, b"active".to_vec())].concat();
    let person = [field(2, person().identity.into_bytes()), field(15, status)].concat();
    field(1, person)
}

/// An answered call with nobody but the person.
async fn answered(stage: &Stage) -> Box<dyn AgentSeat> {
    let mut seat = stage.dialling().await;
    stage.tell(RoomEvent::ParticipantJoined(person()));
    stage.status("active");
    stage.dialled.send_replace(Dialled::Answered);
    assert_eq!(next(&mut seat).await, Told::Answered);
    seat
}

/// The next event that is no tick.
async fn told(seat: &mut Box<dyn AgentSeat>) -> Told {
    loop {
        match next(seat).await {
            Told::Tick(_) => {}
            other => return other,
        }
    }
}

#[tokio::test]
async fn a_colleague_who_does_not_come_is_told_with_the_reason() {
    let stage = Stage::start().await;
    let mut seat = answered(&stage).await;
    let busy = r#"{"code":"resource_exhausted","msg":"busy","meta":{"sip_status_code":"486","sip_status":"Busy"}}"#;
    stage.dialled.send_replace(Dialled::Error(busy));
    let number = "+14155550199".parse().expect("valid");
    let identity = seat.bring_in(&number, Duration::from_secs(20)).await.expect("asked");
    // The room shows that they left before the request tells why.
    let colleague = ParticipantInfo {
        sid: "PA_9".to_owned(),
        identity: identity.to_string(),
        attributes: BTreeMap::new(),
    };
    stage.tell(RoomEvent::ParticipantJoined(colleague.clone()));
    stage.tell(RoomEvent::ParticipantLeft {
        participant: colleague,
        reason: LeaveReason::UserRejected,
    });
    let why = NotAnswered::Busy { sip_code: Some(486) };
    assert_eq!(told(&mut seat).await, Told::NotBroughtIn { identity, why });
}

#[tokio::test]
async fn a_colleague_comes_unheard_and_is_put_out_again() {
    let stage = Stage::start().await;
    let mut seat = answered(&stage).await;
    let number = "+14155550199".parse().expect("valid");
    let identity = seat.bring_in(&number, Duration::from_secs(20)).await.expect("asked");
    stage.tell(RoomEvent::TrackPublished {
        identity: identity.to_string(),
        sid: "TR_9".to_owned(),
    });
    let joined = Told::SupervisorJoined {
        identity: Arc::clone(&identity),
    };
    assert_eq!(told(&mut seat).await, joined);
    stage.until_asked("livekit.RoomService/UpdateSubscriptions").await;
    seat.let_person_hear(&identity, true).await.expect("done");
    seat.put_out(&identity).await.expect("asked");
    stage.until_asked("livekit.RoomService/RemoveParticipant").await;
    assert!(
        seat.put_out(&person().identity).await.is_err(),
        "the person is no colleague"
    );
}

#[tokio::test]
async fn a_transfer_is_asked_for_and_told_when_it_is_decided() {
    let stage = Stage::start().await;
    let mut seat = answered(&stage).await;
    seat.transfer(&"+14155550199".parse().expect("valid"))
        .await
        .expect("asked");
    assert_eq!(told(&mut seat).await, Told::Transferred(true));
    stage.until_asked("livekit.SIP/TransferSIPParticipant").await;
}

#[tokio::test]
async fn a_seat_that_is_given_up_on_the_way_in_leaves_no_trace() {
    let stage = Stage::start().await;
    // Somebody else came first; the next one is not let in.
    let _first = stage
        .network
        .open_room(ID_OF_ANOTHER.parse().expect("an id"))
        .await
        .expect("opens");
    let theirs = conversation().into();
    let joining = tokio::time::timeout(Duration::from_millis(300), stage.network.rejoin(&theirs));
    assert!(joining.await.is_err(), "still at the door");
    stage.until_asked("livekit.RoomService/ListParticipants").await;
    assert!(stage.network.listen(conversation()).is_none());
    let asked = stage.asked.lock().expect("unpoisoned").clone();
    assert!(
        !asked.iter().any(|method| method.ends_with("DeleteRoom")),
        "the person stays where they are: {asked:?}"
    );
}
