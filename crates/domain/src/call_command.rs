//! What a supervisor tells the agent of a running call, and who has its floor.

use crate::{Personal, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An instruction to a call in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", content = "text", rename_all = "snake_case")]
pub enum CallCommand {
    /// Advice for the agent's next answers. The person does not hear it.
    Whisper(Personal),
    /// Say exactly this sentence, now.
    Say(Personal),
    /// The supervisor speaks with the person; the agent falls silent and goes on listening.
    TakeOver,
    /// Agent, supervisor and person all speak.
    BargeIn,
    /// The agent speaks alone again.
    ReturnToAgent,
    /// Put the person through to this number. As written by the supervisor where it comes from a browser, in E.164 form
    /// where it reaches the call.
    Transfer(Personal),
    /// Press this key ([`is_key`]) towards the person's phone.
    Press(char),
    /// Call a colleague into this call, who hears it without being heard by the person. The number is as for `Transfer`.
    CallColleague(Personal),
    /// The person and the colleague speak with each other; the agent falls silent.
    ConnectColleague,
    /// The colleague is put out of the call, or not called any more; the agent goes on alone.
    DismissColleague,
    /// The person is calling us: a call that they have not answered gives way. No supervisor gives this one.
    GiveWay,
    /// End the call.
    End,
}

/// Somebody of the team who has a say in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSupervisor {
    pub id: UserId,
    pub name: Personal,
}

/// A command, and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedCommand {
    pub by: CallSupervisor,
    pub command: CallCommand,
}

/// Whom the person hears. A supervisor without the floor is heard by the agent alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "floor", content = "by", rename_all = "snake_case")]
pub enum CallFloor {
    #[default]
    Agent,
    /// This supervisor has taken over: the agent is silent.
    Supervisor(CallSupervisor),
    /// This supervisor has barged in: both speak.
    Everybody(CallSupervisor),
    /// A colleague whom this supervisor called in and connected: the agent is silent.
    Colleague(CallSupervisor),
}

impl CallFloor {
    /// The supervisor whom the person hears.
    #[must_use]
    pub const fn supervisor(&self) -> Option<&CallSupervisor> {
        match self {
            Self::Agent | Self::Colleague(_) => None,
            Self::Supervisor(by) | Self::Everybody(by) => Some(by),
        }
    }

    /// True while the agent must be silent.
    #[must_use]
    pub const fn is_taken_over(&self) -> bool {
        matches!(self, Self::Supervisor(_) | Self::Colleague(_))
    }
}

/// Where it stands with the colleague whom a supervisor calls into a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "colleague", content = "detail", rename_all = "snake_case")]
pub enum Colleague {
    #[default]
    Nobody,
    /// Their phone rings; this supervisor called them.
    Ringing(CallSupervisor),
    /// They hear the call and the supervisor; the person hears neither of the two.
    Briefed(CallSupervisor),
    /// They speak with the person.
    Connected(CallSupervisor),
    /// They are not there, and why; until somebody else is called.
    NotReached(NotReached),
}

impl Colleague {
    /// Whose colleague it is, as long as there is one.
    #[must_use]
    pub const fn called_by(&self) -> Option<&CallSupervisor> {
        match self {
            Self::Ringing(by) | Self::Briefed(by) | Self::Connected(by) => Some(by),
            Self::Nobody | Self::NotReached(_) => None,
        }
    }
}

/// Why a colleague is not in the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotReached {
    NoAnswer,
    Busy,
    Rejected,
    /// There is no such number, or the network cannot reach it.
    Unreachable,
    /// The telephone network refused to dial, or cannot dial into a call.
    NotDialled,
    /// They answered and hung up again.
    HungUp,
    /// They were there, but the person could not be let hear them.
    NotConnected,
}

impl NotReached {
    /// For the screen and the transcript.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoAnswer => "The colleague did not answer.",
            Self::Busy => "The colleague’s line is busy.",
            Self::Rejected => "The colleague declined the call.",
            Self::Unreachable => "The colleague’s number cannot be reached.",
            Self::NotDialled => "The telephone network could not call the colleague.",
            Self::HungUp => "The colleague hung up.",
            Self::NotConnected => "The colleague could not be connected with the person.",
        }
    }
}

/// The keys of a telephone's keypad, row by row.
pub const KEYS: [char; 12] = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

/// Whether a telephone has this key.
#[must_use]
pub fn is_key(key: char) -> bool {
    KEYS.contains(&key)
}

/// Identity in a call's room of one voice of a supervisor: one for each time that a microphone is opened (`nonce`).
#[must_use]
pub fn voice_identity(supervisor: UserId, nonce: Uuid) -> String {
    format!("{}-{}", voices_of(supervisor), nonce.simple())
}

/// How the identities of all voices of a supervisor begin.
#[must_use]
pub fn voices_of(supervisor: UserId) -> String {
    format!("{VOICE_PREFIX}{supervisor}")
}

/// Whose voice it is; `None` if it is no supervisor's browser, such as a phone that was brought in.
#[must_use]
pub fn owner_of_voice(identity: &str) -> Option<UserId> {
    identity.strip_prefix(VOICE_PREFIX)?.get(..36)?.parse().ok()
}

/// Identities of supervisors in a call's room begin with this.
pub const VOICE_PREFIX: &str = "supervisor-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_tells_whose_it_is() {
        let mia = UserId(Uuid::from_u128(7));
        let identity = voice_identity(mia, Uuid::from_u128(9));
        assert_eq!(owner_of_voice(&identity), Some(mia));
        for other in ["", "supervisor-", "supervisor-phone-1", "agent", "supervisor-é"] {
            assert_eq!(owner_of_voice(other), None, "{other}");
        }
    }

    #[test]
    fn commands_survive_json() {
        for command in [
            CallCommand::TakeOver,
            CallCommand::Transfer("+14155550123".into()),
            CallCommand::Whisper("psst".into()),
            CallCommand::Press('#'),
            CallCommand::CallColleague("+14155550123".into()),
            CallCommand::ConnectColleague,
        ] {
            let json = serde_json::to_string(&command).expect("serialises");
            assert_eq!(serde_json::from_str::<CallCommand>(&json).expect("parses"), command);
        }
    }
}
