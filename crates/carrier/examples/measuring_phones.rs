//! A carrier whose people measure whom they talk with: how long the first word takes after they pick up, an answer after
//! they stop talking, silence after they begin to. All at their ear, which their own jitter buffer and the steps of 20 ms
//! are part of.
//!
//! usage: measuring_phones ADDRESS LIVEKIT_URL talk|hang-up        ends with its standard input, and prints a line of JSON
//!
//! In `talk` they speak three seconds of every seven. In `hang-up` they do as soon as they have heard a word.

use async_trait::async_trait;
use carrier::{Carrier, CarrierOptions, Invitation, LegEvent, PhoneLeg, Phones};
use rand::Rng;
use rehearsal::{Studio, StudioConfig, voice_of::PEOPLE};
use std::{
    error::Error,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use telephony::{FRAME_MILLIS, Frame};
use tokio::time::{Instant, sleep_until};

const TICK: Duration = Duration::from_millis(FRAME_MILLIS as u64);
const RINGING: Duration = Duration::from_millis(300);
/// They speak in every so many ticks …
const ROUND: usize = 7_000 / FRAME_MILLIS as usize;
/// … for so many.
const SPEECH: usize = 3_000 / FRAME_MILLIS as usize;
/// The peak of a frame in which somebody speaks.
const LOUD: u16 = 600;
/// Somebody who was not heard for this long has stopped.
const STOPPED: Duration = Duration::from_millis(400);

/// What they talk about, in tones or words.
const SENTENCE: &str = "I have been thinking about that for a while and I would like to hear a good deal more about it, \
    if you have the time, because we may well need it next year";

#[derive(Default)]
struct Figures {
    first_word: Vec<Duration>,
    answer: Vec<Duration>,
    interruption: Vec<Duration>,
    /// They spoke again, and nobody had answered.
    unanswered: usize,
    /// They spoke, and nobody was speaking.
    not_interrupting: usize,
}

struct MeasuringPhones {
    speech: Arc<[Frame]>,
    talk: bool,
    figures: Arc<Mutex<Figures>>,
}

impl Phones for MeasuringPhones {
    fn call(&self, _invitation: &Invitation) -> Box<dyn PhoneLeg> {
        Box::new(Person {
            speech: Arc::clone(&self.speech),
            talk: self.talk,
            figures: Arc::clone(&self.figures),
            rings_until: None,
            picked_up: None,
            next_tick: Instant::now(),
            ticks: 0,
            heard_first: false,
            heard_last: None,
            stopped_talking: None,
            began_talking: None,
        })
    }
}

struct Person {
    speech: Arc<[Frame]>,
    talk: bool,
    figures: Arc<Mutex<Figures>>,
    rings_until: Option<Instant>,
    picked_up: Option<Instant>,
    next_tick: Instant,
    /// Since they picked up.
    ticks: usize,
    heard_first: bool,
    heard_last: Option<Instant>,
    /// Since when they wait for an answer.
    stopped_talking: Option<Instant>,
    /// When they began to interrupt somebody who has not stopped since.
    began_talking: Option<Instant>,
}

impl Person {
    fn note(&self, note: impl FnOnce(&mut Figures)) {
        note(&mut self.figures.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn say(&mut self, now: Instant) -> Frame {
        // First they listen for a round.
        let (round, tick) = (self.ticks / ROUND, self.ticks % ROUND);
        self.ticks += 1;
        if !self.talk || round == 0 {
            return Frame::silence();
        }
        if tick == 0 {
            if self.stopped_talking.take().is_some() {
                self.note(|figures| figures.unanswered += 1);
            }
            if self.heard_last.is_some_and(|last| now - last < STOPPED / 4) {
                self.began_talking = Some(now);
            } else {
                self.note(|figures| figures.not_interrupting += 1);
            }
        }
        if tick == self.speech.len() {
            self.stopped_talking = Some(now);
        }
        self.speech.get(tick).cloned().unwrap_or_else(Frame::silence)
    }
}

#[async_trait]
impl PhoneLeg for Person {
    async fn next(&mut self) -> LegEvent {
        let Some(picked_up) = self.picked_up else {
            let Some(rings_until) = self.rings_until else {
                self.rings_until = Some(Instant::now() + RINGING);
                return LegEvent::Ringing;
            };
            sleep_until(rings_until).await;
            let now = Instant::now();
            self.picked_up = Some(now);
            self.next_tick = now + TICK;
            return LegEvent::Answered;
        };
        sleep_until(self.next_tick).await;
        self.next_tick += TICK;
        let now = Instant::now();
        if !self.talk && self.heard_first && now - picked_up > Duration::from_secs(1) {
            return LegEvent::HungUp;
        }
        LegEvent::Sound(self.say(now))
    }

    fn hear(&mut self, frame: Frame) {
        let now = Instant::now();
        if let (Some(began), Some(last)) = (self.began_talking, self.heard_last)
            && now - last > STOPPED
        {
            self.note(|figures| figures.interruption.push(last.saturating_duration_since(began)));
            self.began_talking = None;
        }
        if frame.peak() < LOUD {
            return;
        }
        if let Some(picked_up) = self.picked_up
            && !std::mem::replace(&mut self.heard_first, true)
        {
            self.note(|figures| figures.first_word.push(now - picked_up));
        }
        // Who is still being interrupted has not answered yet.
        if self.began_talking.is_none()
            && let Some(stopped) = self.stopped_talking.take()
        {
            self.note(|figures| figures.answer.push(now - stopped));
        }
        self.heard_last = Some(now);
    }

    fn press(&mut self, _key: char) {}

    fn refer(&mut self, _to: &str) {}
}

struct SystemChance;

impl domain::Chance for SystemChance {
    #[expect(clippy::disallowed_methods, reason = "composition: this is where chance comes from")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// Speech of the wanted length that begins and ends with sound.
async fn speech() -> Result<Arc<[Frame]>, Box<dyn Error>> {
    let clip = Studio::new(StudioConfig::default()).render(PEOPLE[0], SENTENCE).await?;
    let loud = |frame: &&Frame| frame.peak() > 4 * LOUD;
    let mut frames: Vec<Frame> = clip.frames.iter().skip_while(|frame| !loud(frame)).cloned().collect();
    frames.truncate(SPEECH);
    while frames.pop_if(|frame| !loud(&&*frame)).is_some() {}
    Ok(frames.into())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, livekit_url, mode] = arguments.as_slice() else {
        return Err("usage: measuring_phones ADDRESS LIVEKIT_URL talk|hang-up".into());
    };
    let figures = Arc::default();
    let phones = MeasuringPhones {
        speech: speech().await?,
        talk: mode == "talk",
        figures: Arc::clone(&figures),
    };
    let carrier = Carrier::new(
        CarrierOptions::with_trunk(
            livekit_url,
            &std::env::var("LIVEKIT_API_KEY")?,
            &std::env::var("LIVEKIT_API_SECRET")?,
            &std::env::var("LIVEKIT_SIP_TRUNK_ID")?,
            "+12025550100",
        ),
        phones,
        Arc::new(SystemChance),
    )?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    let serving = tokio::spawn(axum::serve(listener, carrier.router()).into_future());
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    carrier.close().await;
    serving.abort();
    let figures = std::mem::take(&mut *figures.lock().unwrap_or_else(PoisonError::into_inner));
    let line = serde_json::json!({
        "first_word_ms": millis(figures.first_word), "answer_ms": millis(figures.answer),
        "interruption_ms": millis(figures.interruption),
        "unanswered": figures.unanswered, "not_interrupting": figures.not_interrupting,
    });
    writeln!(io::stdout(), "{line}")?;
    Ok(())
}

/// Shortest first.
fn millis(mut times: Vec<Duration>) -> Vec<u128> {
    times.sort();
    times.iter().map(Duration::as_millis).collect()
}
