//! What is sent on the connection of a call, and what is made of what comes. Pure: orders and events in, events to send out;
//! answers and texts leave through channels.

use super::{
    answering::Answering,
    context::Context,
    events::{OutputItem, ResponseInfo, ServerEvent, failure_of, is_empty_commit},
    upstream::Upstream,
};
use crate::{
    chat::{
        answer::{LONGEST_ARGUMENTS, MOST_TOOLS, ToolCall, effects, outcome},
        request,
    },
    failure::Failure,
    transcription::LONGEST_TEXT,
};
use domain::results::ResultField;
use serde_json::{Value, json};
use std::{collections::VecDeque, mem, sync::Arc};
use telephony::Frame;
use tokio::sync::{mpsc, oneshot};
use voice::ports::{Prompt, ReplyPart};

/// Where the parts of an answer go; `None` is its end.
pub(super) type Parts = mpsc::UnboundedSender<Result<Option<ReplyPart>, Failure>>;

/// What the agent wants.
pub(super) enum Order {
    /// The person begins to speak, in an utterance of this number: what was heard before is not part of it.
    Listen(u32),
    /// Of this utterance.
    Hear(u32, Frame),
    /// The utterance is whole; its text is wanted.
    Commit(u32, oneshot::Sender<Result<String, Failure>>),
    Reply(u32, Box<Prompt>, Parts),
    /// Nobody wants this answer any more.
    Cancel(u32),
    /// So much of the last answer was heard, milliseconds; no more of it is played.
    WasHeard(u32),
}

/// An utterance whose text is wanted.
struct Hearing {
    item: Option<String>,
    tell: oneshot::Sender<Result<String, Failure>>,
}

/// An answer that is wanted.
struct Wanted {
    number: u32,
    prompt: Box<Prompt>,
    parts: Parts,
}

/// An answer that is being made on the other side. There is never more than one.
struct Response {
    number: u32,
    /// Known once the other side has begun.
    id: Option<String>,
    item: Option<String>,
    is_cancelled: bool,
    /// The first round only used tools; this one is to have words.
    is_second: bool,
    fields: Vec<ResultField>,
    parts: Parts,
    answering: Answering,
    tools: Vec<ToolCall>,
}

/// An answer in the model's own voice.
struct Spoken {
    number: u32,
    item: String,
    millis: u32,
}

/// A call's conversation with the model.
pub(super) struct Conversation {
    context: Context,
    upstream: Upstream,
    /// The utterance that is being heard. Of an older one nothing is heard any more.
    utterance: Option<u32>,
    /// Something was heard that was not committed.
    has_sound: bool,
    hearings: VecDeque<Hearing>,
    response: Option<Response>,
    /// It has to wait until the answer before it is over.
    wanted: Option<Wanted>,
    /// Instructions and tools, as they were sent last.
    told: Value,
    speaks: Option<Arc<str>>,
    last_spoken: Option<Spoken>,
    count: u32,
}

impl Conversation {
    /// `speaks` is what the model is to speak, in English words.
    pub(super) fn new(speaks: Option<Arc<str>>) -> Result<Self, Failure> {
        Ok(Self {
            context: Context::default(),
            upstream: Upstream::new()?,
            utterance: None,
            has_sound: false,
            hearings: VecDeque::new(),
            response: None,
            wanted: None,
            told: Value::Null,
            speaks,
            last_spoken: None,
            count: 0,
        })
    }

