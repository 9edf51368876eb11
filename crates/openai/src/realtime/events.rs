//! What comes down the connection. Other servers than the vendor's leave fields out, so only what is used is asked for, and
//! kinds of events that are not known are passed over.

use crate::failure::{Failure, RetryAfter};
use serde::Deserialize;
use serde_json::Value;

/// An event of the server.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type")]
pub(super) enum ServerEvent {
    #[serde(rename = "session.updated", alias = "transcription_session.updated")]
    SessionUpdated,
    #[serde(rename = "input_audio_buffer.committed")]
    Committed {
        #[serde(default)]
        item_id: String,
    },
    #[serde(rename = "conversation.item.input_audio_transcription.delta")]
    HeardDelta {
        #[serde(default)]
        item_id: String,
        #[serde(default)]
        delta: String,
    },
    #[serde(rename = "conversation.item.input_audio_transcription.completed")]
    Heard {
        #[serde(default)]
        item_id: String,
        #[serde(default)]
        transcript: String,
    },
    #[serde(rename = "conversation.item.input_audio_transcription.failed")]
    NotHeard {
        #[serde(default)]
        item_id: String,
    },
    #[serde(rename = "response.created")]
    AnswerBegan {
        #[serde(default)]
        response: ResponseInfo,
    },
    #[serde(rename = "response.output_item.added")]
    ItemBegan {
        #[serde(default)]
        response_id: String,
        #[serde(default)]
        item: OutputItem,
    },
    #[serde(rename = "response.output_item.done")]
    ItemDone {
        #[serde(default)]
        response_id: String,
        #[serde(default)]
        item: OutputItem,
    },
    #[serde(
        rename = "response.output_audio_transcript.delta",
        alias = "response.audio_transcript.delta"
    )]
    SaidDelta {
        #[serde(default)]
        response_id: String,
        #[serde(default)]
        delta: String,
    },
    #[serde(
        rename = "response.output_audio_transcript.done",
        alias = "response.audio_transcript.done"
    )]
    Said {
        #[serde(default)]
        response_id: String,
        #[serde(default)]
        transcript: String,
    },
    #[serde(rename = "response.output_audio.delta", alias = "response.audio.delta")]
    SoundDelta {
        #[serde(default)]
        response_id: String,
        #[serde(default)]
        delta: String,
    },
    #[serde(rename = "response.output_text.delta", alias = "response.text.delta")]
    TextDelta {
        #[serde(default)]
        response_id: String,
        #[serde(default)]
        delta: String,
    },
    #[serde(rename = "response.done")]
    AnswerDone {
        #[serde(default)]
        response: ResponseInfo,
    },
    #[serde(rename = "error")]
    Error {
        #[serde(default)]
        error: Value,
    },
    #[serde(other)]
    Other,
}

/// An answer as a whole.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct ResponseInfo {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) status_details: Value,
    pub(super) output: Vec<OutputItem>,
}

/// Something in an answer: words, or a tool that is used.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct OutputItem {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) call_id: String,
    pub(super) arguments: String,
}

/// There was no sound to commit.
pub(super) fn is_empty_commit(error: &Value) -> bool {
    error["code"] == "input_audio_buffer_commit_empty"
}

/// What an error means. Its text may quote what was said and is dropped.
pub(super) fn failure_of(error: &Value) -> Failure {
    let is = |word: &str| error["code"] == word || error["type"] == word;
    if is("invalid_api_key") || is("authentication_error") {
        Failure::KeyRefused(401)
    } else if is("insufficient_quota") {
        Failure::QuotaUsedUp
    } else if is("model_not_found") {
        Failure::NotFound
    } else if is("rate_limit_exceeded") || is("rate_limit_error") {
        Failure::Busy(RetryAfter::Unsaid)
    } else if is("server_error") || is("internal_error") {
        Failure::Broken(500, RetryAfter::Unsaid)
    } else if is("session_expired") {
        Failure::BrokeOff
    } else {
        Failure::Rejected(400)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unknown_events_and_missing_fields_are_taken() {
        let read = |value: Value| serde_json::from_value::<ServerEvent>(value).expect("an event");
        assert_eq!(
            read(json!({ "type": "rate_limits.updated", "x": 1 })),
            ServerEvent::Other
        );
        assert_eq!(
            read(json!({ "type": "session.updated", "session": { "type": "transcription" } })),
            ServerEvent::SessionUpdated
        );
        let committed = read(json!({ "type": "input_audio_buffer.committed", "previous_item_id": null }));
        assert_eq!(committed, ServerEvent::Committed { item_id: String::new() });
    }

    #[test]
    fn an_error_is_typed_and_loses_its_words() {
        for (error, failure) in [
            (json!({ "code": "invalid_api_key" }), Failure::KeyRefused(401)),
            (json!({ "type": "insufficient_quota" }), Failure::QuotaUsedUp),
            (
                json!({ "type": "server_error", "message": "Ada" }),
                Failure::Broken(500, RetryAfter::Unsaid),
            ),
            (json!("a word"), Failure::Rejected(400)),
            (Value::Null, Failure::Rejected(400)),
        ] {
            assert_eq!(failure_of(&error), failure, "{error}");
            assert!(!failure.to_string().contains("Ada"));
        }
    }
}
