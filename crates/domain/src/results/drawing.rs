//! From what a model reads out of a transcript to results: nothing is kept that the transcript does not support.

use super::{ConversationResults, Evidence, Learned, Mood, ResultField, Sentiment};
use crate::{Personal, UnixMillis, conversation::Speaker};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// How often results that could not be drawn at the end of the call are tried again by themselves.
pub const MOST_TRIES: u32 = 6;
/// How long each of those tries waits for the one before; seven and a half hours in all.
const WAITS: [Duration; MOST_TRIES as usize - 1] = [
    Duration::from_secs(5 * 60),
    Duration::from_secs(20 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(4 * 60 * 60),
];

/// When to try again after `tries` tries have failed; `None` if it is to be given up.
#[must_use]
pub fn next_try(tries: u32) -> Option<Duration> {
    let index = usize::try_from(tries).ok()?.checked_sub(1)?;
    WAITS.get(index).copied()
}

/// Whether the results of a conversation are there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ResultsState {
    /// All that the conversation brought; of a call without a conversation, nothing.
    #[default]
    Drawn,
    /// Not yet: what is there was noted during the call.
    Pending { reason: String, next_try: UnixMillis },
    /// They could not be drawn: what is there was noted during the call.
    Failed { reason: String },
}

/// A line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptLine {
    pub position: u32,
    pub speaker: Speaker,
    pub text: Personal,
}

/// A value, and the positions of the lines that support it, if the model is to be believed.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnValue {
    pub value: Value,
    pub lines: Vec<u32>,
}

/// What a model read out of a transcript. Nothing of it has been checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    pub fields: BTreeMap<String, DrawnValue>,
    pub summary: Option<String>,
    pub summary_lines: Vec<u32>,
    pub mood: Option<Mood>,
    pub mood_lines: Vec<u32>,
    /// When the person wants to be called back, as they said it.
    pub call_back: Option<String>,
}

impl Drawn {
    /// What of it the campaign wants and the transcript supports: a value needs a line of the person or the agent. That a
    /// line says what it is taken for is the model's word; that there is such a line is ours.
    #[must_use]
    pub fn checked(self, wanted: &[ResultField], transcript: &[TranscriptLine]) -> ConversationResults {
        let supporting = |lines: Vec<u32>| -> Vec<u32> {
            let mut lines: Vec<u32> = lines.into_iter().filter(|line| supports(transcript, *line)).collect();
            lines.sort_unstable();
            lines.dedup();
            lines
        };
        let mut results = ConversationResults::default();
        for (name, DrawnValue { value, lines }) in self.fields {
            let right = |field: &&ResultField| field.name == name && field.accepts(&value);
            if value.is_null() || !wanted.iter().any(|field| right(&field)) {
                continue;
            }
            let lines = supporting(lines);
            if lines.is_empty() {
                results.unsupported.insert(name);
                continue;
            }
            let learned = Learned::AfterCall;
            results.evidence.insert(name.clone(), Evidence { learned, lines });
            results.fields.insert(name, value);
        }
        results.summary = self.summary.filter(|summary| !summary.trim().is_empty());
        if results.summary.is_some() {
            results.summary_lines = supporting(self.summary_lines);
        }
        let mood_lines = supporting(self.mood_lines);
        results.sentiment = self.mood.filter(|_| !mood_lines.is_empty()).map(|mood| Sentiment {
            mood,
            lines: mood_lines,
        });
        results.call_back = self.call_back;
        results
    }
}

fn supports(transcript: &[TranscriptLine], position: u32) -> bool {
    transcript
        .iter()
        .any(|line| line.position == position && matches!(line.speaker, Speaker::Person | Speaker::Agent))
}

impl ConversationResults {
    /// Keeps what is known, but not which lines say it: they are not where they were.
    pub fn forget_lines(&mut self) {
        self.evidence.values_mut().for_each(|evidence| evidence.lines.clear());
        self.summary_lines.clear();
        if let Some(sentiment) = &mut self.sentiment {
            sentiment.lines.clear();
        }
    }

