//! Whether a call was as expected.

use super::{CallStory, Expectation, Verdict};
use crate::{
    conversation::{Disposition, Speaker},
    plain_words::{plain, says},
    results::in_words,
};
use serde_json::Value;

/// Characters of a sentence that is quoted.
const QUOTED: usize = 160;

/// Whether `story` is as `expectation` says, and why.
#[must_use]
pub fn check(expectation: &Expectation, story: &CallStory) -> Verdict {
    let (passed, because) = match expectation {
        Expectation::EndsAs(ends) => (
            ends.contains(&story.disposition),
            format!("It ended as {}.", story.disposition.as_str()),
        ),
        Expectation::ResultIs { field, value } => {
            let found = story.results.fields.get(field);
            (found.is_some_and(|found| is(found, value)), result(field, found))
        }
        Expectation::ResultFilled { field } => {
            let found = story.results.fields.get(field);
            (
                found.is_some_and(|found| !in_words(found).is_empty()),
                result(field, found),
            )
        }
        Expectation::AgentSays(phrase) => match said(story, phrase) {
            Some(sentence) => (true, quoted(&sentence)),
            None => (false, "The agent did not say it.".to_owned()),
        },
        Expectation::AgentNeverSays(phrase) => match said(story, phrase) {
            Some(sentence) => (false, quoted(&sentence)),
            None => (true, "The agent did not say it.".to_owned()),
        },
        Expectation::CallBackBooked => match story.results.call_back.as_deref().map(str::trim) {
            None | Some("") => (false, "No call-back was booked.".to_owned()),
            Some(when) => (true, format!("The person is called back: {}.", cut(when))),
        },
        Expectation::OptOutHonoured => opt_out(story),
        Expectation::EndsWithin { seconds } => (
            u64::from(story.duration_ms) <= u64::from(*seconds) * 1_000,
            format!("It took {} seconds.", story.duration_ms.div_ceil(1_000)),
        ),
    };
    Verdict {
        expectation: expectation.clone(),
        passed,
        because,
    }
}

fn opt_out(story: &CallStory) -> (bool, String) {
    match (story.opted_out, story.disposition) {
        (true, Disposition::OptedOut) => (
            true,
            "The number would be on the do-not-call list now, and the call ended with it.".to_owned(),
        ),
        (true, other) => (
            false,
            format!(
                "The number would be on the do-not-call list now, but the call ended as {}.",
                other.as_str()
            ),
        ),
        (false, _) => (false, "The number would not be on the do-not-call list.".to_owned()),
    }
}

/// The sentence of the agent's in which `phrase` is said; one phrase may run over two sentences.
fn said(story: &CallStory, phrase: &str) -> Option<String> {
    let lines: Vec<&str> = story
        .lines
        .iter()
        .filter(|line| line.speaker == Speaker::Agent)
        .map(|line| line.text.reveal())
        .collect();
    let alone = lines.iter().find(|line| says(line, phrase));
    alone.map(|line| (*line).to_owned()).or_else(|| {
        lines
            .windows(2)
            .map(|two| two.join(" "))
            .find(|both| says(both, phrase))
    })
}

fn quoted(sentence: &str) -> String {
    format!("The agent said: “{}”", cut(sentence))
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(QUOTED).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

fn result(field: &str, found: Option<&Value>) -> String {
    match found {
        None => format!("{field} is not known."),
        Some(value) => format!("{field} is {}.", cut(&in_words(value))),
    }
}

fn is(found: &Value, wanted: &str) -> bool {
    match found {
        Value::Bool(found) => {
            let (yes, no) = (["yes", "true"], ["no", "false"]);
            let words = if *found { yes } else { no };
            words.contains(&plain(wanted).as_str())
        }
        // Not as words: -5 is not 5.
        Value::Number(found) => {
            let numbers = found.as_f64().zip(wanted.trim().parse::<f64>().ok());
            numbers.is_some_and(|(found, wanted)| (found - wanted).abs() < 1e-9)
        }
        other => plain(&in_words(other)) == plain(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{UnixMillis, conversation::TranscriptSegment, results::ConversationResults};

    fn line(position: u32, speaker: Speaker, text: &str) -> TranscriptSegment {
        TranscriptSegment {
            position,
            speaker,
            text: text.into(),
            start_ms: position * 1_000,
            end_ms: position * 1_000 + 900,
            interrupted: false,
            at: UnixMillis(0),
        }
    }

    fn story() -> CallStory {
        CallStory {
            disposition: Disposition::CallBack,
            results: ConversationResults {
                fields: [
                    ("interested".to_owned(), Value::Bool(true)),
                    ("day".to_owned(), Value::from("Next Friday")),
                    ("rooms".to_owned(), Value::from(-3)),
                    ("empty".to_owned(), Value::from(" ")),
                ]
                .into(),
                call_back: Some("tomorrow at ten".to_owned()),
                ..ConversationResults::default()
            },
            duration_ms: 30_001,
            opted_out: false,
            lines: vec![
                line(0, Speaker::Agent, "Hello, this is an AI assistant."),
                line(1, Speaker::Person, "What is the price?"),
                line(2, Speaker::Agent, "A colleague will send a free"),
                line(3, Speaker::Agent, "Offer, señor."),
            ],
        }
    }

    fn verdict(expectation: &str, story: &CallStory) -> Verdict {
        check(&expectation.parse().expect("understood"), story)
    }

    #[test]
    fn each_kind_passes_and_fails() {
        let story = story();
        for (expectation, passes) in [
            ("ends as completed or call_back", true),
            ("ends as completed", false),
            ("result interested is yes", true),
            ("result interested is no", false),
            ("result day is next friday", true),
            ("result day is friday", false),
            ("result rooms is -3", true),
            ("result rooms is 3", false),
            ("result day is filled", true),
            ("result empty is filled", false),
            ("result unknown is filled", false),
            ("agent says “ai ASSISTANT”", true),
            ("agent says “senor”", true),
            ("agent says “free offer”", true),
            ("agent says “price”", false),
            // The person said it.
            ("agent never says “price”", true),
            ("agent never says “offer”", false),
            ("agent never says “off”", true),
            ("call-back is booked", true),
            ("opt-out is honoured", false),
            ("ends within 31 seconds", true),
            ("ends within 30 seconds", false),
        ] {
            let verdict = verdict(expectation, &story);
            assert_eq!(verdict.passed, passes, "{expectation}: {}", verdict.because);
        }
    }

    #[test]
    fn reasons_quote_what_was_found() {
        let mut story = story();
        assert_eq!(
            verdict("agent never says “offer”", &story).because,
            "The agent said: “Offer, señor.”"
        );
        assert_eq!(verdict("result day is friday", &story).because, "day is Next Friday.");
        assert_eq!(verdict("result town is Rome", &story).because, "town is not known.");
        story.results.call_back = None;
        assert!(!verdict("call-back is booked", &story).passed);
        story.opted_out = true;
        let half = verdict("opt-out is honoured", &story);
        assert!(!half.passed && half.because.contains("call_back"), "{}", half.because);
        story.disposition = Disposition::OptedOut;
        assert!(verdict("opt-out is honoured", &story).passed);
        story.lines[0].text = "price ".repeat(100).into();
        assert!(verdict("agent never says “price”", &story).because.chars().count() < 200);
    }
}
