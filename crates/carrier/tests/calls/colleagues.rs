//! A colleague is called into a call of the product's own network, through the carrier and a real livekit-server.

use super::support::{NUMBER, Telephony, soon};
use async_trait::async_trait;
use carrier::{Invitation, LegEvent, PhoneLeg, Phones, SipStatus};
use domain::{AttemptId, ConversationId, PhoneNumber};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    time::Duration,
};
use telephony::{AgentSeat, DialRequest, FRAME_SAMPLES, Frame, NotAnswered, RoomEvent, TelephoneNetwork};
use tokio::time::{Instant, sleep_until};

/// Whoever has this number is busy, everybody else answers and hums.
const BUSY: &str = "+14155550198";
const COLLEAGUE: &str = "+14155550199";
const AUDIBLE: u16 = 300;

/// What became of a phone.
#[derive(Clone, Default)]
struct Witness {
    /// Loudest sample of what it heard last.
    hears: Arc<AtomicU16>,
    down: Arc<AtomicBool>,
}

#[derive(Clone, Default)]
struct Hummers {
    phones: Arc<Mutex<Vec<(String, Witness)>>>,
}

struct Hummer {
    to: String,
    witness: Witness,
    answered: bool,
    next: Instant,
}

impl Hummers {
    fn of(&self, number: &str) -> Witness {
        let phones = self.phones.lock().expect("unpoisoned");
        let found = phones.iter().find(|(to, _)| to == number);
        found.expect("it was called").1.clone()
    }
}

impl Phones for Hummers {
    fn call(&self, invitation: &Invitation) -> Box<dyn PhoneLeg> {
        let witness = Witness::default();
        let mut phones = self.phones.lock().expect("unpoisoned");
        phones.push((invitation.to.clone(), witness.clone()));
        Box::new(Hummer {
            to: invitation.to.clone(),
            witness,
            answered: false,
            next: Instant::now() + Duration::from_millis(200),
        })
    }
}

#[async_trait]
impl PhoneLeg for Hummer {
    async fn next(&mut self) -> LegEvent {
        sleep_until(self.next).await;
        self.next += Duration::from_millis(20);
        if self.to == BUSY {
            return LegEvent::Refused(SipStatus::BUSY_HERE);
        }
        if !std::mem::replace(&mut self.answered, true) {
            return LegEvent::Answered;
        }
        let samples: [i16; FRAME_SAMPLES] = std::array::from_fn(|n| (4_000.0 * (n as f64 * 0.157).sin()) as i16);
        LegEvent::Sound(Frame::new(samples))
    }
    fn hear(&mut self, frame: Frame) {
        self.witness.hears.store(frame.peak(), Ordering::Relaxed);
    }
    fn press(&mut self, _key: char) {}
    fn refer(&mut self, _to: &str) {}
}

impl Drop for Hummer {
    fn drop(&mut self) {
        self.witness.down.store(true, Ordering::Relaxed);
    }
}

fn number(text: &str) -> PhoneNumber {
    text.parse().expect("a number")
}

/// Goes on until this is so; the agent is silent.
async fn until(seat: &mut Box<dyn AgentSeat>, mut is_so: impl FnMut(&RoomEvent) -> bool) -> RoomEvent {
    soon(async {
        loop {
            let event = seat.next().await;
            assert!(!matches!(event, RoomEvent::Left(_)), "the person stays");
            if is_so(&event) {
                return event;
            }
        }
    })
    .await
}

async fn ticks(seat: &mut Box<dyn AgentSeat>, mut count: u32) {
    until(seat, |event| {
        count -= u32::from(matches!(event, RoomEvent::Tick(_)));
        count == 0
    })
    .await;
}

#[tokio::test]
async fn a_colleague_is_heard_by_the_person_only_once_they_are_connected() {
    let phones = Hummers::default();
    let telephony = Telephony::start(phones.clone()).await;
    let network = telephony.product();
    let conversation: ConversationId = "01900000-0000-7000-8000-000000000001".parse().expect("an id");
    let attempt: AttemptId = "01900000-0000-7000-8000-000000000002".parse().expect("an id");
    let mut seat = soon(network.open_room(conversation)).await.expect("opened");
    let request = DialRequest {
        attempt_id: attempt,
        number: number(NUMBER),
        ringing_timeout: Duration::from_secs(30),
        longest_call: Duration::from_secs(120),
    };
    seat.dial(request).await.expect("dialled");
    until(&mut seat, |event| matches!(event, RoomEvent::Answered)).await;

    let nobody = seat
        .bring_in(&number(BUSY), Duration::from_secs(20))
        .await
        .expect("asked");
    let told = until(&mut seat, |event| matches!(event, RoomEvent::NotBroughtIn { .. })).await;
    let why = NotAnswered::Busy { sip_code: Some(486) };
    assert_eq!(told, RoomEvent::NotBroughtIn { identity: nobody, why });

    let identity = seat
        .bring_in(&number(COLLEAGUE), Duration::from_secs(20))
        .await
        .expect("asked");
    let joined = RoomEvent::SupervisorJoined {
        identity: Arc::clone(&identity),
    };
    until(&mut seat, |event| *event == joined).await;
    until(
        &mut seat,
        |event| matches!(event, RoomEvent::SupervisorSound { frame, .. } if frame.peak() > AUDIBLE),
    )
    .await;
    // The colleague hears the person; the person hears nobody, though the colleague has been humming for a while.
    let (person, colleague) = (phones.of(NUMBER), phones.of(COLLEAGUE));
    until(&mut seat, |_| colleague.hears.load(Ordering::Relaxed) > AUDIBLE).await;
    for _ in 0..20 {
        ticks(&mut seat, 5).await;
        assert!(
            person.hears.load(Ordering::Relaxed) < AUDIBLE,
            "the briefing is none of their business"
        );
    }
    seat.let_person_hear(&identity, true).await.expect("done");
    until(&mut seat, |_| person.hears.load(Ordering::Relaxed) > AUDIBLE).await;

    seat.put_out(&identity).await.expect("asked");
    until(&mut seat, |_| colleague.down.load(Ordering::Relaxed)).await;
    until(&mut seat, |_| person.hears.load(Ordering::Relaxed) < AUDIBLE).await;
    assert!(!person.down.load(Ordering::Relaxed), "and the person stays");
    seat.hang_up().await;
    telephony.carrier.close().await;
}
