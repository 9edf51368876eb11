//! Events and glimpses as messages.

use super::{FeedMessage, IN_ONE_MESSAGE, Topic};
use domain::live::{Glimpse, Happening, LiveEvent};
use serde::Serialize;
use std::{ops::Deref, sync::Arc};

const RESET: &str = r#"{"reset":true}"#;

/// [`domain::live::LiveBatch`], borrowed.
#[derive(Serialize)]
struct Batch<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<&'a LiveEvent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    glimpses: Vec<&'a Glimpse>,
}

impl Batch<'_> {
    fn message(&self) -> FeedMessage {
        match serde_json::to_string(self) {
            Ok(json) => FeedMessage {
                id: self.events.last().map(|event| event.id),
                data: json.into(),
            },
            Err(error) => {
                tracing::error!(%error, "live events could not be written as JSON");
                reset()
            }
        }
    }
}

/// One message for some events, which are in their order.
pub(super) fn of_batch<'a>(events: impl Iterator<Item = &'a LiveEvent>) -> FeedMessage {
    Batch {
        events: events.collect(),
        glimpses: Vec::new(),
    }
    .message()
}

/// Messages of bounded size for any number of events.
pub(super) fn of_events(events: &[Arc<LiveEvent>]) -> Vec<FeedMessage> {
    events
        .chunks(IN_ONE_MESSAGE)
        .map(|chunk| of_batch(chunk.iter().map(Deref::deref)))
        .collect()
}

/// One message for some glimpses.
pub(super) fn of_glimpses<'a>(glimpses: impl Iterator<Item = &'a Glimpse>) -> FeedMessage {
    Batch {
        events: Vec::new(),
        glimpses: glimpses.collect(),
    }
    .message()
}

/// “Load the state anew.”
pub(super) fn reset() -> FeedMessage {
    FeedMessage {
        id: None,
        data: RESET.into(),
    }
}

pub(super) fn is_reset(message: &FeedMessage) -> bool {
    &*message.data == RESET
}

/// True if viewers of `topic` are told of `event`.
pub(super) fn concerns(topic: Topic, event: &LiveEvent) -> bool {
    match topic {
        Topic::Dashboard => !matches!(event.happened, Happening::ImportMoved { .. }),
        Topic::Conversation(id) => event.happened.conversation() == Some(id),
        Topic::Import(id) => {
            matches!(&event.happened, Happening::ImportMoved { import } if import.import_id == id)
        }
    }
}

/// The topic of the one thing that `event` is about, if it is one that is watched on its own.
pub(super) fn own_topic(event: &LiveEvent) -> Option<Topic> {
    match &event.happened {
        Happening::ImportMoved { import } => Some(Topic::Import(import.import_id)),
        other => other.conversation().map(Topic::Conversation),
    }
}
