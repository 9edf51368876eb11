//! Leads: the people to call.

use crate::UserError;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Where a lead stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadStatus {
    /// Waits for its first or next call.
    Pending,
    /// Being called now.
    Calling,
    /// The conversation was had.
    Done,
    /// All allowed attempts were made without one.
    Failed,
    /// On the do-not-call list; never called.
    DoNotCall,
}

impl LeadStatus {
    pub const ALL: [Self; 5] = [Self::Pending, Self::Calling, Self::Done, Self::Failed, Self::DoNotCall];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Calling => "calling",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::DoNotCall => "do_not_call",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Calling => "Calling",
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::DoNotCall => "Do not call",
        }
    }
}

impl fmt::Display for LeadStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LeadStatus {
    type Err = UserError;
    fn from_str(text: &str) -> Result<Self, UserError> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UserError::field("status", "Choose one of the statuses in the list."))
    }
}
