//! A scripted room and scripted voices.

use super::*;
use crate::call::{NotWritten, SaidAloud};
use async_trait::async_trait;
use domain::{
    AttemptId, ConversationId, Personal, PhoneNumber, UserId,
    agent_tools::{AgentTools, LookUp},
    call_command::{CallCommand, CallSupervisor},
    campaign::VoicemailPolicy,
    conversation::{ConversationStatus, Speaker},
    live::Glimpse,
    recording::RecordingRule,
    results::{Drawn, FieldKind, ResultField},
};
use futures::{StreamExt, stream, stream::BoxStream};
use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering},
};
use telephony::{FRAME_SAMPLES, FarEnd, TelephonyError};
use voice::ports::{
    ContextRole, LanguageModel, LookUpService, Prompt, ReplyPart, SpeechToText, TextToSpeech, Utterance, VoiceError,
};

/// What the far end does, in order.
#[derive(Clone, Debug)]
pub(super) enum Act {
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
pub(super) struct Witness {
    /// What a model was told of its own sound.
    pub(super) heard: Mutex<Vec<u32>>,
    /// For each tick: was the person speaking, did the agent.
    pub(super) ticks: Mutex<Vec<(bool, bool)>>,
    pub(super) agent_frames: AtomicU32,
    pub(super) hung_up: AtomicBool,
    pub(super) sentences: Mutex<Vec<SaidAloud>>,
    pub(super) stages: Mutex<Vec<ConversationStatus>>,
    pub(super) opted_out: AtomicBool,
    pub(super) keys: Mutex<String>,
    pub(super) glimpses: Mutex<Vec<Glimpse>>,
    pub(super) failing_writes: AtomicU32,
    /// What reached the recorder, in order.
    pub(super) recorded: Mutex<Vec<Recorded>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    LeftOut(usize),
    Tick { agent_speaks: bool },
}

struct Recorder(Arc<Witness>);

impl CallRecorder for Recorder {
    fn tick(&mut self, agent: &Frame, _: &Frame) {
        let agent_speaks = !agent.is_silence();
        let mut recorded = self.0.recorded.lock().expect("unpoisoned");
        recorded.push(Recorded::Tick { agent_speaks });
    }

