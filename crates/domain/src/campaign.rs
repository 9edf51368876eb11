//! Campaigns: what is said to whom, when, and how often.

use crate::{
    FieldError, UserError,
    agent_tools::AgentTools,
    calling_hours::WeeklyHours,
    language::{LANGUAGES, default_language},
    recording::{ANNOUNCEMENT, MOST_KEEP_DAYS, RecordingRule},
    results::ResultField,
    retry::RetryRule,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignStatus {
    /// Being written; nobody is called.
    Draft,
    /// Leads are called.
    Running,
    /// No new call; calls in progress go on.
    Paused,
    /// Ended by a person before all leads were done. It can be resumed.
    Stopped,
    /// Nothing is left to call. Adding leads and starting it again is allowed.
    Completed,
}

impl CampaignStatus {
    pub const ALL: [Self; 5] = [Self::Draft, Self::Running, Self::Paused, Self::Stopped, Self::Completed];

    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Completed => "completed",
        }
    }

    /// What `command` makes of a campaign in this state.
    ///
    /// # Errors
    /// A sentence that says why not, and what would do.
    pub fn after(self, command: CampaignCommand) -> Result<Self, UserError> {
        use CampaignCommand as C;
        match (self, command) {
            (Self::Draft | Self::Stopped | Self::Completed, C::Start) | (Self::Paused, C::Resume) => Ok(Self::Running),
            (Self::Running, C::Pause) => Ok(Self::Paused),
            (Self::Running | Self::Paused, C::Stop) => Ok(Self::Stopped),
            (now, _) => Err(UserError::conflict(format!(
                "The campaign is {}, so it cannot be {}. Reload the page to see what can be done now.",
                now.as_str(),
                command.past_tense()
            ))),
        }
    }

    /// The commands that a campaign in this state takes.
    #[must_use]
    pub fn commands(self) -> Vec<CampaignCommand> {
        CampaignCommand::ALL
            .into_iter()
            .filter(|command| self.after(*command).is_ok())
            .collect()
    }
}

impl fmt::Display for CampaignStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CampaignStatus {
    type Err = UserError;
    fn from_str(text: &str) -> Result<Self, UserError> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UserError::field("status", "Choose one of the statuses in the list."))
    }
}

/// What a manager tells a campaign to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignCommand {
    Start,
    Pause,
    Resume,
    Stop,
}

impl CampaignCommand {
    pub const ALL: [Self; 4] = [Self::Start, Self::Pause, Self::Resume, Self::Stop];

    const fn past_tense(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Pause => "paused",
            Self::Resume => "resumed",
            Self::Stop => "stopped",
        }
    }
}

/// What to do when a machine answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoicemailPolicy {
    /// Hang up as soon as it is known.
    #[default]
    HangUp,
    /// Wait for the beep, then speak the campaign's voicemail message.
    LeaveMessage,
}

/// Who holds a campaign's conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Three services, one after the other: speech to text, a language model, text to speech.
    #[default]
    Pipeline,
    /// One model that hears and speaks.
    Realtime,
}

impl Engine {
    pub const ALL: [Self; 2] = [Self::Pipeline, Self::Realtime];

    /// The word stored in the database and posted by forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pipeline => "pipeline",
            Self::Realtime => "realtime",
        }
    }

    /// The words on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pipeline => "Speech to text, language model, text to speech",
            Self::Realtime => "Speech to speech: one model hears and speaks",
        }
    }
}

/// All that a manager writes about a campaign. It is saved as one revision; a call keeps the revision it began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignContent {
    /// 1 to 120 characters.
    pub name: String,
    /// What the agent is to say and reach; `{{variable}}` stands for the lead's data. Up to 20,000 characters.
    pub script: String,
    /// The first sentence after the person answered, with variables. Names the business and says that it is an AI.
    pub opening: String,
    /// Spoken after the beep if the policy is to leave a message.
    pub voicemail_message: String,
    pub voicemail_policy: VoicemailPolicy,
    /// Which facts each call should bring back.
    pub result_fields: Vec<ResultField>,
    /// When people may be called, by their own clock. The legal window is cut out of it by the gate.
    pub hours: WeeklyHours,
    /// Calls at the same time, 1 to 500.
    pub max_concurrent_calls: u16,
    /// New calls started in a second, in tenths: 1 to 500 (0.1 to 50 a second).
    pub calls_per_ten_seconds: u16,
    pub retries: Vec<RetryRule>,
    /// How long a phone may ring, seconds, 15 to 75.
    pub ring_seconds: u16,
    /// The longest a call may last, seconds, 30 to 3,600.
    pub max_call_seconds: u16,
    /// ISO 3166 alpha-2 country of numbers written without a country code.
    pub default_country: String,
    /// Whether calls are recorded. Not every place allows it without the person's knowledge.
    #[serde(default)]
    pub recording: RecordingRule,
    /// Spoken after the first sentence, if that is the rule. Up to 300 characters, without variables.
    #[serde(default = "announcement")]
    pub recording_announcement: String,
    /// Recordings are deleted after so many days, 1 to 3,650, or sooner if the installation says so.
    #[serde(default)]
    pub recording_days: Option<u16>,
    /// What its calls may cost in a day together, in millionths of a unit of the currency of the prices.
    #[serde(default)]
    pub daily_budget: Option<u64>,
    /// Whether the agent answers people who call back because the campaign tried to reach them.
    #[serde(default = "yes")]
    pub answer_call_backs: bool,
    /// Who holds the conversations.
    #[serde(default)]
    pub engine: Engine,
    /// A tag of [`LANGUAGES`](crate::language::LANGUAGES): what is spoken, and what is listened for.
    #[serde(default = "default_language")]
    pub language: String,
    #[serde(default)]
    pub tools: AgentTools,
}

