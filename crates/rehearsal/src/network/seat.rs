//! The agent's seat in a room. The room has no task of its own: it moves on when the agent asks for the next event, no
//! sooner than the clock allows. That makes a call cheap, and an agent that is late finds its ticks waiting.

use super::{Door, Shared, line::PersonsLine, machine::Machine, microphones::Microphones};
use crate::{
    fingerprint::hiss,
    ledger::NumberMark,
    outcome::{Outcome, Persona},
    person::Person,
    voice_of::PEOPLE,
};
use async_trait::async_trait;
use domain::{ConversationId, PhoneNumber};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use telephony::{
    AgentSeat, DialRequest, FRAME_MILLIS, FarEnd, Frame, HeardFrames, NotAnswered, RoomEvent, TelephonyError,
};
use tokio::time::{Instant, sleep_until};

/// A room that is behind by more than this many ticks gives them up.
const MOST_TICKS_BEHIND: u32 = 25;
/// SIP codes of numbers that cannot be reached.
const UNREACHABLE: [u16; 3] = [404, 502, 503];

enum Far {
    Person(Box<PersonsLine>),
    Machine(Box<Machine>),
    /// A browser is the person.
    Browser,
}

enum Stage {
    /// Nothing was dialled yet.
    Quiet,
    /// A browser with this identity is to be the person.
    Expecting(Arc<str>),
    /// What happens before the answer: events with their times, the next one last.
    Calling {
        coming: Vec<(Instant, RoomEvent)>,
        answer: Option<Box<(Outcome, ChaCha8Rng)>>,
    },
    Live {
        far: Far,
        /// When the line breaks.
        lost_at_ms: Option<u32>,
        now_ms: u32,
    },
    Over,
}

