//! What the scripted agent says next.

use super::{
    script::{purpose, question},
    state_of_talk::{BETTER_TIME, StateOfTalk},
    understanding::{Intent, Topic, intent},
};
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
        Intent::Question(topic) => next(&answer(topic, prompt)),
        Intent::Greeting if talk.has_asked => next("Hello, I am here."),
        Intent::Greeting => next(""),
        _ if talk.news.is_empty() && talk.has_asked && !talk.latest.is_empty() => next("Okay."),
        _ if !talk.news.is_empty() => next("Thank you."),
        _ => next(""),
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
        None => sentences.push("That was all. Thank you for your time. Goodbye.".to_owned()),
    }
    Reply {
        words: sentences.join(" "),
        ends,
        ..Reply::default()
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
fn answer(topic: Topic, prompt: &Prompt) -> String {
    match topic {
        Topic::HowLong => "It takes only a few questions.".to_owned(),
        Topic::Price => "I have no prices here. A colleague will tell you.".to_owned(),
        Topic::OurNumber => "It is in our list for this call. You can ask us to take it off at any time.".to_owned(),
        Topic::Who | Topic::WhatAbout => {
            let introduction = prompt
                .lines
                .iter()
                .find(|line| line.role == ContextRole::Agent)
                .map(|line| line.text.reveal())
                .and_then(|opening| {
                    opening
                        .split_inclusive(['.', '!'])
                        .find(|part| part.contains("this is"))
                })
                .and_then(|part| part.split_once("this is"))
                .map(|(_, who)| format!("This is{}", who.trim_end()))
                .filter(|_| topic == Topic::Who);
            introduction
                .or_else(|| purpose(prompt.script.reveal()))
                .unwrap_or_else(|| "It is about a few short questions.".to_owned())
        }
        Topic::Other => "I cannot answer that. A colleague will.".to_owned(),
    }
}
