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

/// An answered room, and a minute at most of its events.
async fn answered(network: &RehearsalNetwork) -> Box<dyn telephony::AgentSeat> {
    let mut seat = network.open_room(room(1)).await.expect("opens");
    seat.dial(request(1)).await.expect("dials");
    while seat.next().await != RoomEvent::Answered {}
    seat
}

const MIA: &str = "supervisor-00000000-0000-0000-0000-000000000007-1";

#[tokio::test(start_paused = true)]
async fn a_supervisor_is_heard_by_the_agent_and_by_the_person_once_they_may_be() {
    let network = network(only(Outcome::Person(Persona::Interested)));
    assert!(network.open_microphone(room(1), MIA).is_none(), "there is no such room");
    let mut seat = answered(&network).await;
    let mut listener = network.listen(room(1)).expect("a room");
    let microphone = network.open_microphone(room(1), MIA).expect("a room");
    let voice = Frame::new([3_000; telephony::FRAME_SAMPLES]);
    let (mut joined, mut sounds, mut aloud) = (0, 0, 0);
    for round in 0..200 {
        let _ = microphone.try_send(voice.clone());
        if round == 100 {
            seat.let_person_hear(MIA, true).await.expect("asked");
        }
        loop {
            match seat.next().await {
                RoomEvent::SupervisorJoined { identity } if &*identity == MIA => joined += 1,
                RoomEvent::SupervisorSound { frame, .. } => sounds += u32::from(frame == voice),
                RoomEvent::Tick(_) => break,
                event => panic!("{event:?}"),
            }
        }
        while let Ok(heard) = listener.try_recv() {
            let hears = heard
                .supervisors
                .iter()
                .any(|(who, frame)| &**who == MIA && *frame == voice);
            assert!(!hears || round >= 100, "a whisper");
            aloud += u32::from(hears);
        }
    }
    assert_eq!(joined, 1);
    assert!(sounds > 190 && aloud > 90, "{sounds} sounds, {aloud} of them aloud");
    drop(microphone);
    let left = RoomEvent::SupervisorLeft { identity: MIA.into() };
    for _ in 0..100 {
        if seat.next().await == left {
            return;
        }
    }
    panic!("who hangs up has left");
}

