//! Live events on their way to the browsers: read once per process, shared by all viewers.

use domain::{ConversationId, ImportId};
use futures::Stream;
use std::sync::Arc;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// What a viewer watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Everything that [`domain::live::LiveState`] folds.
    Dashboard,
    /// One call, with its glimpses.
    Conversation(ConversationId),
    /// One import.
    Import(ImportId),
}

/// One message for a viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedMessage {
    /// Where to resume after it; `None` if it holds nothing durable.
    pub id: Option<i64>,
    /// JSON of a [`domain::live::LiveBatch`], or `{"reset":true}`: load the state anew.
    pub data: Arc<str>,
}

/// The one reader of events of a process. Clones share it.
#[derive(Clone, Debug)]
pub struct EventFeed {}

impl EventFeed {
    /// Starts to read, until `stop`.
    ///
    /// # Errors
    /// The database is away.
    pub async fn start(_store: Store, _stop: CancellationToken) -> Result<Self, StoreError> {
        Ok(Self {})
    }

    /// All that happens from now on; with `after`, first what happened after that event. The stream ends when the feed
    /// is stopped, and after a reset.
    pub fn subscribe(&self, _topic: Topic, _after: Option<i64>) -> impl Stream<Item = FeedMessage> + Send + use<> {
        futures::stream::empty()
    }
}
