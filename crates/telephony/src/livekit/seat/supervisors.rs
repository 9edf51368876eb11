//! Supervisors in a room: who is there, what they say, and whether the person hears it.

use crate::{
    Frame, NotAnswered, RoomEvent as Told, SUPERVISOR_PREFIX, TelephonyError,
    livekit::{
        api::{Api, DialOrder},
        participant::{ParticipantInfo, Sound},
        progress::{DialFailure, STATUS_ATTRIBUTE, SipStatus},
    },
};
use domain::PhoneNumber;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// Phones that are brought in are called this.
const PHONE: &str = "phone-";
/// The longest time that a phone that was brought in stays.
const LONGEST_VISIT: Duration = Duration::from_secs(3_600);
/// Tries to change who hears whom, and the pause between them.
const TRIES: u32 = 4;
const BETWEEN_TRIES: Duration = Duration::from_millis(150);

/// What came of dialling somebody who was brought in.
pub(super) struct Dialled {
    identity: Arc<str>,
    outcome: Result<(), NotAnswered>,
}

struct Supervisor {
    identity: Arc<str>,
    sid: Option<String>,
    is_phone: bool,
    /// The agent was told that they are there.
    here: bool,
    tracks: Vec<String>,
    sound: Option<Box<dyn Sound>>,
    muted: bool,
    person_hears: bool,
    /// What they said in this tick.
    said: Option<Frame>,
}

/// Whether the person hears these tracks.
struct Gate {
    person: String,
    tracks: Vec<String>,
    hear: bool,
    done: Option<oneshot::Sender<Result<(), TelephonyError>>>,
}

pub(super) struct Supervisors {
    api: Arc<Api>,
    room: String,
    list: Vec<Supervisor>,
    brought_in: u32,
    dialled: (mpsc::UnboundedSender<Dialled>, mpsc::UnboundedReceiver<Dialled>),
    /// Made by the first who needs it.
    gates: Option<mpsc::UnboundedSender<Gate>>,
}

impl Supervisors {
    pub(super) fn new(api: Arc<Api>, room: String) -> Self {
        Self {
            api,
            room,
            list: Vec::new(),
            brought_in: 0,
            dialled: mpsc::unbounded_channel(),
            gates: None,
        }
    }

    fn entry(&mut self, identity: &str) -> &mut Supervisor {
        let place = self.list.iter().position(|known| *known.identity == *identity);
        let place = place.unwrap_or_else(|| {
            self.list.push(Supervisor {
                identity: identity.into(),
                sid: None,
                is_phone: identity[SUPERVISOR_PREFIX.len()..].starts_with(PHONE),
                here: false,
                tracks: Vec::new(),
                sound: None,
                muted: false,
                person_hears: false,
                said: None,
            });
            self.list.len() - 1
        });
        &mut self.list[place]
    }

    /// Somebody is there, or something about them has changed.
    pub(super) fn seen(&mut self, info: &ParticipantInfo) -> Option<Told> {
        let supervisor = self.entry(&info.identity);
        supervisor.sid = Some(info.sid.clone());
        let status = info
            .attributes
            .get(STATUS_ATTRIBUTE)
            .and_then(|word| SipStatus::read(word));
        let speaks = !supervisor.is_phone || status == Some(SipStatus::Active);
        (speaks && !std::mem::replace(&mut supervisor.here, true)).then(|| Told::SupervisorJoined {
            identity: Arc::clone(&supervisor.identity),
        })
    }

    pub(super) fn left(&mut self, info: &ParticipantInfo) -> Option<Told> {
        // An older session of the same browser may leave after the newer one came.
        let place = self.list.iter().position(|known| {
            *known.identity == *info.identity && known.sid.as_ref().is_none_or(|sid| *sid == info.sid)
        })?;
        // Why a phone was not answered is told by the request that dialled it.
        if self.list[place].is_phone && !self.list[place].here {
            return None;
        }
        Some(Told::SupervisorLeft {
            identity: self.list.remove(place).identity,
        })
    }

