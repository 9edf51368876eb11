//! What tests of the dialer need: a campaign in a database, a clock, chance, a small telephone network that keeps a
//! ledger in a file, and voices that cost nothing.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use async_trait::async_trait;
use dialer::ZoneClock;
use domain::{
    AttemptId, CampaignId, Chance, Clock, ConversationId, LeadId, Personal, PhoneNumber, UnixMillis, UserId,
    calling_hours::{DAY, LocalTime, Weekday, WeeklyHours},
    campaign::{CampaignContent, CampaignStatus},
    results::Drawn,
};
use futures::stream::{self, BoxStream, StreamExt};
use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use store::{PgPool, Store, campaigns, leads};
use telephony::{
    AgentSeat, Arrival, CallRoom, DialRecord, DialRequest, FarEnd, Frame, HeardFrames, NotAnswered, RoomEvent,
    TelephoneNetwork, TelephonyError,
};
use tokio::sync::broadcast;
use uuid::Uuid;
use voice::ports::{
    LanguageModel, Prompt, ReplyPart, ResultsQuestion, SpeechToText, TextToSpeech, Utterance, VoiceError, Voices,
};

/// Chance for tests: different in each process, never twice the same.
pub struct TestChance(AtomicU64);

impl Default for TestChance {
    fn default() -> Self {
        Self(AtomicU64::new(u64::from(std::process::id()) << 32 | 1))
    }
}

impl Chance for TestChance {
    fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            // SplitMix64.
            let mut mixed = self
                .0
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let mixed = (mixed ^ (mixed >> 31)).to_le_bytes();
            piece.copy_from_slice(&mixed[..piece.len()]);
        }
    }
}

/// The real time.
pub struct WallClock;

impl Clock for WallClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests with several processes share the real clock"
    )]
    fn now(&self) -> UnixMillis {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("after 1970");
        UnixMillis(i64::try_from(since.as_millis()).expect("before the year 292 million"))
    }
}

/// A clock that a test sets.
pub struct SetClock(pub AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::Relaxed))
    }
}

/// It is Tuesday noon, everywhere.
pub struct AlwaysNoon;

impl ZoneClock for AlwaysNoon {
    fn local_time(&self, _zone: &str, _at: UnixMillis) -> Option<LocalTime> {
        Some(LocalTime {
            day: Weekday::Tuesday,
            minute: 720,
        })
    }
}

/// A campaign without a brake.
pub fn content(name: &str) -> CampaignContent {
    CampaignContent {
        name: name.to_owned(),
        hours: WeeklyHours::every_day(0, DAY),
        max_concurrent_calls: 500,
        calls_per_ten_seconds: 60_000,
        retries: Vec::new(),
        ..CampaignContent::template()
    }
}

/// The number of the lead with this index.
pub fn number(index: usize) -> PhoneNumber {
    format!("+49301{index:07}").parse().expect("valid")
}

/// A running campaign with `count` leads from `first` on, due since the time of `clock`.
pub async fn campaign(
    pool: &PgPool,
    clock: &dyn Clock,
    content: &CampaignContent,
    first: usize,
    count: usize,
) -> CampaignId {
    let chance = TestChance(AtomicU64::new(NEXT_WORKER.fetch_add(1, Ordering::Relaxed) << 24));
    let id = || domain::new_id(clock.now(), &chance);
    let (user, campaign) = (UserId(id()), CampaignId(id()));
    sqlx::query("INSERT INTO users (id, email, name, role, created_at) VALUES ($1, $2, 'Mia', 'manager', now())")
        .bind(user.0)
        .bind(format!("{}@example.com", user.0))
        .execute(pool)
        .await
        .expect("a user");
    let store = Store::from_pool(pool.clone());
    let mut transaction = store.begin().await.expect("a transaction");
    let now = clock.now();
    campaigns::insert(&mut transaction, campaign, content, user, now)
        .await
        .expect("a campaign");
    campaigns::set_status(&mut transaction, campaign, CampaignStatus::Running, now)
        .await
        .expect("running");
    for chunk in (first..first + count).collect::<Vec<_>>().chunks(1_000) {
        let new: Vec<leads::LeadToAdd> = chunk
            .iter()
            .map(|index| leads::LeadToAdd {
                id: LeadId(id()),
                phone_number: number(*index),
                name: Personal::new(format!("Lead {index}")),
                email: Personal::default(),
                variables: BTreeMap::new(),
                zones: vec!["Europe/Berlin".to_owned()],
            })
            .collect();
        leads::add(&mut transaction, campaign, &new, now).await.expect("leads");
    }
    transaction.commit().await.expect("committed");
    campaign
}

