//! The rehearsal's telephone network: rooms in this process, and a ledger that all processes share.

mod colleagues;
mod microphones;
mod seat;

use crate::{
    config::RehearsalConfig,
    far_end::{CallBack, Callee, People},
    ledger::{Ledger, NumberMark},
    outcome::Outcome,
    studio::Studio,
};
use async_trait::async_trait;
use domain::{AttemptId, Clock, ConversationId, PhoneNumber};
use microphones::{Microphones, NewMicrophone};
use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use telephony::{AgentSeat, Arrival, CallRoom, DialRecord, HeardFrames, Microphone, TelephoneNetwork, TelephonyError};
use tokio::sync::{broadcast, mpsc};

/// Ticks that a listener may be behind: a bit more than a second.
const LISTENER_BACKLOG: usize = 64;
/// Frames that a microphone may be ahead of its room: a second.
const MICROPHONE_BACKLOG: usize = 50;

/// Rooms of people who call back begin with this.
const CALLERS_ROOM: &str = "caller-";
/// What a caller is called in their room.
const CALLER: &str = "caller";

/// What of a room can be reached from outside.
struct Door {
    /// Those who listen; made by the first of them.
    listeners: OnceLock<broadcast::Sender<HeardFrames>>,
    microphones: mpsc::UnboundedSender<NewMicrophone>,
}

/// What all rooms share.
struct Shared {
    people: People,
    /// As [`RehearsalConfig::speed`].
    speed: f32,
    clock: Arc<dyn Clock>,
    ledger: Mutex<Ledger>,
    rooms: Mutex<HashMap<ConversationId, Arc<Door>>>,
    /// People who call back and wait for an answer, by the names of their rooms.
    callers: Mutex<HashMap<String, (PhoneNumber, Callee)>>,
}

/// A telephone network whose people are simulated. Cheap to clone.
#[derive(Clone)]
pub struct RehearsalNetwork {
    shared: Arc<Shared>,
}

impl RehearsalNetwork {
    /// Opens the ledger and the network. People speak with what `studio` makes, and hear what it has made; so the
    /// agent's stand-ins ([`crate::voices`]) must use the same studio.
    ///
    /// # Errors
    /// The ledger cannot be opened or read.
    pub fn new(config: RehearsalConfig, studio: Arc<Studio>, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let speed = if config.speed.is_finite() {
            config.speed.clamp(0.1, 50.0)
        } else {
            1.0
        };
        let ledger = Ledger::open(config.ledger.as_deref())?;
        Ok(Self {
            shared: Arc::new(Shared {
                people: People::new(config, studio),
                speed,
                clock,
                ledger: Mutex::new(ledger),
                rooms: Mutex::default(),
                callers: Mutex::default(),
            }),
        })
    }

    /// What becomes of the call to `number` that follows `earlier` others.
    #[must_use]
    pub fn outcome_of(&self, number: &PhoneNumber, earlier: u32) -> Outcome {
        self.shared.people.outcome_of(number, earlier)
    }
}

impl Shared {
    /// Room time as wall-clock time.
    fn real(&self, room_time: Duration) -> Duration {
        room_time.div_f32(self.speed)
    }

    fn close(&self, conversation: ConversationId) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.remove(&conversation);
    }

    /// Lets whoever will not be reached call back when their time has come.
    fn expect_call_back(self: &Arc<Self>, attempt: AttemptId, number: PhoneNumber, call_back: CallBack) {
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(shared.real(call_back.after)).await;
            let room = format!("{CALLERS_ROOM}{attempt}");
            shared.callers().insert(room, (number, call_back.caller));
        });
    }

    fn callers(&self) -> std::sync::MutexGuard<'_, HashMap<String, (PhoneNumber, Callee)>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A room for an agent, with its microphones; `None` if it is open already.
    fn door(&self, conversation: ConversationId) -> Option<(Arc<Door>, Microphones)> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.contains_key(&conversation) {
            return None;
        }
        let (sender, microphones) = Microphones::new();
        let door = Arc::new(Door {
            listeners: OnceLock::new(),
            microphones: sender,
        });
        rooms.insert(conversation, Arc::clone(&door));
        Some((door, microphones))
    }

    /// Writes a dial down, and says how often the number was dialled before.
    fn enter(&self, attempt: AttemptId, number: NumberMark) -> Result<u32, TelephonyError> {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger
            .append(attempt, number, self.clock.now())
            .map_err(|error| TelephonyError::Unavailable(format!("the ledger cannot be written: {error}")))?
            .ok_or_else(|| TelephonyError::Unavailable("this attempt was dialled before".to_owned()))
    }
}

#[async_trait]
impl TelephoneNetwork for RehearsalNetwork {
    async fn open_room(&self, conversation: ConversationId) -> Result<Box<dyn AgentSeat>, TelephonyError> {
        let (door, microphones) = self
            .shared
            .door(conversation)
            .ok_or_else(|| TelephonyError::Unavailable("the room is open already".to_owned()))?;
        Ok(Box::new(seat::Seat::new(
            Arc::clone(&self.shared),
            conversation,
            door,
            microphones,
        )))
    }

    async fn arrivals(&self) -> Result<Vec<Arrival>, TelephonyError> {
        let callers = self.shared.callers();
        Ok(callers
            .iter()
            .map(|(room, (number, _))| Arrival {
                room: room.as_str().into(),
                caller: CALLER.into(),
                number: Some(number.clone()),
            })
            .collect())
    }

    fn reaches(&self, room: &CallRoom) -> bool {
        let name = room.came_in.as_ref();
        name.is_some_and(|name| self.shared.callers().contains_key(name.reveal()))
    }

    async fn answer(&self, room: &CallRoom, _caller: &str) -> Result<Option<Box<dyn AgentSeat>>, TelephonyError> {
        let caller = room
            .came_in
            .as_ref()
            .and_then(|name| self.shared.callers().remove(name.reveal()));
        let (Some((_, caller)), Some((door, microphones))) = (caller, self.shared.door(room.conversation)) else {
            return Ok(None);
        };
        let seat = seat::Seat::new(Arc::clone(&self.shared), room.conversation, door, microphones);
        Ok(Some(Box::new(seat.answering(caller))))
    }

    async fn end_orphan(&self, room: &CallRoom) -> Result<(), TelephonyError> {
        if let Some(name) = &room.came_in {
            self.shared.callers().remove(name.reveal());
        }
        Ok(())
    }

    async fn was_dialled(&self, attempt: AttemptId) -> Result<DialRecord, TelephonyError> {
        let mut ledger = self.shared.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        match ledger.contains(attempt) {
            Ok(true) => Ok(DialRecord::Dialled),
            Ok(false) => Ok(DialRecord::Never),
            Err(error) => Err(TelephonyError::Unavailable(format!(
                "the ledger cannot be read: {error}"
            ))),
        }
    }

    fn listen(&self, conversation: ConversationId) -> Option<broadcast::Receiver<HeardFrames>> {
        let rooms = self.shared.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let door = rooms.get(&conversation)?;
        Some(
            door.listeners
                .get_or_init(|| broadcast::channel(LISTENER_BACKLOG).0)
                .subscribe(),
        )
    }

    fn open_microphone(&self, conversation: ConversationId, identity: &str) -> Option<Microphone> {
        let rooms = self.shared.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let (microphone, frames) = mpsc::channel(MICROPHONE_BACKLOG);
        let new = NewMicrophone {
            identity: identity.into(),
            frames,
        };
        rooms.get(&conversation)?.microphones.send(new).ok()?;
        Some(microphone)
    }
}

#[cfg(test)]
mod tests;
