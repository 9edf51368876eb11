//! Where a conversation stands, read from all that was said: which fields were asked for, and what is known.

use super::{
    script::question,
    understanding::{Intent, intent, value, when},
};
use domain::results::{FieldKind, ResultField};
use serde_json::Value;
use std::collections::BTreeMap;
use voice::ports::{ContextRole, Prompt};

/// How often a question is asked before it is given up.
const MOST_TRIES: u32 = 2;
/// Words that ask for a better time; [`state_of_talk`](self) finds them again.
pub(super) const BETTER_TIME: &str = "When would be a better time to call you?";

/// What is known about a conversation.
#[derive(Debug, Default)]
pub(super) struct StateOfTalk {
    pub(super) known: BTreeMap<String, Value>,
    /// Facts that came to light with the person's latest words.
    pub(super) news: Vec<(String, Value)>,
    /// Index of the field that is to be asked for next.
    pub(super) next: Option<usize>,
    /// It was asked for before.
    pub(super) asks_again: bool,
    /// Fields that need no answer, because the answer before them was no.
    pub(super) skipped: usize,
    pub(super) call_back: Option<String>,
    pub(super) wants_call_back: bool,
    pub(super) not_interested: bool,
    pub(super) wants_no_calls: bool,
    /// The agent has asked something about a field.
    pub(super) has_asked: bool,
    pub(super) asked_for_better_time: bool,
    /// What the person said since the agent's last words.
    pub(super) latest: String,
    /// A whisper that came since the agent's last words.
    pub(super) whisper: Option<String>,
    /// What the agent said last.
    pub(super) agent_last: String,
    /// The agent asked whether there is time, and the person has not said yes.
    pub(super) no_time: bool,
}

/// Reads a conversation from the start.
pub(super) fn read(prompt: &Prompt) -> StateOfTalk {
    let fields = &prompt.result_fields;
    let questions: Vec<String> = fields.iter().map(question).collect();
    let mut tries = vec![0_u32; fields.len()];
    let mut talk = StateOfTalk::default();
    let mut pending: Option<usize> = None;
    let mut asked_for_time = false;
    for line in &prompt.lines {
        let text = line.text.reveal();
        match line.role {
            ContextRole::Agent => {
                if !talk.latest.is_empty() {
                    talk.agent_last.clear();
                }
                talk.latest.clear();
                talk.news.clear();
                talk.whisper = None;
                if let Some(index) = questions.iter().position(|question| asks(text, question)) {
                    pending = Some(index);
                    tries[index] += 1;
                    talk.has_asked = true;
                    asked_for_time = false;
                } else if text.contains('?') {
                    asked_for_time = text.contains("a minute") || text.contains("a moment") || text.contains("time");
                    if !asked_for_time {
                        pending = pending.filter(|_| text.contains("still there") || text.contains("again"));
                    }
                }
                talk.asked_for_better_time |= text.contains(BETTER_TIME);
                if !talk.agent_last.is_empty() {
                    talk.agent_last.push(' ');
                }
                talk.agent_last.push_str(text);
            }
            ContextRole::Supervisor => talk.whisper = Some(text.to_owned()),
            ContextRole::LookedUp => {}
            // A colleague has answered what the person said before.
            ContextRole::SupervisorAloud => talk.latest.clear(),
            ContextRole::Person => {
                if !talk.latest.is_empty() {
                    talk.latest.push(' ');
                }
                talk.latest.push_str(text);
                take(&mut talk, fields, pending, asked_for_time, text);
                // Who does not know will not know the second time either.
                if let Some(index) = pending.filter(|_| intent(text) == Intent::DoesNotKnow) {
                    tries[index] = MOST_TRIES;
                }
            }
        }
    }
    let open = |index: &usize| !talk.known.contains_key(&fields[*index].name);
    let skipped = |index: &usize| fields[*index].kind == FieldKind::When && was_denied(&talk.known, fields, *index);
    let next = (0..fields.len()).find(|index| open(index) && tries[*index] < MOST_TRIES && !skipped(index));
    let skipped = (0..fields.len()).filter(|index| open(index) && skipped(index)).count();
    StateOfTalk {
        next,
        asks_again: next.is_some_and(|index| tries[index] > 0),
        skipped,
        ..talk
    }
}

/// The agent may have been interrupted: most of a question is enough.
fn asks(text: &str, question: &str) -> bool {
    let enough: String = question.chars().take(question.chars().count() * 3 / 4).collect();
    text.contains(&enough)
}

fn take(talk: &mut StateOfTalk, fields: &[ResultField], pending: Option<usize>, asked_for_time: bool, text: &str) {
    match intent(text) {
        Intent::Stop => talk.wants_no_calls = true,
        Intent::CallBack(time) => {
            talk.wants_call_back = true;
            talk.call_back = time.or(talk.call_back.take());
        }
        Intent::NotInterested => {
            talk.not_interested = true;
            // Said in so many words: a field of this name has its value.
            let interest = fields
                .iter()
                .find(|field| field.kind == FieldKind::YesNo && field.name.contains("interested"));
            let field = interest.or(pending
                .map(|index| &fields[index])
                .filter(|field| field.kind == FieldKind::YesNo && offers(&question(field))));
            if let Some(field) = field {
                note(talk, field, Value::from(false));
            }
        }
        Intent::Other if talk.asked_for_better_time && talk.call_back.is_none() => talk.call_back = when(text),
        Intent::Other if asked_for_time => {
            talk.no_time = super::understanding::yes_no(text) == Some(false);
        }
        Intent::Other => {
            if let Some(field) = pending.map(|index| &fields[index])
                && !talk.known.contains_key(&field.name)
                && let Some(value) = value(&field.kind, text)
            {
                note(talk, field, value);
            }
        }
        Intent::DoesNotKnow
        | Intent::Goodbye
        | Intent::Robot
        | Intent::Repeat
        | Intent::Question(_)
        | Intent::Greeting => {}
    }
}

/// A question after a wish, which “I am not interested” answers. Whether somebody owns a car it does not.
fn offers(question: &str) -> bool {
    ["Do you want", "Would you like", "Are you interested"]
        .iter()
        .any(|offer| question.contains(offer))
}

fn note(talk: &mut StateOfTalk, field: &ResultField, value: Value) {
    talk.known.insert(field.name.clone(), value.clone());
    talk.news.push((field.name.clone(), value));
}

/// Whether the yes-or-no question before a “when” was answered with no: then there is no when.
fn was_denied(known: &BTreeMap<String, Value>, fields: &[ResultField], index: usize) -> bool {
    fields[..index]
        .iter()
        .rev()
        .find(|field| field.kind == FieldKind::YesNo)
        .is_some_and(|field| known.get(&field.name) == Some(&Value::from(false)))
}
