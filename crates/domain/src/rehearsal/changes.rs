//! What another script made of the same calls.

use super::RehearsedCall;
use crate::results::in_words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A call that came out differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub scenario: String,
    pub repetition: u8,
    /// True if it passes now and did not, false if it did and does not; `None` if that is as it was.
    pub passes: Option<bool>,
    /// A sentence for each thing that is different.
    pub what: Vec<String>,
}

/// The calls of `now` whose outcome differs from that of the same call `before`: that of the same scenario, answered by the
/// same person. The words of a conversation may differ without its outcome.
#[must_use]
pub fn changes(before: &[RehearsedCall], now: &[RehearsedCall]) -> Vec<Change> {
    now.iter()
        .filter_map(|call| {
            let earlier = before.iter().find(|earlier| {
                (&earlier.scenario, earlier.who, earlier.repetition) == (&call.scenario, call.who, call.repetition)
            })?;
            let what = differences(earlier, call);
            let passes = (earlier.passed() != call.passed()).then(|| call.passed());
            (!what.is_empty() || passes.is_some()).then(|| Change {
                scenario: call.scenario.clone(),
                repetition: call.repetition,
                passes,
                what,
            })
        })
        .collect()
}

fn differences(before: &RehearsedCall, now: &RehearsedCall) -> Vec<String> {
    let mut what = Vec::new();
    let (was, is) = (&before.story, &now.story);
    if was.disposition != is.disposition {
        what.push(format!(
            "It ended as {}, not as {}.",
            is.disposition.as_str(),
            was.disposition.as_str()
        ));
    }
    let names: BTreeSet<&String> = was.results.fields.keys().chain(is.results.fields.keys()).collect();
    for name in names {
        let value = |story: &super::CallStory| story.results.fields.get(name).map(in_words);
        let (was, is) = (value(was), value(is));
        if was != is {
            what.push(format!("{name} is {}; it was {}.", or_unknown(is), or_unknown(was)));
        }
    }
    if was.results.call_back.is_some() != is.results.call_back.is_some() {
        what.push(if is.results.call_back.is_some() {
            "A call-back is booked now.".to_owned()
        } else {
            "No call-back is booked any more.".to_owned()
        });
    }
    for verdict in &now.verdicts {
        let other = before
            .verdicts
            .iter()
            .find(|other| other.expectation == verdict.expectation);
        if other.is_some_and(|other| other.passed != verdict.passed) {
            let how = if verdict.passed { "Met now" } else { "Not met any more" };
            what.push(format!("{how}: {}.", verdict.expectation));
        }
    }
    what
}

fn or_unknown(value: Option<String>) -> String {
    value.unwrap_or_else(|| "not known".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ConversationId,
        conversation::Disposition,
        rehearsal::{CallStory, Expectation, WhoAnswers, check},
        results::ConversationResults,
    };

    fn call(scenario: &str, repetition: u8, disposition: Disposition, day: Option<&str>) -> RehearsedCall {
        let story = CallStory {
            disposition,
            results: ConversationResults {
                fields: day.map(|day| ("day".to_owned(), day.into())).into_iter().collect(),
                ..ConversationResults::default()
            },
            duration_ms: 1,
            opted_out: false,
            lines: Vec::new(),
        };
        RehearsedCall {
            id: ConversationId(uuid::Uuid::nil()),
            scenario: scenario.to_owned(),
            who: WhoAnswers::Interested,
            repetition,
            verdicts: vec![check(&Expectation::EndsAs(vec![Disposition::Completed]), &story)],
            story,
        }
    }

    #[test]
    fn only_what_came_out_differently_is_told() {
        use Disposition::{Completed, HungUp};
        let before = [
            call("a", 1, Completed, Some("Friday")),
            call("a", 2, Completed, None),
            call("b", 1, Completed, None),
        ];
        let now = [
            call("a", 1, Completed, Some("Friday")),
            call("a", 2, Completed, Some("Monday")),
            call("b", 1, HungUp, None),
            call("new", 1, HungUp, None),
        ];
        let found = changes(&before, &now);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].repetition, found[0].passes), (2, None));
        assert_eq!(found[0].what, ["day is Monday; it was not known."]);
        assert_eq!((found[1].scenario.as_str(), found[1].passes), ("b", Some(false)));
        assert_eq!(
            found[1].what,
            [
                "It ended as hung_up, not as completed.",
                "Not met any more: ends as completed."
            ]
        );
        assert_eq!(changes(&now, &now), []);
    }

    #[test]
    fn another_person_under_the_same_name_is_no_change() {
        let before = call("a", 1, Disposition::Completed, None);
        let now = RehearsedCall {
            who: WhoAnswers::HangsUp,
            ..call("a", 1, Disposition::HungUp, None)
        };
        assert_eq!(changes(&[before], &[now]), []);
    }
}
