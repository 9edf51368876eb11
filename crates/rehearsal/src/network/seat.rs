//! The agent's seat in a room. The room has no task of its own: it moves on when the agent asks for the next event, no
//! sooner than the clock allows. That makes a call cheap, and an agent that is late finds its ticks waiting.

use super::{Door, Shared, colleagues::Colleagues, microphones::Microphones};
use crate::{
    far_end::{Callee, DialPlan, Fate, OnTheLine},
    ledger::NumberMark,
};
use async_trait::async_trait;
use domain::{ConversationId, PhoneNumber};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use telephony::{
    AgentSeat, DialRequest, FRAME_MILLIS, FarEnd, Frame, HeardFrames, NotAnswered, RoomEvent, TelephonyError,
};
use tokio::time::{Instant, sleep_until};

/// A room that is behind by more than this many ticks gives them up.
const MOST_TICKS_BEHIND: u32 = 25;

enum Far {
    Simulated(Box<OnTheLine>),
    /// A browser is the person.
    Browser,
}

enum Stage {
    /// Nothing was dialled yet.
    Quiet,
    /// Somebody called, and hears us from now on.
    Answering(Option<Callee>),
    /// A browser with this identity is to be the person.
    Expecting(Arc<str>),
    /// What happens before the answer: events with their times, the next one last.
    Calling {
        coming: Vec<(Instant, RoomEvent)>,
        callee: Option<Callee>,
    },
    Live(Far),
    Over,
}

pub(super) struct Seat {
    shared: Arc<Shared>,
    conversation: ConversationId,
    door: Arc<Door>,
    microphones: Microphones,
    colleagues: Colleagues,
    /// What supervisors say in this tick, whoever hears it.
    briefing: Frame,
    /// A colleague in this tick whom the person does not hear.
    aside: Option<Frame>,
    /// What happened besides the tick that comes next, and that tick.
    coming: VecDeque<RoomEvent>,
    stage: Stage,
    /// When the next tick is due.
    next_tick: Instant,
    tick_length: Duration,
    agent: Option<Frame>,
    person: Option<Frame>,
    /// Supervisors whom the person hears in this tick.
    supervisors: Vec<(Arc<str>, Frame)>,
    /// The person was handed over to somebody else.
    transferred: bool,
}

impl Seat {
    pub(super) fn new(
        shared: Arc<Shared>,
        conversation: ConversationId,
        door: Arc<Door>,
        microphones: Microphones,
    ) -> Self {
        Self {
            tick_length: shared.real(Duration::from_millis(u64::from(FRAME_MILLIS))),
            shared,
            conversation,
            door,
            microphones,
            colleagues: Colleagues::default(),
            briefing: Frame::silence(),
            aside: None,
            coming: VecDeque::new(),
            stage: Stage::Quiet,
            next_tick: Instant::now(),
            agent: None,
            person: None,
            supervisors: Vec::new(),
            transferred: false,
        }
    }

    /// Answers somebody who called.
    pub(super) fn answering(mut self, caller: Callee) -> Self {
        self.stage = Stage::Answering(Some(caller));
        self
    }

    /// What happens until the answer, and when.
    fn calling(&self, plan: DialPlan, ringing_timeout: Duration) -> Stage {
        let connected = Instant::now() + self.shared.real(plan.connecting);
        let (rings, event, callee) = match plan.fate {
            Fate::NotRinging(reason) => (None, RoomEvent::NotAnswered(reason), None),
            Fate::Declined { ringing } if ringing < ringing_timeout => {
                let reason = NotAnswered::Rejected { sip_code: None };
                (Some(ringing), RoomEvent::NotAnswered(reason), None)
            }
            Fate::Answered { ringing, callee } if ringing < ringing_timeout => {
                (Some(ringing), RoomEvent::Answered, Some(callee))
            }
            Fate::Unanswered | Fate::Declined { .. } | Fate::Answered { .. } => {
                let reason = NotAnswered::NoAnswer { sip_code: None };
                (Some(ringing_timeout), RoomEvent::NotAnswered(reason), None)
            }
        };
        let mut coming = vec![(connected + self.shared.real(rings.unwrap_or_default()), event)];
        if rings.is_some() {
            coming.push((connected, RoomEvent::Ringing));
        }
        Stage::Calling { coming, callee }
    }

