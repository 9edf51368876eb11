//! What a scripted agent understands of English: a handful of intents and four kinds of answers.

use domain::results::{FieldKind, ResultField};
use serde_json::Value;

/// What a person's words amount to, apart from answering a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// No more calls at all.
    Stop,
    /// Another time; when, if they said so.
    CallBack(Option<String>),
    NotInterested,
    Goodbye,
    /// “Am I talking to a machine?”
    Robot,
    /// “Sorry, what did you say?”
    Repeat,
    /// A question of their own.
    Question(Topic),
    /// “Hello?”
    Greeting,
    /// “I would have to look that up.”
    DoesNotKnow,
    /// Nothing of that.
    Other,
}

/// What a person's own question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    HowLong,
    Price,
    Who,
    WhatAbout,
    OurNumber,
    Other,
}

/// Lower case, with plain apostrophes, and with blanks around and between words.
fn plain(text: &str) -> String {
    let mut plain = String::from(" ");
    for letter in text.replace('’', "'").chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() || letter == '\'' {
            plain.push(letter);
        } else if !plain.ends_with(' ') {
            plain.push(' ');
        }
    }
    if !plain.ends_with(' ') {
        plain.push(' ');
    }
    plain
}

fn has(plain: &str, needles: &[&str]) -> bool {
    needles.iter().any(|needle| plain.contains(&format!(" {needle} ")))
}

pub(super) fn intent(text: &str) -> Intent {
    let words = plain(text);
    let words = words.as_str();
    if has(
        words,
        &[
            "stop calling",
            "off your list",
            "not to call me again",
            "don't call me again",
            "never call me",
            "no more calls",
            "delete my number",
        ],
    ) {
        return Intent::Stop;
    }
    let call_back = [
        "call me back",
        "call back",
        "call me later",
        "call me again",
        "call again",
        "try again",
        "try me again",
        "another time",
        "bad time",
    ];
    let in_a_hurry = [
        "no time",
        "in a meeting",
        "driving",
        "busy right now",
        "busy at the moment",
        "have to go",
    ];
    if has(words, &call_back) || has(words, &in_a_hurry) {
        return Intent::CallBack(when(text));
    }
    if has(words, &["not interested", "no interest", "leave me alone"]) {
        return Intent::NotInterested;
    }
    if has(words, &["goodbye", "bye", "good bye"]) {
        return Intent::Goodbye;
    }
    if has(words, &["robot", "machine", "real person", "a computer", "a human"]) && text.contains('?') {
        return Intent::Robot;
    }
    if has(
        words,
        &[
            "say that again",
            "repeat that",
            "what did you say",
            "pardon",
            "come again",
        ],
    ) {
        return Intent::Repeat;
    }
    let questions = [
        (Topic::HowLong, &["how long", "how much time"][..]),
        (
            Topic::Price,
            &["cost", "price", "how much", "expensive", "for free", "pay for"],
        ),
        (Topic::OurNumber, &["my number", "my data", "my name"]),
        (
            Topic::Who,
            &[
                "who is this",
                "who are you",
                "who is calling",
                "calling for",
                "what company",
                "which company",
            ],
        ),
        (
            Topic::WhatAbout,
            &[
                "what is it about",
                "what is this about",
                "what's this about",
                "what do you want",
            ],
        ),
    ];
    let does_not_know = [
        "look that up",
        "could not say",
        "couldn't say",
        "can't say",
        "don't know",
        "no idea",
    ];
    if has(words, &does_not_know) {
        return Intent::DoesNotKnow;
    }
    if text.contains('?') || has(words, &["who is this", "what is it about"]) {
        let hello = has(words, &["hello", "hi", "anybody there", "are you there"]);
        for (topic, needles) in questions {
            if has(words, needles) {
                return Intent::Question(topic);
            }
        }
        return if hello {
            Intent::Greeting
        } else {
            Intent::Question(Topic::Other)
        };
    }
    if has(words, &["hello", "good day", "hi"]) && words.split_whitespace().count() <= 4 {
        return Intent::Greeting;
    }
    Intent::Other
}

/// “Go ahead”: no answer to a question, but a wish to hear it.
pub(super) fn agrees(text: &str) -> bool {
    let agreement = [
        "go ahead",
        "go on",
        "ask your",
        "ask away",
        "let's try",
        "all right",
        "okay",
        "fine",
        "good",
        "i see",
        "uh huh",
    ];
    has(&plain(text), &agreement)
}

