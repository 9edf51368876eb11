//! A worker with all calls of a campaign on a real livekit-server is killed. Another one goes on with each of them.

#![expect(clippy::expect_used, reason = "a test that fails may panic")]

#[path = "support/stage.rs"]
mod stage;
#[path = "support/worker_process.rs"]
mod worker_process;

use async_trait::async_trait;
use carrier::{Carrier, CarrierOptions, Invitation, LegEvent, PhoneLeg, Phones};
use domain::{Personal, results::Drawn};
use futures::{StreamExt, stream, stream::BoxStream};
use local_livekit::{API_KEY, API_SECRET, LocalLiveKit};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use stage::TestChance;
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    sync::{Arc, Mutex},
    time::Duration,
};
use store::PgPool;
use telephony::{
    FRAME_SAMPLES, Frame, TelephoneNetwork,
    livekit::{LiveKitNetwork, LiveKitSettings, ParticipantEngine},
};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use voice::ports::{
    ContextRole, LanguageModel, Prompt, ReplyPart, ResultsQuestion, SpeechToText, TextToSpeech, Utterance, VoiceError,
    Voices,
};

const LIVEKIT: &str = "RINGSIDE_TEST_LIVEKIT";
const TRUNK: &str = "ST_1";
const CALLS: usize = 24;
/// Of those, so many hang up while nobody is there.
const LEAVING: usize = 2;
const TICK: Duration = Duration::from_millis(20);
/// On a busy machine everything takes longer than it should.
const PATIENCE: Duration = Duration::from_secs(60);

fn tone(loud: f64, frame: usize) -> Frame {
    let wave = |n: usize, hertz: f64| (std::f64::consts::TAU * hertz * n as f64 / 16_000.0).sin();
    #[expect(clippy::cast_possible_truncation, reason = "far below the limits of i16")]
    Frame::new(std::array::from_fn(|n| {
        let n = frame * FRAME_SAMPLES + n;
        // Overtones and the beat of syllables, as a voice has them.
        let syllables = 0.6 + 0.4 * wave(n, 4.0);
        (loud * syllables * (wave(n, 180.0) + 0.7 * wave(n, 360.0) + 0.5 * wave(n, 720.0) + 0.3 * wave(n, 2_160.0))
            / 2.5) as i16
    }))
}

/// Counts the person's sentences, in words.
struct Counting;

#[async_trait]
impl SpeechToText for Counting {
    async fn open(&self, _language: &str) -> Result<Box<dyn Utterance>, VoiceError> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl Utterance for Counting {
    fn hear(&mut self, _frame: &Frame) -> Option<Personal> {
        None
    }
    async fn finish(self: Box<Self>) -> Result<Personal, VoiceError> {
        Ok("I have a question.".into())
    }
}

#[async_trait]
impl LanguageModel for Counting {
    async fn reply(&self, prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        let said = prompt
            .lines
            .iter()
            .filter(|line| line.role == ContextRole::Person)
            .count();
        Ok(stream::iter([Ok(ReplyPart::Words(format!("Question number {said} is a good one.")))]).boxed())
    }
    async fn results(&self, _question: ResultsQuestion) -> Result<Drawn, VoiceError> {
        Ok(Drawn::default())
    }
}

#[async_trait]
impl TextToSpeech for Counting {
    async fn speak(
        &self,
        _text: &Personal,
        _language: &str,
    ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
        Ok(stream::iter((0..25).map(|frame| Ok(tone(6_000.0, frame)))).boxed())
    }
}

/// What a killed process does. Not a test: without the environment of the other one it does nothing.
#[test]
#[ignore = "started by the test below"]
fn worker_process() {
    let Ok(url) = std::env::var(LIVEKIT) else { return };
    let settings = LiveKitSettings {
        trunk_id: Some(TRUNK.to_owned()),
        ..LiveKitSettings::new(&url, API_KEY, API_SECRET)
    };
    let voices = Voices {
        speech_to_text: Arc::new(Counting),
        language_model: Arc::new(Counting),
        text_to_speech: Arc::new(Counting),
        speech_to_speech: None,
        look_ups: Arc::new(voice::ports::NoLookUps),
    };
    let network = || -> Arc<dyn TelephoneNetwork> { Arc::new(LiveKitNetwork::new(settings, ParticipantEngine::new())) };
    worker_process::run(network, voices, |_| {});
}

/// People who do as the test says.
#[derive(Clone, Default)]
struct People(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    /// When who has heard the agent, by number; each call is a new list.
    heard: BTreeMap<String, Vec<Vec<Instant>>>,
    /// Everybody speaks until then.
    speak_until: Option<Instant>,
    hang_up: Vec<String>,
}

impl People {
    fn with<T>(&self, what: impl FnOnce(&mut Told) -> T) -> T {
        what(&mut self.0.lock().expect("unpoisoned"))
    }

