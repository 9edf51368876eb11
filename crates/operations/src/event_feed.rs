//! Live events on their way to the browsers: read once per process, shared by all viewers.
//!
//! One task ([`reader`]) reads the log and hears the glimpses. For each topic that somebody watches it makes one
//! message and hands it to all its viewers, so a thousand viewers cost one reading, one serialisation and a thousand
//! pointers. What a viewer missed comes from a ring of the newest events, or, if it was away for longer, from the log.

mod glimpses;
mod messages;
mod reader;

use domain::{
    ConversationId, ImportId,
    agent_state::AgentState,
    live::{Glimpse, LiveEvent},
};
use futures::{Stream, StreamExt, stream};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::{
    Store, StoreError,
    event_log::{self, Which},
};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

/// Events kept in memory for viewers who come back.
const RING: usize = 10_000;
/// Events that a viewer who was away is sent; whoever missed more loads the state anew.
const MOST_MISSED: i64 = 10_000;
/// Messages that a viewer may be behind before it has to load the state anew.
const MOST_BEHIND: usize = 256;
/// Events in one message to a viewer who was away.
const IN_ONE_MESSAGE: usize = 500;

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
#[derive(Clone)]
pub struct EventFeed {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Id of the last event that was handed to the viewers.
    head: i64,
    /// The ring holds every event after this one.
    floor: i64,
    ring: VecDeque<Arc<LiveEvent>>,
    /// One for each topic that is watched.
    viewers: HashMap<Topic, broadcast::Sender<FeedMessage>>,
    /// What each agent was last seen doing; a newcomer is told at once.
    agents: HashMap<ConversationId, AgentState>,
    stopped: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock leaves the state half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for EventFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state();
        f.debug_struct("EventFeed")
            .field("head", &state.head)
            .field("topics", &state.viewers.len())
            .finish_non_exhaustive()
    }
}

/// What a viewer missed, before it is turned into messages.
enum Missed {
    Known(Vec<Arc<LiveEvent>>),
    /// In the log, after the first id and up to the second.
    InTheLog(i64, i64),
}

impl EventFeed {
    /// Starts to read, until `stop`.
    ///
    /// # Errors
    /// The database is away.
    pub async fn start(store: Store, stop: CancellationToken) -> Result<Self, StoreError> {
        let mut conn = store.connection().await?;
        let head = event_log::newest(&mut conn).await?;
        store::events::to_disk(&mut conn).await?;
        drop(conn);
        let feed = Self {
            shared: Arc::new(Shared {
                store,
                state: Mutex::new(State {
                    head,
                    floor: head,
                    ..State::default()
                }),
            }),
        };
        tokio::spawn(reader::run(Arc::clone(&feed.shared), stop));
        Ok(feed)
    }

    /// False once the feed has stopped reading.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.shared.state().stopped
    }

    /// All that happens from now on; with `after`, first what happened after that event. The stream ends when the feed
    /// is stopped, and after a reset.
    pub fn subscribe(&self, topic: Topic, after: Option<i64>) -> impl Stream<Item = FeedMessage> + Send + use<> {
        let (receiver, missed, agents) = {
            let mut state = self.shared.state();
            let state = &mut *state;
            let receiver = if state.stopped {
                broadcast::channel(1).1
            } else {
                state
                    .viewers
                    .entry(topic)
                    .or_insert_with(|| broadcast::channel(MOST_BEHIND).0)
                    .subscribe()
            };
            let missed = match after {
                None => Missed::Known(Vec::new()),
                Some(after) if after >= state.floor => {
                    let first = state.ring.partition_point(|event| event.id <= after);
                    let events = state
                        .ring
                        .range(first..)
                        .filter(|event| messages::concerns(topic, event));
                    Missed::Known(events.cloned().collect())
                }
                Some(after) => Missed::InTheLog(after, state.head),
            };
            let agents: Vec<Glimpse> = match topic {
                Topic::Dashboard => state.agents.iter().map(agent_state).collect(),
                Topic::Conversation(id) => state.agents.get_key_value(&id).map(agent_state).into_iter().collect(),
                Topic::Import(_) => Vec::new(),
            };
            (receiver, missed, agents)
        };
        let store = self.shared.store.clone();
        let beginning = async move {
            let mut first = match missed {
                Missed::Known(events) => messages::of_events(&events),
                Missed::InTheLog(after, until) => from_the_log(&store, topic, after, until).await,
            };
            if !agents.is_empty() {
                first.push(messages::of_glimpses(agents.iter()));
            }
            first
        };
        let live = stream::unfold(Some(receiver), |receiver| async move {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Ok(message) => Some((message, Some(receiver))),
                Err(RecvError::Lagged(_)) => Some((messages::reset(), None)),
                Err(RecvError::Closed) => None,
            }
        });
        let all = Box::pin(stream::once(beginning).flat_map(stream::iter).chain(live));
        // Nothing comes after a reset, and the stream ends with it, not with the message behind it.
        stream::unfold(Some(all), |all| async move {
            let mut all = all?;
            let message = all.next().await?;
            let rest = (!messages::is_reset(&message)).then_some(all);
            Some((message, rest))
        })
    }
}

fn agent_state((conversation_id, state): (&ConversationId, &AgentState)) -> Glimpse {
    Glimpse::AgentState {
        conversation_id: *conversation_id,
        state: *state,
    }
}

/// What a viewer missed that was away for longer than the ring reaches back; a reset if that is too much or gone.
async fn from_the_log(store: &Store, topic: Topic, after: i64, until: i64) -> Vec<FeedMessage> {
    let which = match topic {
        Topic::Dashboard => Which::All,
        Topic::Conversation(id) => Which::Conversation(id),
        Topic::Import(id) => Which::Import(id),
    };
    let read = async {
        let mut conn = store.connection().await?;
        if !event_log::reaches_back_to(&mut conn, after).await? {
            return Ok(None);
        }
        let stretch = event_log::read(&mut conn, which, after, until, MOST_MISSED).await?;
        Ok::<_, StoreError>((!stretch.full).then_some(stretch.events))
    };
    match read.await {
        Ok(Some(events)) => {
            let events: Vec<Arc<LiveEvent>> = events
                .into_iter()
                .map(Arc::new)
                .filter(|event| messages::concerns(topic, event))
                .collect();
            messages::of_events(&events)
        }
        Ok(None) => vec![messages::reset()],
        Err(error) => {
            tracing::warn!(%error, "missed events could not be read");
            vec![messages::reset()]
        }
    }
}

#[cfg(test)]
mod tests;