    fn go_live(&mut self, far: Far) {
        self.next_tick = Instant::now() + self.tick_length;
        self.stage = Stage::Live(far);
    }

    /// Closes the tick that the agent had last: its sound is complete now. Gives what the person heard of it, and what a
    /// colleague did.
    fn close_tick(&mut self) -> (Frame, Frame) {
        let agent = self.agent.take().unwrap_or_else(Frame::silence);
        let supervisors = std::mem::take(&mut self.supervisors);
        let to_person = supervisors
            .iter()
            .fold(agent.clone(), |sum, (_, frame)| sum.mixed_with(frame));
        let person = self.person.take();
        let aside = self.aside.take();
        let to_colleague = [&self.briefing]
            .into_iter()
            .chain(&person)
            .fold(agent.clone(), |sum, frame| sum.mixed_with(frame));
        if let Some(person) = person
            && let Some(listeners) = self.door.listeners.get()
            && listeners.receiver_count() > 0
        {
            // Nobody may have stayed to listen.
            let _ = listeners.send(HeardFrames {
                agent,
                person,
                supervisors,
                aside,
            });
        }
        (to_person, to_colleague)
    }

    fn tick(&mut self) -> RoomEvent {
        let (to_person, to_colleague) = self.close_tick();
        let Stage::Live(far) = &mut self.stage else {
            return RoomEvent::Left(FarEnd::Lost);
        };
        if self.transferred {
            return self.leave(FarEnd::HungUp);
        }
        let supervisors_begin = self.coming.len();
        self.supervisors = self.microphones.tick(&mut self.coming);
        let sounds = self.coming.range(supervisors_begin..).filter_map(|event| match event {
            RoomEvent::SupervisorSound { frame, .. } => Some(frame),
            _ => None,
        });
        self.briefing = sounds.fold(Frame::silence(), |sum, frame| sum.mixed_with(frame));
        let colleagues = self.colleagues.tick(&self.shared, &to_colleague, &mut self.coming);
        self.supervisors.extend(colleagues.aloud);
        self.aside = colleagues.aside;
        let heard = match far {
            Far::Simulated(line) => line.tick(&to_person),
            Far::Browser => self.microphones.take_person().ok_or(FarEnd::HungUp),
        };
        let frame = match heard {
            Ok(frame) => frame,
            Err(far_end) => return self.leave(far_end),
        };
        self.person = Some(frame.clone());
        self.coming.push_back(RoomEvent::Tick(frame));
        self.coming.pop_front().unwrap_or(RoomEvent::Left(FarEnd::Lost))
    }

    fn leave(&mut self, far_end: FarEnd) -> RoomEvent {
        self.stage = Stage::Over;
        self.coming.clear();
        RoomEvent::Left(far_end)
    }
}

#[async_trait]
impl AgentSeat for Seat {
    async fn dial(&mut self, request: DialRequest) -> Result<(), TelephonyError> {
        if !matches!(self.stage, Stage::Quiet) {
            return Err(TelephonyError::RoomClosed);
        }
        let number = NumberMark::of(&request.number);
        let earlier = self.shared.enter(request.attempt_id, number)?;
        let plan = self.shared.people.plan(number, earlier);
        if let Some(call_back) = self.shared.people.call_back(number, earlier) {
            self.shared
                .expect_call_back(request.attempt_id, request.number.clone(), call_back);
        }
        self.stage = self.calling(plan, request.ringing_timeout);
        Ok(())
    }

