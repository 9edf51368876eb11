//! The facts that a campaign wants from each call, and what a call brought back.

mod drawing;

pub use drawing::{Drawn, DrawnValue, MOST_TRIES, ResultsState, TranscriptLine, next_try};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Summaries and facts longer than this are cut, characters.
const LONGEST_RESULT_CHARS: usize = 2_000;

/// What kind of value a result field holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "choices")]
pub enum FieldKind {
    Text,
    Number,
    YesNo,
    /// One of these words.
    Choice(Vec<String>),
    /// A day or a time, as the person said it.
    When,
    /// A day of the calendar, as 2026-11-28. Only who knows on which day was spoken can tell it from “next Friday”.
    Date,
}

/// One fact that a call should bring back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultField {
    /// Key in the results JSON: lower-case letters, digits and underscores.
    pub name: String,
    pub kind: FieldKind,
    /// What it means, for the agent and for the reader.
    pub description: String,
}

impl ResultField {
    /// The fields of a new campaign.
    #[must_use]
    pub fn template() -> Vec<Self> {
        let field = |name: &str, kind, description: &str| Self {
            name: name.to_owned(),
            kind,
            description: description.to_owned(),
        };
        vec![
            field("interested", FieldKind::YesNo, "Does the person want an appointment?"),
            field("preferred_day", FieldKind::When, "Which day suits them?"),
        ]
    }

    /// # Errors
    /// A sentence that says which field is wrong and what to do.
    pub fn validate_all(fields: &[Self]) -> Result<(), String> {
        if fields.len() > 50 {
            return Err("Keep to 50 result fields.".to_owned());
        }
        let mut seen = std::collections::BTreeSet::new();
        for field in fields {
            let name = &field.name;
            let shown: String = name.chars().take(40).collect();
            let well_formed = !name.is_empty()
                && name.len() <= 60
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if !well_formed {
                return Err(format!(
                    "Name the result field “{shown}” with lower-case letters, digits and underscores only, at most 60."
                ));
            }
            if !seen.insert(name) {
                return Err(format!("There are two result fields named “{name}”. Rename one."));
            }
            if let FieldKind::Choice(choices) = &field.kind
                && (choices.len() < 2 || choices.iter().any(|choice| choice.trim().is_empty()))
            {
                return Err(format!(
                    "Give the result field “{name}” at least two choices, none of them empty."
                ));
            }
            if field.description.chars().count() > 500 {
                return Err(format!(
                    "Shorten the description of the result field “{name}” to 500 characters."
                ));
            }
            if let FieldKind::Choice(choices) = &field.kind
                && (choices.len() > 50 || choices.iter().any(|choice| choice.chars().count() > 100))
            {
                return Err(format!(
                    "Keep the result field “{name}” to 50 choices of at most 100 characters each."
                ));
            }
        }
        Ok(())
    }

    /// True if `value` is of this field's kind.
    #[must_use]
    pub fn accepts(&self, value: &Value) -> bool {
        match (&self.kind, value) {
            (FieldKind::Text | FieldKind::When, Value::String(_))
            | (FieldKind::Number, Value::Number(_))
            | (FieldKind::YesNo, Value::Bool(_)) => true,
            (FieldKind::Choice(choices), Value::String(text)) => choices.contains(text),
            (FieldKind::Date, Value::String(text)) => is_date(text),
            _ => false,
        }
    }
}

/// True for a day that the calendar has, written as 2026-11-28.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |part: std::ops::Range<usize>| -> Option<u32> {
        let digits = bytes.get(part)?;
        digits.iter().all(u8::is_ascii_digit).then(|| {
            digits
                .iter()
                .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
        })
    };
    let dashes = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    dashes && (1..=days).contains(&day)
}

/// A value as a person reads and writes it.
#[must_use]
pub fn in_words(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// When a value became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learned {
    /// By a tool, while they talked.
    DuringCall,
    /// From the transcript, when the call was over.
    AfterCall,
}

impl Learned {
    /// The words on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::DuringCall => "noted during the call",
            Self::AfterCall => "drawn from the transcript",
        }
    }
}

/// What a value rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub learned: Learned,
    /// Positions of the lines of the transcript that support it, in their order.
    pub lines: Vec<u32>,
}

/// How the person felt about the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    Positive,
    Neutral,
    Negative,
}

impl Mood {
    pub const ALL: [Self; 3] = [Self::Positive, Self::Neutral, Self::Negative];

