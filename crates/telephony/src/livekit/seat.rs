//! The agent's seat in a room on LiveKit. It has no task of its own: the room moves on when the agent asks for the next
//! event, no sooner than the clock allows.

mod supervisors;
mod waiting;

use super::{
    api::DialOrder,
    caller_ids::CallerId,
    ending::Remains,
    line::{self, LineState},
    names,
    network::Shared,
    outcome,
    participant::{Joined, LeaveReason, ParticipantInfo, Room, RoomEvent, RoomEvents, Sound, Voice},
    progress::{CallProgress, DialFailure, Gone, STATUS_ATTRIBUTE, Sign, SipStatus},
};
use crate::{
    AgentSeat, CallRoom, DialRequest, FRAME_MILLIS, Frame, HeardFrames, RoomEvent as Told, SUPERVISOR_PREFIX,
    TelephonyError,
};
use async_trait::async_trait;
use domain::{ConversationId, PhoneNumber};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use supervisors::Supervisors;
use tokio::{
    sync::{broadcast, oneshot},
    time::{Instant, sleep_until},
};
use waiting::{answer_of, until};

const TICK: Duration = Duration::from_millis(FRAME_MILLIS as u64);
/// A room that is behind by more than this many ticks gives them up.
const MOST_TICKS_BEHIND: u32 = 25;
/// The request to dial tells why somebody left before the answer, this long after the room showed it.
const REASON_COMES_WITHIN: Duration = Duration::from_secs(3);
/// What the network may take on top of the ringing time to tell what became of a call.
const NETWORK_PATIENCE: Duration = Duration::from_secs(15);
/// A caller hears us, or it is known that they do not, this long after we came.
const BEING_HEARD: Duration = Duration::from_secs(15);
/// Hanging up waits this long for the phone leg to end; it goes on by itself.
const HANGING_UP: Duration = Duration::from_millis(1_500);

/// The person's side as the room shows it.
#[derive(Default)]
struct Person {
    identity: String,
    /// Of the session that counts; an older one may leave later.
    sid: Option<String>,
    sound: Option<Box<dyn Sound>>,
    muted: bool,
    /// A browser: it answers by publishing its microphone.
    is_browser: bool,
}

pub(super) struct Seat {
    shared: Arc<Shared>,
    conversation: ConversationId,
    room_name: String,
    listeners: broadcast::Sender<HeardFrames>,
    room: Arc<dyn Room>,
    events: Box<dyn RoomEvents>,
    voice: Box<dyn Voice>,
    person: Person,
    supervisors: Supervisors,
    progress: CallProgress,
    /// What came of the request to dial.
    request: Option<oneshot::Receiver<Result<(), DialFailure>>>,
    /// Tells whether the person was handed over.
    handing_over: Option<oneshot::Receiver<bool>>,
    give_up_at: Option<Instant>,
    caller_id: Option<CallerId>,
    answered_at: Option<Instant>,
    away_since: Option<Instant>,
    next_tick: Instant,
    /// The tick that the agent may speak in.
    tick: Option<OpenTick>,
    coming: VecDeque<Told>,
    closed: bool,
}

struct OpenTick {
    person: Frame,
    agent: Option<Frame>,
}

/// What woke the seat.
enum Woken {
    Room(RoomEvent),
    Request(Result<(), DialFailure>),
    HandedOver(bool),
    Supervisor(supervisors::Dialled),
    GaveUp,
    Tick,
}

impl Seat {
    pub(super) fn new(
        shared: Arc<Shared>,
        room: &CallRoom,
        listeners: broadcast::Sender<HeardFrames>,
        joined: Joined,
    ) -> Self {
        let (conversation, room_name) = (room.conversation, names::room_of(room));
        let Joined { room, events, voice } = joined;
        Self {
            supervisors: Supervisors::new(Arc::clone(&shared.api), room_name.clone()),
            shared,
            conversation,
            room_name,
            listeners,
            room,
            events,
            voice,
            person: Person::default(),
            progress: CallProgress::new(),
            request: None,
            handing_over: None,
            give_up_at: None,
            caller_id: None,
            answered_at: None,
            away_since: None,
            next_tick: Instant::now(),
            tick: None,
            coming: VecDeque::new(),
            closed: false,
        }
    }

