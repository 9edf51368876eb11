//! Whole calls with a scripted room and scripted voices, on paused time: each takes milliseconds.

use super::*;
use crate::call::{NotWritten, SaidAloud};
use async_trait::async_trait;
use domain::{
    AttemptId, ConversationId, Personal,
    campaign::VoicemailPolicy,
    conversation::{ConversationStatus, Speaker},
    live::Glimpse,
    results::{FieldKind, ResultField},
};
use futures::{StreamExt, stream, stream::BoxStream};
use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering},
};
use telephony::{FRAME_SAMPLES, FarEnd, TelephonyError};
use voice::ports::{LanguageModel, Prompt, ReplyPart, SpeechToText, TextToSpeech, Utterance, VoiceError};

/// What the far end does, in order.
#[derive(Clone, Debug)]
enum Act {
    Ring,
    Answer,
    /// Silence for so many ticks.
    Quiet(u32),
    /// Says the next of the scripted texts, for so many ticks.
    Speak(u32),
    /// Silence until the agent has spoken this many frames altogether.
    UntilAgentSpoke(u32),
    HangUp,
    /// Nothing ever happens again.
    Die,
}

#[derive(Default)]
struct Witness {
    /// For each tick: was the person speaking, did the agent.
    ticks: Mutex<Vec<(bool, bool)>>,
    agent_frames: AtomicU32,
    hung_up: AtomicBool,
    sentences: Mutex<Vec<SaidAloud>>,
    stages: Mutex<Vec<ConversationStatus>>,
    opted_out: AtomicBool,
    glimpses: Mutex<Vec<Glimpse>>,
    failing_writes: AtomicU32,
}

struct Seat {
    acts: VecDeque<Act>,
    witness: Arc<Witness>,
    phase: u32,
}

/// Something that a voice detector takes for a voice: a buzz with changing formants.
fn voice(frame: u32) -> Frame {
    let samples = std::array::from_fn(|index| {
        let at = (frame * FRAME_SAMPLES as u32) as f32 + index as f32;
        let seconds = at / 16_000.0;
        let pitch = 120.0 + 15.0 * (seconds * 5.0).sin();
        let wobble = 0.6 + 0.4 * (seconds * 22.0).sin();
        let sum: f32 = (1..=24)
            .map(|harmonic| {
                let hertz = pitch * harmonic as f32;
                let formant = 500.0 + 250.0 * (seconds * 9.0).sin();
                let near = (-((hertz - formant) / 160.0).powi(2)).exp()
                    + 0.6 * (-((hertz - 1_500.0) / 220.0).powi(2)).exp()
                    + 0.3 * (-((hertz - 2_500.0) / 250.0).powi(2)).exp();
                near * (std::f32::consts::TAU * hertz * seconds).sin()
            })
            .sum();
        (sum * wobble * 6_000.0) as i16
    });
    Frame::new(samples)
}

#[async_trait]
impl AgentSeat for Seat {
    async fn dial(&mut self, _: DialRequest) -> Result<(), TelephonyError> {
        Ok(())
    }

    async fn next(&mut self) -> RoomEvent {
        loop {
            if self.witness.hung_up.load(Ordering::Relaxed) {
                return RoomEvent::Left(FarEnd::Lost);
            }
            let Some(act) = self.acts.front().cloned() else {
                return RoomEvent::Left(FarEnd::Lost);
            };
            let speaks = match act {
                Act::Ring => {
                    self.acts.pop_front();
                    return RoomEvent::Ringing;
                }
                Act::Answer => {
                    self.acts.pop_front();
                    return RoomEvent::Answered;
                }
                Act::HangUp => return RoomEvent::Left(FarEnd::HungUp),
                Act::Die => std::future::pending().await,
                Act::Quiet(ticks) | Act::Speak(ticks) if self.phase >= ticks => {
                    self.phase = 0;
                    self.acts.pop_front();
                    continue;
                }
                Act::UntilAgentSpoke(frames) if self.witness.agent_frames.load(Ordering::Relaxed) >= frames => {
                    self.phase = 0;
                    self.acts.pop_front();
                    continue;
                }
                Act::Speak(_) => true,
                Act::Quiet(_) | Act::UntilAgentSpoke(_) => false,
            };
            // Cancel safe: the act moves on only after the wait.
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.phase += 1;
            self.witness.ticks.lock().expect("unpoisoned").push((speaks, false));
            return RoomEvent::Tick(if speaks { voice(self.phase) } else { Frame::silence() });
        }
    }