pub(super) struct Seat {
    shared: Arc<Shared>,
    conversation: ConversationId,
    door: Arc<Door>,
    microphones: Microphones,
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
    ticks: usize,
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
            coming: VecDeque::new(),
            stage: Stage::Quiet,
            next_tick: Instant::now(),
            agent: None,
            person: None,
            supervisors: Vec::new(),
            ticks: 0,
            transferred: false,
        }
    }

    fn between(&self, chance: &mut ChaCha8Rng, from: Duration, to: Duration) -> Duration {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(chance.random_range(millis(from)..=millis(to).max(millis(from))))
    }

    /// What becomes of the dial, and when.
    fn plan(&self, outcome: Outcome, mut chance: ChaCha8Rng, ringing_timeout: Duration) -> Stage {
        let config = &self.shared.config;
        let connecting = self.between(&mut chance, Duration::from_millis(300), Duration::from_millis(1_200));
        let ringing = self.between(&mut chance, *config.ringing.start(), *config.ringing.end());
        let in_time = ringing < ringing_timeout;
        let not_answered = |reason| vec![RoomEvent::NotAnswered(reason)];
        let (rings, after, then) = match outcome {
            Outcome::Busy => (
                false,
                Duration::ZERO,
                not_answered(NotAnswered::Busy { sip_code: None }),
            ),
            Outcome::Unreachable => {
                let code = UNREACHABLE[chance.random_range(0..UNREACHABLE.len())];
                let reason = NotAnswered::Unreachable { sip_code: Some(code) };
                (false, Duration::ZERO, not_answered(reason))
            }
            Outcome::Rejected if in_time => (true, ringing, not_answered(NotAnswered::Rejected { sip_code: None })),
            Outcome::NoAnswer | Outcome::Rejected => (
                true,
                ringing_timeout,
                not_answered(NotAnswered::NoAnswer { sip_code: None }),
            ),
            _ if !in_time => (
                true,
                ringing_timeout,
                not_answered(NotAnswered::NoAnswer { sip_code: None }),
            ),
            Outcome::Voicemail | Outcome::Lost | Outcome::Person(_) => (true, ringing, vec![RoomEvent::Answered]),
        };
        let connected = Instant::now() + self.shared.real(connecting);
        let mut coming: Vec<(Instant, RoomEvent)> = Vec::new();
        let answered = then == [RoomEvent::Answered];
        coming.extend(
            then.into_iter()
                .map(|event| (connected + self.shared.real(after), event)),
        );
        if rings {
            coming.push((connected, RoomEvent::Ringing));
        }
        Stage::Calling {
            coming,
            answer: answered.then(|| Box::new((outcome, chance))),
        }
    }

    fn answer(&mut self, outcome: Outcome, mut chance: ChaCha8Rng) -> Stage {
        let config = &self.shared.config;
        let lost_at_ms = (outcome == Outcome::Lost).then(|| {
            let after = self.between(&mut chance, *config.lost_after.start(), *config.lost_after.end());
            u32::try_from(after.as_millis()).unwrap_or(u32::MAX)
        });
        let studio = &self.shared.studio;
        let far = if outcome == Outcome::Voicemail {
            Far::Machine(Box::new(Machine::answer(&mut chance, studio)))
        } else {
            let persona = match outcome {
                Outcome::Person(persona) => persona,
                _ => Persona::Interested,
            };
            let voice = PEOPLE[chance.random_range(0..PEOPLE.len())];
            let person = Person::new(persona, chance.next_u64());
            Far::Person(Box::new(PersonsLine::answer(person, voice, studio)))
        };
        self.next_tick = Instant::now() + self.tick_length;
        Stage::Live {
            far,
            lost_at_ms,
            now_ms: 0,
        }
    }

    /// Closes the tick that the agent had last: its sound is complete now. Gives what the person heard.
    fn close_tick(&mut self) -> Frame {
        let agent = self.agent.take().unwrap_or_else(Frame::silence);
        let supervisors = std::mem::take(&mut self.supervisors);
        let to_person = supervisors
            .iter()
            .fold(agent.clone(), |sum, (_, frame)| sum.mixed_with(frame));
        if let Some(person) = self.person.take()
            && let Some(listeners) = self.door.listeners.get()
            && listeners.receiver_count() > 0
        {
            // Nobody may have stayed to listen.
            let _ = listeners.send(HeardFrames {
                agent,
                person,
                supervisors,
            });
        }
        to_person
    }

    fn tick(&mut self) -> RoomEvent {
        let agent = self.close_tick();
        let Stage::Live {
            far,
            lost_at_ms,
            now_ms,
        } = &mut self.stage
        else {
            return RoomEvent::Left(FarEnd::Lost);
        };
        if self.transferred {
            return self.leave(FarEnd::HungUp);
        }
        if lost_at_ms.is_some_and(|at| *now_ms >= at) {
            return self.leave(FarEnd::Lost);
        }
        *now_ms += FRAME_MILLIS;
        self.supervisors = self.microphones.tick(&mut self.coming);
        let heard = match far {
            Far::Person(line) => line.tick(&agent),
            Far::Machine(machine) => machine.tick(&agent),
            Far::Browser => self.microphones.take_person(),
        };
        let Some(frame) = heard else {
            return self.leave(FarEnd::HungUp);
        };
        self.ticks += 1;
        let frame = frame.unwrap_or_else(|| {
            if self.shared.config.line_noise {
                hiss(self.ticks)
            } else {
                Frame::silence()
            }
        });
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
        let (outcome, chance) = self.shared.draw(number, earlier);
        self.stage = self.plan(outcome, chance, request.ringing_timeout);
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
                self.next_tick = Instant::now() + self.tick_length;
                self.stage = Stage::Live {
                    far: Far::Browser,
                    lost_at_ms: None,
                    now_ms: 0,
                };
                RoomEvent::Answered
            }
            Stage::Over => RoomEvent::Left(FarEnd::Lost),
            Stage::Calling { coming, answer } => {
                let Some((at, _)) = coming.last() else {
                    return self.leave(FarEnd::Lost);
                };
                sleep_until(*at).await;
                let event = coming.pop().map_or(RoomEvent::Left(FarEnd::Lost), |(_, event)| event);
                match (&event, answer.take()) {
                    (RoomEvent::Answered, Some(who)) => {
                        let (outcome, chance) = *who;
                        self.stage = self.answer(outcome, chance);
                    }
                    (RoomEvent::Ringing, kept) => *answer = kept,
                    _ => self.stage = Stage::Over,
                }
                event
            }
            Stage::Live { far, .. } => {
                match far {
                    Far::Person(line) => line.be_ready().await,
                    Far::Machine(machine) => machine.be_ready().await,
                    Far::Browser => {}
                }
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

    /// Whom the person is handed to is not simulated: they leave.
    async fn transfer(&mut self, _to: &PhoneNumber) -> Result<(), TelephonyError> {
        if !matches!(self.stage, Stage::Live { .. }) {
            return Err(TelephonyError::RoomClosed);
        }
        self.transferred = true;
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
