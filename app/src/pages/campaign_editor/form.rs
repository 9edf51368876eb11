//! The editor's form as text: what a browser posts, and what stands in the controls. Nothing typed is ever lost in a
//! conversion: text that is no number becomes an error beside its field.

use domain::{
    FieldError, UserError,
    agent_tools::{AgentTools, LookUp},
    calling_hours::{DAY, WeeklyHours, Window},
    campaign::{CampaignContent, Engine, VoicemailPolicy},
    cost::{amount_text, parse_amount},
    recording::RecordingRule,
    results::{FieldKind, ResultField},
    retry::{RETRYABLE, RetryRule},
};
use serde::{Deserialize, Serialize};

/// All controls of the editor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignForm {
    pub name: String,
    pub script: String,
    pub opening: String,
    #[serde(default)]
    pub voicemail_message: String,
    /// `hang_up` or `leave_message`.
    pub voicemail_policy: String,
    #[serde(default)]
    pub result_fields: Vec<ResultFieldForm>,
    /// Monday first.
    #[serde(default)]
    pub hours: Vec<DayForm>,
    pub max_concurrent_calls: String,
    /// With a decimal point: `1.5`.
    pub calls_per_second: String,
    /// In the order of [`RETRYABLE`].
    #[serde(default)]
    pub retries: Vec<RetryForm>,
    pub ring_seconds: String,
    pub max_call_seconds: String,
    pub default_country: String,
    /// A word of [`RecordingRule`].
    #[serde(default)]
    pub recording: String,
    #[serde(default)]
    pub recording_announcement: String,
    /// Nothing if the campaign does not say.
    #[serde(default)]
    pub recording_days: String,
    /// An amount; empty for none.
    #[serde(default)]
    pub daily_budget: String,
    /// Any text if the agent answers people who call back; browsers send nothing for an empty checkbox.
    #[serde(default)]
    pub answer_call_backs: Option<String>,
    /// A word of [`Engine`].
    #[serde(default)]
    pub engine: String,
    /// A tag of [`LANGUAGES`](domain::language::LANGUAGES); nothing is the usual one.
    #[serde(default)]
    pub language: String,
    #[serde(default)]
    pub transfer_to: String,
    /// As `answer_call_backs`.
    #[serde(default)]
    pub press_keys: Option<String>,
    #[serde(default)]
    pub look_up_url: String,
    #[serde(default)]
    pub look_up_about: String,
}

/// One result field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultFieldForm {
    pub name: String,
    /// `text`, `number`, `yes_no`, `choice`, `when` or `date`.
    pub kind: String,
    /// Separated by commas; counts only for `choice`.
    #[serde(default)]
    pub choices: String,
    #[serde(default)]
    pub description: String,
}

/// One day's hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayForm {
    /// Any text if calls are made on that day; browsers send nothing for an empty checkbox.
    #[serde(default)]
    pub open: Option<String>,
    /// `09:00`.
    #[serde(default)]
    pub from: String,
    /// `18:00`; `00:00` is the end of the day.
    #[serde(default)]
    pub to: String,
}

/// What happens after one outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryForm {
    /// A word of [`RETRYABLE`].
    pub after: String,
    /// `0` or nothing for no further try.
    #[serde(default)]
    pub times: String,
    #[serde(default)]
    pub delay: String,
    /// `minutes`, `hours` or `days`.
    #[serde(default)]
    pub unit: String,
}

/// The kinds of result fields: word in the form, words on the screen.
pub const KINDS: [(&str, &str); 6] = [
    ("text", "Text"),
    ("number", "Number"),
    ("yes_no", "Yes or no"),
    ("choice", "Choice"),
    ("when", "Day or time"),
    ("date", "Date"),
];

/// Units of a delay: word in the form and on the screen, minutes.
pub const UNITS: [(&str, u32); 3] = [("minutes", 1), ("hours", 60), ("days", 1_440)];

/// The form's word for a kind.
#[must_use]
pub const fn kind_word(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text",
        FieldKind::Number => "number",
        FieldKind::YesNo => "yes_no",
        FieldKind::Choice(_) => "choice",
        FieldKind::When => "when",
        FieldKind::Date => "date",
    }
}