/// One number of a query.
pub async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.expect("a number")
}

/// A worker known to the database.
pub async fn worker(pool: &PgPool) -> domain::WorkerId {
    let id = domain::WorkerId(Uuid::from_u128(u128::from(NEXT_WORKER.fetch_add(1, Ordering::Relaxed))));
    let store = Store::from_pool(pool.clone());
    let mut conn = store.connection().await.expect("a connection");
    store::workers::report(&mut conn, id, UnixMillis(1))
        .await
        .expect("entered");
    id
}

static NEXT_WORKER: AtomicU64 = AtomicU64::new(1_000);

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    Busy,
    NoAnswer,
    /// Answers, and hangs up after this many ticks.
    HangsUp(u32),
    /// Answers and stays until the agent hangs up.
    Stays,
}

type Script = dyn Fn(&PhoneNumber) -> Play + Send + Sync;

/// A telephone network that does what a script says, and writes each dial to a file with one write.
pub struct SmallNetwork {
    ledger: PathBuf,
    script: Arc<Script>,
    step: Duration,
    pub in_use: Arc<AtomicUsize>,
    pub most_in_use: Arc<AtomicUsize>,
    pub dials: Arc<Mutex<Vec<Instant>>>,
    pub down: std::sync::atomic::AtomicBool,
    /// Rooms live on when the process that opened them dies, and the person hangs up after so many ticks more.
    pub survivors: Option<u32>,
    /// Calls of which nothing was to be left.
    pub ended_as_orphans: Arc<AtomicUsize>,
    /// Who calls, and how many of them were answered.
    pub callers: Arc<Mutex<Vec<Arrival>>>,
    pub answered: Arc<AtomicUsize>,
}

impl SmallNetwork {
    pub fn new(ledger: PathBuf, step: Duration, script: impl Fn(&PhoneNumber) -> Play + Send + Sync + 'static) -> Self {
        Self {
            ledger,
            script: Arc::new(script),
            step,
            in_use: Arc::default(),
            most_in_use: Arc::default(),
            dials: Arc::default(),
            down: false.into(),
            survivors: None,
            ended_as_orphans: Arc::default(),
            callers: Arc::default(),
            answered: Arc::default(),
        }
    }

    fn seat(&self, events: Vec<RoomEvent>) -> SmallSeat {
        let now = self.in_use.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_in_use.fetch_max(now, Ordering::SeqCst);
        SmallSeat {
            ledger: self.ledger.clone(),
            script: Arc::clone(&self.script),
            step: self.step,
            in_use: Arc::clone(&self.in_use),
            dials: Arc::clone(&self.dials),
            events,
            stays: false,
        }
    }

    pub fn dialled(ledger: &Path) -> Vec<(AttemptId, String)> {
        std::fs::read_to_string(ledger)
            .unwrap_or_default()
            .lines()
            .map(|line| {
                let (attempt, number) = line.split_once(' ').expect("two words");
                (attempt.parse().expect("an id"), number.to_owned())
            })
            .collect()
    }
}

#[async_trait]
impl TelephoneNetwork for SmallNetwork {
    async fn open_room(&self, _conversation: ConversationId) -> Result<Box<dyn AgentSeat>, TelephonyError> {
        if self.down.load(Ordering::Relaxed) {
            return Err(TelephonyError::Unavailable("down for a test".to_owned()));
        }
        Ok(Box::new(self.seat(Vec::new())))
    }

    async fn rejoin(&self, _room: &CallRoom) -> Result<Option<Box<dyn AgentSeat>>, TelephonyError> {
        let Some(ticks) = self.survivors else { return Ok(None) };
        let mut events = vec![RoomEvent::Left(FarEnd::HungUp)];
        events.extend((0..ticks).map(|_| RoomEvent::Tick(Frame::silence())));
        Ok(Some(Box::new(self.seat(events))))
    }