    fn leave_out(&mut self, ticks: usize) {
        self.0
            .recorded
            .lock()
            .expect("unpoisoned")
            .push(Recorded::LeftOut(ticks));
    }
}

pub(super) struct Seat {
    acts: VecDeque<Act>,
    witness: Arc<Witness>,
    phase: u32,
}

/// Something that a voice detector takes for a voice: a buzz with changing formants.
pub(in crate::campaign_agent) fn voice(frame: u32) -> Frame {
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

    /// Asked, and never answered.
    async fn transfer(&mut self, _: &PhoneNumber) -> Result<(), TelephonyError> {
        Ok(())
    }

    async fn send_dtmf(&mut self, digit: char) -> Result<(), TelephonyError> {
        self.witness.keys.lock().expect("unpoisoned").push(digit);
        Ok(())
    }

    async fn hang_up(&mut self) {
        self.witness.hung_up.store(true, Ordering::Relaxed);
    }
}

pub(super) struct Scribe(Arc<Witness>);

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
pub(super) const PANIC: &str = "panic";

/// Hears the scripted texts, whatever the sound.
pub(super) struct Hearing(Arc<Mutex<VecDeque<&'static str>>>);

#[async_trait]
impl SpeechToText for Hearing {
    async fn open(&self, _: &str) -> Result<Box<dyn Utterance>, VoiceError> {
        let text = self.0.lock().expect("unpoisoned").pop_front();
        Ok(Box::new(Heard(text.unwrap_or_default(), 0)))
    }
}

pub(super) struct Heard(&'static str, usize);

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

pub(super) type Answer = Result<Vec<ReplyPart>, VoiceError>;

pub(super) struct Model {
    answers: Mutex<VecDeque<Answer>>,
    results: Result<Drawn, VoiceError>,
    hangs: bool,
    witness: Arc<Witness>,
}

#[async_trait]
impl LanguageModel for Model {
    async fn reply(&self, prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let found = prompt.lines.last().filter(|line| line.role == ContextRole::LookedUp);
        if let Some(found) = found {
            return Ok(stream::iter([Ok(ReplyPart::Words(found.text.reveal().to_owned()))]).boxed());
        }
        let answer = self.answers.lock().expect("unpoisoned").pop_front();
        let parts = answer.unwrap_or_else(|| Ok(vec![ReplyPart::Words("I see.".to_owned())]))?;
        Ok(stream::iter(parts)
            .then(|part| async {
                let is_sound = matches!(part, ReplyPart::Sound(_));
                tokio::time::sleep(Duration::from_millis(if is_sound { 10 } else { 100 })).await;
                Ok(part)
            })
            .boxed())
    }
    fn was_heard(&self, millis: u32) {
        self.witness.heard.lock().expect("unpoisoned").push(millis);
    }
    async fn results(&self, _: ResultsQuestion) -> Result<Drawn, VoiceError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        self.results.clone()
    }
}

/// Speaks 60 ms for each letter, or never a sound.
#[derive(Default)]
pub(super) struct Voice {
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

pub(super) struct Scenario {
    pub(super) acts: Vec<Act>,
    pub(super) heard: Vec<&'static str>,
    pub(super) answers: Vec<Answer>,
    pub(super) results: Result<Drawn, VoiceError>,
    pub(super) model_hangs: bool,
    pub(super) mute: bool,
    pub(super) failing_writes: u32,
    pub(super) commands: Vec<(u64, CallCommand)>,
    pub(super) stop_after_ms: Option<u64>,
    pub(super) recording: RecordingRule,
    pub(super) tools: AgentTools,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            acts: vec![Act::Ring, Act::Answer, Act::Quiet(100_000)],
            heard: Vec::new(),
            answers: Vec::new(),
            results: Ok(Drawn::default()),
            model_hangs: false,
            mute: false,
            failing_writes: 0,
            commands: Vec::new(),
            stop_after_ms: None,
            recording: RecordingRule::Always,
            tools: AgentTools::default(),
        }
    }
}

/// What asks for the weather hears that it rains; the rest panics.
struct Weather;

#[async_trait]
impl LookUpService for Weather {
    async fn ask(&self, look_up: &LookUp, question: &Personal) -> Option<Personal> {
        assert_eq!(question.reveal(), "The weather?");
        (look_up.about == "The weather.").then(|| "It rains.".into())
    }
}

pub(super) const OPENING: &str = "Hello, this is the AI of Tea Company.";
pub(super) const OPENING_FRAMES: u32 = OPENING.len() as u32 * 3;

pub(super) async fn play(scenario: Scenario) -> (CallEnd, Arc<Witness>) {
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
            let by = CallSupervisor {
                id: UserId(uuid::Uuid::from_u128(7)),
                name: "Mia".into(),
            };
            let _ = commands.send(IssuedCommand { by, command }).await;
        }
        std::future::pending::<()>().await;
    });
    let agent = CampaignAgent {
        brief: CallBrief {
            direction: domain::Direction::Outbound,
            conversation_id: ConversationId(uuid::Uuid::nil()),
            attempt_id: AttemptId(uuid::Uuid::nil()),
            number: "+14155550123".parse().expect("a number"),
            script: "Sell tea.".into(),
            opening: OPENING.into(),
            voicemail_message: "We try again.".into(),
            voicemail_policy: VoicemailPolicy::HangUp,
            recording: scenario.recording,
            recording_announcement: domain::recording::ANNOUNCEMENT.into(),
            result_fields: vec![ResultField {
                name: "interested".to_owned(),
                kind: FieldKind::YesNo,
                description: String::new(),
            }],
            language: "en-US".to_owned(),
            tools: scenario.tools,
            day: None,
            ringing_timeout: Duration::from_secs(30),
            longest_call: Duration::from_secs(60),
            clock: None,
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
                witness: Arc::clone(&witness),
            }),
            text_to_speech: Arc::new(Voice { mute: scenario.mute }),
            speech_to_speech: None,
            look_ups: Arc::new(Weather),
        },
        scribe: Arc::new(Scribe(Arc::clone(&witness))),
        commands: received,
        recorder: Some(Box::new(Recorder(Arc::clone(&witness)))),
        stop,
    };
    let end = tokio::time::timeout(Duration::from_secs(300), agent.run())
        .await
        .expect("every call ends");
    assert!(witness.hung_up.load(Ordering::Relaxed));
    (end, witness)
}

pub(super) fn lines(witness: &Witness, speaker: Speaker) -> Vec<String> {
    let sentences = witness.sentences.lock().expect("unpoisoned");
    sentences
        .iter()
        .filter(|said| said.speaker == speaker)
        .map(|said| said.text.reveal().to_owned())
        .collect()
}

pub(super) fn said(text: &str) -> ReplyPart {
    ReplyPart::Words(text.to_owned())
}