#[tokio::test(start_paused = true)]
async fn a_browser_is_the_person_where_it_is_expected() {
    let network = network(only(Outcome::Busy));
    let mut seat = network.open_room(room(1)).await.expect("opens");
    seat.expect_browser("tester").await.expect("an empty room");
    let early = tokio::time::timeout(Duration::from_secs(30), seat.next()).await;
    assert!(early.is_err(), "nobody is there yet");
    let microphone = network.open_microphone(room(1), "tester").expect("a room");
    assert_eq!(seat.next().await, RoomEvent::Answered);
    let voice = Frame::new([3_000; telephony::FRAME_SAMPLES]);
    let mut heard = 0;
    for _ in 0..100 {
        let _ = microphone.try_send(voice.clone());
        match seat.next().await {
            RoomEvent::Tick(frame) => heard += u32::from(frame == voice),
            event => panic!("{event:?}"),
        }
    }
    assert!(heard > 90, "{heard}");
    drop(microphone);
    for _ in 0..100 {
        if seat.next().await == RoomEvent::Left(FarEnd::HungUp) {
            return;
        }
    }
    panic!("who closes the page has hung up");
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_stalls_does_not_fall_behind() {
    let network = network(only(Outcome::Person(Persona::Silent)));
    let mut seat = answered(&network).await;
    let microphone = network.open_microphone(room(1), MIA).expect("a room");
    let voice = |number: i16| Frame::new([number; telephony::FRAME_SAMPLES]);
    for number in 1..=50 {
        microphone.try_send(voice(number)).expect("a second fits");
    }
    assert!(microphone.try_send(voice(51)).is_err(), "more does not");
    let mut heard = Vec::new();
    while heard.len() < 15 {
        if let RoomEvent::SupervisorSound { frame, .. } = seat.next().await {
            heard.push(frame.samples()[0]);
        }
    }
    assert_eq!(heard, (36..=50).collect::<Vec<_>>(), "the newest 300 ms");
}

/// A number that comes to this, and one that comes to that, if everything is possible.
fn numbers(network: &RehearsalNetwork, wanted: [fn(Outcome) -> bool; 2]) -> [u128; 2] {
    wanted.map(|wanted| {
        let comes_to = |number: &u128| wanted(network.outcome_of(&request(*number).number, 0));
        (0..500).find(comes_to).expect("somebody")
    })
}

#[tokio::test(start_paused = true)]
async fn a_colleague_rings_comes_unheard_and_speaks_once_connected() {
    let config = RehearsalConfig {
        odds: Odds::new([(Outcome::Person(Persona::Interested), 1), (Outcome::Busy, 1)]),
        line_noise: false,
        ..RehearsalConfig::default()
    };
    let network = network(config);
    let [answers, busy] = numbers(
        &network,
        [
            |outcome| matches!(outcome, Outcome::Person(_)),
            |outcome| outcome == Outcome::Busy,
        ],
    );
    let mut seat = network.open_room(room(1)).await.expect("opens");
    let number = |number| request(number).number;
    let none = seat.bring_in(&number(answers), Duration::from_secs(20)).await;
    assert!(none.is_err(), "nobody is on the line yet");
    seat.dial(request(answers)).await.expect("dials");
    while seat.next().await != RoomEvent::Answered {}
    assert!(seat.send_dtmf('5').await.is_ok());

    let nobody = seat
        .bring_in(&number(busy), Duration::from_secs(20))
        .await
        .expect("asked");
    let why = NotAnswered::Busy { sip_code: None };
    let told = RoomEvent::NotBroughtIn { identity: nobody, why };
    while seat.next().await != told {}

    let mut listening = network.listen(room(1)).expect("it goes on");
    let identity = seat
        .bring_in(&number(answers), Duration::from_secs(20))
        .await
        .expect("asked");
    let joined = RoomEvent::SupervisorJoined {
        identity: Arc::clone(&identity),
    };
    while seat.next().await != joined {}
    let (mut heard_by_person, mut heard_aside) = (0, 0);
    for connected in [false, true] {
        seat.let_person_hear(&identity, connected).await.expect("done");
        let mut said = 0;
        while said < 20 {
            match seat.next().await {
                RoomEvent::SupervisorSound { frame, .. } => said += u32::from(!frame.is_silence()),
                RoomEvent::Tick(_) => {}
                other => panic!("{other:?}"),
            }
            while let Ok(heard) = listening.try_recv() {
                heard_by_person += heard.supervisors.len();
                heard_aside += usize::from(heard.aside.is_some_and(|frame| !frame.is_silence()));
            }
        }
        assert_eq!(heard_by_person > 0, connected);
        assert!(heard_aside > 0, "whoever listens hears the briefing");
    }
    seat.put_out(&identity).await.expect("done");
    for _ in 0..100 {
        let event = seat.next().await;
        assert!(
            !matches!(event, RoomEvent::SupervisorSound { .. }),
            "they are gone: {event:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_who_is_handed_over_is_told_and_leaves() {
    let network = network(only(Outcome::Person(Persona::Interested)));
    let mut seat = network.open_room(room(1)).await.expect("opens");
    seat.dial(request(1)).await.expect("dials");
    while seat.next().await != RoomEvent::Answered {}
    seat.transfer(&request(2).number).await.expect("asked");
    assert_eq!(seat.next().await, RoomEvent::Transferred(true));
    assert_eq!(seat.next().await, RoomEvent::Left(FarEnd::HungUp));
}

#[tokio::test(start_paused = true)]
async fn who_was_not_reached_calls_back_once_and_hears_who_answers() {
    let eager = RehearsalConfig {
        call_backs: 100,
        ..only(Outcome::NoAnswer)
    };
    let network = network(eager);
    story(&network, 1).await;
    assert!(network.arrivals().await.expect("told").is_empty(), "not at once");
    tokio::time::sleep(Duration::from_secs(100)).await;
    let arrivals = network.arrivals().await.expect("told");
    assert_eq!(arrivals.len(), 1);
    assert_eq!(arrivals[0].number, Some(request(1).number));
    let theirs = CallRoom {
        conversation: room(7),
        came_in: Some(arrivals[0].room.clone()),
    };
    assert!(network.reaches(&theirs));
    let seat = network.answer(&theirs, CALLER).await.expect("asked");
    let mut seat = seat.expect("they wait");
    assert_eq!(seat.next().await, RoomEvent::Answered);
    assert!(matches!(seat.next().await, RoomEvent::Tick(_)));
    assert!(network.answer(&theirs, CALLER).await.expect("asked").is_none(), "once");
    assert!(!network.reaches(&theirs));
    seat.hang_up().await;

    // Tried again, they leave it at that; and who is let go is gone.
    let mut seat = network.open_room(room(2)).await.expect("opens");
    let again = DialRequest {
        attempt_id: AttemptId(Uuid::from_u128(9)),
        ..request(1)
    };
    seat.dial(again).await.expect("dials");
    story(&network, 3).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    let arrivals = network.arrivals().await.expect("told");
    assert_eq!(arrivals.len(), 1);
    let other = CallRoom {
        conversation: room(8),
        came_in: Some(arrivals[0].room.clone()),
    };
    network.end_orphan(&other).await.expect("let go");
    assert!(network.arrivals().await.expect("told").is_empty());
}
