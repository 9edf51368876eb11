//! Rehearsals: a campaign's script against simulated people, with what is expected of each call.
//!
//! Nobody is called, no lead is touched, and nothing of it counts anywhere. What is expected is written in sentences
//! ([`Expectation`]), whether a call keeps to it is decided by [`check`], and [`changes`] tells what another script made of
//! the same calls.

mod changes;
mod check;
mod expectation;
mod scenario;

pub use changes::{Change, changes};
pub use check::check;
pub use expectation::{EXAMPLES, Expectation};
pub use scenario::{MOST_CALLS, MOST_TIMES, Scenario, WhoAnswers};

use crate::{
    CampaignId, ConversationId, RehearsalId, UnixMillis, UserError,
    campaign::CampaignContent,
    conversation::{Disposition, TranscriptSegment},
    results::ConversationResults,
    script,
    views::RecordingView,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// From the range that is kept free of subscribers. It is never dialled: there is no network behind a rehearsal.
pub const NO_NUMBER: &str = "+12025550100";
/// Rehearsals of a campaign that are kept.
pub const KEPT_RUNS: i64 = 20;

/// What happened in one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallStory {
    pub disposition: Disposition,
    pub results: ConversationResults,
    /// From the answer to the end, in the time of the conversation.
    pub duration_ms: u32,
    /// The number would be on the do-not-call list now.
    pub opted_out: bool,
    pub lines: Vec<TranscriptSegment>,
}

/// Whether one expectation was met, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub expectation: Expectation,
    pub passed: bool,
    /// A sentence that says what was found.
    pub because: String,
}

/// One call of a rehearsal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RehearsedCall {
    /// The room it was in; also the name of its sound.
    pub id: ConversationId,
    /// Name of its scenario.
    pub scenario: String,
    pub who: WhoAnswers,
    /// From 1.
    pub repetition: u8,
    pub story: CallStory,
    pub verdicts: Vec<Verdict>,
}

impl RehearsedCall {
    /// True if everything expected of it was met.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.passed)
    }
}

/// Where a rehearsal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RehearsalStatus {
    /// No process has taken it up yet.
    Waiting,
    Running,
    /// All calls were made.
    Completed,
    /// Somebody ended it; the calls that were made stay.
    Cancelled,
    /// It could not go on.
    Failed,
}

impl RehearsalStatus {
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Running,
        Self::Completed,
        Self::Cancelled,
        Self::Failed,
    ];

    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// True if there is more to come.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

impl fmt::Display for RehearsalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RehearsalStatus {
    type Err = UserError;
    fn from_str(text: &str) -> Result<Self, UserError> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UserError::field("status", "This is no status of a rehearsal."))
    }
}

/// A rehearsal in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsalRow {
    pub id: RehearsalId,
    /// Of the campaign.
    pub revision: i64,
    pub status: RehearsalStatus,
    pub started_by: Option<String>,
    pub created_at: UnixMillis,
    pub calls_total: u32,
    pub calls_done: u32,
    pub calls_passed: u32,
    /// Why it could not go on.
    pub failure: Option<String>,
}

impl RehearsalRow {
    /// True if all calls were made and all passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.status == RehearsalStatus::Completed && self.calls_passed == self.calls_total
    }
}

/// A call of a rehearsal as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RehearsedCallView {
    pub call: RehearsedCall,
    /// `None` if there is nothing to hear, or not any more.
    pub recording: Option<RecordingView>,
}

/// One rehearsal as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RehearsalView {
    pub row: RehearsalRow,
    pub calls: Vec<RehearsedCallView>,
    /// The completed one before it.
    pub before: Option<RehearsalRow>,
    /// What became different since then.
    pub changes: Vec<Change>,
}

/// The page of a campaign's rehearsals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RehearsalsView {
    pub campaign_id: CampaignId,
    pub campaign_name: String,
    /// Of the campaign now.
    pub revision: i64,
    /// What the next rehearsal would play: as the last, or what suits every campaign.
    pub scenarios: Vec<Scenario>,
    /// Newest first.
    pub runs: Vec<RehearsalRow>,
    pub shown: Option<RehearsalView>,
}

/// `content` with its variables filled in for an invented person: no lead's data is read for a rehearsal.
#[must_use]
pub fn with_sample(content: &CampaignContent, given: &BTreeMap<String, String>) -> CampaignContent {
    let mut values = given.clone();
    for text in [&content.script, &content.opening, &content.voicemail_message] {
        for name in script::variables(text) {
            if !script::BUILT_IN.contains(&name.as_str()) {
                let invented = format!("example {}", name.replace('_', " "));
                values.entry(name).or_insert(invented);
            }
        }
    }
    let values = script::lead_values("Ada Example", "ada@example.com", NO_NUMBER, &values);
    // A text that cannot be parsed was never saved; if it was, it is said as it stands.
    let filled = |text: &str| script::render(text, &values).unwrap_or_else(|_| text.to_owned());
    CampaignContent {
        script: filled(&content.script),
        opening: filled(&content.opening),
        voicemail_message: filled(&content.voicemail_message),
        ..content.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invented_person_stands_in_for_the_leads() {
        let content = CampaignContent {
            script: "Ask {{first_name}} from {{home_city}} about {{car}}.".to_owned(),
            ..CampaignContent::template()
        };
        let given = [("car".to_owned(), "the red one".to_owned())].into();
        let filled = with_sample(&content, &given);
        assert_eq!(filled.script, "Ask Ada from example home city about the red one.");
        assert!(filled.opening.starts_with("Hello Ada,"));
    }
}
