//! Calls of the product's own network, through the carrier and a real livekit-server.

#[path = "calls/colleagues.rs"]
mod colleagues;
mod support;

use carrier::LegEvent;
use domain::{AttemptId, ConversationId};
use std::time::Duration;
use support::{HandPhones, NUMBER, Telephony, soon};
use telephony::{AgentSeat, DialRequest, FRAME_SAMPLES, FarEnd, Frame, NotAnswered, RoomEvent, TelephoneNetwork};

const CONVERSATION: &str = "01900000-0000-7000-8000-000000000001";

fn conversation() -> ConversationId {
    CONVERSATION.parse().expect("an id")
}

fn request() -> DialRequest {
    let attempt: AttemptId = "01900000-0000-7000-8000-000000000002".parse().expect("an id");
    DialRequest {
        attempt_id: attempt,
        number: NUMBER.parse().expect("a number"),
        ringing_timeout: Duration::from_secs(30),
        longest_call: Duration::from_secs(60),
    }
}

/// The next event that is no tick.
async fn told(seat: &mut Box<dyn AgentSeat>) -> RoomEvent {
    soon(async {
        loop {
            match seat.next().await {
                RoomEvent::Tick(_) => {}
                other => return other,
            }
        }
    })
    .await
}

/// Until the person is heard.
async fn hear(seat: &mut Box<dyn AgentSeat>) {
    soon(async {
        loop {
            match seat.next().await {
                RoomEvent::Tick(frame) if frame.peak() > 300 => return,
                RoomEvent::Tick(_) => seat.speak(Frame::silence()),
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
}

/// A person who hums.
fn hum(phone: &tokio::sync::mpsc::UnboundedSender<LegEvent>) -> tokio::task::JoinHandle<()> {
    let phone = phone.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let frame: [i16; FRAME_SAMPLES] = std::array::from_fn(|n| (4_000.0 * (n as f64 * 0.157).sin()) as i16);
        for _ in 0..3_000 {
            ticks.tick().await;
            if phone.send(LegEvent::Sound(Frame::new(frame))).is_err() {
                return;
            }
        }
    })
}

#[tokio::test]
async fn a_call_from_ringing_to_hanging_up() {
    let (phones, phone, mut keys) = HandPhones::new();
    let telephony = Telephony::start(phones).await;
    let network = telephony.product();
    network.check().await.expect("the trunk is there");
    let mut seat = soon(network.open_room(conversation())).await.expect("opened");
    seat.dial(request()).await.expect("dialled");
    phone.send(LegEvent::Ringing).expect("the call goes on");
    assert!(matches!(told(&mut seat).await, RoomEvent::Ringing));
    phone.send(LegEvent::Answered).expect("the call goes on");
    assert!(matches!(told(&mut seat).await, RoomEvent::Answered));
    let humming = hum(&phone);
    hear(&mut seat).await;
    phone.send(LegEvent::Key('9')).expect("the call goes on");
    assert!(matches!(told(&mut seat).await, RoomEvent::Dtmf('9')));
    seat.send_dtmf('1').await.expect("sent");
    assert_eq!(soon(keys.recv()).await, Some('1'));
    phone.send(LegEvent::HungUp).expect("the call goes on");
    assert!(matches!(told(&mut seat).await, RoomEvent::Left(FarEnd::HungUp)));
    seat.hang_up().await;
    assert_eq!(
        soon(network.rejoin(&conversation().into()))
            .await
            .expect("asked")
            .map(|_| ()),
        None,
        "nobody is there"
    );
    humming.abort();
    telephony.carrier.close().await;
}

#[tokio::test]
async fn a_busy_phone_is_busy() {
    let (phones, phone, _keys) = HandPhones::new();
    let telephony = Telephony::start(phones).await;
    let network = telephony.product();
    let mut seat = soon(network.open_room(conversation())).await.expect("opened");
    seat.dial(request()).await.expect("dialled");
    phone
        .send(LegEvent::Refused(carrier::SipStatus::BUSY_HERE))
        .expect("the call goes on");
    let told = told(&mut seat).await;
    assert!(
        matches!(told, RoomEvent::NotAnswered(NotAnswered::Busy { sip_code: Some(486) })),
        "{told:?}"
    );
    seat.hang_up().await;
    telephony.carrier.close().await;
}

#[tokio::test]
async fn another_worker_takes_the_seat_and_the_old_one_ends_nothing() {
    let (phones, phone, mut keys) = HandPhones::new();
    let telephony = Telephony::start(phones).await;
    let first = telephony.product();
    let mut old = soon(first.open_room(conversation())).await.expect("opened");
    old.dial(request()).await.expect("dialled");
    phone.send(LegEvent::Answered).expect("the call goes on");
    assert!(matches!(told(&mut old).await, RoomEvent::Answered));
    let humming = hum(&phone);
    hear(&mut old).await;

    let second = telephony.product();
    let mut new = soon(second.rejoin(&conversation().into()))
        .await
        .expect("let in")
        .expect("somebody is there");
    hear(&mut new).await;
    assert!(
        matches!(told(&mut old).await, RoomEvent::Left(FarEnd::Lost)),
        "the old one finds itself outside"
    );
    old.hang_up().await;
    drop(old);
    tokio::time::sleep(Duration::from_millis(500)).await;
    hear(&mut new).await;
    new.send_dtmf('7').await.expect("still in the room");
    assert_eq!(soon(keys.recv()).await, Some('7'));

    new.hang_up().await;
    assert_eq!(soon(keys.recv()).await, None, "the phone leg ends with the call");
    humming.abort();
    telephony.carrier.close().await;
}

#[tokio::test]
async fn nobody_is_to_be_found_where_nobody_was() {
    let (phones, _phone, _keys) = HandPhones::new();
    let telephony = Telephony::start(phones).await;
    let nobody = soon(telephony.product().rejoin(&conversation().into()))
        .await
        .expect("asked");
    assert!(nobody.is_none());
    telephony.carrier.close().await;
}