/// Yes or no, in so many words: “go ahead” or “okay” agree to nothing in particular.
pub(super) fn yes_no(text: &str) -> Option<bool> {
    let words = plain(text).replace(" why not ", " ");
    if has(&words, &["not sure", "maybe", "don't know"]) {
        return None;
    }
    let no = has(&words, &["no", "nope", "not", "don't", "never", "nothing"]);
    let yes = has(
        &words,
        &[
            "yes",
            "yeah",
            "yep",
            "sure",
            "of course",
            "please",
            "definitely",
            "that is right",
            "that's right",
        ],
    );
    match (yes, no) {
        (_, true) => Some(false),
        (true, false) => Some(true),
        (false, false) => None,
    }
}

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const RELATIVE: [&str; 12] = [
    "tomorrow morning",
    "tomorrow afternoon",
    "tomorrow evening",
    "tomorrow",
    "this afternoon",
    "this evening",
    "tonight",
    "next week",
    "next month",
    "today",
    "in an hour",
    "in the evening",
];
const HOURS: [&str; 13] = [
    "", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
];

/// A day or a time, as it was said: “Thursday afternoon”, “tomorrow at ten”.
pub(super) fn when(text: &str) -> Option<String> {
    let words = plain(text);
    let day = DAYS
        .iter()
        .find(|day| has(&words, &[day]))
        .map(|day| {
            let mut name = day[..1].to_uppercase() + &day[1..];
            for part in ["morning", "afternoon", "evening"] {
                if has(&words, &[&format!("{day} {part}")]) {
                    name = format!("{name} {part}");
                }
            }
            if has(&words, &[&format!("next {day}")]) {
                name = format!("next {name}");
            }
            name
        })
        .or_else(|| {
            let relative = RELATIVE.iter().find(|relative| has(&words, &[relative]))?;
            Some((*relative).to_owned())
        });
    let time = words.split(" at ").nth(1).and_then(|rest| {
        let hour = rest.split_whitespace().next()?;
        let known = HOURS[1..].contains(&hour) || hour.chars().next().is_some_and(|letter| letter.is_ascii_digit());
        let part = rest
            .split_whitespace()
            .nth(1)
            .filter(|part| ["am", "pm", "o'clock", "thirty"].contains(part));
        known.then(|| part.map_or_else(|| hour.to_owned(), |part| format!("{hour} {part}")))
    });
    match (day, time) {
        (Some(day), Some(time)) => Some(format!("{day} at {time}")),
        (Some(day), None) => Some(day),
        (None, Some(time)) => Some(format!("at {time}")),
        (None, None) => None,
    }
}