    /// What was drawn from the whole conversation, over what was noted on the way. The same value keeps when it was learned.
    #[must_use]
    pub fn over(self, mut noted: Self) -> Self {
        for (name, value) in self.fields {
            let mut evidence = self.evidence.get(&name).cloned();
            if noted.fields.get(&name) == Some(&value)
                && let (Some(before), Some(now)) = (noted.evidence.get(&name), &mut evidence)
            {
                now.learned = before.learned;
                now.lines.extend(&before.lines);
                now.lines.sort_unstable();
                now.lines.dedup();
            }
            noted.evidence.remove(&name);
            noted.evidence.extend(evidence.map(|evidence| (name.clone(), evidence)));
            noted.fields.insert(name, value);
        }
        let unsupported = self.unsupported.into_iter();
        Self {
            unsupported: unsupported.filter(|name| !noted.fields.contains_key(name)).collect(),
            fields: noted.fields,
            evidence: noted.evidence,
            summary: self.summary.or(noted.summary),
            summary_lines: self.summary_lines,
            sentiment: self.sentiment,
            call_back: self.call_back.or(noted.call_back),
            call_back_at: self.call_back_at.or(noted.call_back_at),
            reason: self.reason.or(noted.reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn transcript() -> Vec<TranscriptLine> {
        let speakers = [Speaker::Agent, Speaker::Person, Speaker::Supervisor, Speaker::Act];
        let lines = speakers.into_iter().zip(0..).map(|(speaker, position)| TranscriptLine {
            position,
            speaker,
            text: "…".into(),
        });
        lines.collect()
    }

    fn drawn(fields: &[(&str, Value, &[u32])]) -> Drawn {
        Drawn {
            fields: fields
                .iter()
                .map(|(name, value, lines)| {
                    let (value, lines) = (value.clone(), lines.to_vec());
                    ((*name).to_owned(), DrawnValue { value, lines })
                })
                .collect(),
            ..Drawn::default()
        }
    }

    #[test]
    fn a_value_without_a_line_of_the_two_is_dropped_and_named() {
        for (lines, kept) in [
            (&[1, 0, 1, 99][..], Some(vec![0, 1])),
            (&[99], None),
            (&[2], None),
            (&[3, 4], None),
            (&[], None),
        ] {
            let results = drawn(&[("interested", json!(true), lines)]).checked(&ResultField::template(), &transcript());
            let evidence = results
                .evidence
                .get("interested")
                .map(|evidence| evidence.lines.clone());
            assert_eq!(evidence, kept, "{lines:?}");
            assert_eq!(results.fields.contains_key("interested"), kept.is_some());
            assert_eq!(results.unsupported.contains("interested"), kept.is_none());
        }
    }

    #[test]
    fn what_was_not_wanted_or_is_of_another_kind_is_not_even_named() {
        let fields = [
            ("interested", json!("maybe"), &[1][..]),
            ("preferred_day", Value::Null, &[1]),
            ("invented", json!(1), &[1]),
        ];
        let results = drawn(&fields).checked(&ResultField::template(), &transcript());
        assert_eq!(results, ConversationResults::default());
    }

    #[test]
    fn a_mood_needs_a_line_and_a_summary_some_words() {
        let told = |lines: &[u32], summary: &str| Drawn {
            mood: Some(Mood::Negative),
            mood_lines: lines.to_vec(),
            summary: Some(summary.to_owned()),
            summary_lines: vec![1, 7],
            ..Drawn::default()
        };
        let results = told(&[1], "They were busy.").checked(&[], &transcript());
        assert_eq!(results.sentiment.map(|mood| mood.lines), Some(vec![1]));
        assert_eq!(results.summary_lines, [1]);
        let nothing = told(&[7], " ").checked(&[], &transcript());
        assert_eq!(nothing, ConversationResults::default());
    }

    #[test]
    fn what_was_noted_on_the_way_stays_where_the_transcript_says_no_more() {
        let evidence = |learned, lines: &[u32]| Evidence {
            learned,
            lines: lines.to_vec(),
        };
        let mut noted = ConversationResults::default();
        for (name, value) in [
            ("interested", json!(true)),
            ("preferred_day", json!("Friday")),
            ("x", json!(1)),
        ] {
            noted.fields.insert(name.to_owned(), value);
            noted
                .evidence
                .insert(name.to_owned(), evidence(Learned::DuringCall, &[1]));
        }
        let fields = [
            ("interested", json!(true), &[0][..]),
            ("preferred_day", json!("Monday"), &[0]),
        ];
        let mut after = drawn(&fields).checked(&ResultField::template(), &transcript());
        after.unsupported.extend(["x".to_owned(), "y".to_owned()]);
        let whole = after.over(noted);
        assert_eq!(whole.evidence["interested"], evidence(Learned::DuringCall, &[0, 1]));
        assert_eq!(whole.fields["preferred_day"], "Monday");
        assert_eq!(whole.evidence["preferred_day"], evidence(Learned::AfterCall, &[0]));
        assert_eq!(whole.evidence["x"], evidence(Learned::DuringCall, &[1]));
        assert_eq!(whole.unsupported.into_iter().collect::<Vec<_>>(), ["y"]);
    }

    #[test]
    fn tries_wait_longer_each_time_and_end() {
        let waits: Vec<Option<Duration>> = (1..=MOST_TRIES).map(next_try).collect();
        assert!(waits.windows(2).all(|two| two[1].is_none() || two[0] < two[1]));
        assert_eq!(waits.last(), Some(&None));
        assert_eq!((next_try(0), next_try(u32::MAX)), (None, None));
    }
}
