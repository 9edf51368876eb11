//! What a call needs to know, whom it tells, and what it comes to.

use crate::flow::AnsweredBy;
use async_trait::async_trait;
use domain::{
    AttemptId, ConversationId, Direction, Personal, PhoneNumber,
    agent_tools::AgentTools,
    campaign::VoicemailPolicy,
    conversation::{ConversationStatus, Disposition, Speaker},
    live::Glimpse,
    recording::RecordingRule,
    results::{ConversationResults, ResultField},
    turn_times::TurnTimes,
};
use std::time::Duration;

/// Everything about one call that is decided before it begins.
#[derive(Clone, Debug)]
pub struct CallBrief {
    pub conversation_id: ConversationId,
    pub attempt_id: AttemptId,
    pub number: PhoneNumber,
    pub direction: Direction,
    /// Texts with the lead's data already filled in.
    pub script: Personal,
    pub opening: Personal,
    pub voicemail_message: Personal,
    pub voicemail_policy: VoicemailPolicy,
    /// What the person must hear before anything is recorded.
    pub recording: RecordingRule,
    pub recording_announcement: Personal,
    pub result_fields: Vec<ResultField>,
    /// BCP 47, for example “en-US”.
    pub language: String,
    /// What the model may do besides talking.
    pub tools: AgentTools,
    /// The person's clock and when they can be called back, in words for the model; `None` if it is not known.
    pub clock: Option<String>,
    /// The day of the call where the person lives, for example “Saturday, 2026-11-28”, if it is known.
    pub day: Option<String>,
    pub ringing_timeout: Duration,
    /// From the answer.
    pub longest_call: Duration,
}

/// A sentence that was said aloud, before it has a position and a time of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidAloud {
    pub speaker: Speaker,
    pub text: Personal,
    /// Milliseconds of room time since the answer.
    pub start_ms: u32,
    pub end_ms: u32,
    pub interrupted: bool,
}

/// A call that is already going on when the agent takes its seat, because the process that held it died.
#[derive(Clone, Debug)]
pub struct TakenOver {
    /// What was said aloud and written down so far, in order.
    pub said: Vec<SaidAloud>,
    /// Room time that has passed since the answer, milliseconds.
    pub since_answer_ms: u32,
    /// The person has asked not to be called again: there is nothing left but to say goodbye.
    pub opted_out: bool,
    /// The call was being recorded, so the person had been told as far as they must be.
    pub recording_began: bool,
}

/// Something could not be written down. The cause is in the log of whoever implements [`CallScribe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the call could not be written down")]
pub struct NotWritten;

/// Whoever writes down what happens in a call. Every method is durable when it returns, except [`CallScribe::glimpse`].
#[async_trait]
pub trait CallScribe: Send + Sync {
    /// About to dial: must be on disk before the network is asked.
    async fn about_to_dial(&self) -> Result<(), NotWritten>;
    /// It rings, or it was answered.
    async fn stage(&self, status: ConversationStatus) -> Result<(), NotWritten>;
    /// A sentence was said aloud.
    async fn sentence(&self, said: SaidAloud) -> Result<(), NotWritten>;
    /// The person asked not to be called again: the number goes on the do-not-call list now, not at the end.
    async fn opted_out(&self) -> Result<(), NotWritten>;
    /// The person was told as far as they must be: from now on the call is recorded.
    async fn recording_began(&self) -> Result<(), NotWritten> {
        Ok(())
    }
    /// Something for the eyes of whoever watches right now.
    fn glimpse(&self, glimpse: Glimpse);
    /// Who answered, as far as it can be told, and how long after the answer that was known, in room time. Told again if it
    /// turns out otherwise.
    fn answered_by(&self, _who: AnsweredBy, _after: Duration) {}
    /// How long the parts of a turn took.
    async fn turn(&self, _turn: TurnTimes) {}
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq)]
pub struct CallEnd {
    pub disposition: Disposition,
    pub results: ConversationResults,
    /// Why the results are not drawn yet, although there is something to draw them from: a sentence without personal data.
    /// What is there was noted during the call.
    pub not_drawn: Option<String>,
    /// Room time from the answer to the end; zero if nobody answered.
    pub duration: Duration,
}