    /// What to send for an order.
    ///
    /// # Errors
    /// The connection is of no use any more.
    pub(super) fn order(&mut self, order: Order) -> Result<Vec<Value>, Failure> {
        match order {
            Order::Listen(utterance) => {
                self.utterance = Some(utterance);
                self.upstream = Upstream::new()?;
                let clear = mem::take(&mut self.has_sound);
                let event = || json!({ "type": "input_audio_buffer.clear", "event_id": "tidy_clear" });
                Ok(clear.then(event).into_iter().collect())
            }
            Order::Hear(utterance, frame) if self.utterance == Some(utterance) => {
                let event = self.upstream.append(frame.samples())?;
                self.has_sound |= event.is_some();
                Ok(event.into_iter().collect())
            }
            Order::Hear(..) => Ok(Vec::new()),
            Order::Commit(utterance, tell) if self.utterance == Some(utterance) => {
                let mut events: Vec<Value> = self.upstream.finish()?.into_iter().collect();
                self.has_sound = false;
                self.hearings.push_back(Hearing { item: None, tell });
                events.push(json!({ "type": "input_audio_buffer.commit", "event_id": "commit" }));
                Ok(events)
            }
            Order::Commit(_, tell) => {
                // The next one began before this one was sent: somebody else has to hear it.
                let _ = tell.send(Err(Failure::BrokeOff));
                Ok(Vec::new())
            }
            Order::Reply(number, prompt, parts) => {
                let mut events = self.cancel();
                self.wanted = Some(Wanted { number, prompt, parts });
                events.extend(self.begin_wanted()?);
                Ok(events)
            }
            Order::Cancel(number) => {
                self.wanted.take_if(|wanted| wanted.number == number);
                let is_this = self.response.as_ref().is_some_and(|response| response.number == number);
                Ok(if is_this { self.cancel() } else { Vec::new() })
            }
            Order::WasHeard(millis) => Ok(self.was_heard(millis)),
        }
    }

    /// Stops the answer that is being made, if one is.
    fn cancel(&mut self) -> Vec<Value> {
        let Some(response) = &mut self.response else {
            return Vec::new();
        };
        if mem::replace(&mut response.is_cancelled, true) {
            return Vec::new();
        }
        // Without its name it could be another one; it is cancelled as soon as it tells it.
        response.id.iter().map(|id| cancel_event(id)).collect()
    }

    fn was_heard(&mut self, millis: u32) -> Vec<Value> {
        let Some(spoken) = self.last_spoken.take() else {
            return Vec::new();
        };
        let still_made = self
            .response
            .as_ref()
            .is_some_and(|response| response.number == spoken.number);
        let mut events = if still_made { self.cancel() } else { Vec::new() };
        if millis < spoken.millis || still_made {
            self.count += 1;
            events.push(json!({
                "type": "conversation.item.truncate",
                "event_id": format!("tidy_cut_{}", self.count),
                "item_id": spoken.item,
                "content_index": 0,
                "audio_end_ms": millis.min(spoken.millis),
            }));
        }
        events
    }

    /// Asks for the answer that is wanted, unless another one has to end first.
    fn begin_wanted(&mut self) -> Result<Vec<Value>, Failure> {
        if self.response.is_some() {
            return Ok(Vec::new());
        }
        let Some(Wanted { number, prompt, parts }) = self.wanted.take() else {
            return Ok(Vec::new());
        };
        let mut events = Vec::new();
        let told = json!({
            "type": "realtime",
            "instructions": request::system(&prompt, self.speaks.as_deref()),
            "tools": tools(&prompt),
            "tool_choice": "auto",
        });
        if told != self.told {
            events.push(json!({ "type": "session.update", "event_id": "session", "session": told }));
            self.told = told;
        }
        events.extend(self.context.agree_with(&prompt.lines));
        events.push(create_event("auto"));
        self.response = Some(Response {
            number,
            id: None,
            item: None,
            is_cancelled: false,
            is_second: false,
            fields: prompt.result_fields,
            parts,
            answering: Answering::new()?,
            tools: Vec::new(),
        });
        Ok(events)
    }

