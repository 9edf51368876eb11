//! A language model that follows the script by rules: it says why it calls, asks for each result field in turn, and
//! understands a handful of answers. It never invents a result.

use super::{
    reply::{Reply, reply},
    script::first_letter_large,
    state_of_talk::read,
};
use async_trait::async_trait;
use domain::{
    conversation::Speaker,
    results::{Drawn, DrawnValue, Mood, TranscriptLine},
};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use voice::ports::{ContextLine, ContextRole, LanguageModel, Prompt, ReplyPart, ResultsQuestion, VoiceError};

/// How long it thinks before the first word, and for each word, in room time.
const FIRST_WORD: Duration = Duration::from_millis(250);
const NEXT_WORD: Duration = Duration::from_millis(15);

/// The scripted stand-in. See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct ScriptedLanguageModel {
    speed: f32,
}

impl ScriptedLanguageModel {
    /// `speed`: room time per wall-clock time, as in the network's configuration.
    #[must_use]
    pub fn new(speed: f32) -> Self {
        let speed = if speed.is_finite() { speed.clamp(0.1, 50.0) } else { 1.0 };
        Self { speed }
    }
}

#[async_trait]
impl LanguageModel for ScriptedLanguageModel {
    async fn reply(&self, prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        let parts = parts(reply(&prompt, &read(&prompt)));
        let (first, each) = (FIRST_WORD.div_f32(self.speed), NEXT_WORD.div_f32(self.speed));
        let paced = stream::iter(parts.into_iter().enumerate()).then(move |(index, part)| async move {
            tokio::time::sleep(if index == 0 { first } else { each }).await;
            Ok(part)
        });
        Ok(paced.boxed())
    }

    async fn results(&self, question: ResultsQuestion) -> Result<Drawn, VoiceError> {
        let (prompt, positions) = as_prompt(&question);
        let talk = read(&prompt);
        let person_spoke = prompt.lines.iter().any(|line| line.role == ContextRole::Person);
        let asked_for = prompt.result_fields.len() - talk.skipped;
        let known: Vec<String> = prompt
            .result_fields
            .iter()
            .filter_map(|field| {
                let value = talk.known.get(&field.name)?;
                Some(format!("{}: {}", field.name.replace('_', " "), in_words(value)))
            })
            .collect();
        let what = if talk.wants_no_calls {
            "The person asked not to be called again.".to_owned()
        } else if talk.wants_call_back || talk.call_back.is_some() {
            let when = talk
                .call_back
                .as_ref()
                .map_or_else(String::new, |when| format!(" ({when})"));
            format!("The person asked to be called back{when}.")
        } else if talk.not_interested {
            "The person was not interested.".to_owned()
        } else if !person_spoke {
            "The person said nothing.".to_owned()
        } else if !talk.has_asked && known.is_empty() {
            "The call ended before the first question.".to_owned()
        } else if known.len() == asked_for {
            "The person answered every question.".to_owned()
        } else {
            format!("The person answered {} of {asked_for} questions.", known.len())
        };
        let summary = if known.is_empty() {
            what
        } else {
            format!("{what} {}.", first_letter_large(&known.join("; ")))
        };
        let persons: Vec<u32> = person_lines(&question.transcript).collect();
        let mood = if talk.wants_no_calls || talk.not_interested {
            Mood::Negative
        } else if talk.known.values().any(|value| *value == Value::Bool(true)) {
            Mood::Positive
        } else {
            Mood::Neutral
        };
        Ok(Drawn {
            fields: with_lines(&prompt, &positions, &talk.known),
            summary: Some(summary),
            summary_lines: persons.clone(),
            mood: Some(mood),
            mood_lines: persons.last().copied().into_iter().collect(),
            call_back: talk
                .call_back
                .or_else(|| talk.wants_call_back.then(|| "another time".to_owned())),
        })
    }
}

/// The conversation as it was while it went on, and where each of its lines stands in the transcript.
fn as_prompt(question: &ResultsQuestion) -> (Prompt, Vec<u32>) {
    let lines = question.transcript.iter().filter_map(|line| {
        let role = match line.speaker {
            Speaker::Agent => ContextRole::Agent,
            Speaker::Person => ContextRole::Person,
            Speaker::Supervisor => ContextRole::Supervisor,
            Speaker::SupervisorAloud | Speaker::Colleague => ContextRole::SupervisorAloud,
            Speaker::Act => return None,
        };
        let text = line.text.clone();
        Some((ContextLine { role, text }, line.position))
    });
    let (lines, positions) = lines.unzip();
    let prompt = Prompt {
        script: question.script.clone(),
        result_fields: question.result_fields.clone(),
        lines,
        language: question.language.clone(),
        meter: question.meter.clone(),
        ..Prompt::default()
    };
    (prompt, positions)
}

fn person_lines(transcript: &[TranscriptLine]) -> impl Iterator<Item = u32> + '_ {
    let person = transcript.iter().filter(|line| line.speaker == Speaker::Person);
    person.map(|line| line.position)
}

/// Each value with the line by which it became known: it is in what was said up to there, and was not before.
fn with_lines(prompt: &Prompt, positions: &[u32], known: &BTreeMap<String, Value>) -> BTreeMap<String, DrawnValue> {
    let mut drawn = BTreeMap::new();
    let mut so_far = Prompt {
        lines: Vec::new(),
        ..prompt.clone()
    };
    for (line, position) in prompt.lines.iter().zip(positions) {
        so_far.lines.push(line.clone());
        if line.role != ContextRole::Person {
            continue;
        }
        for (name, value) in read(&so_far).known {
            let is_new = drawn.get(&name).is_none_or(|before: &DrawnValue| before.value != value);
            if is_new && known.get(&name) == Some(&value) {
                let lines = vec![*position];
                drawn.insert(name, DrawnValue { value, lines });
            }
        }
    }
    drawn
}

/// Facts first, then the words one by one, then what becomes of the call.
fn parts(reply: Reply) -> Vec<ReplyPart> {
    let facts = reply
        .facts
        .into_iter()
        .map(|(field, value)| ReplyPart::Result { field, value });
    let words = reply
        .words
        .split_inclusive(' ')
        .map(|word| ReplyPart::Words(word.to_owned()))
        .collect::<Vec<_>>();
    let call_back = reply.call_back.map(|when| ReplyPart::CallBack { when, at: None });
    facts
        .chain(words)
        .chain(call_back)
        .chain(reply.ends.then_some(ReplyPart::EndCall))
        .collect()
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.trim_end_matches(['.', '!', ' ']).to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