impl From<&CampaignContent> for CampaignForm {
    fn from(content: &CampaignContent) -> Self {
        let look_up = &content.tools.look_up;
        Self {
            name: content.name.clone(),
            script: content.script.clone(),
            opening: content.opening.clone(),
            voicemail_message: content.voicemail_message.clone(),
            voicemail_policy: match content.voicemail_policy {
                VoicemailPolicy::HangUp => "hang_up",
                VoicemailPolicy::LeaveMessage => "leave_message",
            }
            .to_owned(),
            result_fields: content.result_fields.iter().map(ResultFieldForm::from).collect(),
            hours: content.hours.days.iter().map(|day| DayForm::from(*day)).collect(),
            max_concurrent_calls: content.max_concurrent_calls.to_string(),
            calls_per_second: tenths_text(content.calls_per_ten_seconds),
            retries: RETRYABLE
                .into_iter()
                .map(|after| {
                    let rule = content.retries.iter().find(|rule| rule.after == after);
                    RetryForm::new(
                        after.as_str(),
                        rule.map_or((0, 60), |rule| (rule.times, rule.delay_minutes)),
                    )
                })
                .collect(),
            ring_seconds: content.ring_seconds.to_string(),
            max_call_seconds: content.max_call_seconds.to_string(),
            default_country: content.default_country.clone(),
            recording: content.recording.as_str().to_owned(),
            recording_announcement: content.recording_announcement.clone(),
            recording_days: content.recording_days.map(|days| days.to_string()).unwrap_or_default(),
            daily_budget: content.daily_budget.map(amount_text).unwrap_or_default(),
            answer_call_backs: content.answer_call_backs.then(|| "true".to_owned()),
            engine: content.engine.as_str().to_owned(),
            language: content.language.clone(),
            transfer_to: content
                .tools
                .transfer_to
                .as_ref()
                .map(|number| number.e164().to_owned())
                .unwrap_or_default(),
            press_keys: content.tools.press_keys.then(|| "true".to_owned()),
            look_up_url: look_up.as_ref().map(|look_up| look_up.url.clone()).unwrap_or_default(),
            look_up_about: look_up
                .as_ref()
                .map(|look_up| look_up.about.clone())
                .unwrap_or_default(),
        }
    }
}

impl From<&ResultField> for ResultFieldForm {
    fn from(field: &ResultField) -> Self {
        Self {
            name: field.name.clone(),
            kind: kind_word(&field.kind).to_owned(),
            choices: match &field.kind {
                FieldKind::Choice(choices) => choices.join(", "),
                _ => String::new(),
            },
            description: field.description.clone(),
        }
    }
}

impl From<Option<Window>> for DayForm {
    fn from(window: Option<Window>) -> Self {
        let shown = window.unwrap_or(Window {
            from: 9 * 60,
            to: 18 * 60,
        });
        Self {
            open: window.map(|_| "true".to_owned()),
            from: clock_text(shown.from),
            to: clock_text(shown.to),
        }
    }
}

impl RetryForm {
    fn new(after: &str, (times, delay_minutes): (u8, u16)) -> Self {
        let (unit, minutes) = UNITS
            .into_iter()
            .rev()
            .find(|(_, minutes)| u32::from(delay_minutes) % minutes == 0)
            .unwrap_or(UNITS[0]);
        Self {
            after: after.to_owned(),
            times: times.to_string(),
            delay: (u32::from(delay_minutes) / minutes).to_string(),
            unit: unit.to_owned(),
        }
    }
}

