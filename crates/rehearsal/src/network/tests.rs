use super::*;
use crate::{config::Odds, outcome::Persona, studio::StudioConfig};
use domain::UnixMillis;
use telephony::{DialRequest, FarEnd, Frame, NotAnswered, RoomEvent};
use tokio::time::Instant;
use uuid::Uuid;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> UnixMillis {
        UnixMillis(1)
    }
}

fn network(config: RehearsalConfig) -> RehearsalNetwork {
    let studio = Studio::new(StudioConfig {
        cache: None,
        tones_only: true,
    });
    RehearsalNetwork::new(config, studio, Arc::new(Noon)).expect("opens")
}

fn only(outcome: Outcome) -> RehearsalConfig {
    RehearsalConfig {
        odds: Odds::only(outcome),
        ..RehearsalConfig::default()
    }
}

fn request(number: u128) -> DialRequest {
    DialRequest {
        attempt_id: AttemptId(Uuid::from_u128(number)),
        number: format!("+1415555{number:04}").parse().expect("valid"),
        ringing_timeout: Duration::from_secs(20),
        longest_call: Duration::from_secs(120),
    }
}

fn room(number: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(number))
}

/// What happens to an agent who stays silent, without the ticks; and how many of them there were.
async fn story(network: &RehearsalNetwork, number: u128) -> (Vec<RoomEvent>, usize) {
    let mut seat = network.open_room(room(number)).await.expect("opens");
    seat.dial(request(number)).await.expect("dials");
    let (mut events, mut ticks) = (Vec::new(), 0);
    while ticks < 4_000 {
        match seat.next().await {
            RoomEvent::Tick(_) => ticks += 1,
            event => {
                let over = matches!(event, RoomEvent::NotAnswered(_) | RoomEvent::Left(_));
                events.push(event);
                if over {
                    assert_eq!(seat.next().await, RoomEvent::Left(FarEnd::Lost));
                    break;
                }
            }
        }
    }
    (events, ticks)
}

#[tokio::test(start_paused = true)]
async fn each_outcome_reaches_the_agent_in_its_own_way() {
    use RoomEvent::{Answered, Left, NotAnswered as Not, Ringing};
    let person = Outcome::Person(Persona::Interested);
    for (outcome, expected) in [
        (
            Outcome::NoAnswer,
            vec![Ringing, Not(NotAnswered::NoAnswer { sip_code: None })],
        ),
        (Outcome::Busy, vec![Not(NotAnswered::Busy { sip_code: None })]),
        (
            Outcome::Rejected,
            vec![Ringing, Not(NotAnswered::Rejected { sip_code: None })],
        ),
        (Outcome::Voicemail, vec![Ringing, Answered, Left(FarEnd::HungUp)]),
        (Outcome::Lost, vec![Ringing, Answered, Left(FarEnd::Lost)]),
        (person, vec![Ringing, Answered, Left(FarEnd::HungUp)]),
        (
            Outcome::Person(Persona::Silent),
            vec![Ringing, Answered, Left(FarEnd::HungUp)],
        ),
    ] {
        let (events, ticks) = story(&network(only(outcome)), 1).await;
        assert_eq!(events, expected, "{outcome:?}");
        assert_eq!(ticks > 0, expected.contains(&Answered), "{outcome:?}");
    }
    let (events, _) = story(&network(only(Outcome::Unreachable)), 1).await;
    assert!(matches!(
        events[..],
        [Not(NotAnswered::Unreachable { sip_code: Some(_) })]
    ));
}

#[tokio::test(start_paused = true)]
async fn a_phone_rings_as_long_as_it_may() {
    let mut config = only(Outcome::Person(Persona::Interested));
    config.ringing = Duration::from_secs(60)..=Duration::from_secs(60);
    let network = network(config);
    let before = Instant::now();
    let (events, _) = story(&network, 1).await;
    assert_eq!(
        events,
        [
            RoomEvent::Ringing,
            RoomEvent::NotAnswered(NotAnswered::NoAnswer { sip_code: None })
        ]
    );
    let rang = before.elapsed();
    assert!((20..=22).contains(&rang.as_secs()), "{rang:?}");
}