impl CampaignContent {
    /// A campaign that is ready to be filled in: a polite script, sensible hours, and retries.
    #[must_use]
    pub fn template() -> Self {
        Self {
            name: String::new(),
            script: TEMPLATE_SCRIPT.to_owned(),
            opening: "Hello {{first_name}}, this is the AI assistant of Example Company. Do you have a minute?"
                .to_owned(),
            voicemail_message: "Hello {{first_name}}, this is the AI assistant of Example Company. \
                We wanted to talk to you about your account. We will try again. Goodbye."
                .to_owned(),
            voicemail_policy: VoicemailPolicy::HangUp,
            result_fields: ResultField::template(),
            hours: WeeklyHours::weekdays(9 * 60, 18 * 60),
            max_concurrent_calls: 10,
            calls_per_ten_seconds: 10,
            retries: RetryRule::template(),
            ring_seconds: 30,
            max_call_seconds: 300,
            default_country: "US".to_owned(),
            recording: RecordingRule::Announce,
            recording_announcement: announcement(),
            recording_days: None,
            daily_budget: None,
            answer_call_backs: true,
            engine: Engine::default(),
            language: default_language(),
            tools: AgentTools::default(),
        }
    }

    /// Checks everything that can be checked without the leads.
    ///
    /// # Errors
    /// One entry for each field that is wrong. Field names are those of the editor's form.
    pub fn validate(&self) -> Result<(), UserError> {
        let mut wrong = Vec::new();
        let mut check = |ok: bool, field: &str, message: &str| {
            if !ok {
                wrong.push(FieldError {
                    field: field.to_owned(),
                    message: message.to_owned(),
                });
            }
        };
        let name = self.name.trim();
        check(
            !name.is_empty() && name.chars().count() <= 120,
            "name",
            "Give the campaign a name of 1 to 120 characters.",
        );
        check(
            !self.script.trim().is_empty(),
            "script",
            "Write what the agent should say and find out.",
        );
        check(
            self.script.chars().count() <= 20_000,
            "script",
            "Shorten the script to 20,000 characters.",
        );
        check(
            !self.opening.trim().is_empty(),
            "opening",
            "Write the first sentence: who is calling, and that it is an AI.",
        );
        check(
            self.opening.chars().count() <= 1_000,
            "opening",
            "Shorten the first sentence to 1,000 characters.",
        );
        check(
            self.voicemail_policy == VoicemailPolicy::HangUp || !self.voicemail_message.trim().is_empty(),
            "voicemail_message",
            "Write the message to leave after the beep, or choose to hang up.",
        );
        check(
            self.voicemail_message.chars().count() <= 1_000,
            "voicemail_message",
            "Shorten the message to 1,000 characters.",
        );
        check(
            (1..=500).contains(&self.max_concurrent_calls),
            "max_concurrent_calls",
            "Choose 1 to 500 calls at the same time.",
        );
        check(
            (1..=500).contains(&self.calls_per_ten_seconds),
            "calls_per_ten_seconds",
            "Choose 0.1 to 50 new calls a second.",
        );
        check(
            (15..=75).contains(&self.ring_seconds),
            "ring_seconds",
            "Let it ring for 15 to 75 seconds.",
        );
        check(
            (30..=3_600).contains(&self.max_call_seconds),
            "max_call_seconds",
            "Choose a longest call of 30 to 3,600 seconds.",
        );
        check(
            self.default_country.len() == 2 && self.default_country.bytes().all(|letter| letter.is_ascii_uppercase()),
            "default_country",
            "Choose the country of numbers that are written without a country code.",
        );
        check(
            self.recording != RecordingRule::Announce || self.recording_announcement.chars().any(char::is_alphanumeric),
            "recording_announcement",
            "Write what the person is told before the call is recorded.",
        );
        check(
            self.recording_announcement.chars().count() <= 300,
            "recording_announcement",
            "Shorten the announcement to 300 characters.",
        );
        check(
            self.recording_days
                .is_none_or(|days| (1..=MOST_KEEP_DAYS).contains(&days)),
            "recording_days",
            "Keep recordings for 1 to 3,650 days, or leave it empty.",
        );
        check(
            self.daily_budget.is_none_or(|budget| budget > 0),
            "daily_budget",
            "Allow more than 0 a day, or leave it empty.",
        );
        check(
            self.daily_budget.is_none() || self.engine != Engine::Realtime,
            "daily_budget",
            "What a model that hears and speaks by itself costs is not reckoned here: leave the budget empty, or let the \
             three services hold the conversations.",
        );
        check(
            self.hours.windows_are_valid(),
            "hours",
            "Each day's calls must begin before they end.",
        );
        check(
            self.hours.is_open_at_all() || !self.hours.windows_are_valid(),
            "hours",
            "Allow calls on at least one day, at some time between 8:00 and 21:00: earlier and later nobody is called.",
        );
        check(
            LANGUAGES.iter().any(|(tag, _)| *tag == self.language),
            "language",
            "Choose the language in which the agent talks.",
        );
        if let Err(message) = ResultField::validate_all(&self.result_fields) {
            check(false, "result_fields", &message);
        }
        if let Err(message) = RetryRule::validate_all(&self.retries) {
            check(false, "retries", &message);
        }
        wrong.extend(self.tools.faults());
        for (field, text) in [
            ("script", &self.script),
            ("opening", &self.opening),
            ("voicemail_message", &self.voicemail_message),
        ] {
            if let Err(error) = crate::script::parse(text) {
                wrong.push(FieldError {
                    field: field.to_owned(),
                    message: error.to_string(),
                });
            }
        }
        UserError::fields(wrong).map_or(Ok(()), Err)
    }
}