    fn speak(&mut self, _: Frame) {
        self.witness.agent_frames.fetch_add(1, Ordering::Relaxed);
        let mut ticks = self.witness.ticks.lock().expect("unpoisoned");
        let tick = ticks.last_mut().expect("spoken in a tick");
        assert!(!tick.1, "one frame in a tick");
        tick.1 = true;
    }

    async fn hang_up(&mut self) {
        self.witness.hung_up.store(true, Ordering::Relaxed);
    }
}

struct Scribe(Arc<Witness>);

impl Scribe {
    fn write(&self) -> Result<(), NotWritten> {
        let left = self.0.failing_writes.load(Ordering::Relaxed);
        if left == 0 {
            return Ok(());
        }
        self.0.failing_writes.store(left - 1, Ordering::Relaxed);
        Err(NotWritten)
    }
}

#[async_trait]
impl CallScribe for Scribe {
    async fn about_to_dial(&self) -> Result<(), NotWritten> {
        Ok(())
    }
    async fn stage(&self, status: ConversationStatus) -> Result<(), NotWritten> {
        self.write()?;
        self.0.stages.lock().expect("unpoisoned").push(status);
        Ok(())
    }
    async fn sentence(&self, said: SaidAloud) -> Result<(), NotWritten> {
        self.write()?;
        self.0.sentences.lock().expect("unpoisoned").push(said);
        Ok(())
    }
    async fn opted_out(&self) -> Result<(), NotWritten> {
        self.write()?;
        self.0.opted_out.store(true, Ordering::Relaxed);
        Ok(())
    }
    fn glimpse(&self, glimpse: Glimpse) {
        self.0.glimpses.lock().expect("unpoisoned").push(glimpse);
    }
}

/// A text that an adapter does not survive.
const PANIC: &str = "panic";

/// Hears the scripted texts, whatever the sound.
struct Hearing(Arc<Mutex<VecDeque<&'static str>>>);

#[async_trait]
impl SpeechToText for Hearing {
    async fn open(&self, _: &str) -> Result<Box<dyn Utterance>, VoiceError> {
        let text = self.0.lock().expect("unpoisoned").pop_front();
        Ok(Box::new(Heard(text.unwrap_or_default(), 0)))
    }
}

struct Heard(&'static str, usize);

#[async_trait]
impl Utterance for Heard {
    fn hear(&mut self, _: &Frame) -> Option<Personal> {
        self.1 += 1;
        assert!(self.0 != PANIC, "the adapter panics");
        (self.1 == 20).then(|| self.0.split(' ').next().unwrap_or_default().into())
    }
    async fn finish(self: Box<Self>) -> Result<Personal, VoiceError> {
        tokio::time::sleep(Duration::from_millis(150)).await;
        Ok(self.0.into())
    }
}

type Answer = Result<Vec<ReplyPart>, VoiceError>;

struct Model {
    answers: Mutex<VecDeque<Answer>>,
    results: Result<ConversationResults, VoiceError>,
    hangs: bool,
}

#[async_trait]
impl LanguageModel for Model {
    async fn reply(&self, _: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let answer = self.answers.lock().expect("unpoisoned").pop_front();
        let parts = answer.unwrap_or_else(|| Ok(vec![ReplyPart::Words("I see.".to_owned())]))?;
        Ok(stream::iter(parts)
            .then(|part| async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(part)
            })
            .boxed())
    }
    async fn results(&self, _: Prompt) -> Result<ConversationResults, VoiceError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        self.results.clone()
    }
}

