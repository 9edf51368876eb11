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
        let entering = Entering::begin(&self.shared, room.clone(), IfGivenUp::LeaveRoomAsItIs)?;
        let joining = self.shared.join(room);
        entering
            .take_seat(joining, "LiveKit did not let the agent in, in time")
            .await
    }
}

#[async_trait]
impl TelephoneNetwork for LiveKitNetwork {
    fn charges(&self) -> bool {
        true
    }

    async fn open_room(&self, conversation: ConversationId) -> Result<Box<dyn AgentSeat>, TelephonyError> {
        let entering = Entering::begin(&self.shared, conversation.into(), IfGivenUp::PutRoomAway)?;
        let joining = self.shared.create_and_join(conversation);
        Ok(Box::new(
            entering
                .take_seat(joining, "LiveKit did not open a room in time")
                .await?,
        ))
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

/// What becomes of a room that the agent was about to enter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IfGivenUp {
    PutRoomAway,
    /// It is asked for again, or put away by whoever gives the call up.
    LeaveRoomAsItIs,
}

/// The way into a room. Given up half-way, nobody finds listeners for it any more.
struct Entering<'a> {
    shared: &'a Arc<Shared>,
    room: CallRoom,
    listeners: broadcast::Sender<HeardFrames>,
    if_given_up: IfGivenUp,
    seated: bool,
}

impl<'a> Entering<'a> {
    fn begin(shared: &'a Arc<Shared>, room: CallRoom, if_given_up: IfGivenUp) -> Result<Self, TelephonyError> {
        let listeners = broadcast::Sender::new(LISTENER_BACKLOG);
        let mut rooms = shared.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.contains_key(&room.conversation) {
            return Err(TelephonyError::Unavailable("the room is open already".to_owned()));
        }
        rooms.insert(room.conversation, listeners.clone());
        drop(rooms);
        Ok(Self {
            shared,
            room,
            listeners,
            if_given_up,
            seated: false,
        })
    }

    /// The agent comes into the room within [`OPENING`] or not at all.
    async fn take_seat(
        mut self,
        joining: impl Future<Output = Result<Joined, TelephonyError>>,
        too_late: &str,
    ) -> Result<Seat, TelephonyError> {
        let late = |_| Err(TelephonyError::Unavailable(too_late.to_owned()));
        let joined = tokio::time::timeout(OPENING, joining).await.unwrap_or_else(late)?;
        self.seated = true;
        let shared = Arc::clone(self.shared);
        Ok(Seat::new(shared, &self.room, self.listeners.clone(), joined))
    }
}

impl Drop for Entering<'_> {
    fn drop(&mut self) {
        if self.seated {
            return;
        }
        self.shared.forget(self.room.conversation);
        if self.if_given_up == IfGivenUp::PutRoomAway {
            let (api, room) = (Arc::clone(&self.shared.api), names::room_of(&self.room));
            tokio::spawn(async move { ending::give_up(&api, &room).await });
        }
    }
}