    /// A track is there. Whoever has not been let through is not heard by the person.
    pub(super) fn published(&mut self, person: &str, identity: &str, sid: &str) {
        let supervisor = self.entry(identity);
        if !supervisor.tracks.iter().any(|known| known == sid) {
            supervisor.tracks.push(sid.to_owned());
        }
        let hear = supervisor.person_hears;
        self.gate(person, vec![sid.to_owned()], hear, None);
    }

    /// LiveKit lets whoever comes hear everything: not the person.
    pub(super) fn person_came(&mut self, person: &str) {
        let unheard = self.list.iter().filter(|supervisor| !supervisor.person_hears);
        let tracks: Vec<String> = unheard.flat_map(|supervisor| supervisor.tracks.clone()).collect();
        if !tracks.is_empty() {
            self.gate(person, tracks, false, None);
        }
    }

    pub(super) fn track(&mut self, track: Box<dyn Sound>) {
        if track.participant().starts_with(SUPERVISOR_PREFIX) {
            let identity = track.participant().to_owned();
            let supervisor = self.entry(&identity);
            supervisor.sound = Some(track);
            supervisor.muted = false;
        }
    }

    pub(super) fn track_gone(&mut self, sid: &str) {
        for supervisor in &mut self.list {
            supervisor.tracks.retain(|known| known != sid);
            if supervisor.sound.as_ref().is_some_and(|sound| sound.sid() == sid) {
                supervisor.sound = None;
            }
        }
    }

    pub(super) fn muted(&mut self, sid: &str, muted: bool) {
        for supervisor in &mut self.list {
            if supervisor.sound.as_ref().is_some_and(|sound| sound.sid() == sid) {
                supervisor.muted = muted;
            }
        }
    }

    /// The voices of the next tick.
    pub(super) fn tick(&mut self, coming: &mut VecDeque<Told>) {
        for supervisor in &mut self.list {
            supervisor.said = None;
            let Some(sound) = &mut supervisor.sound else { continue };
            let frame = Frame::new(sound.pull());
            if !supervisor.here || supervisor.muted {
                continue;
            }
            supervisor.said = Some(frame.clone());
            coming.push_back(Told::SupervisorSound {
                identity: Arc::clone(&supervisor.identity),
                frame,
            });
        }
    }

    /// What the person hears of the tick.
    pub(super) fn aloud(&self) -> Vec<(Arc<str>, Frame)> {
        let heard = self.list.iter().filter(|supervisor| supervisor.person_hears);
        heard
            .filter_map(|supervisor| Some((Arc::clone(&supervisor.identity), supervisor.said.clone()?)))
            .collect()
    }

    /// What a colleague says whom the person does not hear.
    pub(super) fn aside(&self) -> Option<Frame> {
        let mut unheard = self.list.iter().filter(|known| known.is_phone && !known.person_hears);
        unheard.find_map(|known| known.said.clone())
    }

    pub(super) async fn let_person_hear(
        &mut self,
        person: &str,
        identity: &str,
        hear: bool,
    ) -> Result<(), TelephonyError> {
        if !identity.starts_with(SUPERVISOR_PREFIX) {
            return Err(TelephonyError::Unsupported);
        }
        let supervisor = self.entry(identity);
        let before = std::mem::replace(&mut supervisor.person_hears, hear);
        let tracks = supervisor.tracks.clone();
        if tracks.is_empty() {
            return Ok(());
        }
        let (answer, done) = oneshot::channel();
        self.gate(person, tracks, hear, Some(answer));
        let done = done.await.unwrap_or(Err(TelephonyError::RoomClosed));
        if done.is_err() {
            self.entry(identity).person_hears = before;
        }
        done
    }

    fn gate(
        &mut self,
        person: &str,
        tracks: Vec<String>,
        hear: bool,
        done: Option<oneshot::Sender<Result<(), TelephonyError>>>,
    ) {
        let (api, room) = (&self.api, &self.room);
        let gates = self.gates.get_or_insert_with(|| {
            let (sender, orders) = mpsc::unbounded_channel();
            // One after the other, so that the last word counts.
            tokio::spawn(keep_gates(Arc::clone(api), room.clone(), orders));
            sender
        });
        let person = person.to_owned();
        // The task ends only with this sender.
        let _ = gates.send(Gate {
            person,
            tracks,
            hear,
            done,
        });
    }