    async fn next(&mut self) -> RoomEvent {
        if let Some(event) = self.coming.pop_front() {
            return event;
        }
        match &mut self.stage {
            Stage::Quiet => std::future::pending().await,
            Stage::Expecting(identity) => {
                let identity = Arc::clone(identity);
                self.microphones.wait_for(&identity).await;
                self.go_live(Far::Browser);
                RoomEvent::Answered
            }
            Stage::Answering(caller) => match caller.take() {
                Some(caller) => {
                    let line = self.shared.people.answer(caller);
                    self.go_live(Far::Simulated(Box::new(line)));
                    RoomEvent::Answered
                }
                None => self.leave(FarEnd::Lost),
            },
            Stage::Over => RoomEvent::Left(FarEnd::Lost),
            Stage::Calling { coming, callee } => {
                let Some((at, _)) = coming.last() else {
                    return self.leave(FarEnd::Lost);
                };
                sleep_until(*at).await;
                let event = coming.pop().map_or(RoomEvent::Left(FarEnd::Lost), |(_, event)| event);
                match (&event, callee.take()) {
                    (RoomEvent::Answered, Some(callee)) => {
                        let line = self.shared.people.answer(callee);
                        self.go_live(Far::Simulated(Box::new(line)));
                    }
                    (RoomEvent::Ringing, kept) => *callee = kept,
                    _ => self.stage = Stage::Over,
                }
                event
            }
            Stage::Live(far) => {
                if let Far::Simulated(line) = far {
                    line.be_ready().await;
                }
                self.colleagues.be_ready().await;
                sleep_until(self.next_tick).await;
                let now = Instant::now();
                self.next_tick += self.tick_length;
                if now > self.next_tick + self.tick_length * MOST_TICKS_BEHIND {
                    self.next_tick = now;
                }
                self.tick()
            }
        }
    }

    fn speak(&mut self, frame: Frame) {
        if self.person.is_some() {
            self.agent = Some(frame);
        }
    }

    /// Keys are heard by nobody here.
    async fn send_dtmf(&mut self, _digit: char) -> Result<(), TelephonyError> {
        if matches!(self.stage, Stage::Live(_)) {
            Ok(())
        } else {
            Err(TelephonyError::RoomClosed)
        }
    }

    async fn bring_in(&mut self, to: &PhoneNumber, ringing_timeout: Duration) -> Result<Arc<str>, TelephonyError> {
        if !matches!(self.stage, Stage::Live(_)) {
            return Err(TelephonyError::RoomClosed);
        }
        Ok(self.colleagues.call(&self.shared, to, ringing_timeout))
    }

    async fn put_out(&mut self, identity: &str) -> Result<(), TelephonyError> {
        self.colleagues.put_out(identity);
        Ok(())
    }

    /// Whom the person is handed to is not simulated: they leave.
    async fn transfer(&mut self, _to: &PhoneNumber) -> Result<(), TelephonyError> {
        if !matches!(self.stage, Stage::Live(_)) {
            return Err(TelephonyError::RoomClosed);
        }
        self.transferred = true;
        self.coming.push_back(RoomEvent::Transferred(true));
        Ok(())
    }

    async fn expect_browser(&mut self, identity: &str) -> Result<(), TelephonyError> {
        if !matches!(self.stage, Stage::Quiet) {
            return Err(TelephonyError::RoomClosed);
        }
        self.stage = Stage::Expecting(identity.into());
        Ok(())
    }

    async fn let_person_hear(&mut self, identity: &str, hear: bool) -> Result<(), TelephonyError> {
        self.microphones.let_person_hear(identity, hear);
        self.colleagues.let_person_hear(identity, hear);
        Ok(())
    }

    async fn hang_up(&mut self) {
        self.coming.clear();
        self.close_tick();
        self.stage = Stage::Over;
        self.shared.close(self.conversation);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.close(self.conversation);
    }
}