/// Speaks 60 ms for each letter, or never a sound.
#[derive(Default)]
struct Voice {
    mute: bool,
}

#[async_trait]
impl TextToSpeech for Voice {
    async fn speak(
        &self,
        text: &Personal,
        _: &str,
    ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
        tokio::time::sleep(Duration::from_millis(60)).await;
        let frames = if self.mute {
            0
        } else {
            text.reveal().chars().count() * 3
        };
        Ok(stream::iter((0..frames).map(|_| Ok(Frame::new([6_000; FRAME_SAMPLES])))).boxed())
    }
}

struct Scenario {
    acts: Vec<Act>,
    heard: Vec<&'static str>,
    answers: Vec<Answer>,
    results: Result<ConversationResults, VoiceError>,
    model_hangs: bool,
    mute: bool,
    failing_writes: u32,
    commands: Vec<(u64, CallCommand)>,
    stop_after_ms: Option<u64>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            acts: vec![Act::Ring, Act::Answer, Act::Quiet(100_000)],
            heard: Vec::new(),
            answers: Vec::new(),
            results: Ok(ConversationResults::default()),
            model_hangs: false,
            mute: false,
            failing_writes: 0,
            commands: Vec::new(),
            stop_after_ms: None,
        }
    }
}

const OPENING: &str = "Hello, this is the AI of Tea Company.";
const OPENING_FRAMES: u32 = OPENING.len() as u32 * 3;

async fn play(scenario: Scenario) -> (CallEnd, Arc<Witness>) {
    let witness = Arc::new(Witness::default());
    witness.failing_writes.store(scenario.failing_writes, Ordering::Relaxed);
    let (commands, received) = mpsc::channel(8);
    let stop = CancellationToken::new();
    let stop_after = scenario.stop_after_ms;
    let stopping = stop.clone();
    tokio::spawn(async move {
        if let Some(after) = stop_after {
            tokio::time::sleep(Duration::from_millis(after)).await;
            stopping.cancel();
        }
    });
    let to_send = scenario.commands;
    tokio::spawn(async move {
        for (after, command) in to_send {
            tokio::time::sleep(Duration::from_millis(after)).await;
            let _ = commands.send(command).await;
        }
        std::future::pending::<()>().await;
    });
    let agent = CampaignAgent {
        brief: CallBrief {
            conversation_id: ConversationId(uuid::Uuid::nil()),
            attempt_id: AttemptId(uuid::Uuid::nil()),
            number: "+14155550123".parse().expect("a number"),
            script: "Sell tea.".into(),
            opening: OPENING.into(),
            voicemail_message: "We try again.".into(),
            voicemail_policy: VoicemailPolicy::HangUp,
            result_fields: vec![ResultField {
                name: "interested".to_owned(),
                kind: FieldKind::YesNo,
                description: String::new(),
            }],
            language: "en-US".to_owned(),
            ringing_timeout: Duration::from_secs(30),
            longest_call: Duration::from_secs(60),
        },
        seat: Box::new(Seat {
            acts: scenario.acts.into(),
            witness: Arc::clone(&witness),
            phase: 0,
        }),
        voices: Voices {
            speech_to_text: Arc::new(Hearing(Arc::new(Mutex::new(scenario.heard.into())))),
            language_model: Arc::new(Model {
                answers: Mutex::new(scenario.answers.into()),
                results: scenario.results,
                hangs: scenario.model_hangs,
            }),
            text_to_speech: Arc::new(Voice { mute: scenario.mute }),
        },
        scribe: Arc::new(Scribe(Arc::clone(&witness))),
        commands: received,
        recorder: None,
        stop,
    };
    let end = tokio::time::timeout(Duration::from_secs(300), agent.run())
        .await
        .expect("every call ends");
    assert!(witness.hung_up.load(Ordering::Relaxed));
    (end, witness)
}

