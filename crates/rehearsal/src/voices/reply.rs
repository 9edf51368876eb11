//! What the scripted agent says next.

use super::{
    script::{first_letter_large, on_behalf_of, purpose, question},
    state_of_talk::{BETTER_TIME, StateOfTalk},
    understanding::{Intent, Topic, agrees, intent},
};
use domain::results::FieldKind;
use serde_json::Value;
use voice::ports::{ContextRole, Prompt};

/// An answer before it is cut into words.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Reply {
    pub(super) facts: Vec<(String, Value)>,
    pub(super) words: String,
    pub(super) call_back: Option<String>,
    pub(super) ends: bool,
}

pub(super) fn reply(prompt: &Prompt, talk: &StateOfTalk) -> Reply {
    let next = |lead_in: &str| go_on(prompt, talk, lead_in);
    let ending = |words: &str| Reply {
        words: words.to_owned(),
        ends: true,
        ..Reply::default()
    };
    let mut reply = match intent(&talk.latest) {
        _ if talk.wants_no_calls => ending("I will take you off our list. Goodbye."),
        _ if whispered(talk, &["screens this call"]) => Reply {
            words: answer(Topic::WhatAbout, prompt, talk),
            ..Reply::default()
        },
        _ if whispered(talk, &["goodbye", "end the call", "wrap up", "hang up"]) => {
            ending("Thank you for your time. Goodbye.")
        }
        _ if whispered(talk, &["call back", "callback"]) && !talk.wants_call_back => Reply {
            words: BETTER_TIME.to_owned(),
            ..Reply::default()
        },
        _ if talk.wants_call_back || (talk.asked_for_better_time && talk.call_back.is_some()) => call_back(talk),
        Intent::NotInterested => ending("I understand. Thank you for your time. Goodbye."),
        _ if talk.not_interested => ending("All right. Thank you for your time. Goodbye."),
        Intent::Goodbye => ending("Thank you. Goodbye."),
        _ if talk.no_time => Reply {
            words: BETTER_TIME.to_owned(),
            ..Reply::default()
        },
        Intent::Robot => next("Yes, I am an AI assistant, not a person."),
        Intent::Repeat => Reply {
            words: if talk.agent_last.is_empty() {
                "Of course.".to_owned()
            } else {
                talk.agent_last.clone()
            },
            ..Reply::default()
        },
        Intent::Question(topic) => next(&answer(topic, prompt, talk)),
        Intent::Greeting if talk.has_asked => next("Yes, I am here."),
        Intent::Greeting => next(""),
        _ if talk.news.is_empty() => next(lead_in_without_news(talk)),
        _ => next(&lead_in(prompt, talk)),
    };
    reply.facts.clone_from(&talk.news);
    reply
}

fn whispered(talk: &StateOfTalk, needles: &[&str]) -> bool {
    talk.whisper.as_ref().is_some_and(|whisper| {
        let whisper = whisper.to_lowercase();
        needles.iter().any(|needle| whisper.contains(needle))
    })
}

/// What was not an answer: agreement to go on, or something that was not understood.
fn lead_in_without_news(talk: &StateOfTalk) -> &'static str {
    if !talk.has_asked || talk.latest.is_empty() {
        ""
    } else if agrees(&talk.latest) {
        "Good."
    } else if talk.asks_again {
        "Sorry, I did not catch that."
    } else {
        "Never mind."
    }
}

/// Takes up what was just learned, so that the person hears that it arrived.
fn lead_in(prompt: &Prompt, talk: &StateOfTalk) -> String {
    let Some((name, value)) = talk.news.last() else {
        return String::new();
    };
    let kind = prompt.result_fields.iter().find(|field| &field.name == name);
    match (kind.map(|field| &field.kind), value) {
        (_, Value::Bool(false)) => "All right.".to_owned(),
        (Some(FieldKind::When), Value::String(when)) => format!("{}, noted.", first_letter_large(when)),
        (Some(FieldKind::Choice(_)), Value::String(choice)) => format!("{choice}, good."),
        (Some(FieldKind::Number), number) => format!("{number}, thank you."),
        _ => ["Good.", "Thank you.", "All right."][talk.known.len() % 3].to_owned(),
    }
}

