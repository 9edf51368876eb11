//! What is expected of a call, as a sentence that people write and read.

use crate::{UserError, conversation::Disposition};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Characters of a phrase or a value.
const LONGEST: usize = 200;
/// The longest time that can be expected, seconds: the longest call there is.
const LONGEST_CALL: u32 = 3_600;

/// One of each kind of sentence, for whoever writes one.
pub const EXAMPLES: [&str; 8] = [
    "ends as completed or call_back",
    "result interested is yes",
    "result preferred_day is filled",
    "agent says “AI assistant”",
    "agent never says “price”",
    "call-back is booked",
    "opt-out is honoured",
    "ends within 120 seconds",
];

/// What is expected of a call. As text it is a sentence; see [`EXAMPLES`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Expectation {
    /// It ends as one of these.
    EndsAs(Vec<Disposition>),
    /// A result field has this value; “yes” and “no” for those that are one or the other.
    ResultIs {
        field: String,
        value: String,
    },
    /// A result field became known.
    ResultFilled {
        field: String,
    },
    /// Whatever its case and accents, as whole words.
    AgentSays(String),
    AgentNeverSays(String),
    /// It is known when to call back.
    CallBackBooked,
    /// The person asked not to be called again, and will not be.
    OptOutHonoured,
    /// From the answer, in the time of the conversation.
    EndsWithin {
        seconds: u32,
    },
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndsAs(dispositions) => {
                let words: Vec<&str> = dispositions.iter().map(|end| end.as_str()).collect();
                write!(f, "ends as {}", words.join(" or "))
            }
            Self::ResultIs { field, value } => write!(f, "result {field} is {value}"),
            Self::ResultFilled { field } => write!(f, "result {field} is filled"),
            Self::AgentSays(phrase) => write!(f, "agent says “{phrase}”"),
            Self::AgentNeverSays(phrase) => write!(f, "agent never says “{phrase}”"),
            Self::CallBackBooked => f.write_str("call-back is booked"),
            Self::OptOutHonoured => f.write_str("opt-out is honoured"),
            Self::EndsWithin { seconds } => write!(f, "ends within {seconds} seconds"),
        }
    }
}

impl From<Expectation> for String {
    fn from(expectation: Expectation) -> Self {
        expectation.to_string()
    }
}

impl TryFrom<String> for Expectation {
    type Error = UserError;
    fn try_from(text: String) -> Result<Self, UserError> {
        text.parse()
    }
}

fn wrong(sentence: impl Into<String>) -> UserError {
    UserError::field("expect", sentence)
}

impl FromStr for Expectation {
    type Err = UserError;

    fn from_str(text: &str) -> Result<Self, UserError> {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let after = |beginning: &str| {
            let head = words.get(..beginning.len())?;
            head.eq_ignore_ascii_case(beginning)
                .then(|| words[beginning.len()..].trim())
        };
        if words.chars().count() > 2 * LONGEST || words.contains('\0') {
            return Err(wrong(format!("Shorten what is expected to {LONGEST} characters.")));
        }
        if let Some(ends) = after("ends as ") {
            return ends_as(ends);
        }
        if let Some(rest) = after("ends within ") {
            return ends_within(rest);
        }
        if let Some(rest) = after("result ") {
            return result(rest);
        }
        if let Some(said) = after("agent says ") {
            return phrase(said).map(Self::AgentSays);
        }
        if let Some(said) = after("agent never says ") {
            return phrase(said).map(Self::AgentNeverSays);
        }
        match words.to_ascii_lowercase().as_str() {
            "call-back is booked" | "callback is booked" => Ok(Self::CallBackBooked),
            "opt-out is honoured" | "opt-out is honored" => Ok(Self::OptOutHonoured),
            _ => {
                let shown: String = words.chars().take(60).collect();
                Err(wrong(format!(
                    "“{shown}” is not understood. Write it like one of these: {}.",
                    EXAMPLES.join("; ")
                )))
            }
        }
    }
}

