//! Who called whom.

use crate::UserError;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Who called whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// We called the person.
    #[default]
    Outbound,
    /// The person called us back.
    Inbound,
}

impl Direction {
    pub const ALL: [Self; 2] = [Self::Outbound, Self::Inbound];

    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outbound => "outbound",
            Self::Inbound => "inbound",
        }
    }

    /// The words on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Outbound => "We called",
            Self::Inbound => "They called back",
        }
    }

    #[must_use]
    pub const fn is_inbound(self) -> bool {
        matches!(self, Self::Inbound)
    }
}

impl FromStr for Direction {
    type Err = UserError;
    fn from_str(text: &str) -> Result<Self, UserError> {
        Self::ALL
            .into_iter()
            .find(|direction| direction.as_str() == text)
            .ok_or_else(|| UserError::field("direction", "Choose outbound or inbound."))
    }
}