pub(super) fn number(text: &str) -> Option<f64> {
    let words = plain(text);
    let words: Vec<&str> = words.split_whitespace().collect();
    let digits = text
        .split(|letter: char| !(letter.is_ascii_digit() || letter == '.' || letter == ','))
        .map(|digits| digits.trim_matches(['.', ',']).replace(',', ""))
        .find(|digits| !digits.is_empty());
    if let Some(digits) = digits {
        return digits.parse().ok().filter(|number: &f64| number.is_finite());
    }
    let tens = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    let teens = [
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    let small = |word: &str| -> Option<u32> {
        if word == "zero" || word == "none" {
            return Some(0);
        }
        let index = |list: &[&str]| {
            list.iter()
                .position(|known| *known == word)
                .and_then(|at| u32::try_from(at).ok())
        };
        index(&HOURS[1..])
            .map(|at| at + 1)
            .or_else(|| index(&teens).map(|at| at + 13))
            .or_else(|| index(&tens).map(|at| (at + 2) * 10))
    };
    let at = words.iter().position(|word| small(word).is_some())?;
    let first = small(words[at])?;
    let second = words.get(at + 1).and_then(|word| small(word)).filter(|unit| *unit < 10);
    let sum = match second {
        Some(unit) if first >= 20 => first + unit,
        _ => first,
    };
    let hundred = words.get(at + 1) == Some(&"hundred");
    Some(f64::from(if hundred { sum * 100 } else { sum }))
}

fn choice(text: &str, choices: &[String]) -> Option<String> {
    let words = plain(text);
    let mut named = choices.iter().filter(|choice| words.contains(&plain(choice)));
    let first = named.next()?;
    named.next().is_none().then(|| first.clone())
}

/// The value that an answer gives to a field of this kind; `None` if it gives none.
pub(super) fn value(kind: &FieldKind, text: &str) -> Option<Value> {
    match kind {
        FieldKind::YesNo => yes_no(text).map(Value::from),
        FieldKind::When => when(text).map(Value::from),
        // It reckons with no calendar: only a date that is said as one is known.
        FieldKind::Date => text
            .split_whitespace()
            .map(|word| Value::from(word.trim_end_matches(['.', ',', '!', '?'])))
            .find(|word| is_of_kind(kind, word)),
        FieldKind::Number => {
            let number = number(text)?;
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
            let whole = (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64);
            whole.map_or_else(
                || serde_json::Number::from_f64(number).map(Value::Number),
                |whole| Some(whole.into()),
            )
        }
        FieldKind::Choice(choices) => choice(text, choices).map(Value::from),
        FieldKind::Text => {
            let text = text.trim();
            (!text.is_empty()).then(|| Value::from(text.chars().take(500).collect::<String>()))
        }
    }
}

fn is_of_kind(kind: &FieldKind, value: &Value) -> bool {
    let field = ResultField {
        name: String::new(),
        kind: kind.clone(),
        description: String::new(),
    };
    field.accepts(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::phrases;

    #[test]
    fn understands_all_that_people_say() {
        for text in phrases::YES.iter().chain(&phrases::YES_TO_AN_OFFER) {
            assert_eq!((intent(text), yes_no(text)), (Intent::Other, Some(true)), "{text}");
        }
        for text in phrases::GO_AHEAD {
            assert_ne!(yes_no(text), Some(false), "{text}");
        }
        for text in phrases::HESITATION.iter().chain(&phrases::ALL_RIGHT) {
            assert_eq!((intent(text), yes_no(text)), (Intent::Other, None), "{text}");
            assert!(agrees(text), "{text}");
        }
        for text in phrases::NO.iter().chain(&phrases::NO_TO_AN_OFFER) {
            assert_eq!((intent(text), yes_no(text)), (Intent::Other, Some(false)), "{text}");
        }
        for text in phrases::DOES_NOT_KNOW {
            assert_eq!(intent(text), Intent::DoesNotKnow, "{text}");
        }
        for text in phrases::REASONS
            .iter()
            .chain(&phrases::SOURCES)
            .chain(&phrases::OPINIONS)
        {
            assert_eq!(intent(text), Intent::Other, "{text}");
        }
        for text in phrases::DAYS.iter().chain(&phrases::BETTER_TIME) {
            assert!(when(text).is_some(), "{text}");
        }
        for text in phrases::NUMBERS {
            assert!(number(text).is_some(), "{text}");
        }
        for text in phrases::BAD_TIME.iter().chain(&phrases::CALL_BACK) {
            assert!(matches!(intent(text), Intent::CallBack(Some(_))), "{text}");
        }
        for text in phrases::STOP {
            assert!(intent(text) == Intent::Stop || text.contains("stop calling"), "{text}");
        }
        for text in phrases::DECLINE {
            assert_eq!(intent(text), Intent::NotInterested, "{text}");
        }
        for text in phrases::ROBOT {
            assert_eq!(intent(text), Intent::Robot, "{text}");
        }
        for text in phrases::FIRST_QUESTIONS.iter().chain(&phrases::LATER_QUESTIONS) {
            assert!(matches!(intent(text), Intent::Question(_)), "{text}");
        }
    }

    #[test]
    fn takes_values_as_they_were_said_and_invents_none() {
        assert_eq!(
            when("Call me tomorrow at ten, please.").as_deref(),
            Some("tomorrow at ten")
        );
        assert_eq!(when("Next Friday afternoon").as_deref(), Some("next Friday afternoon"));
        assert_eq!(when("I don't know"), None);
        assert_eq!(number("About twenty five"), Some(25.0));
        assert_eq!(number("1,250 or so"), Some(1_250.0));
        assert_eq!(number("a few"), None);
        let plans = FieldKind::Choice(vec!["Basic".to_owned(), "Pro Max".to_owned()]);
        assert_eq!(value(&plans, "pro max, please."), Some(Value::from("Pro Max")));
        assert_eq!(value(&plans, "Basic or Pro Max, who knows"), None);
        assert_eq!(value(&FieldKind::YesNo, "Maybe."), None);
        assert_eq!(
            value(&FieldKind::Date, "Friday, 2026-11-27."),
            Some("2026-11-27".into())
        );
        assert_eq!(value(&FieldKind::Date, "On Friday."), None);
        assert_eq!(value(&FieldKind::Number, "Two."), Some(Value::from(2)));
    }
}