    /// The word in the results, and for the model.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
        }
    }
}

/// The mood, and the lines that show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentiment {
    pub mood: Mood,
    pub lines: Vec<u32>,
}

/// What a conversation brought back: the `results` column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConversationResults {
    /// One value for each of the campaign's fields that became known; never a guess.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
    /// What each value rests on. Calls of earlier releases have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, Evidence>,
    /// Fields for which the model named a value that nothing in the transcript supports; the value was dropped.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unsupported: BTreeSet<String>,
    /// One or two sentences on what happened, in the language of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Positions of the lines on which the summary rests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub summary_lines: Vec<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<Sentiment>,
    /// When the person wants to be called back, as they said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_back: Option<String>,
    /// The day and hour that they named, by their own clock, as `2026-11-30T10:00`; set by a tool, never drawn afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_back_at: Option<String>,
    /// Why the call ended as it did, if the disposition alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ConversationResults {
    /// Keeps only values that the campaign asked for and that are of the right kind.
    #[must_use]
    pub fn restricted_to(mut self, wanted: &[ResultField]) -> Self {
        self.fields
            .retain(|name, value| wanted.iter().any(|field| &field.name == name && field.accepts(value)));
        self.evidence.retain(|name, _| self.fields.contains_key(name));
        self
    }

    /// Cut to a sensible length, and without the one character that a database cannot hold.
    #[must_use]
    pub fn writable(mut self) -> Self {
        let clean = |text: &mut String| {
            *text = text
                .chars()
                .filter(|letter| *letter != '\0')
                .take(LONGEST_RESULT_CHARS)
                .collect();
        };
        for text in [
            &mut self.summary,
            &mut self.call_back,
            &mut self.call_back_at,
            &mut self.reason,
        ]
        .into_iter()
        .flatten()
        {
            clean(text);
        }
        for value in self.fields.values_mut() {
            if let Value::String(text) = value {
                clean(text);
            }
        }
        self.call_back = self.call_back.filter(|when| !when.trim().is_empty());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_bounded_and_told_by_name() {
        let field = |name: &str, kind, description: &str| ResultField {
            name: name.to_owned(),
            kind,
            description: description.to_owned(),
        };
        let told = |field| ResultField::validate_all(&[field]).expect_err("wrong");
        assert!(told(field(&"X".repeat(100_000), FieldKind::Text, "")).len() < 200);
        assert!(told(field("day", FieldKind::Text, &"x".repeat(501))).contains("“day” to 500"));
        let choices = |count: usize| FieldKind::Choice(vec!["yes".to_owned(); count]);
        assert!(told(field("day", choices(1), "")).contains("at least two"));
        assert!(told(field("day", choices(51), "")).contains("to 50 choices"));
        assert_eq!(ResultField::validate_all(&ResultField::template()), Ok(()));
    }

    #[test]
    fn values_of_the_wrong_kind_are_dropped() {
        let results = ConversationResults {
            fields: [
                ("interested".to_owned(), Value::from("maybe")),
                ("preferred_day".to_owned(), Value::from("Friday")),
                ("invented".to_owned(), Value::from(1)),
            ]
            .into(),
            ..ConversationResults::default()
        };
        let kept = results.restricted_to(&ResultField::template());
        assert_eq!(kept.fields.keys().collect::<Vec<_>>(), ["preferred_day"]);
    }

    #[test]
    fn a_date_is_a_day_that_the_calendar_has() {
        let date = ResultField {
            name: "day".to_owned(),
            kind: FieldKind::Date,
            description: String::new(),
        };
        for day in ["2026-11-28", "2028-02-29", "2000-02-29", "2026-12-31"] {
            assert!(date.accepts(&day.into()), "{day}");
        }
        for none in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-1-1",
            "Friday",
            "",
        ] {
            assert!(!date.accepts(&none.into()), "{none}");
        }
        assert!(!date.accepts(&Value::from("2026/11/28")) && !date.accepts(&Value::from("２026-11-2")));
    }

    #[test]
    fn results_of_earlier_releases_are_read() {
        let stored = serde_json::json!({ "fields": { "interested": true }, "summary": "Yes." });
        let results: ConversationResults = serde_json::from_value(stored.clone()).expect("readable");
        assert!(results.evidence.is_empty() && results.sentiment.is_none());
        assert_eq!(serde_json::to_value(&results).expect("writable"), stored);
    }
}