impl CampaignForm {
    /// The campaign that these texts describe.
    ///
    /// # Errors
    /// One entry for each text that cannot be read. What can be read but is not allowed is left to
    /// [`CampaignContent::validate`], which is asked too, so that one answer names everything.
    pub fn content(&self) -> Result<CampaignContent, UserError> {
        let mut wrong: Vec<FieldError> = Vec::new();
        let mut refuse = |field: &str, message: &str| {
            wrong.push(FieldError {
                field: field.to_owned(),
                message: message.to_owned(),
            });
        };
        let template = CampaignContent::template();
        let mut number = |field: &str, text: &str, otherwise: u16| {
            text.trim().parse::<u16>().unwrap_or_else(|_| {
                refuse(field, "Write a whole number.");
                otherwise
            })
        };
        let max_concurrent_calls = number(
            "max_concurrent_calls",
            &self.max_concurrent_calls,
            template.max_concurrent_calls,
        );
        let ring_seconds = number("ring_seconds", &self.ring_seconds, template.ring_seconds);
        let max_call_seconds = number("max_call_seconds", &self.max_call_seconds, template.max_call_seconds);
        let recording_days =
            (!self.recording_days.trim().is_empty()).then(|| number("recording_days", &self.recording_days, 1));
        let daily_budget = match self.daily_budget.trim() {
            "" => None,
            text => Some(parse_amount(text).unwrap_or_else(|| {
                refuse(
                    "daily_budget",
                    "Write an amount of at most 1,000,000 with a point and at most six decimals, for example 25.50.",
                );
                1
            })),
        };
        let calls_per_ten_seconds = tenths(&self.calls_per_second).unwrap_or_else(|| {
            refuse(
                "calls_per_ten_seconds",
                "Write the calls per second as a number with one decimal, such as 1.5.",
            );
            template.calls_per_ten_seconds
        });
        let mut hours = WeeklyHours { days: [None; 7] };
        for (day, typed) in hours.days.iter_mut().zip(&self.hours) {
            if typed.open.is_some() {
                match (clock_minutes(&typed.from), clock_minutes(&typed.to)) {
                    (Some(from), Some(to)) => {
                        *day = Some(Window {
                            from,
                            to: if to == 0 { DAY } else { to },
                        })
                    }
                    _ => {
                        *day = Some(Window {
                            from: 9 * 60,
                            to: 18 * 60,
                        });
                        refuse(
                            "hours",
                            "Write both times of each day as hours and minutes, such as 09:00.",
                        );
                    }
                }
            }
        }
        let transfer_to = match self.transfer_to.trim() {
            "" => None,
            text => text
                .chars()
                .filter(|letter| !matches!(letter, ' ' | '-' | '(' | ')'))
                .collect::<String>()
                .parse()
                .inspect_err(|_| {
                    refuse(
                        "transfer_to",
                        "Write the number with its country code, such as +14155550123.",
                    );
                })
                .ok(),
        };
        let look_up = LookUp {
            url: self.look_up_url.trim().to_owned(),
            about: lines(&self.look_up_about).trim().to_owned(),
        };
        let tools = AgentTools {
            transfer_to,
            press_keys: self.press_keys.is_some(),
            look_up: (look_up != LookUp::default()).then_some(look_up),
        };
        let mut retries = Vec::new();
        for typed in &self.retries {
            match typed.rule() {
                Ok(rule) => retries.extend(rule),
                Err(message) => refuse("retries", message),
            }
        }
        let content = CampaignContent {
            name: self.name.trim().to_owned(),
            script: lines(&self.script),
            opening: lines(&self.opening),
            voicemail_message: lines(&self.voicemail_message),
            voicemail_policy: if self.voicemail_policy == "leave_message" {
                VoicemailPolicy::LeaveMessage
            } else {
                VoicemailPolicy::HangUp
            },
            result_fields: self
                .result_fields
                .iter()
                .filter(|field| !field.is_blank())
                .map(ResultFieldForm::field)
                .collect(),
            hours,
            max_concurrent_calls,
            calls_per_ten_seconds,
            retries,
            ring_seconds,
            max_call_seconds,
            default_country: self.default_country.clone(),
            recording: RecordingRule::ALL
                .into_iter()
                .find(|rule| rule.as_str() == self.recording)
                .unwrap_or_default(),
            recording_announcement: lines(&self.recording_announcement).trim().to_owned(),
            recording_days,
            daily_budget,
            answer_call_backs: self.answer_call_backs.is_some(),
            engine: Engine::ALL
                .into_iter()
                .find(|engine| engine.as_str() == self.engine)
                .unwrap_or_default(),
            language: if self.language.is_empty() {
                template.language
            } else {
                self.language.clone()
            },
            tools,
        };
        if let Err(error) = content.validate() {
            for more in error.fields {
                if wrong.iter().all(|known| known.field != more.field) {
                    wrong.push(more);
                }
            }
        }
        UserError::fields(wrong).map_or(Ok(content), Err)
    }
}

impl ResultFieldForm {
    fn is_blank(&self) -> bool {
        self.name.trim().is_empty() && self.description.trim().is_empty()
    }

    fn field(&self) -> ResultField {
        ResultField {
            name: self.name.trim().to_owned(),
            kind: match self.kind.as_str() {
                "number" => FieldKind::Number,
                "yes_no" => FieldKind::YesNo,
                "choice" => FieldKind::Choice(
                    self.choices
                        .split(',')
                        .map(str::trim)
                        .filter(|choice| !choice.is_empty())
                        .map(str::to_owned)
                        .collect(),
                ),
                "when" => FieldKind::When,
                "date" => FieldKind::Date,
                _ => FieldKind::Text,
            },
            description: self.description.trim().to_owned(),
        }
    }
}

