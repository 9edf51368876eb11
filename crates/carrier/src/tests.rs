//! The service with LiveKit's own client, between a room and a phone that the test moves.

mod hands;

use crate::{
    Carrier, CarrierOptions, Invitation, LegEvent, Phones, SipStatus,
    call::{self, CallPlan},
    room::{RoomSign, Rooms},
    twirp::Code,
};
use axum::{Router, http::StatusCode, routing::any};
use hands::{HandPhones, HandRooms, Seen};
use livekit_api::{
    access_token::{AccessToken, Claims},
    services::{
        ServerError, ServiceError, SipCallError,
        sip::{
            CreateSIPInboundTrunkOptions, CreateSIPOutboundTrunkOptions, CreateSIPParticipantOptions,
            ListSIPInboundTrunkFilter, ListSIPOutboundTrunkFilter, SIPClient, TransferSIPParticipantOptions,
        },
    },
};
use livekit_participant::LeaveReason;
use livekit_protocol::{SipOutboundTrunkInfo, SipParticipantInfo};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use telephony::{FRAME_SAMPLES, Frame};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

const KEY: &str = "devkey";
const SECRET: &str = "a secret of at least thirty-two characters";
const NUMBER: &str = "+14155550123";

struct Counter(Mutex<u8>);

impl domain::Chance for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        let mut count = self.0.lock().expect("unpoisoned");
        *count += 1;
        bytes.fill(*count);
    }
}

/// A carrier, its livekit-server, and both ends of the one call it makes.
struct Stage {
    url: String,
    room: mpsc::UnboundedSender<RoomSign>,
    phone: mpsc::UnboundedSender<LegEvent>,
    seen: mpsc::UnboundedReceiver<Seen>,
    carrier: Carrier,
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

impl Stage {
    async fn start() -> Self {
        // Answers as livekit-server does to a token that it does not take.
        let upstream = Router::new()
            .route("/settings", any(|| async { "livekit-server" }))
            .fallback(|| async { (StatusCode::UNAUTHORIZED, "invalid API key") });
        let (witness, seen) = mpsc::unbounded_channel();
        let (rooms, room) = HandRooms::new(&witness);
        let (phones, phone) = HandPhones::new(&witness);
        let livekit_url = serve(upstream).await;
        let carrier = Carrier::with_rooms(
            CarrierOptions {
                livekit_url: livekit_url.clone(),
                api_key: KEY.to_owned(),
                api_secret: SECRET.to_owned(),
                outbound_trunks: vec![SipOutboundTrunkInfo {
                    sip_trunk_id: "ST_1".to_owned(),
                    address: "sip.example.com".to_owned(),
                    numbers: vec!["+12025550100".to_owned()],
                    ..SipOutboundTrunkInfo::default()
                }],
                inbound_trunks: Vec::new(),
            },
            livekit_url,
            rooms,
            phones,
            Arc::new(Counter(Mutex::new(0))),
        );
        Self {
            url: serve(carrier.router()).await,
            room,
            phone,
            seen,
            carrier,
        }
    }

    fn client(&self) -> SIPClient {
        SIPClient::with_api_key(&self.url, KEY, SECRET).with_failover(false)
    }

    /// Dials in the background.
    fn dial(
        &self,
        options: CreateSIPParticipantOptions,
    ) -> tokio::task::JoinHandle<Result<SipParticipantInfo, ServiceError>> {
        let client = self.client();
        tokio::spawn(async move {
            let (trunk, to, room) = ("ST_1".to_owned(), NUMBER.to_owned(), "room".to_owned());
            client.create_sip_participant(trunk, to, room, options, None).await
        })
    }

    fn phone(&self, event: LegEvent) {
        self.phone.send(event).expect("the call goes on");
    }

    async fn next(&mut self) -> Seen {
        let next = tokio::time::timeout(Duration::from_secs(10), self.seen.recv());
        next.await.expect("in time").expect("the carrier lives")
    }

    /// The phone is hung up, and its participant says so and leaves.
    async fn expect_hang_up(&mut self) {
        let end = [
            Seen::PhoneDown,
            status("hangup"),
            Seen::Left(LeaveReason::ClientInitiated),
        ];
        self.expect(end).await;
    }

    async fn expect(&mut self, expected: impl IntoIterator<Item = Seen>) {
        for expected in expected {
            assert_eq!(self.next().await, expected);
        }
    }

    async fn begin(&mut self) -> Claims {
        let Seen::Joined(claims) = self.next().await else {
            panic!("nobody joined first");
        };
        let called = Seen::Called {
            to: NUMBER.to_owned(),
            from: "+12025550100".to_owned(),
        };
        self.expect([called]).await;
        *claims
    }