    /// Everybody says something.
    fn speak(&self) {
        self.with(|told| told.speak_until = Some(Instant::now() + Duration::from_millis(1_200)));
    }

    /// So many people have heard the agent, and it is silent now.
    fn are_greeted(&self, people: usize) -> bool {
        self.with(|told| {
            let last = |calls: &Vec<Vec<Instant>>| calls.iter().flatten().copied().max();
            let silent = |calls| last(calls).is_some_and(|last| last.elapsed() > Duration::from_millis(1_500));
            told.heard.values().filter(|calls| silent(calls)).count() == people
        })
    }

    /// Since when, after `since`, who has been hearing something.
    fn first_heard(&self, since: Instant) -> BTreeMap<String, Instant> {
        self.with(|told| {
            let first = |calls: &Vec<Vec<Instant>>| calls.iter().flatten().copied().find(|at| *at > since);
            let first = told
                .heard
                .iter()
                .map(|(number, calls)| Some((number.clone(), first(calls)?)));
            first.flatten().collect()
        })
    }
}

impl Phones for People {
    fn call(&self, invitation: &Invitation) -> Box<dyn PhoneLeg> {
        let number = invitation.to.clone();
        self.with(|told| told.heard.entry(number.clone()).or_default().push(Vec::new()));
        Box::new(Person {
            people: self.clone(),
            number,
            answered: false,
            next_tick: Instant::now() + Duration::from_millis(300),
            ticks: 0,
        })
    }
}

struct Person {
    people: People,
    number: String,
    answered: bool,
    next_tick: Instant,
    ticks: usize,
}

#[async_trait]
impl PhoneLeg for Person {
    async fn next(&mut self) -> LegEvent {
        sleep_until(self.next_tick).await;
        self.next_tick += TICK;
        if !std::mem::replace(&mut self.answered, true) {
            return LegEvent::Answered;
        }
        self.ticks += 1;
        let (speaks, hangs_up) = self.people.with(|told| {
            let speaks = told.speak_until.is_some_and(|until| Instant::now() < until);
            (speaks, told.hang_up.contains(&self.number))
        });
        if hangs_up {
            return LegEvent::HungUp;
        }
        LegEvent::Sound(if speaks {
            tone(9_000.0, self.ticks)
        } else {
            Frame::silence()
        })
    }

    fn hear(&mut self, frame: Frame) {
        if frame.peak() > 1_000 {
            self.people.with(|told| {
                let calls = told.heard.get_mut(&self.number).expect("was called");
                calls.last_mut().expect("a call").push(Instant::now());
            });
        }
    }

    fn press(&mut self, _key: char) {}

    fn refer(&mut self, _to: &str) {}
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(timeout(PATIENCE, waiting).await.is_ok(), "{what}");
}

/// How many people got an answer to a question.
const ANSWERED: &str = "SELECT count(DISTINCT conversation_id) FROM transcript_segments
    WHERE speaker = 'agent' AND text LIKE 'Question number%'";
/// The same after the agent said that there was an interruption, and with the questions from before counted.
const ANSWERED_AGAIN: &str = "SELECT count(DISTINCT answer.conversation_id) FROM transcript_segments AS answer
    JOIN transcript_segments AS sorry ON sorry.conversation_id = answer.conversation_id
         AND sorry.text = 'Sorry, we were cut off for a moment.' AND sorry.position < answer.position
    WHERE answer.speaker = 'agent' AND answer.text ~ '^Question number [2-9]'";

#[sqlx::test(migrations = "../../migrations")]
async fn another_worker_goes_on_with_every_call(options: PgPoolOptions, connect: PgConnectOptions) {
    let pool: PgPool = options.connect_with(connect.clone()).await.expect("connected");
    let database = worker_process::database(&connect);
    let livekit = LocalLiveKit::start(&local_livekit::Options::default()).unwrap_or_else(|error| panic!("{error}"));
    let people = People::default();
    let options = CarrierOptions::with_trunk(&livekit.url(), API_KEY, API_SECRET, TRUNK, "+12025550100");
    let carrier = Carrier::new(options, people.clone(), Arc::new(TestChance::default())).expect("an address");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("bound"));
    tokio::spawn(axum::serve(listener, carrier.router()).into_future());
    let variables = [(LIVEKIT, OsStr::new(&url))];
    let start = || worker_process::start(&database, &variables);