const fn yes() -> bool {
    true
}

fn announcement() -> String {
    ANNOUNCEMENT.to_owned()
}

const TEMPLATE_SCRIPT: &str = "\
You are calling {{first_name}} on behalf of Example Company about their yearly service appointment.

Find out whether they would like an appointment and which day suits them.
If now is a bad time, offer to call back.
Do not discuss prices; a colleague will send an offer.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_needs_only_a_name() {
        let mut content = CampaignContent::template();
        let error = content.validate().expect_err("no name yet");
        assert_eq!(
            error
                .fields
                .iter()
                .map(|wrong| wrong.field.as_str())
                .collect::<Vec<_>>(),
            ["name"]
        );
        content.name = "Spring".to_owned();
        assert_eq!(content.validate(), Ok(()));
    }

    #[test]
    fn a_campaign_from_before_records_as_it_did_and_an_announcement_must_say_something() {
        let Ok(serde_json::Value::Object(mut old)) = serde_json::to_value(CampaignContent::template()) else {
            panic!("a struct is an object")
        };
        old.retain(|field, _| !field.starts_with("recording") && field != "answer_call_backs");
        let old: CampaignContent = serde_json::from_value(serde_json::Value::Object(old)).expect("still readable");
        assert_eq!((old.recording, old.recording_days), (RecordingRule::Always, None));
        assert!(old.answer_call_backs);
        let mut content = CampaignContent {
            name: "Spring".to_owned(),
            recording_announcement: " .".to_owned(),
            recording_days: Some(0),
            ..CampaignContent::template()
        };
        let wrong = content.validate().expect_err("nothing is announced");
        let fields: Vec<_> = wrong.fields.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, ["recording_announcement", "recording_days"]);
        (content.recording, content.recording_days) = (RecordingRule::Beep, Some(1));
        assert_eq!(content.validate(), Ok(()));
    }

    #[test]
    fn hours_in_which_nobody_is_ever_called_are_told() {
        use crate::calling_hours::WeeklyHours;
        let told = |hours| {
            let content = CampaignContent {
                name: "Spring".to_owned(),
                hours,
                ..CampaignContent::template()
            };
            let wrong = content.validate().err().map(|error| error.fields).unwrap_or_default();
            wrong
                .into_iter()
                .map(|wrong| wrong.message)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(told(WeeklyHours::weekdays(20 * 60, 23 * 60)), "");
        assert!(told(WeeklyHours::weekdays(21 * 60, 23 * 60)).contains("between 8:00 and 21:00"));
        assert!(told(WeeklyHours { days: [None; 7] }).contains("at least one day"));
        assert_eq!(
            told(WeeklyHours::weekdays(18 * 60, 9 * 60)),
            "Each day's calls must begin before they end."
        );
    }

    #[test]
    fn every_status_takes_the_commands_that_make_sense() {
        use CampaignCommand::*;
        assert_eq!(CampaignStatus::Draft.commands(), [Start]);
        assert_eq!(CampaignStatus::Running.commands(), [Pause, Stop]);
        assert_eq!(CampaignStatus::Paused.commands(), [Resume, Stop]);
        assert_eq!(CampaignStatus::Stopped.commands(), [Start]);
        assert_eq!(CampaignStatus::Completed.commands(), [Start]);
    }
}