    async fn answer(&mut self) {
        self.begin().await;
        self.phone(LegEvent::Answered);
        self.expect([status("active")]).await;
    }
}

fn waiting() -> CreateSIPParticipantOptions {
    CreateSIPParticipantOptions {
        participant_identity: "person-1".to_owned(),
        wait_until_answered: Some(true),
        ..CreateSIPParticipantOptions::default()
    }
}

fn status(status: &str) -> Seen {
    Seen::Status(status.to_owned())
}

fn code(error: &ServiceError) -> &str {
    let ServiceError::Twirp(ServerError::Twirp(error)) = error else {
        panic!("{error:?}");
    };
    &error.code
}

#[tokio::test]
async fn a_phone_is_in_the_room_before_it_rings_and_leaves_when_it_hangs_up() {
    let mut stage = Stage::start().await;
    let dialled = stage.dial(waiting());
    let claims = stage.begin().await;
    assert_eq!((claims.sub.as_str(), claims.kind.as_str()), ("person-1", "sip"));
    assert_eq!(claims.video.room, "room");
    let shown = |name: &str| claims.attributes.get(name).map(String::as_str);
    assert_eq!(shown("sip.callStatus"), Some("dialing"));
    assert_eq!(shown("sip.trunkID"), Some("ST_1"));
    assert_eq!(shown("sip.phoneNumber"), Some(NUMBER));
    assert_eq!(shown("sip.trunkPhoneNumber"), Some("+12025550100"));
    assert_eq!(shown("sip.hostname"), Some("sip.example.com"));
    let call_id = shown("sip.callID").expect("an id").to_owned();
    stage.phone(LegEvent::Ringing);
    // Nothing is heard of a phone that was not answered.
    stage.phone(LegEvent::Sound(Frame::new([5; FRAME_SAMPLES])));
    stage.expect([status("ringing")]).await;
    assert!(!dialled.is_finished());
    stage.phone(LegEvent::Answered);
    stage.phone(LegEvent::Sound(Frame::new([7; FRAME_SAMPLES])));
    stage.expect([status("active"), Seen::Said(7), Seen::Heard(3)]).await;
    let info = dialled.await.expect("no panic").expect("answered");
    assert_eq!(info.participant_identity, "person-1");
    assert_eq!((info.participant_id.as_str(), info.sip_call_id), ("PA_1", call_id));
    stage.phone(LegEvent::HungUp);
    stage.expect_hang_up().await;
}

#[tokio::test]
async fn what_the_phone_says_instead_of_answering_reaches_the_client_and_the_room() {
    for (sip, twirp, reason) in [
        (486, "resource_exhausted", LeaveReason::UserRejected),
        (404, "not_found", LeaveReason::UserUnavailable),
        (503, "failed_precondition", LeaveReason::ClientInitiated),
    ] {
        let mut stage = Stage::start().await;
        let dialled = stage.dial(waiting());
        stage.begin().await;
        stage.phone(LegEvent::Refused(SipStatus(sip)));
        let error = dialled.await.expect("no panic").expect_err("not answered");
        assert_eq!(code(&error), twirp);
        let status = SipCallError::from_error(&error).and_then(|error| error.sip_status_code());
        assert_eq!(status, Some(i32::from(sip)));
        stage.expect([Seen::PhoneDown, Seen::Left(reason)]).await;
    }
}

#[tokio::test]
async fn a_phone_rings_as_long_as_it_may() {
    let mut stage = Stage::start().await;
    let dialled = stage.dial(CreateSIPParticipantOptions {
        ringing_timeout: Some(Duration::from_millis(300)),
        ..waiting()
    });
    stage.begin().await;
    stage.phone(LegEvent::Ringing);
    let error = dialled.await.expect("no panic").expect_err("not answered");
    assert_eq!(code(&error), "canceled");
    assert!(SipCallError::from_error(&error).is_none());
    let end = [
        status("ringing"),
        Seen::PhoneDown,
        Seen::Left(LeaveReason::UserUnavailable),
    ];
    stage.expect(end).await;
}

#[tokio::test]
async fn who_does_not_wait_is_answered_while_it_still_rings_and_the_call_has_an_end() {
    let mut stage = Stage::start().await;
    let dialled = stage.dial(CreateSIPParticipantOptions {
        wait_until_answered: None,
        max_call_duration: Some(Duration::from_millis(300)),
        ..waiting()
    });
    dialled.await.expect("no panic").expect("dialled");
    stage.answer().await;
    stage.expect_hang_up().await;
}

#[tokio::test]
async fn keys_are_pressed_both_ways_and_right_after_the_answer() {
    let mut stage = Stage::start().await;
    let dialled = stage.dial(CreateSIPParticipantOptions {
        dtmf: Some("4w2".to_owned()),
        ..waiting()
    });
    stage.begin().await;
    stage.phone(LegEvent::Answered);
    let keys = [Seen::KeyOnPhone('4'), Seen::KeyOnPhone('2')];
    stage.expect([status("automation")]).await;
    stage.expect(keys).await;
    stage.expect([status("active")]).await;
    dialled.await.expect("no panic").expect("answered");
    stage.room.send(RoomSign::Key('9')).expect("the call goes on");
    stage.expect([Seen::KeyOnPhone('9')]).await;
    stage.phone(LegEvent::Key('#'));
    stage.expect([Seen::KeyInRoom('#')]).await;
    stage.room.send(RoomSign::CameBack).expect("the call goes on");
    stage.expect([status("active")]).await;
}

#[tokio::test]
async fn whoever_puts_the_phone_out_or_stops_the_carrier_hangs_it_up() {
    let mut stage = Stage::start().await;
    let dialled = stage.dial(waiting());
    stage.begin().await;
    stage.room.send(RoomSign::PutOut).expect("the call goes on");
    stage.expect([Seen::PhoneDown]).await;
    let error = dialled.await.expect("no panic").expect_err("not answered");
    assert_eq!(code(&error), "canceled");

    let mut stage = Stage::start().await;
    let dialled = stage.dial(waiting());
    stage.answer().await;
    dialled.await.expect("no panic").expect("answered");
    stage.carrier.close().await;
    stage.expect_hang_up().await;
}

#[tokio::test]
async fn a_phone_is_handed_over_or_stays() {
    let mut stage = Stage::start().await;
    let client = stage.client();
    let transfer = |to: &str, milliseconds| {
        let options = TransferSIPParticipantOptions {
            ringing_timeout: Some(Duration::from_millis(milliseconds)),
            ..TransferSIPParticipantOptions::default()
        };
        client.transfer_sip_participant("room".to_owned(), "person-1".to_owned(), to.to_owned(), options)
    };
    let nobody = transfer("tel:+14155550199", 9_000).await.expect_err("nobody is there");
    assert_eq!(code(&nobody), "not_found");
    let dialled = stage.dial(waiting());
    stage.answer().await;
    dialled.await.expect("no panic").expect("answered");
    let no_address = transfer("+14155550199", 9_000).await.expect_err("no address");
    assert_eq!(code(&no_address), "invalid_argument");

    let (late, ()) = tokio::join!(
        transfer("tel:+14155550199", 300),
        stage.expect([Seen::Referred("tel:+14155550199".to_owned())])
    );
    assert_eq!(code(&late.expect_err("too late")), "deadline_exceeded");

    let phone = stage.phone.clone();
    let (refused, ()) = tokio::join!(transfer("tel:+14155550199", 9_000), async {
        stage.expect([Seen::Referred("tel:+14155550199".to_owned())]).await;
        let busy = LegEvent::Referred(Err(SipStatus::BUSY_HERE));
        phone.send(busy).expect("the call goes on");
    });
    let refused = refused.expect_err("busy");
    let status_code = SipCallError::from_error(&refused).and_then(|error| error.sip_status_code());
    assert_eq!(status_code, Some(486));

    let (taken, ()) = tokio::join!(transfer("<sip:desk@example.com>", 9_000), async {
        stage.expect([Seen::Referred("sip:desk@example.com".to_owned())]).await;
        phone.send(LegEvent::Referred(Ok(()))).expect("the call goes on");
    });
    taken.expect("on the way");
    stage.expect_hang_up().await;
}

#[tokio::test]
async fn trunks_are_made_and_found() {
    let stage = Stage::start().await;
    let client = stage.client();
    let made = client
        .create_sip_outbound_trunk(
            "second".to_owned(),
            "sip.example.org".to_owned(),
            vec!["+12025550101".to_owned()],
            CreateSIPOutboundTrunkOptions::default(),
        )
        .await
        .expect("made");
    assert!(made.sip_trunk_id.starts_with("ST_") && made.sip_trunk_id.len() == 15);
    let list = |filter| client.list_sip_outbound_trunk(filter);
    let all = list(ListSIPOutboundTrunkFilter::All).await.expect("listed");
    let ids: Vec<&str> = all.iter().map(|trunk| trunk.sip_trunk_id.as_str()).collect();
    assert_eq!(ids, ["ST_1", &made.sip_trunk_id]);
    client.delete_sip_trunk(&made.sip_trunk_id).await.expect("deleted");
    assert_eq!(list(ListSIPOutboundTrunkFilter::All).await.expect("listed").len(), 1);
    let no_number = client.create_sip_outbound_trunk(
        "third".to_owned(),
        "sip.example.org".to_owned(),
        Vec::new(),
        CreateSIPOutboundTrunkOptions::default(),
    );
    assert_eq!(code(&no_number.await.expect_err("no number")), "invalid_argument");
    let inbound = client
        .create_sip_inbound_trunk(
            "in".to_owned(),
            vec!["+12025550102".to_owned()],
            CreateSIPInboundTrunkOptions::default(),
        )
        .await
        .expect("made");
    let all = client.list_sip_inbound_trunk(ListSIPInboundTrunkFilter::All).await;
    assert_eq!(all.expect("listed"), [inbound]);
}

#[tokio::test]
async fn who_may_not_is_refused_as_livekit_refuses_and_the_rest_is_passed_on() {
    let mut stage = Stage::start().await;
    let unknown = stage
        .client()
        .create_sip_participant(
            "ST_none".to_owned(),
            NUMBER.to_owned(),
            "room".to_owned(),
            waiting(),
            None,
        )
        .await
        .expect_err("no such trunk");
    assert_eq!(code(&unknown), "not_found");
    let whole_uri = stage
        .client()
        .create_sip_participant(
            "ST_1".to_owned(),
            "somebody@example.com".to_owned(),
            "room".to_owned(),
            waiting(),
            None,
        )
        .await
        .expect_err("no number");
    assert_eq!(code(&whole_uri), "invalid_argument");

    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ask = |path: &'static str, token: Option<String>| {
        let request = reqwest::Client::new()
            .post(format!("{}{path}", stage.url))
            .header("content-type", "application/protobuf");
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        async move {
            let answer = request.send().await.expect("answered");
            (answer.status().as_u16(), answer.text().await.expect("text"))
        }
    };
    let list = "/twirp/livekit.SIP/ListSIPOutboundTrunk";
    let token = |secret: &str| {
        let token = AccessToken::with_api_key(KEY, secret);
        token.to_jwt().expect("signed")
    };
    let denied = r#"{"code":"unauthenticated","msg":"permissions denied"}"#;
    assert_eq!(ask(list, None).await, (401, denied.to_owned()));
    assert_eq!(ask(list, Some(token(SECRET))).await, (401, denied.to_owned()));
    let forged = ask(list, Some(token("another secret, of thirty-two characters"))).await;
    assert_eq!(forged, (401, "invalid API key".to_owned()));
    assert_eq!(ask("/settings", None).await, (200, "livekit-server".to_owned()));
    assert!(stage.seen.try_recv().is_err(), "nobody was called");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_answer_or_without_sound_comes_to_an_end_by_itself() {
    for answers in [false, true] {
        let (witness, mut seen) = mpsc::unbounded_channel();
        let (rooms, _room) = HandRooms::new(&witness);
        let (phones, phone) = HandPhones::new(&witness);
        let token = AccessToken::with_api_key(KEY, SECRET).to_jwt().expect("signed");
        let room = rooms.join(token).await.expect("a room");
        let leg = phones.call(&Invitation {
            to: NUMBER.to_owned(),
            from: String::new(),
        });
        let plan = CallPlan {
            ringing: Duration::from_secs(180),
            longest: None,
            keys: VecDeque::new(),
            waits: true,
            comes_in: false,
        };
        let (answer, answered) = oneshot::channel();
        let (_transfers, wishes) = mpsc::channel(1);
        if answers {
            phone.send(LegEvent::Answered).expect("the call goes on");
        }
        call::carry(room, leg, plan, answer, wishes, CancellationToken::new()).await;
        let answered = answered.await.expect("told").map_err(|error| error.code);
        let mut seen = std::iter::from_fn(|| seen.try_recv().ok()).skip(2);
        let left = if answers {
            assert_eq!(answered, Ok(()));
            assert_eq!(seen.next(), Some(status("active")));
            vec![
                Seen::PhoneDown,
                status("hangup"),
                Seen::Left(LeaveReason::ClientInitiated),
            ]
        } else {
            assert_eq!(answered, Err(Code::DeadlineExceeded));
            vec![Seen::PhoneDown, Seen::Left(LeaveReason::UserUnavailable)]
        };
        assert_eq!(seen.collect::<Vec<_>>(), left);
    }
}