fn lines(witness: &Witness, speaker: Speaker) -> Vec<String> {
    let sentences = witness.sentences.lock().expect("unpoisoned");
    sentences
        .iter()
        .filter(|said| said.speaker == speaker)
        .map(|said| said.text.reveal().to_owned())
        .collect()
}

fn said(text: &str) -> ReplyPart {
    ReplyPart::Words(text.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_conversation_with_results() {
    let (end, witness) = play(Scenario {
        acts: vec![
            Act::Ring,
            Act::Answer,
            Act::Quiet(10),
            Act::Speak(30),
            Act::UntilAgentSpoke(OPENING_FRAMES),
            Act::Quiet(20),
            Act::Speak(60),
            Act::Quiet(100_000),
        ],
        heard: vec!["Hello?", "Yes, I like tea."],
        answers: vec![Ok(vec![
            said("Great. "),
            ReplyPart::Result {
                field: "interested".to_owned(),
                value: true.into(),
            },
            said("Goodbye."),
            ReplyPart::EndCall,
        ])],
        results: Ok(ConversationResults {
            summary: Some("They like\0 tea.".to_owned()),
            ..ConversationResults::default()
        }),
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Completed);
    assert_eq!(end.results.summary.as_deref(), Some("They like tea."));
    assert_eq!(end.results.fields.get("interested"), Some(&true.into()));
    assert_eq!(lines(&witness, Speaker::Agent), [OPENING, "Great.", "Goodbye."]);
    assert_eq!(lines(&witness, Speaker::Person), ["Hello?", "Yes, I like tea."]);
    let stages = witness.stages.lock().expect("unpoisoned").clone();
    assert_eq!(stages, [ConversationStatus::Ringing, ConversationStatus::Live]);
    let glimpses = witness.glimpses.lock().expect("unpoisoned");
    assert!(
        glimpses
            .iter()
            .any(|glimpse| matches!(glimpse, Glimpse::Levels { person, .. } if *person > 0))
    );
    assert!(
        glimpses
            .iter()
            .any(|glimpse| matches!(glimpse, Glimpse::PartialText { .. }))
    );
}

#[tokio::test(start_paused = true)]
async fn a_barge_in_stops_the_frames_at_once() {
    let (end, witness) = play(Scenario {
        acts: vec![Act::Answer, Act::UntilAgentSpoke(60), Act::Speak(50), Act::HangUp],
        heard: vec!["Wait a minute"],
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::HungUp);
    let ticks = witness.ticks.lock().expect("unpoisoned").clone();
    let began = ticks.iter().position(|tick| tick.0).expect("the person spoke");
    let last = ticks.iter().rposition(|tick| tick.1).expect("the agent spoke");
    let onset = (crate::turns::ONSET_MS / FRAME_MILLIS) as usize;
    assert!(
        last < began + onset + 5,
        "silent {} ticks after the person began",
        last - began
    );
    let sentences = witness.sentences.lock().expect("unpoisoned");
    let cut = sentences
        .iter()
        .find(|said| said.speaker == Speaker::Agent)
        .expect("a part");
    assert!(cut.interrupted && OPENING.starts_with(cut.text.reveal()) && cut.text.reveal().len() < OPENING.len());
    // The last words of a person who hangs up are kept.
    assert!(sentences.iter().any(|said| said.text.reveal() == "Wait a minute"));
}

#[tokio::test(start_paused = true)]
async fn stop_calling_me_works_with_a_model_that_never_answers() {
    let (end, witness) = play(Scenario {
        acts: vec![
            Act::Answer,
            Act::UntilAgentSpoke(OPENING_FRAMES),
            Act::Speak(60),
            Act::Quiet(100_000),
        ],
        heard: vec!["Stop calling me."],
        model_hangs: true,
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::OptedOut);
    assert!(witness.opted_out.load(Ordering::Relaxed));
    assert!(end.results.reason.is_some(), "the extraction failed, and says so");
    let ticks = witness.ticks.lock().expect("unpoisoned");
    let person_done = ticks.iter().rposition(|tick| tick.0).expect("spoke");
    // 600 ms until the turn is over, 150 ms for the text, two seconds for the goodbye.
    assert!(ticks.len() - person_done < (600 + 150 + 2_000) / 20 + 5);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_model_fails_the_call_politely() {
    let (end, witness) = play(Scenario {
        acts: vec![
            Act::Answer,
            Act::UntilAgentSpoke(OPENING_FRAMES),
            Act::Speak(60),
            Act::Quiet(100_000),
        ],
        heard: vec!["Tell me more."],
        model_hangs: true,
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Failed);
    assert!(end.results.reason.is_some());
    let said = lines(&witness, Speaker::Agent);
    assert_eq!(said[1..2], ["Sorry, one moment please."]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_room_is_lost() {
    let (end, _) = play(Scenario {
        acts: vec![Act::Answer, Act::Quiet(50), Act::Die],
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Lost);
}

#[tokio::test(start_paused = true)]
async fn nobody_speaks() {
    let (end, witness) = play(Scenario::default()).await;
    assert_eq!(end.disposition, Disposition::Silent);
    assert_eq!(
        lines(&witness, Speaker::Agent).len(),
        5,
        "opening, two questions, two sentences of goodbye"
    );
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_and_a_stop_end_calls() {
    let (end, witness) = play(Scenario {
        commands: vec![
            (3_000, CallCommand::Say("Just a test.".into())),
            (2_000, CallCommand::Whisper("Be brief.".into())),
            (500, CallCommand::End),
        ],
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::EndedBySupervisor);
    assert!(lines(&witness, Speaker::Agent).contains(&"Just a test.".to_owned()));
    assert_eq!(lines(&witness, Speaker::Supervisor), ["Be brief."]);

    let (end, _) = play(Scenario {
        stop_after_ms: Some(4_000),
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Failed);
    assert!(end.duration < Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn a_scribe_that_stumbles_loses_nothing_and_one_that_fails_ends_the_call() {
    let acts = vec![Act::Ring, Act::Answer, Act::Quiet(200), Act::HangUp];
    let (end, witness) = play(Scenario {
        acts: acts.clone(),
        failing_writes: 3,
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::HungUp);
    assert_eq!(lines(&witness, Speaker::Agent), [OPENING]);
    assert_eq!(end.results.reason, None);

    let (end, _) = play(Scenario {
        failing_writes: u32::MAX,
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Failed);
    assert!(end.results.reason.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_call_back_wish_outlives_a_failed_extraction() {
    let (end, _) = play(Scenario {
        acts: vec![
            Act::Answer,
            Act::UntilAgentSpoke(OPENING_FRAMES),
            Act::Speak(60),
            Act::Quiet(100_000),
        ],
        heard: vec!["Call me tomorrow."],
        answers: vec![Ok(vec![
            ReplyPart::CallBack {
                when: "tomorrow".to_owned(),
            },
            said("I will. Goodbye."),
            ReplyPart::EndCall,
        ])],
        results: Err(VoiceError::Unavailable("down".to_owned())),
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::CallBack);
    assert_eq!(end.results.call_back.as_deref(), Some("tomorrow"));
    assert!(end.results.reason.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_voice_without_sound_has_said_nothing() {
    let (end, witness) = play(Scenario {
        mute: true,
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Failed);
    assert_eq!(lines(&witness, Speaker::Agent), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_adapter_that_panics_does_not_silence_the_call() {
    let (end, witness) = play(Scenario {
        acts: vec![
            Act::Answer,
            Act::UntilAgentSpoke(OPENING_FRAMES),
            Act::Speak(60),
            Act::Quiet(150),
            Act::Speak(60),
            Act::Quiet(100_000),
        ],
        heard: vec![PANIC, "Yes."],
        answers: vec![Ok(vec![said("Goodbye."), ReplyPart::EndCall])],
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Completed);
    assert_eq!(
        lines(&witness, Speaker::Agent)[1..],
        ["Sorry, could you say that again?", "Goodbye."]
    );
}