    /// What to send for an event.
    ///
    /// # Errors
    /// The connection is of no use any more.
    pub(super) fn event(&mut self, event: ServerEvent) -> Result<Vec<Value>, Failure> {
        match event {
            ServerEvent::Committed { item_id } => {
                self.context.person_began(&item_id);
                if let Some(hearing) = self.hearings.iter_mut().find(|hearing| hearing.item.is_none()) {
                    hearing.item = Some(item_id);
                }
            }
            ServerEvent::Heard { item_id, transcript } => {
                let text = transcript.trim();
                self.context.person_said(&item_id, text);
                let told = if text.chars().count() <= LONGEST_TEXT {
                    Ok(text.to_owned())
                } else {
                    Err(Failure::Nonsense("with a text that is too long for what was said"))
                };
                self.heard(Some(&item_id), told);
            }
            ServerEvent::NotHeard { item_id } => {
                self.context.person_said(&item_id, "");
                self.heard(Some(&item_id), Err(Failure::Nonsense("without a transcript")));
            }
            ServerEvent::AnswerBegan { response } => return Ok(self.answer_began(&response.id)),
            ServerEvent::ItemBegan { response_id, item } if item.kind == "message" => {
                if let Some(response) = self.of(&response_id) {
                    response.item = Some(item.id.clone());
                    self.context.model_began(&item.id);
                }
            }
            ServerEvent::ItemDone { response_id, item } if item.kind == "function_call" => {
                if let Some(response) = self.of(&response_id) {
                    response.used(item);
                }
            }
            ServerEvent::SaidDelta { response_id, delta } => self.said(&response_id, delta),
            ServerEvent::Said {
                response_id,
                transcript,
            } => {
                // Some tell it only now.
                let told = self
                    .of(&response_id)
                    .is_none_or(|response| response.answering.has_words());
                if !told {
                    self.said(&response_id, transcript);
                }
            }
            ServerEvent::TextDelta { response_id, delta } => {
                let words = delta.clone();
                self.part(&response_id, |answering| Ok(answering.wrote(words)));
                self.remember(&response_id, &delta);
            }
            ServerEvent::SoundDelta { response_id, delta } => {
                self.part(&response_id, |answering| answering.sounded(&delta));
                self.note_length(&response_id);
            }
            ServerEvent::AnswerDone { response } => return self.answer_done(response),
            ServerEvent::Error { error } => return self.error(&error),
            _ => {}
        }
        Ok(Vec::new())
    }

    /// The text of an utterance is known; without a name, that of the first whose item is not known.
    fn heard(&mut self, item: Option<&str>, text: Result<String, Failure>) {
        let is_it = |hearing: &Hearing| hearing.item.as_deref() == item;
        if let Some(hearing) = self
            .hearings
            .iter()
            .position(is_it)
            .and_then(|at| self.hearings.remove(at))
        {
            // Whoever asked may not want it any more, because the person goes on.
            let _ = hearing.tell.send(text);
        }
    }

    /// The current answer, if this is its name.
    fn of(&mut self, id: &str) -> Option<&mut Response> {
        self.response
            .as_mut()
            .filter(|response| id.is_empty() || response.id.as_deref().is_none_or(|known| known == id))
    }

    fn answer_began(&mut self, id: &str) -> Vec<Value> {
        let Some(response) = self.response.as_mut().filter(|response| response.id.is_none()) else {
            return Vec::new();
        };
        response.id = Some(id.to_owned());
        let unwanted = response.is_cancelled;
        unwanted.then(|| cancel_event(id)).into_iter().collect()
    }

    fn said(&mut self, id: &str, words: String) {
        self.remember(id, &words);
        self.part(id, |answering| Ok(answering.said(words)));
        self.note_length(id);
    }

    fn remember(&mut self, id: &str, words: &str) {
        let item = self.of(id).filter(|response| !response.is_cancelled);
        if let Some(item) = item.and_then(|response| response.item.clone()) {
            self.context.model_said(&item, words);
        }
    }

    fn part(&mut self, id: &str, take: impl FnOnce(&mut Answering) -> Result<Vec<ReplyPart>, Failure>) {
        let Some(response) = self.of(id).filter(|response| !response.is_cancelled) else {
            return;
        };
        match take(&mut response.answering) {
            Ok(parts) => response.give(parts),
            // It is told once; whoever waits for the answer gives it up and cancels it.
            Err(failure) => response.fail(failure),
        }
    }

    /// How long the sound of the last answer is, in case it is cut.
    fn note_length(&mut self, id: &str) {
        let Some(response) = self.of(id).filter(|response| response.answering.speaks()) else {
            return;
        };
        if let Some(item) = response.item.clone() {
            let (number, millis) = (response.number, response.answering.millis());
            self.last_spoken = Some(Spoken { number, item, millis });
        }
    }

