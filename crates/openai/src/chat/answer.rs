//! The pieces of a streamed chat completion, and what they come to. Pure.

use super::{
    request::{CALL_BACK, DO_NOT_CALL, END_CALL, LOOK_UP, PRESS_KEYS, RECORD_RESULTS, TRANSFER, VOICEMAIL},
    tally::Tokens,
    words::SpeakableWords,
};
use crate::failure::{Failure, RetryAfter};
use domain::results::ResultField;
use serde::Deserialize;
use serde_json::{Value, json};
use voice::ports::{ReplyPart, ToolUse};

/// Arguments of one tool may be this long, bytes.
pub(crate) const LONGEST_ARGUMENTS: usize = 16_384;
/// Tools in one answer.
pub(crate) const MOST_TOOLS: usize = 16;

/// One piece. Other services than the vendor's leave fields out, so only what is used is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    choices: Vec<Choice>,
    error: Option<Value>,
    usage: Option<Value>,
}

impl Chunk {
    /// How many tokens the whole answer took: only in its last piece, if at all.
    pub(super) fn usage(&self) -> Option<Tokens> {
        self.usage.as_ref().and_then(Tokens::read)
    }

    /// What the model wrote in this piece, spoken or not.
    pub(super) fn written(&self) -> &str {
        let delta = self.choices.first().map(|choice| &choice.delta);
        delta.and_then(|delta| delta.content.as_deref()).unwrap_or_default()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<ToolPiece>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ToolPiece {
    index: Option<usize>,
    id: Option<String>,
    function: FunctionPiece,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FunctionPiece {
    name: Option<String>,
    arguments: Option<String>,
}

/// A tool that the model uses.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToolCall {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

/// An answer as it comes in.
#[derive(Debug, Default)]
pub(super) struct Answer {
    words: SpeakableWords,
    tools: Vec<ToolCall>,
    spoke: bool,
    finished: bool,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) parts: Vec<ReplyPart>,
    /// Tools were used, and nothing was said and the call does not end: the model waits for their outcome. These messages
    /// tell it.
    pub(super) go_on: Option<Vec<Value>>,
}

impl Answer {
    /// The words that this piece adds.
    ///
    /// # Errors
    /// The service failed, or the answer makes no sense.
    pub(super) fn push(&mut self, chunk: Chunk) -> Result<Option<String>, Failure> {
        if chunk.error.is_some() {
            return Err(Failure::Broken(200, RetryAfter::Unsaid));
        }
        let Some(choice) = chunk.choices.into_iter().next() else {
            return Ok(None);
        };
        self.finished |= choice.finish_reason.is_some();
        for piece in choice.delta.tool_calls.into_iter().flatten() {
            self.tool(piece)?;
        }
        // A refusal is what the model says, too.
        let written = choice.delta.content.or(choice.delta.refusal).unwrap_or_default();
        let words = self.words.push(&written)?;
        self.spoke |= words.as_ref().is_some_and(|words| !words.trim().is_empty());
        Ok(words)
    }

    fn tool(&mut self, piece: ToolPiece) -> Result<(), Failure> {
        let name = piece.function.name.unwrap_or_default();
        // Without an index a name begins the next one.
        let index = piece
            .index
            .unwrap_or_else(|| (self.tools.len() + usize::from(!name.is_empty())).saturating_sub(1));
        if index >= MOST_TOOLS {
            return Err(Failure::Nonsense("with too many tools"));
        }
        if self.tools.len() <= index {
            self.tools.resize(index + 1, ToolCall::default());
        }
        let tool = &mut self.tools[index];
        tool.name.push_str(&name);
        tool.id.push_str(&piece.id.unwrap_or_default());
        tool.arguments.push_str(&piece.function.arguments.unwrap_or_default());
        if tool.arguments.len() + tool.name.len() + tool.id.len() > LONGEST_ARGUMENTS {
            return Err(Failure::Nonsense("with tools that do not end"));
        }
        Ok(())
    }

    /// No more comes.
    ///
    /// # Errors
    /// It broke off, or makes no sense.
    pub(super) fn finish(self, fields: &[ResultField]) -> Result<Whole, Failure> {
        if !self.finished {
            return Err(Failure::BrokeOff);
        }
        let mut parts = Vec::new();
        let mut spoke = self.spoke;
        if let Some(words) = self.words.finish()? {
            spoke |= !words.trim().is_empty();
            parts.push(ReplyPart::Words(words));
        }
        let (mut ends, mut acts, mut calls, mut outcomes) = (false, false, Vec::new(), Vec::new());
        for (index, tool) in self.tools.iter().enumerate() {
            let known = effects(tool, fields, &mut parts, &mut ends);
            acts |= known && matches!(parts.last(), Some(ReplyPart::Tool(_)));
            if !known {
                tracing::debug!("the model used a tool that there is not, or used it wrongly");
            }
            let id = if tool.id.is_empty() {
                format!("call_{index}")
            } else {
                tool.id.clone()
            };
            calls.push(json!({
                "id": id, "type": "function",
                "function": { "name": tool.name, "arguments": tool.arguments },
            }));
            outcomes.push(json!({ "role": "tool", "tool_call_id": id, "content": outcome(known) }));
        }
        if ends {
            parts.push(ReplyPart::EndCall);
        }
        // What follows from a tool that the campaign allows is seen in the call, not told here.
        let waits = !calls.is_empty() && !spoke && !ends && !acts;
        let go_on = waits.then(|| {
            let mut messages = vec![json!({ "role": "assistant", "content": null, "tool_calls": calls })];
            messages.extend(outcomes);
            messages
        });
        Ok(Whole { parts, go_on })
    }
}

/// What the model is told of a tool that it has used.
pub(crate) const fn outcome(known: bool) -> &'static str {
    if known {
        "Done. Go on talking."
    } else {
        "Not possible. Go on talking."
    }
}

/// What a tool does, if there is such a tool and its arguments are right.
pub(crate) fn effects(tool: &ToolCall, fields: &[ResultField], parts: &mut Vec<ReplyPart>, ends: &mut bool) -> bool {
    if tool.name == END_CALL {
        *ends = true;
        return true;
    }
    if tool.name == DO_NOT_CALL {
        parts.push(ReplyPart::DoNotCall);
        *ends = true;
        return true;
    }
    if tool.name == TRANSFER || tool.name == VOICEMAIL {
        parts.push(ReplyPart::Tool(if tool.name == TRANSFER {
            ToolUse::Transfer
        } else {
            ToolUse::LeaveVoicemail
        }));
        return true;
    }
    let Ok(Value::Object(arguments)) = serde_json::from_str(&tool.arguments) else {
        return false;
    };
    let text = |name: &str| {
        let text = arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        (!text.trim().is_empty()).then(|| text.trim().to_owned())
    };
    let mut push = |part: Option<ReplyPart>| {
        let known = part.is_some();
        parts.extend(part);
        known
    };
    match tool.name.as_str() {
        RECORD_RESULTS => {
            let before = parts.len();
            parts.extend(arguments.into_iter().filter_map(|(name, value)| {
                let field = fields.iter().find(|field| field.name == name)?;
                field
                    .accepts(&value)
                    .then_some(ReplyPart::Result { field: name, value })
            }));
            parts.len() > before
        }
        CALL_BACK => push(text("when").map(|when| ReplyPart::CallBack { when, at: text("at") })),
        PRESS_KEYS => push(text("keys").map(|keys| ReplyPart::Tool(ToolUse::Press(keys)))),
        LOOK_UP => push(text("question").map(|question| ReplyPart::Tool(ToolUse::LookUp(question.into())))),
        _ => false,
    }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