#[tokio::test(start_paused = true)]
async fn room_time_runs_as_fast_as_it_is_told() {
    for speed in [1.0_f32, 20.0] {
        let mut config = only(Outcome::Person(Persona::Silent));
        config.speed = speed;
        let network = network(config);
        let mut seat = network.open_room(room(1)).await.expect("opens");
        seat.dial(request(1)).await.expect("dials");
        while seat.next().await != RoomEvent::Answered {}
        let before = Instant::now();
        for _ in 0..500 {
            assert!(matches!(seat.next().await, RoomEvent::Tick(_)));
        }
        let expected = 10.0 / speed;
        let took = before.elapsed().as_secs_f32();
        assert!((took - expected).abs() < 0.1 * expected, "{took} s at {speed}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_repeats_and_a_second_call_is_another() {
    let seeded = |seed| {
        network(RehearsalConfig {
            seed,
            ..RehearsalConfig::default()
        })
    };
    let outcomes = |network: &RehearsalNetwork, earlier| {
        (0..200)
            .map(|number| network.outcome_of(&request(number).number, earlier))
            .collect::<Vec<_>>()
    };
    assert_eq!(outcomes(&seeded(7), 0), outcomes(&seeded(7), 0));
    assert_ne!(outcomes(&seeded(7), 0), outcomes(&seeded(8), 0));
    assert_ne!(outcomes(&seeded(7), 0), outcomes(&seeded(7), 1));
    let all = outcomes(&seeded(7), 0);
    assert!(Outcome::ALL.iter().filter(|outcome| all.contains(outcome)).count() >= 12);
}

#[tokio::test(start_paused = true)]
async fn listeners_hear_both_sides_and_nobody_waits_for_them() {
    let network = network(only(Outcome::Person(Persona::Interested)));
    assert!(network.listen(room(1)).is_none());
    let mut seat = network.open_room(room(1)).await.expect("opens");
    let mut listener = network.listen(room(1)).expect("there is such a room");
    let mut sleepy = network.listen(room(1)).expect("there is such a room");
    seat.dial(request(1)).await.expect("dials");
    while seat.next().await != RoomEvent::Answered {}
    let voice = Frame::new([5_000; telephony::FRAME_SAMPLES]);
    for _ in 0..300 {
        let RoomEvent::Tick(person) = seat.next().await else {
            panic!("the person stays");
        };
        seat.speak(voice.clone());
        if let Ok(heard) = listener.try_recv() {
            assert_eq!(heard.agent, voice);
        }
        drop(person);
    }
    assert!(matches!(
        sleepy.try_recv(),
        Err(broadcast::error::TryRecvError::Lagged(_))
    ));
    seat.hang_up().await;
    drop(seat);
    assert!(network.listen(room(1)).is_none());
    while listener.recv().await.is_ok() {}
}

#[tokio::test(start_paused = true)]
async fn a_dial_is_in_the_ledger_before_anything_rings_and_never_twice() {
    let path = std::env::temp_dir().join(format!("ringside-network-ledger-{}.txt", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let config = || RehearsalConfig {
        ledger: Some(path.clone()),
        ..RehearsalConfig::default()
    };
    let (one, two) = (network(config()), network(config()));
    let attempt = request(1).attempt_id;
    assert_eq!(two.was_dialled(attempt).await.expect("read"), DialRecord::Never);
    let mut seat = one.open_room(room(1)).await.expect("opens");
    seat.dial(request(1)).await.expect("dials");
    assert_eq!(two.was_dialled(attempt).await.expect("read"), DialRecord::Dialled);
    let mut again = two.open_room(room(1)).await.expect("opens in another process");
    assert!(again.dial(request(1)).await.is_err());
    assert_eq!(crate::ledger::read(&path).expect("read").len(), 1);
    std::fs::remove_file(&path).expect("removed");
}

#[tokio::test(start_paused = true)]
async fn a_room_is_opened_once_and_closed_by_hanging_up() {
    let network = network(only(Outcome::Person(Persona::Interested)));
    let mut seat = network.open_room(room(1)).await.expect("opens");
    assert!(network.open_room(room(1)).await.is_err());
    seat.dial(request(1)).await.expect("dials");
    assert!(seat.dial(request(2)).await.is_err());
    seat.hang_up().await;
    assert_eq!(seat.next().await, RoomEvent::Left(FarEnd::Lost));
    assert!(network.open_room(room(1)).await.is_ok());
}