    fn answer_done(&mut self, done: ResponseInfo) -> Result<Vec<Value>, Failure> {
        if self.of(&done.id).is_none() {
            return Ok(Vec::new());
        }
        let Some(mut response) = self.response.take() else {
            return Ok(Vec::new());
        };
        if response.is_cancelled {
            return self.begin_wanted();
        }
        let status = done.status.as_str();
        if status == "failed" || status == "cancelled" {
            let error = &done.status_details["error"];
            response.fail(if error.is_null() {
                Failure::BrokeOff
            } else {
                failure_of(error)
            });
            return self.begin_wanted();
        }
        for item in done.output {
            if item.kind == "function_call" && response.tools.iter().all(|tool| tool.id != item.call_id) {
                response.used(item);
            }
        }
        match response.answering.finish() {
            Ok(parts) => response.give(parts),
            Err(failure) => {
                response.fail(failure);
                return self.begin_wanted();
            }
        }
        let (mut events, goes_on) = response.use_tools();
        if goes_on && !response.is_second {
            events.push(create_event("none"));
            self.response = Some(Response {
                id: None,
                item: None,
                is_second: true,
                answering: Answering::new()?,
                tools: Vec::new(),
                ..response
            });
            return Ok(events);
        }
        let _ = response.parts.send(Ok(None));
        if let (Some(spoken), true) = (&mut self.last_spoken, response.answering.speaks()) {
            spoken.millis = response.answering.millis();
        }
        events.extend(self.begin_wanted()?);
        Ok(events)
    }

    fn error(&mut self, error: &Value) -> Result<Vec<Value>, Failure> {
        let of = error["event_id"].as_str().unwrap_or_default();
        let code = error["code"].as_str().unwrap_or_default();
        if of.starts_with("tidy") || code == "response_cancel_not_active" {
            return Ok(Vec::new());
        }
        if is_empty_commit(error) {
            self.heard(None, Ok(String::new()));
            return Ok(Vec::new());
        }
        let failure = failure_of(error);
        if of == "commit" {
            self.heard(None, Err(failure));
            return Ok(Vec::new());
        }
        match self.response.take() {
            Some(response) => {
                response.fail(failure);
                self.begin_wanted()
            }
            None => Err(failure),
        }
    }
}

impl Response {
    fn give(&self, parts: Vec<ReplyPart>) {
        for part in parts {
            // Who does not want it any more says so.
            let _ = self.parts.send(Ok(Some(part)));
        }
    }

    fn fail(&self, failure: Failure) {
        let _ = self.parts.send(Err(failure));
    }

    fn used(&mut self, item: OutputItem) {
        let length = item.arguments.len() + item.name.len() + item.call_id.len();
        if self.tools.len() < MOST_TOOLS && length <= LONGEST_ARGUMENTS {
            self.tools.push(ToolCall {
                id: item.call_id,
                name: item.name,
                arguments: item.arguments,
            });
        }
    }

    /// Does what the tools do. Gives what the model is told of it, and whether it waits for that before it says anything.
    fn use_tools(&self) -> (Vec<Value>, bool) {
        let (mut parts, mut ends, mut events) = (Vec::new(), false, Vec::new());
        for tool in &self.tools {
            let known = effects(tool, &self.fields, &mut parts, &mut ends);
            events.push(json!({
                "type": "conversation.item.create",
                "event_id": "tidy_tool",
                "item": { "type": "function_call_output", "call_id": tool.id, "output": outcome(known) },
            }));
        }
        if ends {
            parts.push(ReplyPart::EndCall);
        }
        // What follows from a tool that the campaign allows is seen in the call, not told here.
        let acts = parts.iter().any(|part| matches!(part, ReplyPart::Tool(_)));
        self.give(parts);
        let waits = !events.is_empty() && !self.answering.has_begun() && !ends && !acts;
        (events, waits)
    }
}

fn cancel_event(id: &str) -> Value {
    json!({ "type": "response.cancel", "event_id": "tidy_cancel", "response_id": id })
}

fn create_event(tool_choice: &str) -> Value {
    json!({ "type": "response.create", "event_id": "reply", "response": { "tool_choice": tool_choice } })
}

/// The tools as this interface wants them: without the shell that chat completions have.
fn tools(prompt: &Prompt) -> Vec<Value> {
    let mut tools = request::tools(prompt);
    for tool in &mut tools {
        let mut function = tool["function"].take();
        function["type"] = "function".into();
        *tool = function;
    }
    tools
}

#[cfg(test)]
mod tests;