/// The purpose, if it was not told yet, and the next question; or the goodbye.
fn go_on(prompt: &Prompt, talk: &StateOfTalk, lead_in: &str) -> Reply {
    let mut sentences: Vec<String> = Vec::new();
    if !lead_in.is_empty() {
        sentences.push(lead_in.to_owned());
    }
    if let Some(purpose) = purpose(prompt.script.reveal())
        && !talk.has_asked
        && !was_said(prompt, &purpose)
        && !lead_in.contains(&purpose)
    {
        sentences.push(purpose);
    }
    let ends = talk.next.is_none();
    match talk.next {
        Some(index) => sentences.push(question(&prompt.result_fields[index])),
        None => sentences.push(goodbye(talk).to_owned()),
    }
    Reply {
        words: sentences.join(" "),
        ends,
        ..Reply::default()
    }
}

fn goodbye(talk: &StateOfTalk) -> &'static str {
    let was_no = talk.news.last().is_some_and(|(_, value)| value == &Value::from(false));
    if was_no || talk.known.is_empty() {
        "Then I will not keep you. Thank you for your time. Goodbye."
    } else {
        "That is all I wanted to know. Thank you for your time. Goodbye."
    }
}

fn was_said(prompt: &Prompt, sentence: &str) -> bool {
    prompt
        .lines
        .iter()
        .any(|line| line.role == ContextRole::Agent && line.text.reveal().contains(sentence))
}

fn call_back(talk: &StateOfTalk) -> Reply {
    match &talk.call_back {
        Some(time) => Reply {
            words: format!("All right, we will call you back {}. Goodbye.", with_on(time)),
            call_back: Some(time.clone()),
            ends: true,
            ..Reply::default()
        },
        None if talk.asked_for_better_time => Reply {
            words: "All right, we will call you back another time. Goodbye.".to_owned(),
            call_back: Some("another time".to_owned()),
            ends: true,
            ..Reply::default()
        },
        None => Reply {
            words: BETTER_TIME.to_owned(),
            ..Reply::default()
        },
    }
}

/// “on Friday”, but “tomorrow”.
fn with_on(time: &str) -> String {
    if time.chars().next().is_some_and(char::is_uppercase) {
        format!("on {time}")
    } else {
        time.to_owned()
    }
}

/// Never more than the agent knows.
fn answer(topic: Topic, prompt: &Prompt, talk: &StateOfTalk) -> String {
    let purpose = || purpose(prompt.script.reveal());
    match topic {
        Topic::HowLong => match prompt.result_fields.len().saturating_sub(talk.known.len()) {
            0 | 1 => "There is only one question.".to_owned(),
            left @ 2..=9 => format!("There are only {} questions.", HOW_MANY[left - 2]),
            _ => "It takes a few questions.".to_owned(),
        },
        Topic::Price => "I have no prices here, but a colleague can tell you.".to_owned(),
        Topic::OurNumber => {
            "It is on the list that I was given for this call. You can ask us to take it off at any time.".to_owned()
        }
        // The purpose names us, too.
        Topic::Who => purpose()
            .filter(|purpose| !was_said(prompt, purpose))
            .or_else(|| on_behalf_of(prompt.script.reveal()).map(|who| format!("I am calling for {who}.")))
            .or_else(|| introduction(prompt))
            .unwrap_or_else(|| "It is about a few short questions.".to_owned()),
        Topic::WhatAbout => purpose().unwrap_or_else(|| "It is about a few short questions.".to_owned()),
        Topic::Other => "I cannot answer that, but a colleague can.".to_owned(),
    }
}

const HOW_MANY: [&str; 8] = ["two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// “This is the AI assistant of Example Company.”, as the agent said it.
fn introduction(prompt: &Prompt) -> Option<String> {
    let opening = prompt.lines.iter().find(|line| line.role == ContextRole::Agent)?;
    let sentence = opening
        .text
        .reveal()
        .split_inclusive(['.', '!'])
        .find(|part| part.contains("this is"))?;
    let (_, who) = sentence.split_once("this is")?;
    Some(format!("This is{}", who.trim_end()))
}
