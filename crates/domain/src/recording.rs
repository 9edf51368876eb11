//! What is decided about recordings.

use crate::UnixMillis;
use serde::{Deserialize, Serialize};

/// Whether calls are recorded, and what the person is told before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingRule {
    Never,
    /// From the answer on.
    #[default]
    Always,
    /// From the end of an announcement on.
    Announce,
    /// From a beep on.
    Beep,
}

impl RecordingRule {
    pub const ALL: [Self; 4] = [Self::Announce, Self::Beep, Self::Always, Self::Never];

    /// The word stored in the database and posted by forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Always => "always",
            Self::Announce => "announce",
            Self::Beep => "beep",
        }
    }

    /// The words on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Never => "Do not record",
            Self::Always => "Record from the answer on",
            Self::Announce => "Record after an announcement",
            Self::Beep => "Record after a beep",
        }
    }
}

/// What is announced unless the campaign says it in its own words.
pub const ANNOUNCEMENT: &str = "This call is recorded.";

/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// The longest time that can be chosen: ten years.
pub const MOST_KEEP_DAYS: u16 = 3_650;

/// How many days a recording is kept: as the campaign says, but never longer than the installation allows. `None` is for
/// good.
#[must_use]
pub fn keep_days(campaign: Option<u16>, installation: Option<u16>) -> Option<u16> {
    match (campaign, installation) {
        (Some(campaign), Some(installation)) => Some(campaign.min(installation)),
        (one, other) => one.or(other),
    }
}

/// Recordings that ended before this moment have been kept for `days`.
#[must_use]
pub const fn kept_long_enough(now: UnixMillis, days: u16) -> UnixMillis {
    UnixMillis(now.0.saturating_sub(days as i64 * DAY_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_time_holds() {
        assert_eq!(keep_days(None, None), None);
        assert_eq!(keep_days(Some(30), None), Some(30));
        assert_eq!(keep_days(None, Some(90)), Some(90));
        assert_eq!(keep_days(Some(30), Some(90)), Some(30));
        assert_eq!(
            keep_days(Some(400), Some(90)),
            Some(90),
            "a campaign cannot keep them longer"
        );
    }

    #[test]
    fn days_are_counted_back_from_now() {
        assert_eq!(kept_long_enough(UnixMillis(3 * DAY_MS + 5), 2), UnixMillis(DAY_MS + 5));
        assert_eq!(kept_long_enough(UnixMillis(i64::MIN), 1), UnixMillis(i64::MIN));
    }
}
