//! One call: its stages, its end, and what was said.

use crate::{Personal, UnixMillis, UserError};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How a call ended. Exactly one for every conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// A conversation that came to its natural end.
    Completed,
    /// The person asked to be called another time.
    CallBack,
    /// The person asked not to be called again; the number is on the do-not-call list.
    OptedOut,
    /// The person hung up before the end.
    HungUp,
    /// Answered, but nobody spoke.
    Silent,
    /// A supervisor ended the call.
    EndedBySupervisor,
    /// The person was put through to another number, or spoke with a colleague who was called in.
    Transferred,
    /// The longest allowed time was reached.
    TimeLimit,
    /// A machine answered; nothing was left.
    Voicemail,
    /// A machine answered; the message was spoken after the beep.
    VoicemailLeft,
    /// A phone menu answered, and nobody came to the phone.
    PhoneMenu,
    /// A fax, a modem or mere noise answered.
    FaxOrNoise,
    /// Nobody picked up as long as it was waited.
    NoAnswer,
    Busy,
    /// Declined while it rang.
    Rejected,
    /// The network could not reach the number.
    Unreachable,
    /// Our side failed (model, voice, room).
    Failed,
    /// The process that held the call died; what happened after is unknown.
    Lost,
    /// Ended by us before anything was dialled (shutdown, campaign stopped).
    Cancelled,
}

impl Disposition {
    pub const ALL: [Self; 19] = [
        Self::Completed,
        Self::CallBack,
        Self::OptedOut,
        Self::HungUp,
        Self::Silent,
        Self::EndedBySupervisor,
        Self::Transferred,
        Self::TimeLimit,
        Self::Voicemail,
        Self::VoicemailLeft,
        Self::PhoneMenu,
        Self::FaxOrNoise,
        Self::NoAnswer,
        Self::Busy,
        Self::Rejected,
        Self::Unreachable,
        Self::Failed,
        Self::Lost,
        Self::Cancelled,
    ];

    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::CallBack => "call_back",
            Self::OptedOut => "opted_out",
            Self::HungUp => "hung_up",
            Self::Silent => "silent",
            Self::EndedBySupervisor => "ended_by_supervisor",
            Self::Transferred => "transferred",
            Self::TimeLimit => "time_limit",
            Self::Voicemail => "voicemail",
            Self::VoicemailLeft => "voicemail_left",
            Self::PhoneMenu => "phone_menu",
            Self::FaxOrNoise => "fax_or_noise",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Cancelled => "cancelled",
        }
    }

    /// The words on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Completed => "Completed",
            Self::CallBack => "Call back",
            Self::OptedOut => "Opted out",
            Self::HungUp => "Hung up",
            Self::Silent => "Nobody spoke",
            Self::EndedBySupervisor => "Ended by supervisor",
            Self::Transferred => "Transferred",
            Self::TimeLimit => "Time limit",
            Self::Voicemail => "Voicemail",
            Self::VoicemailLeft => "Voicemail left",
            Self::PhoneMenu => "Phone menu",
            Self::FaxOrNoise => "Fax or noise",
            Self::NoAnswer => "No answer",
            Self::Busy => "Busy",
            Self::Rejected => "Rejected",
            Self::Unreachable => "Unreachable",
            Self::Failed => "Failed",
            Self::Lost => "Connection lost",
            Self::Cancelled => "Cancelled",
        }
    }

    /// True if a person picked up.
    #[must_use]
    pub const fn answered_by_person(self) -> bool {
        matches!(
            self,
            Self::Completed
                | Self::CallBack
                | Self::OptedOut
                | Self::HungUp
                | Self::Silent
                | Self::EndedBySupervisor
                | Self::Transferred
                | Self::TimeLimit
        )
    }

    /// True if the lead needs no further call, whatever the retry rules say.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::OptedOut | Self::EndedBySupervisor | Self::Transferred
        )
    }
}

/// Where a conversation stands: three stages, then its disposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ConversationStatus {
    /// The room is open and the network was asked.
    Dialing,
    Ringing,
    /// Answered and going on.
    Live,
    Ended(Disposition),
}

impl ConversationStatus {
    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dialing => "dialing",
            Self::Ringing => "ringing",
            Self::Live => "live",
            Self::Ended(disposition) => disposition.as_str(),
        }
    }

    /// The words on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Dialing => "Dialing",
            Self::Ringing => "Ringing",
            Self::Live => "Live",
            Self::Ended(disposition) => disposition.label(),
        }
    }
}

impl fmt::Display for ConversationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<ConversationStatus> for String {
    fn from(status: ConversationStatus) -> Self {
        status.as_str().to_owned()
    }
}

impl FromStr for ConversationStatus {
    type Err = UserError;
    fn from_str(text: &str) -> Result<Self, UserError> {
        [Self::Dialing, Self::Ringing, Self::Live]
            .into_iter()
            .chain(Disposition::ALL.map(Self::Ended))
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UserError::field("status", "Choose one of the statuses in the list."))
    }
}

impl TryFrom<String> for ConversationStatus {
    type Error = UserError;
    fn try_from(text: String) -> Result<Self, UserError> {
        text.parse()
    }
}

/// Who said something, or from whom a line of the transcript comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    Agent,
    Person,
    /// A supervisor's whisper to the agent; the person never heard it.
    Supervisor,
    /// A supervisor who took over or barged in; the person heard it.
    SupervisorAloud,
    /// A colleague who was called in and connected; the person heard it.
    Colleague,
    /// Said by nobody: something that a supervisor did in the call.
    Act,
}

impl Speaker {
    pub const ALL: [Self; 6] = [
        Self::Agent,
        Self::Person,
        Self::Supervisor,
        Self::SupervisorAloud,
        Self::Colleague,
        Self::Act,
    ];

    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Person => "person",
            Self::Supervisor => "supervisor",
            Self::SupervisorAloud => "supervisor_aloud",
            Self::Colleague => "colleague",
            Self::Act => "act",
        }
    }
}

impl FromStr for Speaker {
    type Err = UserError;
    fn from_str(text: &str) -> Result<Self, UserError> {
        Self::ALL
            .into_iter()
            .find(|speaker| speaker.as_str() == text)
            .ok_or_else(|| UserError::field("speaker", "The speaker is agent, person, supervisor or colleague."))
    }
}

/// One sentence of the transcript. It holds only what was said aloud: an interrupted sentence ends where it was cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptSegment {
    /// Position in the conversation, from 0 without gaps.
    pub position: u32,
    pub speaker: Speaker,
    pub text: Personal,
    /// Milliseconds from the answer to the first sound of it.
    pub start_ms: u32,
    /// Milliseconds from the answer to its last sound.
    pub end_ms: u32,
    /// True if the speaker was interrupted.
    pub interrupted: bool,
    /// When it was written down.
    pub at: UnixMillis,
}