    async fn end_orphan(&self, _room: &CallRoom) -> Result<(), TelephonyError> {
        self.ended_as_orphans.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn arrivals(&self) -> Result<Vec<Arrival>, TelephonyError> {
        Ok(self.callers.lock().expect("unpoisoned").clone())
    }

    /// Whoever calls hangs up after ten seconds.
    async fn answer(&self, room: &CallRoom, _caller: &str) -> Result<Option<Box<dyn AgentSeat>>, TelephonyError> {
        let name = room.came_in.as_ref().expect("a room that somebody came into");
        let mut callers = self.callers.lock().expect("unpoisoned");
        let Some(place) = callers.iter().position(|caller| caller.room == *name) else {
            return Ok(None);
        };
        callers.remove(place);
        self.answered.fetch_add(1, Ordering::SeqCst);
        let mut events = vec![RoomEvent::Left(FarEnd::HungUp)];
        events.extend((0..500).map(|_| RoomEvent::Tick(Frame::silence())));
        events.push(RoomEvent::Answered);
        Ok(Some(Box::new(self.seat(events))))
    }

    async fn was_dialled(&self, attempt: AttemptId) -> Result<DialRecord, TelephonyError> {
        if self.down.load(Ordering::Relaxed) {
            return Err(TelephonyError::Unavailable("down for a test".to_owned()));
        }
        let dialled = Self::dialled(&self.ledger).iter().any(|(known, _)| *known == attempt);
        Ok(if dialled {
            DialRecord::Dialled
        } else {
            DialRecord::Never
        })
    }

    fn listen(&self, _conversation: ConversationId) -> Option<broadcast::Receiver<HeardFrames>> {
        None
    }
}

struct SmallSeat {
    ledger: PathBuf,
    script: Arc<Script>,
    step: Duration,
    in_use: Arc<AtomicUsize>,
    dials: Arc<Mutex<Vec<Instant>>>,
    /// What is still to come, last first.
    events: Vec<RoomEvent>,
    stays: bool,
}

impl Drop for SmallSeat {
    fn drop(&mut self) {
        self.in_use.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl AgentSeat for SmallSeat {
    async fn dial(&mut self, request: DialRequest) -> Result<(), TelephonyError> {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.ledger)
            .expect("a ledger");
        file.write_all(format!("{} {}\n", request.attempt_id, request.number.e164()).as_bytes())
            .expect("written");
        self.dials.lock().expect("unpoisoned").push(Instant::now());
        let mut events = match (self.script)(&request.number) {
            Play::Busy => vec![RoomEvent::NotAnswered(NotAnswered::Busy { sip_code: None })],
            Play::NoAnswer => vec![
                RoomEvent::Ringing,
                RoomEvent::NotAnswered(NotAnswered::NoAnswer { sip_code: None }),
            ],
            Play::HangsUp(ticks) => {
                let mut events = vec![RoomEvent::Ringing, RoomEvent::Answered];
                events.extend((0..ticks).map(|_| RoomEvent::Tick(Frame::silence())));
                events.push(RoomEvent::Left(FarEnd::HungUp));
                events
            }
            Play::Stays => {
                self.stays = true;
                vec![RoomEvent::Ringing, RoomEvent::Answered]
            }
        };
        events.reverse();
        self.events = events;
        Ok(())
    }

    async fn next(&mut self) -> RoomEvent {
        tokio::time::sleep(self.step).await;
        match self.events.pop() {
            Some(event) => event,
            None if self.stays => RoomEvent::Tick(Frame::silence()),
            None => RoomEvent::Left(FarEnd::Lost),
        }
    }

    fn speak(&mut self, _frame: Frame) {}

    async fn hang_up(&mut self) {
        self.stays = false;
    }
}

/// Hears nothing, says a word, hangs up.
pub struct CheapVoices;

pub fn voices() -> Voices {
    Voices {
        speech_to_text: Arc::new(CheapVoices),
        language_model: Arc::new(CheapVoices),
        text_to_speech: Arc::new(CheapVoices),
        speech_to_speech: None,
        look_ups: Arc::new(voice::ports::NoLookUps),
    }
}

#[async_trait]
impl SpeechToText for CheapVoices {
    async fn open(&self, _language: &str) -> Result<Box<dyn Utterance>, VoiceError> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl Utterance for CheapVoices {
    fn hear(&mut self, _frame: &Frame) -> Option<Personal> {
        None
    }

    async fn finish(self: Box<Self>) -> Result<Personal, VoiceError> {
        Ok(Personal::default())
    }
}

#[async_trait]
impl LanguageModel for CheapVoices {
    async fn reply(&self, _prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        Ok(stream::iter([Ok(ReplyPart::Words("Goodbye.".to_owned())), Ok(ReplyPart::EndCall)]).boxed())
    }

    async fn results(&self, _question: ResultsQuestion) -> Result<Drawn, VoiceError> {
        Ok(Drawn::default())
    }
}

#[async_trait]
impl TextToSpeech for CheapVoices {
    async fn speak(
        &self,
        _text: &Personal,
        _language: &str,
    ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
        Ok(stream::iter((0..3).map(|_| Ok(Frame::new([3_000; telephony::FRAME_SAMPLES])))).boxed())
    }
}
