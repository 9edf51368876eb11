use super::*;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const FRAME: Duration = Duration::from_millis(20);

/// A packet that says its number.
fn packet(number: u64, time: u64) -> Packet {
    Packet {
        seq: number,
        time,
        ticks: FRAME_TICKS,
        payload: number.to_be_bytes().to_vec().into(),
    }
}

fn number(payload: &[u8]) -> u64 {
    u64::from_be_bytes(payload.try_into().expect("eight bytes"))
}

/// A sender, a network and a listener in simulated time.
struct Simulation {
    /// The sender's frames take this much longer than ours (parts per million).
    drift_ppm: i64,
    loss: f64,
    jitter_ms: f64,
    /// Frames of speech and of silence in turn, as with discontinuous transmission.
    talk: Option<(u64, u64)>,
    seconds: u64,
}

#[derive(Default, Debug)]
struct Heard {
    sound: Vec<u64>,
    recovered: u64,
    concealed: u64,
    left_out: u64,
    /// Time from the making of a packet to its being heard.
    delay_ms: Vec<f64>,
}

impl Simulation {
    fn run(&self, seed: u64) -> (Heard, JitterStats) {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let start = Instant::now();
        let mut arrivals = Vec::new();
        let frames = self.seconds * 50;
        let mut seq = 0;
        for frame in 0..frames {
            if self
                .talk
                .is_some_and(|(speech, silence)| frame % (speech + silence) >= speech)
            {
                continue;
            }
            seq += 1;
            let made = Duration::from_micros((frame as i64 * 20_000 * (1_000_000 + self.drift_ppm) / 1_000_000) as u64);
            if !chance.random_bool(self.loss) {
                let delay = Duration::from_secs_f64((5.0 + chance.random_range(0.0..=self.jitter_ms)) / 1_000.0);
                arrivals.push((made + delay, made, packet(seq, 1_000_000 + frame * FRAME_TICKS)));
            }
        }
        arrivals.sort_by_key(|(arrival, ..)| *arrival);
        let made: std::collections::HashMap<u64, Duration> =
            arrivals.iter().map(|(_, made, packet)| (packet.seq, *made)).collect();

        let mut buffer = JitterBuffer::new(start);
        let mut heard = Heard::default();
        let mut coming = arrivals.into_iter().peekable();
        for tick in 0..frames + 50 {
            let now = FRAME * tick as u32;
            while let Some((arrival, _, packet)) = coming.next_if(|(arrival, ..)| *arrival <= now) {
                buffer.insert(packet, start + arrival);
            }
            loop {
                match buffer.next(start + now) {
                    Next::Sound(payload) => {
                        let number = number(&payload);
                        heard.delay_ms.push((now - made[&number]).as_secs_f64() * 1_000.0);
                        heard.sound.push(number);
                    }
                    Next::Recover(_) => heard.recovered += 1,
                    Next::Conceal => heard.concealed += 1,
                    Next::LeaveOut(_) => {
                        heard.left_out += 1;
                        continue;
                    }
                    Next::Silence => {}
                }
                break;
            }
        }
        (heard, buffer.stats())
    }
}

fn steady() -> Simulation {
    Simulation {
        drift_ppm: 0,
        loss: 0.0,
        jitter_ms: 3.0,
        talk: None,
        seconds: 60,
    }
}

#[test]
fn a_good_network_changes_nothing_and_costs_little() {
    let (heard, stats) = steady().run(1);
    // One frame is left out when the first guess at the delay turns out to have been too careful.
    assert_eq!((heard.sound.len(), heard.left_out), (2_999, 1));
    assert!(heard.sound.is_sorted());
    // That the last packet was the last cannot be known.
    assert_eq!(
        (heard.recovered, heard.concealed, stats.late),
        (0, u64::from(MOST_CONCEALED), 0)
    );
    assert_eq!(stats.delay_ms, 20);
    assert!(
        heard.delay_ms[2_000..].iter().all(|delay| *delay <= 70.0),
        "{:?}",
        &heard.delay_ms[2_000..2_010]
    );
}

#[test]
fn loss_jitter_and_reordering_stay_intelligible() {
    let (heard, stats) = Simulation {
        loss: 0.05,
        jitter_ms: 60.0,
        ..steady()
    }
    .run(2);
    assert!(heard.sound.is_sorted(), "in order");
    let heard_of_sent = heard.sound.len() as f64 / 3_000.0;
    assert!(heard_of_sent > 0.92, "{heard_of_sent} of 0.95, {stats:?}");
    let made_up = heard.concealed as f64 / 3_000.0;
    assert!(made_up < 0.05, "{made_up}, {stats:?}");
    assert!(heard.recovered > 80, "{stats:?}");
    assert!((50..=90).contains(&stats.delay_ms), "{stats:?}");
}

