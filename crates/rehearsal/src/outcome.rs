//! What becomes of a call on the rehearsal network.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How a person who picks up behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Persona {
    /// Friendly, answers everything.
    Interested,
    /// In a hurry: names a better time and hangs up.
    BadTime,
    /// Asks whether it talks to a robot, then hesitates, and agrees or declines.
    Sceptical,
    /// Asks questions back before it answers.
    Curious,
    /// Listens, but wants to be called another day.
    CallBack,
    /// Interrupts and asks not to be called again.
    StopCalling,
    /// Hangs up in the middle of the agent's sentence.
    HangsUp,
    /// Picks up and says nothing.
    Silent,
}

/// What becomes of a dialled number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Outcome {
    NoAnswer,
    Busy,
    Rejected,
    /// The network cannot reach the number.
    Unreachable,
    /// A machine greets, beeps, and records.
    Voicemail,
    /// A company's phone menu says which keys to press, and hangs up when none is.
    PhoneMenu,
    /// An assistant asks who is calling; then an interested person takes the call, or does not.
    CallScreening,
    /// A fax machine.
    Fax,
    /// An interested person, until the connection breaks.
    Lost,
    Person(Persona),
}

impl Outcome {
    pub const ALL: [Self; 17] = [
        Self::NoAnswer,
        Self::Busy,
        Self::Rejected,
        Self::Unreachable,
        Self::Voicemail,
        Self::PhoneMenu,
        Self::CallScreening,
        Self::Fax,
        Self::Lost,
        Self::Person(Persona::Interested),
        Self::Person(Persona::BadTime),
        Self::Person(Persona::Sceptical),
        Self::Person(Persona::Curious),
        Self::Person(Persona::CallBack),
        Self::Person(Persona::StopCalling),
        Self::Person(Persona::HangsUp),
        Self::Person(Persona::Silent),
    ];

    /// Its name in configurations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::Voicemail => "voicemail",
            Self::PhoneMenu => "phone_menu",
            Self::CallScreening => "call_screening",
            Self::Fax => "fax",
            Self::Lost => "lost",
            Self::Person(Persona::Interested) => "interested",
            Self::Person(Persona::BadTime) => "bad_time",
            Self::Person(Persona::Sceptical) => "sceptical",
            Self::Person(Persona::Curious) => "curious",
            Self::Person(Persona::CallBack) => "call_back",
            Self::Person(Persona::StopCalling) => "stop_calling",
            Self::Person(Persona::HangsUp) => "hangs_up",
            Self::Person(Persona::Silent) => "silent",
        }
    }
}

/// There is no outcome of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is nothing that becomes of a call")]
pub struct UnknownOutcome(String);

impl FromStr for Outcome {
    type Err = UnknownOutcome;

    fn from_str(text: &str) -> Result<Self, UnknownOutcome> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| UnknownOutcome(text.chars().take(40).collect()))
    }
}

impl TryFrom<String> for Outcome {
    type Error = UnknownOutcome;
    fn try_from(text: String) -> Result<Self, UnknownOutcome> {
        text.parse()
    }
}

impl From<Outcome> for String {
    fn from(outcome: Outcome) -> Self {
        outcome.as_str().to_owned()
    }
}