    /// Dials somebody into the room.
    pub(super) fn bring_in(&mut self, number: PhoneNumber, ringing: Duration) -> Result<Arc<str>, TelephonyError> {
        self.brought_in += 1;
        let identity: Arc<str> = format!("{SUPERVISOR_PREFIX}{PHONE}{}", self.brought_in).into();
        let order = DialOrder {
            identity: identity.to_string(),
            number,
            caller_id: None,
            ringing,
            longest_call: LONGEST_VISIT,
        };
        self.entry(&identity);
        let (api, room, news) = (Arc::clone(&self.api), self.room.clone(), self.dialled.0.clone());
        let dialled = Arc::clone(&identity);
        tokio::spawn(async move {
            let outcome = match api.dial(room.clone(), order).await {
                Ok(()) => Ok(()),
                Err(DialFailure::NotAnswered(why)) => Err(why),
                Err(DialFailure::Unclear) => {
                    // It may ring on, and nobody would know who answers.
                    clear(&api, &room, &dialled).await;
                    Err(NotAnswered::NoAnswer { sip_code: None })
                }
            };
            let answered = outcome.is_ok();
            let told = news.send(Dialled {
                identity: Arc::clone(&dialled),
                outcome,
            });
            if told.is_err() && answered {
                // The call ended while the phone rang.
                clear(&api, &room, &dialled).await;
            }
        });
        Ok(identity)
    }

    /// Cancel safe.
    pub(super) async fn next_dialled(&mut self) -> Dialled {
        match self.dialled.1.recv().await {
            Some(dialled) => dialled,
            // There is always the sender of our own.
            None => std::future::pending().await,
        }
    }

    pub(super) fn dialled(&mut self, dialled: Dialled) -> Option<Told> {
        let place = self.list.iter().position(|known| known.identity == dialled.identity)?;
        let Err(why) = dialled.outcome else {
            let joined = !std::mem::replace(&mut self.list[place].here, true);
            return joined.then_some(Told::SupervisorJoined {
                identity: dialled.identity,
            });
        };
        // Answered after all, says the room; the request does not know better.
        if self.list[place].here {
            return None;
        }
        self.list.remove(place);
        Some(Told::NotBroughtIn {
            identity: dialled.identity,
            why,
        })
    }

    /// Nothing more is told of this phone, and it is hung up.
    pub(super) fn put_out(&mut self, identity: &str) -> Result<(), TelephonyError> {
        if !identity.starts_with(SUPERVISOR_PREFIX) {
            return Err(TelephonyError::Unsupported);
        }
        self.list.retain(|known| *known.identity != *identity);
        let (api, room, identity) = (Arc::clone(&self.api), self.room.clone(), identity.to_owned());
        tokio::spawn(async move { clear(&api, &room, &identity).await });
        Ok(())
    }

    /// Who has to be put out when the call ends.
    pub(super) fn phones(&self) -> Vec<String> {
        let phones = self.list.iter().filter(|supervisor| supervisor.is_phone);
        phones.map(|supervisor| supervisor.identity.to_string()).collect()
    }
}

/// Puts a phone out of the room, trying again for a moment.
async fn clear(api: &Api, room: &str, identity: &str) {
    for _ in 1..=TRIES {
        match api.remove(room, identity).await {
            Ok(()) => return,
            Err(error) => tracing::debug!(%error, room, "a phone could not be put out of a room yet"),
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    tracing::error!(room, "a phone could not be put out of a room");
}

async fn keep_gates(api: Arc<Api>, room: String, mut orders: mpsc::UnboundedReceiver<Gate>) {
    while let Some(gate) = orders.recv().await {
        let mut outcome = Ok(());
        for tried in 1..=TRIES {
            outcome = api.subscribe(&room, &gate.person, gate.tracks.clone(), gate.hear).await;
            if outcome.is_ok() || tried == TRIES {
                break;
            }
            tokio::time::sleep(BETWEEN_TRIES * tried).await;
        }
        if let Err(error) = &outcome
            && gate.done.is_none()
        {
            // Before the person is there nothing can be changed; it is asked again when they come.
            tracing::debug!(%error, "whom the person hears was not changed");
        }
        if let Some(done) = gate.done {
            // Whoever asked may be gone.
            let _ = done.send(outcome);
        }
    }
}
