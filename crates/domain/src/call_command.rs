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
}

impl CallFloor {
    /// The supervisor whom the person hears.
    #[must_use]
    pub const fn supervisor(&self) -> Option<&CallSupervisor> {
        match self {
            Self::Agent => None,
            Self::Supervisor(by) | Self::Everybody(by) => Some(by),
        }
    }

    /// True while the agent must be silent.
    #[must_use]
    pub const fn is_taken_over(&self) -> bool {
        matches!(self, Self::Supervisor(_))
    }
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
        ] {
            let json = serde_json::to_string(&command).expect("serialises");
            assert_eq!(serde_json::from_str::<CallCommand>(&json).expect("parses"), command);
        }
    }
}
