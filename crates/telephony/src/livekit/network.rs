//! Rooms on LiveKit.

use super::{
    LiveKitSettings,
    api::Api,
    caller_ids::CallerIds,
    ending, names,
    participant::{Engine, Joined, TokenSource},
    seat::Seat,
    tokens::BROWSER_TTL,
};
use crate::{
    AgentSeat, Arrival, BrowserAccess, BrowserSeat, CallRoom, DialRecord, HeardFrames, TelephoneNetwork, TelephonyError,
};
use async_trait::async_trait;
use domain::{AttemptId, ConversationId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::broadcast;

/// Ticks that a listener may be behind: a bit more than a second.
const LISTENER_BACKLOG: usize = 64;
/// Opening a room takes no longer.
const OPENING: Duration = Duration::from_secs(10);

/// What all rooms share.
pub(super) struct Shared {
    pub(super) api: Arc<Api>,
    pub(super) caller_ids: CallerIds,
    engine: Box<dyn Engine>,
    rooms: Mutex<HashMap<ConversationId, broadcast::Sender<HeardFrames>>>,
}

impl Shared {
    pub(super) fn forget(&self, conversation: ConversationId) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.remove(&conversation);
    }

    /// Lets the agent into a room that is there.
    async fn join(&self, room: &CallRoom) -> Result<Joined, TelephonyError> {
        let tokens = Arc::new(AgentTokens {
            api: Arc::clone(&self.api),
            room: room.clone(),
        });
        self.engine.join(&self.api.settings.url, tokens).await
    }

    async fn create_and_join(&self, conversation: ConversationId) -> Result<Joined, TelephonyError> {
        self.api.create_room(conversation).await?;
        self.join(&conversation.into()).await
    }
}

/// New tokens for an agent that comes back after a lost connection.
struct AgentTokens {
    api: Arc<Api>,
    room: CallRoom,
}

impl TokenSource for AgentTokens {
    fn token(&self) -> Result<String, TelephonyError> {
        self.api.key.agent(&self.room)
    }
}

/// LiveKit as a telephone network. Cheap to clone.
#[derive(Clone)]
pub struct LiveKitNetwork {
    shared: Arc<Shared>,
}

impl LiveKitNetwork {
    /// Nothing is connected yet; [`TelephoneNetwork::check`] tells whether it can be.
    #[must_use]
    pub fn new(settings: LiveKitSettings, engine: impl Engine) -> Self {
        Self {
            shared: Arc::new(Shared {
                caller_ids: CallerIds::new(settings.caller_ids.clone()),
                api: Arc::new(Api::new(settings)),
                engine: Box::new(engine),
                rooms: Mutex::default(),
            }),
        }
    }

    /// The agent's seat in a room that is there.
    async fn enter(&self, room: &CallRoom) -> Result<Seat, TelephonyError> {
        let (conversation, listeners) = (room.conversation, broadcast::Sender::new(LISTENER_BACKLOG));
        {
            let mut rooms = self.shared.rooms.lock().unwrap_or_else(PoisonError::into_inner);
            rooms.insert(conversation, listeners.clone());
        }
        let joined = in_time(self.shared.join(room), "LiveKit did not let the agent in, in time")
            .await
            // The room is left as it is: it is asked for again, or put away by whoever gives the call up.
            .inspect_err(|_| self.shared.forget(conversation))?;
        Ok(Seat::new(Arc::clone(&self.shared), room, listeners, joined))
    }
}

#[async_trait]
impl TelephoneNetwork for LiveKitNetwork {
    async fn open_room(&self, conversation: ConversationId) -> Result<Box<dyn AgentSeat>, TelephonyError> {
        let listeners = broadcast::Sender::new(LISTENER_BACKLOG);
        {
            let mut rooms = self.shared.rooms.lock().unwrap_or_else(PoisonError::into_inner);
            if rooms.contains_key(&conversation) {
                return Err(TelephonyError::Unavailable("the room is open already".to_owned()));
            }
            rooms.insert(conversation, listeners.clone());
        }
        let mut opening = Opening {
            shared: &self.shared,
            conversation,
            opened: false,
        };
        let entered = in_time(
            self.shared.create_and_join(conversation),
            "LiveKit did not open a room in time",
        )
        .await?;
        opening.opened = true;
        Ok(Box::new(Seat::new(
            Arc::clone(&self.shared),
            &conversation.into(),
            listeners,
            entered,
        )))
    }

    async fn rejoin(&self, room: &CallRoom) -> Result<Option<Box<dyn AgentSeat>>, TelephonyError> {
        let Some(person) = self.shared.api.person_on_the_line(room).await? else {
            return Ok(None);
        };
        let seat = self.enter(room).await?;
        Ok(Some(Box::new(seat.taken_over(person))))
    }

    async fn arrivals(&self) -> Result<Vec<Arrival>, TelephonyError> {
        self.shared.api.arrivals().await
    }

    async fn answer(&self, room: &CallRoom, caller: &str) -> Result<Option<Box<dyn AgentSeat>>, TelephonyError> {
        // Whoever joins an empty room would wait in it alone.
        if !self.shared.api.is_in(&names::room_of(room), caller).await? {
            return Ok(None);
        }
        let seat = self.enter(room).await?;
        Ok(Some(Box::new(seat.answering(caller.to_owned()))))
    }

    /// LiveKit keeps no record of calls that are over, so whoever was about to dial may have dialled.
    async fn was_dialled(&self, _attempt: AttemptId) -> Result<DialRecord, TelephonyError> {
        Ok(DialRecord::Dialled)
    }

    async fn check(&self) -> Result<(), String> {
        self.shared.api.check().await
    }

    fn listen(&self, conversation: ConversationId) -> Option<broadcast::Receiver<HeardFrames>> {
        let rooms = self.shared.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        Some(rooms.get(&conversation)?.subscribe())
    }

    fn browser_access(&self, room: &CallRoom, seat: BrowserSeat) -> Result<Option<BrowserAccess>, TelephonyError> {
        Ok(Some(BrowserAccess {
            url: self.shared.api.settings.public_url.clone(),
            token: self.shared.api.key.browser(room, &seat)?,
            expires_in: BROWSER_TTL,
            agent: names::AGENT.to_owned(),
        }))
    }

    async fn remove_browser(&self, room: &CallRoom, identity: &str) -> Result<(), TelephonyError> {
        self.shared.api.remove(&names::room_of(room), identity).await
    }

    async fn end_orphan(&self, room: &CallRoom) -> Result<(), TelephonyError> {
        self.shared.api.delete_room(&names::room_of(room)).await
    }
}

/// The agent comes into a room within [`OPENING`] or not at all.
async fn in_time(
    joining: impl Future<Output = Result<Joined, TelephonyError>>,
    too_late: &str,
) -> Result<Joined, TelephonyError> {
    let late = |_| Err(TelephonyError::Unavailable(too_late.to_owned()));
    tokio::time::timeout(OPENING, joining).await.unwrap_or_else(late)
}

/// A room that is being opened; given up half-way, it is put away.
struct Opening<'a> {
    shared: &'a Arc<Shared>,
    conversation: ConversationId,
    opened: bool,
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        if !self.opened {
            self.shared.forget(self.conversation);
            let (api, room) = (Arc::clone(&self.shared.api), names::room_of(&self.conversation.into()));
            tokio::spawn(async move { ending::give_up(&api, &room).await });
        }
    }
}