impl RetryForm {
    fn rule(&self) -> Result<Option<RetryRule>, &'static str> {
        const WRONG: &str = "For each outcome choose 0 to 10 retries and a delay of 1 minute to 14 days.";
        let times = match self.times.trim() {
            "" | "0" => return Ok(None),
            text => text.parse::<u8>().map_err(|_| WRONG)?,
        };
        let after = RETRYABLE
            .into_iter()
            .find(|outcome| outcome.as_str() == self.after)
            .ok_or(WRONG)?;
        let minutes = UNITS
            .iter()
            .find(|(unit, _)| *unit == self.unit)
            .map_or(1, |(_, minutes)| *minutes);
        let delay = self
            .delay
            .trim()
            .parse::<u32>()
            .map_err(|_| WRONG)?
            .checked_mul(minutes)
            .ok_or(WRONG)?;
        Ok(Some(RetryRule {
            after,
            times,
            delay_minutes: u16::try_from(delay).map_err(|_| WRONG)?,
        }))
    }
}

/// Browsers post line breaks as CR LF.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// 15 as `1.5`, 10 as `1`.
#[must_use]
pub fn tenths_text(tenths: u16) -> String {
    if tenths.is_multiple_of(10) {
        (tenths / 10).to_string()
    } else {
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

/// `1.5` or `1,5` as 15. `None` if it is no number with at most one decimal.
fn tenths(text: &str) -> Option<u16> {
    let text = text.trim().replace(',', ".");
    let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
    let whole: u16 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: u16 = match part {
        "" => 0,
        one if one.len() == 1 => one.parse().ok()?,
        more => more.strip_suffix('0').filter(|rest| rest.len() == 1)?.parse().ok()?,
    };
    whole.checked_mul(10)?.checked_add(part)
}

/// Minutes after midnight as `09:00`; the end of the day as `00:00`, since no clock shows 24:00.
#[must_use]
pub fn clock_text(minutes: u16) -> String {
    let minutes = minutes % DAY;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn clock_minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    // Some browsers add seconds.
    let minutes = minutes.split(':').next()?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_survives_the_form_unchanged() {
        let mut content = CampaignContent::template();
        content.name = "Spring".to_owned();
        content.calls_per_ten_seconds = 15;
        content.recording_days = Some(90);
        content.language = "de-DE".to_owned();
        content.tools = AgentTools {
            transfer_to: Some("+14155550123".parse().expect("a number")),
            press_keys: true,
            look_up: Some(LookUp {
                url: "https://crm.example.com/slots".to_owned(),
                about: "Free appointments.".to_owned(),
            }),
        };
        content.hours.days[5] = Some(Window { from: 0, to: DAY });
        content.result_fields.push(ResultField {
            name: "size".to_owned(),
            kind: FieldKind::Choice(vec!["small".to_owned(), "large".to_owned()]),
            description: "Which size?".to_owned(),
        });
        for answers in [true, false] {
            content.answer_call_backs = answers;
            assert_eq!(CampaignForm::from(&content).content(), Ok(content.clone()));
        }
    }

    #[test]
    fn every_unreadable_text_is_named_beside_what_is_not_allowed() {
        let mut form = CampaignForm::from(&CampaignContent::template());
        form.calls_per_second = "fast".to_owned();
        form.ring_seconds = "-1".to_owned();
        form.recording_days = "a week".to_owned();
        form.hours[0].from = "nine".to_owned();
        form.retries[0].delay = "99999999999".to_owned();
        form.transfer_to = "the office".to_owned();
        form.look_up_about = "Everything.".to_owned();
        form.language = "tlh".to_owned();
        let error = form.content().expect_err("nine fields are wrong");
        let mut fields: Vec<_> = error.fields.iter().map(|wrong| wrong.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "calls_per_ten_seconds",
                "hours",
                "language",
                "look_up_url",
                "name",
                "recording_days",
                "retries",
                "ring_seconds",
                "transfer_to"
            ]
        );
    }

    #[test]
    fn rates_are_read_as_people_write_them() {
        for (text, expected) in [
            ("1.5", Some(15)),
            ("1,5", Some(15)),
            ("2", Some(20)),
            (".5", Some(5)),
            ("0.10", Some(1)),
            ("1.55", None),
            ("x", None),
            ("", Some(0)),
        ] {
            assert_eq!(tenths(text), expected, "{text}");
        }
    }
}