#[test]
fn an_hour_with_a_sender_whose_clock_differs_does_not_drift() {
    for drift_ppm in [-200, 200] {
        let (heard, stats) = Simulation {
            drift_ppm,
            jitter_ms: 20.0,
            seconds: 3_600,
            ..steady()
        }
        .run(3);
        // 200 ppm of an hour are 36 frames.
        assert!(
            heard.sound.len() as u64 > 180_000 - 120,
            "{} {stats:?}",
            heard.sound.len()
        );
        let last = &heard.delay_ms[heard.delay_ms.len() - 5_000..];
        let (least, most) = last
            .iter()
            .fold((f64::MAX, f64::MIN), |(l, m), d| (l.min(*d), m.max(*d)));
        assert!(
            least > 0.0 && most < 110.0,
            "{drift_ppm}: {least} to {most} ms, {stats:?}"
        );
        assert!(heard.concealed + heard.left_out < 200, "{heard:?}");
    }
}

#[test]
fn pauses_of_the_sender_are_silence_and_every_word_is_heard_whole() {
    let (heard, stats) = Simulation {
        talk: Some((50, 75)),
        jitter_ms: 15.0,
        ..steady()
    }
    .run(4);
    assert!(heard.sound.is_sorted());
    assert_eq!(
        (heard.sound.len() as u64 + heard.left_out, heard.recovered),
        (1_200, 0),
        "{stats:?}"
    );
    assert!(heard.left_out <= 2, "{stats:?}");
    // The end of each of the 24 pieces of speech cannot be known before it has passed.
    assert!(heard.concealed <= 24 * u64::from(MOST_CONCEALED), "{}", heard.concealed);
}

#[test]
fn after_a_stall_the_present_is_heard() {
    let start = Instant::now();
    let mut buffer = JitterBuffer::new(start);
    let at = |frame: u64| start + FRAME * frame as u32;
    for frame in 0..100 {
        buffer.insert(packet(frame + 1, frame * FRAME_TICKS), at(frame));
        buffer.next(at(frame));
    }
    // Nobody pulls for two seconds.
    for frame in 100..200 {
        buffer.insert(packet(frame + 1, frame * FRAME_TICKS), at(frame));
    }
    let next_sound = (200..210).find_map(|frame| {
        buffer.insert(packet(frame + 1, frame * FRAME_TICKS), at(frame));
        match buffer.next(at(frame)) {
            Next::Sound(payload) => Some((frame + 1) - number(&payload)),
            _ => None,
        }
    });
    assert!(
        next_sound.is_some_and(|behind| behind <= 4),
        "{next_sound:?} frames behind"
    );
    assert!(buffer.waited_ms() < 100);
}

#[test]
fn a_sender_that_starts_anew_is_heard_at_once() {
    let start = Instant::now();
    let mut buffer = JitterBuffer::new(start);
    let at = |frame: u64| start + FRAME * frame as u32;
    for frame in 0..50 {
        buffer.insert(packet(frame + 1, 5_000_000 + frame * FRAME_TICKS), at(frame));
        buffer.next(at(frame));
    }
    let heard = (50..60).any(|frame| {
        buffer.insert(packet(frame, (frame - 50) * FRAME_TICKS), at(frame));
        matches!(buffer.next(at(frame)), Next::Sound(payload) if number(&payload) >= 50)
    });
    assert!(heard);
}

proptest::proptest! {
    /// Whatever comes, in whatever order: no panic, a bounded buffer, and never back in time.
    #[test]
    fn anything_may_come(packets in proptest::collection::vec((0..5_000_u64, 0..1_u64 << 40, 0..6_000_u64, 0..4_usize), 1..300)) {
        let start = Instant::now();
        let mut buffer = JitterBuffer::new(start);
        let mut now = start;
        for (seq, time, ticks, length) in packets {
            now += Duration::from_millis(seq % 30);
            buffer.insert(Packet { seq, time, ticks, payload: vec![0; length].into() }, now);
            for _ in 0..length {
                let _ = buffer.next(now);
            }
            proptest::prop_assert!(buffer.waited_ms() <= MOST_WAITING_MS);
        }
    }
}