    /// Takes the seat of somebody who left a call in progress.
    pub(super) fn taken_over(mut self, person: String) -> Self {
        self.person.identity = person;
        self.progress = CallProgress::answered();
        let now = Instant::now();
        self.answered_at = Some(now);
        self.next_tick = now + TICK;
        self
    }

    /// Answers somebody who called.
    pub(super) fn answering(mut self, caller: String) -> Self {
        self.person.identity = caller;
        self.progress = CallProgress::came_in();
        self.give_up_at = Some(Instant::now() + BEING_HEARD);
        self
    }

    /// Before somebody is dialled or expected, and only once.
    fn expects_nobody_yet(&self) -> Result<(), TelephonyError> {
        if self.closed || self.progress.is_over() || !self.person.identity.is_empty() {
            return Err(TelephonyError::RoomClosed);
        }
        Ok(())
    }

    fn is_answered(&self) -> Result<(), TelephonyError> {
        if self.closed || !self.progress.is_answered() {
            return Err(TelephonyError::RoomClosed);
        }
        Ok(())
    }

    fn observe(&mut self, sign: Sign) {
        for told in self.progress.observe(sign) {
            if told == Told::Answered {
                let now = Instant::now();
                self.answered_at = Some(now);
                self.give_up_at = None;
                self.next_tick = now + TICK;
            }
            self.coming.push_back(told);
        }
        if self.progress.waits_for_the_reason() {
            let at = Instant::now() + REASON_COMES_WITHIN;
            self.give_up_at = Some(self.give_up_at.map_or(at, |known| known.min(at)));
        }
    }

    fn room_event(&mut self, event: RoomEvent) {
        match event {
            RoomEvent::ParticipantJoined(info) | RoomEvent::ParticipantChanged(info) => self.participant(&info),
            RoomEvent::ParticipantLeft { participant, reason } => self.participant_left(&participant, reason),
            RoomEvent::TrackSubscribed(track) => self.track(track),
            RoomEvent::TrackUnsubscribed { sid } => {
                if self.person.sound.as_ref().is_some_and(|sound| sound.sid() == sid) {
                    self.person.sound = None;
                }
                self.supervisors.track_gone(&sid);
            }
            RoomEvent::TrackPublished { identity, sid } if identity.starts_with(SUPERVISOR_PREFIX) => {
                self.supervisors.published(&self.person.identity, &identity, &sid);
            }
            RoomEvent::TrackMuted { sid, muted } => self.muted(&sid, muted),
            RoomEvent::Dtmf { from, digit } if from == self.person.identity && self.progress.is_answered() => {
                self.coming.push_back(Told::Dtmf(digit));
            }
            RoomEvent::Reconnecting => {
                self.away_since.get_or_insert_with(Instant::now);
            }
            RoomEvent::Reconnected => self.away_since = None,
            RoomEvent::Replaced => {
                tracing::warn!(conversation_id = %self.conversation, "somebody else has taken the agent's seat");
                // The call is theirs: nothing of it is ended here.
                self.closed = true;
                self.shared.forget(self.conversation);
                self.observe(Sign::Gone(Gone::Lost));
                self.observe(Sign::GaveUp);
            }
            RoomEvent::Disconnected => {
                if !self.progress.is_over() {
                    tracing::warn!(conversation_id = %self.conversation, "the agent was put out of the room");
                }
                self.observe(Sign::Gone(Gone::Lost));
                // Nothing can be observed any more, and without a room there is nothing to answer into.
                self.observe(Sign::GaveUp);
            }
            RoomEvent::TrackPublished { .. } | RoomEvent::Dtmf { .. } => {}
        }
    }

    fn participant(&mut self, info: &ParticipantInfo) {
        if info.identity == self.person.identity {
            if self.person.sid.as_ref() != Some(&info.sid) {
                self.person.sid = Some(info.sid.clone());
                self.supervisors.person_came(&self.person.identity);
            }
            let status = info
                .attributes
                .get(STATUS_ATTRIBUTE)
                .and_then(|word| SipStatus::read(word));
            if let Some(status) = status {
                self.observe(Sign::Status(status));
            }
        } else if info.identity.starts_with(SUPERVISOR_PREFIX) {
            let told = self.supervisors.seen(info);
            self.coming.extend(told);
        }
    }