fn ends_as(words: &str) -> Result<Expectation, UserError> {
    let known = |word: &str| {
        Disposition::ALL
            .into_iter()
            .find(|end| end.as_str().eq_ignore_ascii_case(word) || end.label().eq_ignore_ascii_case(word))
            .ok_or_else(|| {
                let all: Vec<&str> = Disposition::ALL.iter().map(|end| end.as_str()).collect();
                let shown: String = word.chars().take(40).collect();
                wrong(format!("No call ends as “{shown}”. It is one of {}.", all.join(", ")))
            })
    };
    words
        .replace(" or ", ",")
        .split(',')
        .map(|word| known(word.trim()))
        .collect::<Result<_, _>>()
        .map(Expectation::EndsAs)
}

fn ends_within(words: &str) -> Result<Expectation, UserError> {
    let number = words
        .strip_suffix("seconds")
        .or_else(|| words.strip_suffix("s"))
        .unwrap_or(words)
        .trim();
    match number.parse() {
        Ok(seconds @ 1..=LONGEST_CALL) => Ok(Expectation::EndsWithin { seconds }),
        _ => Err(wrong(format!("Write “ends within” and 1 to {LONGEST_CALL} seconds."))),
    }
}

fn result(words: &str) -> Result<Expectation, UserError> {
    let (field, value) = words
        .split_once(" is ")
        .map(|(field, value)| (field.trim().to_owned(), value.trim()))
        .filter(|(field, value)| !field.is_empty() && !field.contains(' ') && !value.is_empty())
        .ok_or_else(|| wrong("Write “result”, the field's name, “is”, and its value or “filled”."))?;
    if value.eq_ignore_ascii_case("filled") {
        return Ok(Expectation::ResultFilled { field });
    }
    let value = phrase(value)?;
    Ok(Expectation::ResultIs { field, value })
}

/// Words, with or without quotation marks around them.
fn phrase(words: &str) -> Result<String, UserError> {
    let bare = words.trim_matches(|letter| matches!(letter, '"' | '“' | '”' | '„' | '«' | '»' | ' '));
    if !bare.chars().any(char::is_alphanumeric) {
        return Err(wrong("Write the words that are meant, in quotation marks."));
    }
    if bare.chars().count() > LONGEST {
        return Err(wrong(format!("Shorten what is expected to {LONGEST} characters.")));
    }
    Ok(bare.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_understood_and_comes_back_as_it_was() {
        for example in EXAMPLES {
            let expectation: Expectation = example.parse().expect("understood");
            assert_eq!(expectation.to_string(), example);
            let json = serde_json::to_string(&expectation).expect("text");
            assert_eq!(serde_json::from_str::<Expectation>(&json).expect("text"), expectation);
        }
    }

    #[test]
    fn people_write_it_in_their_own_way() {
        let same = |one: &str, other: &str| assert_eq!(one.parse::<Expectation>(), other.parse(), "{one}");
        same("Ends as  Call back, completed", "ends as call_back or completed");
        same("agent never says \"Price\"", "agent never says “Price”");
        same("agent says hello there", "agent says “hello there”");
        same("ends within 30 s", "ends within 30 seconds");
        same("Call-back is booked", "call-back is booked");
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let long = format!("agent says {}", "x".repeat(500));
        for (text, told) in [
            ("is nice", "is not understood"),
            ("ends as happy", "No call ends as “happy”"),
            ("ends within a moment", "1 to 3600 seconds"),
            ("ends within 0 seconds", "1 to 3600 seconds"),
            ("result interested", "Write “result”"),
            ("agent says “”", "Write the words"),
            (&long, "Shorten"),
            ("é", "is not understood"),
        ] {
            let error = text.parse::<Expectation>().expect_err(text);
            assert!(error.message.contains(told), "{text}: {}", error.message);
            assert_eq!(error.fields[0].field, "expect");
        }
    }
}