    let campaign = stage::campaign(&pool, &stage::WallClock, &stage::content("Loss"), 0, CALLS).await;
    let mut first = start().await;
    until("everybody hears the opening", async || people.are_greeted(CALLS)).await;
    people.speak();
    until("everybody is answered", async || {
        stage::count(&pool, ANSWERED).await == CALLS as i64
    })
    .await;
    // Nobody is speaking when it happens, so that what is heard after it is the other worker's.
    until("everybody has heard the answer", async || people.are_greeted(CALLS)).await;

    let second = start().await;
    let killed = Instant::now();
    first.kill().await.expect("killed");
    let leaving: Vec<String> = (0..LEAVING)
        .map(|index| stage::number(index).e164().to_owned())
        .collect();
    people.with(|told| told.hang_up.clone_from(&leaving));
    until("everybody hears the agent again", async || {
        people.first_heard(killed).len() >= CALLS - LEAVING
    })
    .await;
    let waited: Vec<Duration> = people.first_heard(killed).into_values().map(|at| at - killed).collect();
    until("who has gone is not kept", async || {
        stage::count(
            &pool,
            "SELECT count(*) FROM conversations WHERE call_end_time IS NOT NULL",
        )
        .await
            == LEAVING as i64
    })
    .await;

    // It knows what was said before.
    until("everybody has heard why it was silent", async || {
        people.are_greeted(CALLS)
    })
    .await;
    people.speak();
    until("everybody is answered by the other worker", async || {
        stage::count(&pool, ANSWERED_AGAIN).await == (CALLS - LEAVING) as i64
    })
    .await;
    people.with(|told| told.hang_up = told.heard.keys().cloned().collect());
    until("the campaign is over", async || {
        stage::count(&pool, "SELECT count(*) FROM campaigns WHERE status = 'completed'").await == 1
    })
    .await;
    drop(second);

    let calls = people.with(|told| told.heard.values().map(Vec::len).collect::<Vec<_>>());
    assert_eq!(calls, [1; CALLS], "everybody was called once");
    for (what, sql, expected) in [
        ("attempts", "SELECT count(*) FROM attempts", CALLS),
        (
            "calls that ended while nobody was there",
            "SELECT count(*) FROM conversations WHERE status = 'lost'",
            LEAVING,
        ),
        (
            "calls that the person ended",
            "SELECT count(*) FROM conversations WHERE status = 'hung_up'",
            CALLS - LEAVING,
        ),
        ("leases", "SELECT count(*) FROM leases", 0),
    ] {
        assert_eq!(stage::count(&pool, sql).await, expected as i64, "{what}");
    }
    let mut conn = pool.acquire().await.expect("a connection");
    let turns = store::turns::summary(&mut conn, campaign).await.expect("summed up");
    drop(conn);
    let [.., response] = turns.parts;
    assert!(
        turns.turns >= (CALLS - LEAVING) as u64 && response.is_some(),
        "{turns:?}"
    );
    let longest = waited.iter().max().expect("somebody waited").as_millis();
    let report = format!(
        "{} people heard the agent again within {longest} ms after the kill\n",
        waited.len()
    );
    std::io::Write::write_all(&mut std::io::stderr(), report.as_bytes()).expect("written");
    assert!(longest < 20_000, "nobody waits that long");
    carrier.close().await;
    pool.close().await;
}
