//! Who may do what.

use crate::{ErrorKind, UserError};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What somebody is to the installation. Each role may do all that the ones below it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads statistics, campaigns, conversations.
    Viewer,
    /// Listens, whispers, ends calls.
    Supervisor,
    /// Writes campaigns and imports leads, starts and stops dialling.
    Manager,
    /// Users, settings, everything.
    Administrator,
}

impl Role {
    /// Every role, weakest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Supervisor, Self::Manager, Self::Administrator];

    /// The word stored in the database and sent in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Supervisor => "supervisor",
            Self::Manager => "manager",
            Self::Administrator => "administrator",
        }
    }

    /// True if this role includes `permission`.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self >= permission.least_role()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UserError;
    fn from_str(text: &str) -> Result<Self, UserError> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| UserError::field("role", "Choose one of the roles in the list."))
    }
}

/// Something one may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read dashboards, campaigns, leads, conversations and transcripts.
    Read,
    /// Hear a call, live or recorded.
    Listen,
    /// Whisper, have the agent say something, end a call.
    SteerCalls,
    /// Create, edit, start, pause, resume, stop, duplicate and delete campaigns; add and import leads.
    EditCampaigns,
    /// Add numbers to the do-not-call list.
    AddDoNotCall,
    /// Take numbers off the do-not-call list, with a written reason.
    RemoveDoNotCall,
    /// Pause all dialling, and let it go on.
    PauseDialling,
    /// Create users, change roles, lock people out, see settings.
    Administer,
}

impl Permission {
    /// The weakest role that has this permission.
    #[must_use]
    pub const fn least_role(self) -> Role {
        match self {
            Self::Read => Role::Viewer,
            Self::Listen | Self::SteerCalls | Self::AddDoNotCall => Role::Supervisor,
            Self::EditCampaigns | Self::PauseDialling => Role::Manager,
            Self::RemoveDoNotCall | Self::Administer => Role::Administrator,
        }
    }

    /// The error for a caller whose role lacks this permission.
    #[must_use]
    pub fn refusal(self) -> UserError {
        UserError::new(
            ErrorKind::Forbidden,
            format!(
                "Your role does not allow this. Ask somebody who is {}.",
                match self.least_role() {
                    Role::Viewer => "a viewer",
                    Role::Supervisor => "a supervisor",
                    Role::Manager => "a manager",
                    Role::Administrator => "an administrator",
                }
            ),
        )
    }
}
