//! One call of the real agent to a sound.

use crate::{cases::Case, voice_of_the_agent};
use agent::{
    call::{CallBrief, CallScribe, NotWritten, SaidAloud},
    campaign_agent::CampaignAgent,
    flow::AnsweredBy,
};
use async_trait::async_trait;
use domain::{
    AttemptId, ConversationId,
    campaign::VoicemailPolicy,
    conversation::{ConversationStatus, Disposition, Speaker},
    live::Glimpse,
    recording::{ANNOUNCEMENT, RecordingRule},
    results::ResultField,
};
use rehearsal::{Studio, voices, voices::RehearsalVoice};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use telephony::{AgentSeat, DialRequest, FRAME_MILLIS, FarEnd, Frame, RoomEvent, TelephonyError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use voice::ports::Voices;

/// Whoever answered hangs up so long after their last sound, if the agent does not, ticks.
const STAYS_TICKS: u32 = 12_000 / FRAME_MILLIS;

/// What came of it.
pub(crate) struct Played {
    /// What the agent took it for in the end.
    pub(crate) taken_for: Option<AnsweredBy>,
    /// When it first did so, milliseconds after the answer.
    pub(crate) after_ms: u32,
    pub(crate) disposition: Disposition,
    /// When the message for a machine began.
    pub(crate) message_ms: Option<u32>,
    /// What was said, for whoever wants to know why.
    pub(crate) story: Vec<String>,
}

const MESSAGE: &str = "This is Example Company, we will try again.";

pub(crate) async fn play(case: &Case, studio: &Arc<Studio>) -> Played {
    let voices = Voices {
        text_to_speech: Arc::new(RehearsalVoice::new(voice_of_the_agent())),
        look_ups: Arc::new(voice::ports::NoLookUps),
        ..voices(studio, 1.0)
    };
    let witness = Arc::new(Witness::default());
    let (_commands, received) = mpsc::channel(1);
    let agent = CampaignAgent {
        brief: CallBrief {
            direction: domain::Direction::Outbound,
            conversation_id: ConversationId(Uuid::nil()),
            attempt_id: AttemptId(Uuid::nil()),
            number: "+14155550123".parse().expect("a number"),
            script: "You are calling Ada on behalf of Example Company about their yearly service.".into(),
            opening: "Hello Ada, this is the AI assistant of Example Company. Do you have a minute?".into(),
            voicemail_message: MESSAGE.into(),
            // Whoever is taken for a machine is hung up on, unless a beep is to be waited for.
            voicemail_policy: if case.beep_ends_ms.is_some() {
                VoicemailPolicy::LeaveMessage
            } else {
                VoicemailPolicy::HangUp
            },
            recording: RecordingRule::Never,
            recording_announcement: ANNOUNCEMENT.into(),
            result_fields: ResultField::template(),
            language: case.language.to_owned(),
            tools: domain::agent_tools::AgentTools::default(),
            clock: None,
            day: None,
            ringing_timeout: Duration::from_secs(30),
            longest_call: Duration::from_secs(120),
        },
        seat: Box::new(Seat::new(case.frames.clone())),
        voices,
        scribe: Arc::clone(&witness) as Arc<dyn CallScribe>,
        commands: received,
        recorder: None,
        stop: CancellationToken::new(),
    };
    let end = Box::pin(agent.run()).await;
    let told = witness.told.lock().unwrap_or_else(PoisonError::into_inner);
    let taken_for = told.last().map(|(who, _)| *who);
    let first = told.iter().find(|(who, _)| Some(*who) == taken_for);
    let said = witness.said.lock().unwrap_or_else(PoisonError::into_inner);
    Played {
        taken_for,
        after_ms: first.map_or(0, |(_, after)| u32::try_from(after.as_millis()).unwrap_or(u32::MAX)),
        disposition: end.disposition,
        message_ms: said
            .iter()
            .find(|said| said.speaker == Speaker::Agent && said.text.reveal().starts_with("This is Example"))
            .map(|said| said.start_ms),
        story: said
            .iter()
            .map(|said| format!("{:>6} {}: {}", said.start_ms, said.speaker.as_str(), said.text.reveal()))
            .collect(),
    }
}

#[derive(Default)]
struct Witness {
    told: Mutex<Vec<(AnsweredBy, Duration)>>,
    said: Mutex<Vec<SaidAloud>>,
}

#[async_trait]
impl CallScribe for Witness {
    async fn about_to_dial(&self) -> Result<(), NotWritten> {
        Ok(())
    }
    async fn stage(&self, _: ConversationStatus) -> Result<(), NotWritten> {
        Ok(())
    }
    async fn sentence(&self, said: SaidAloud) -> Result<(), NotWritten> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push(said);
        Ok(())
    }
    async fn opted_out(&self) -> Result<(), NotWritten> {
        Ok(())
    }
    fn glimpse(&self, _: Glimpse) {}
    fn answered_by(&self, who: AnsweredBy, after: Duration) {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((who, after));
    }
}

/// A room in which a sound is played.
struct Seat {
    before: VecDeque<RoomEvent>,
    frames: Vec<Frame>,
    next: usize,
    silent: u32,
    hung_up: bool,
}

impl Seat {
    fn new(frames: Vec<Frame>) -> Self {
        Self {
            before: VecDeque::from([RoomEvent::Ringing, RoomEvent::Answered]),
            frames,
            next: 0,
            silent: 0,
            hung_up: false,
        }
    }
}

#[async_trait]
impl AgentSeat for Seat {
    async fn dial(&mut self, _: DialRequest) -> Result<(), TelephonyError> {
        Ok(())
    }

    async fn next(&mut self) -> RoomEvent {
        if self.hung_up {
            return RoomEvent::Left(FarEnd::Lost);
        }
        if let Some(event) = self.before.pop_front() {
            return event;
        }
        if self.silent > STAYS_TICKS {
            return RoomEvent::Left(FarEnd::HungUp);
        }
        tokio::time::sleep(Duration::from_millis(u64::from(FRAME_MILLIS))).await;
        let frame = self.frames.get(self.next).cloned();
        self.next += 1;
        self.silent += u32::from(frame.is_none());
        RoomEvent::Tick(frame.unwrap_or_else(Frame::silence))
    }

    fn speak(&mut self, _: Frame) {}

    async fn hang_up(&mut self) {
        self.hung_up = true;
    }
}