    fn participant_left(&mut self, info: &ParticipantInfo, reason: LeaveReason) {
        if info.identity == self.person.identity {
            if self.person.sid.as_ref().is_none_or(|sid| *sid == info.sid) {
                self.person.sound = None;
                self.observe(Sign::Gone(outcome::of_leaving(reason)));
            }
        } else if info.identity.starts_with(SUPERVISOR_PREFIX) {
            let told = self.supervisors.left(info);
            self.coming.extend(told);
        }
    }

    fn track(&mut self, track: Box<dyn Sound>) {
        if track.participant() == self.person.identity {
            self.person.sound = Some(track);
            self.person.muted = false;
            if self.person.is_browser {
                self.observe(Sign::Status(SipStatus::Active));
            }
        } else {
            self.supervisors.track(track);
        }
    }

    fn muted(&mut self, sid: &str, muted: bool) {
        if self.person.sound.as_ref().is_some_and(|sound| sound.sid() == sid) {
            self.person.muted = muted;
        }
        self.supervisors.muted(sid, muted);
    }

    /// Closes the tick that the agent had last: its sound is complete now.
    fn close_tick(&mut self) {
        let Some(tick) = self.tick.take() else { return };
        let agent = tick.agent.unwrap_or_else(|| {
            let silence = Frame::silence();
            self.voice.send(silence.samples());
            silence
        });
        if self.listeners.receiver_count() > 0 {
            // Nobody may have stayed to listen.
            let _ = self.listeners.send(HeardFrames {
                agent,
                person: tick.person,
                supervisors: self.supervisors.aloud(),
                aside: self.supervisors.aside(),
            });
        }
    }

    fn on_tick(&mut self) {
        let now = Instant::now();
        self.next_tick += TICK;
        if now > self.next_tick + TICK * MOST_TICKS_BEHIND {
            self.next_tick = now;
        }
        if !self.progress.is_answered() {
            // Keeps the way to the person's ear open, so that the first word takes no detour.
            self.voice.send(Frame::silence().samples());
            return;
        }
        self.close_tick();
        let (frame, state) = self.person_frame(now);
        if line::is_lost(state) {
            tracing::info!(?state, conversation_id = %self.conversation, "the line is dead");
            self.observe(Sign::Gone(Gone::Lost));
            return;
        }
        self.supervisors.tick(&mut self.coming);
        self.tick = Some(OpenTick {
            person: frame.clone(),
            agent: None,
        });
        self.coming.push_back(Told::Tick(frame));
    }

    fn person_frame(&mut self, now: Instant) -> (Frame, LineState) {
        let (frame, mut state) = match &mut self.person.sound {
            Some(sound) => {
                let frame = Frame::new(sound.pull());
                let silent_for = sound.silent_for();
                (frame, LineState::Packets { silent_for })
            }
            None => {
                let answered_at = self.answered_at.unwrap_or(now);
                (Frame::silence(), LineState::NothingYet(now - answered_at))
            }
        };
        if self.person.muted {
            state = LineState::Muted;
        }
        if let Some(since) = self.away_since {
            state = LineState::Reconnecting(now - since);
        }
        (frame, state)
    }

    /// What is left to be put away; only the first time.
    fn remains(&mut self) -> Option<Remains> {
        if std::mem::replace(&mut self.closed, true) {
            return None;
        }
        self.close_tick();
        self.progress = CallProgress::over();
        self.coming.clear();
        self.shared.forget(self.conversation);
        let mut phones = self.supervisors.phones();
        if !self.person.identity.is_empty() {
            phones.push(self.person.identity.clone());
        }
        Some(Remains {
            api: Arc::clone(&self.shared.api),
            conversation: self.conversation,
            room_name: self.room_name.clone(),
            room: Arc::clone(&self.room),
            phones,
            request: self.request.take(),
            caller_id: self.caller_id.take(),
        })
    }
}

#[async_trait]
impl AgentSeat for Seat {
    async fn dial(&mut self, request: DialRequest) -> Result<(), TelephonyError> {
        self.expects_nobody_yet()?;
        if self.shared.api.settings.trunk_id.is_none() {
            return Err(TelephonyError::Unavailable(super::api::NO_TRUNK_CONFIGURED.to_owned()));
        }
        self.person.identity = names::person_of(request.attempt_id);
        self.caller_id = self.shared.caller_ids.take();
        let order = DialOrder {
            identity: self.person.identity.clone(),
            number: request.number,
            caller_id: self.caller_id.as_ref().map(|id| id.number().clone()),
            ringing: request.ringing_timeout,
            longest_call: request.longest_call,
        };
        self.give_up_at = Some(Instant::now() + order.ringing() + NETWORK_PATIENCE);
        let (api, room) = (Arc::clone(&self.shared.api), self.room_name.clone());
        let (answer, request) = oneshot::channel();
        // In a task of its own: the request goes on when the agent has left, so that it is known what became of it.
        tokio::spawn(async move {
            let _ = answer.send(api.dial(room, order).await);
        });
        self.request = Some(request);
        Ok(())
    }

    async fn next(&mut self) -> Told {
        loop {
            if let Some(told) = self.coming.pop_front() {
                return told;
            }
            if self.progress.is_over() {
                return Told::Left(crate::FarEnd::Lost);
            }
            let woken = tokio::select! {
                biased;
                // Before the room shows that the person left.
                done = answer_of(&mut self.handing_over, false) => Woken::HandedOver(done),
                event = self.events.next() => Woken::Room(event),
                answer = answer_of(&mut self.request, Err(DialFailure::Unclear)) => Woken::Request(answer),
                dialled = self.supervisors.next_dialled() => Woken::Supervisor(dialled),
                () = until(self.give_up_at) => Woken::GaveUp,
                () = sleep_until(self.next_tick) => Woken::Tick,
            };
            match woken {
                Woken::Room(event) => self.room_event(event),
                Woken::Request(answer) => {
                    self.request = None;
                    self.observe(Sign::Request(answer));
                }
                Woken::HandedOver(done) => {
                    self.handing_over = None;
                    self.coming.push_back(Told::Transferred(done));
                }
                Woken::Supervisor(dialled) => {
                    let told = self.supervisors.dialled(dialled);
                    self.coming.extend(told);
                }
                Woken::GaveUp => {
                    self.give_up_at = None;
                    self.observe(Sign::GaveUp);
                }
                Woken::Tick => self.on_tick(),
            }
        }
    }

    fn speak(&mut self, frame: Frame) {
        if let Some(tick) = &mut self.tick
            && tick.agent.is_none()
        {
            self.voice.send(frame.samples());
            tick.agent = Some(frame);
        }
    }

    async fn hang_up(&mut self) {
        if let Some(remains) = self.remains() {
            // In a task of its own: it has to be finished, however long it is waited for here.
            let clearing = tokio::spawn(remains.clear());
            let _ = tokio::time::timeout(HANGING_UP, clearing).await;
        }
    }

    async fn expect_browser(&mut self, identity: &str) -> Result<(), TelephonyError> {
        self.expects_nobody_yet()?;
        self.person.identity = identity.to_owned();
        self.person.is_browser = true;
        Ok(())
    }

    async fn send_dtmf(&mut self, digit: char) -> Result<(), TelephonyError> {
        self.is_answered()?;
        self.room.send_dtmf(digit).await
    }

    async fn transfer(&mut self, to: &PhoneNumber) -> Result<(), TelephonyError> {
        self.is_answered()?;
        if self.person.is_browser {
            return Err(TelephonyError::Unsupported);
        }
        if self.handing_over.is_some() {
            return Err(TelephonyError::Unavailable(
                "the person is being handed over already".to_owned(),
            ));
        }
        let (api, room, to) = (Arc::clone(&self.shared.api), self.room_name.clone(), to.clone());
        let identity = self.person.identity.clone();
        let (answer, handing_over) = oneshot::channel();
        tokio::spawn(async move {
            let done = api.transfer(room, identity, &to).await;
            if let Err(error) = &done {
                tracing::warn!(%error, "a person was not handed over");
            }
            // The call may be over.
            let _ = answer.send(done.is_ok());
        });
        self.handing_over = Some(handing_over);
        Ok(())
    }

    async fn bring_in(&mut self, to: &PhoneNumber, ringing_timeout: Duration) -> Result<Arc<str>, TelephonyError> {
        self.is_answered()?;
        self.supervisors.bring_in(to.clone(), ringing_timeout)
    }

    async fn put_out(&mut self, identity: &str) -> Result<(), TelephonyError> {
        self.supervisors.put_out(identity)
    }

    async fn let_person_hear(&mut self, identity: &str, hear: bool) -> Result<(), TelephonyError> {
        if self.closed {
            return Err(TelephonyError::RoomClosed);
        }
        self.supervisors
            .let_person_hear(&self.person.identity, identity, hear)
            .await
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(remains) = self.remains()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(remains.clear());
        }
    }
}
