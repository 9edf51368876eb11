//! Whoever is at the other end: what becomes of a dial, decided beforehand, and those who answer. The rehearsal network and
//! the carrier draw the same people here.
//!
//! Everything is in room time: when a tick really comes is up to whoever carries the sound.

mod assistant;
mod fax;
mod line;
mod machine;
mod menu;
mod speaker;
mod tone;

use crate::{
    config::RehearsalConfig,
    fingerprint::hiss,
    ledger::NumberMark,
    outcome::{Outcome, Persona},
    person::Person,
    studio::Studio,
    voice_of::PEOPLE,
};
use assistant::{Assistant, Screening};
use domain::PhoneNumber;
use fax::Fax;
use line::PersonsLine;
use machine::Machine;
use menu::Menu;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use std::{ops::RangeInclusive, sync::Arc, time::Duration};
use telephony::{FRAME_MILLIS, FarEnd, Frame, NotAnswered};

/// SIP codes of numbers that cannot be reached.
const UNREACHABLE: [u16; 3] = [404, 502, 503];
/// How people are who call back.
const CALLERS: [Persona; 4] = [
    Persona::Interested,
    Persona::Curious,
    Persona::Sceptical,
    Persona::CallBack,
];

/// All people who can be called. Cheap to clone.
#[derive(Clone)]
pub struct People {
    config: Arc<RehearsalConfig>,
    studio: Arc<Studio>,
}

/// What becomes of a dial if nobody intervenes. Times are room time.
pub struct DialPlan {
    /// From the dial until the phone rings, or until the network says that it will not.
    pub connecting: Duration,
    pub fate: Fate,
}

/// What a dial comes to.
pub enum Fate {
    /// The network says no, and nothing rings.
    NotRinging(NotAnswered),
    /// It rings until somebody turns the call down.
    Declined {
        ringing: Duration,
    },
    /// It rings for ever.
    Unanswered,
    Answered {
        ringing: Duration,
        callee: Callee,
    },
}

/// Somebody who was not reached and calls back.
pub struct CallBack {
    /// From the dial until they call, room time.
    pub after: Duration,
    pub caller: Callee,
}

/// Somebody who is going to answer, or to call.
pub struct Callee(Box<(Outcome, ChaCha8Rng)>);

impl People {
    /// People as `config` wants them. They speak with what `studio` makes and understand what it has made.
    #[must_use]
    pub fn new(config: RehearsalConfig, studio: Arc<Studio>) -> Self {
        Self {
            config: Arc::new(config),
            studio,
        }
    }

    /// What becomes of the call to `number` that follows `earlier` others.
    #[must_use]
    pub fn outcome_of(&self, number: &PhoneNumber, earlier: u32) -> Outcome {
        self.draw(NumberMark::of(number), earlier).0
    }

    /// What becomes of the call to `number` that follows `earlier` others, and when.
    #[must_use]
    pub fn plan(&self, number: NumberMark, earlier: u32) -> DialPlan {
        let (outcome, mut chance) = self.draw(number, earlier);
        let connecting = between(
            &mut chance,
            &(Duration::from_millis(300)..=Duration::from_millis(1_200)),
        );
        let ringing = between(&mut chance, &self.config.ringing);
        let fate = match outcome {
            Outcome::Busy => Fate::NotRinging(NotAnswered::Busy { sip_code: None }),
            Outcome::Unreachable => Fate::NotRinging(NotAnswered::Unreachable {
                sip_code: Some(UNREACHABLE[chance.random_range(0..UNREACHABLE.len())]),
            }),
            Outcome::Rejected => Fate::Declined { ringing },
            Outcome::NoAnswer => Fate::Unanswered,
            Outcome::Voicemail
            | Outcome::PhoneMenu
            | Outcome::CallScreening
            | Outcome::Fax
            | Outcome::Lost
            | Outcome::Person(_) => Fate::Answered {
                ringing,
                callee: Callee(Box::new((outcome, chance))),
            },
        };
        DialPlan { connecting, fate }
    }

    /// The same for a colleague of the team: whoever picks up is friendly.
    #[must_use]
    pub fn plan_of_colleague(&self, number: NumberMark) -> DialPlan {
        let mut plan = self.plan(number, 0);
        if let Fate::Answered { callee, .. } = &mut plan.fate {
            callee.0.0 = Outcome::Person(Persona::Interested);
        }
        plan
    }

    /// Somebody picks up.
    /// Whoever does not answer the call to `number` that follows `earlier` others may call back: only after the first one,
    /// so nobody does it twice.
    #[must_use]
    pub fn call_back(&self, number: NumberMark, earlier: u32) -> Option<CallBack> {
        let (outcome, _) = self.draw(number, earlier);
        let was_missed = matches!(outcome, Outcome::NoAnswer | Outcome::Busy | Outcome::Rejected);
        // Another draw than the one of the dial, so that this changes nothing of it.
        let (_, mut chance) = self.draw(number, u32::MAX);
        let wants = chance.random_range(0..100) < u32::from(self.config.call_backs);
        (earlier == 0 && was_missed && wants).then(|| {
            let persona = CALLERS[chance.random_range(0..CALLERS.len())];
            CallBack {
                after: between(&mut chance, &self.config.calling_back),
                caller: Callee(Box::new((Outcome::Person(persona), chance))),
            }
        })
    }

    /// Somebody picks up, or is answered.
    #[must_use]
    pub fn answer(&self, callee: Callee) -> OnTheLine {
        let (outcome, mut chance) = *callee.0;
        let lost_at_ms = (outcome == Outcome::Lost).then(|| {
            let after = between(&mut chance, &self.config.lost_after);
            u32::try_from(after.as_millis()).unwrap_or(u32::MAX)
        });
        let end = match outcome {
            Outcome::Voicemail => End::Machine(Box::new(Machine::answer(&mut chance, &self.studio))),
            Outcome::PhoneMenu => End::Menu(Box::new(Menu::answer(&mut chance, &self.studio))),
            Outcome::Fax => End::Fax(Fax::answer(&mut chance)),
            Outcome::CallScreening => {
                let assistant = Assistant::answer(&mut chance, &self.studio);
                End::Screened(Box::new(assistant), Box::new(Some(chance)))
            }
            Outcome::Person(persona) => self.somebody(persona, &mut chance),
            _ => self.somebody(Persona::Interested, &mut chance),
        };
        OnTheLine {
            end,
            people: self.clone(),
            lost_at_ms,
            now_ms: 0,
            line_noise: self.config.line_noise,
        }
    }

    fn somebody(&self, persona: Persona, chance: &mut ChaCha8Rng) -> End {
        let voice = PEOPLE[chance.random_range(0..PEOPLE.len())];
        let person = Person::new(persona, chance.next_u64());
        End::Person(Box::new(PersonsLine::answer(person, voice, &self.studio)))
    }

    fn draw(&self, number: NumberMark, earlier: u32) -> (Outcome, ChaCha8Rng) {
        let digest = Sha256::digest(format!("{} {:016x} {earlier}", self.config.seed, number.0));
        let mut chance = ChaCha8Rng::from_seed(digest.into());
        (self.config.odds.at(chance.next_u64()), chance)
    }
}

fn between(chance: &mut ChaCha8Rng, range: &RangeInclusive<Duration>) -> Duration {
    let millis = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let (from, to) = (millis(range.start()), millis(range.end()));
    Duration::from_millis(chance.random_range(from..=to.max(from)))
}

enum End {
    Person(Box<PersonsLine>),
    Machine(Box<Machine>),
    Menu(Box<Menu>),
    Fax(Fax),
    /// The chance that makes the person who takes the call.
    Screened(Box<Assistant>, Box<Option<ChaCha8Rng>>),
}

/// Somebody who has answered.
pub struct OnTheLine {
    end: End,
    people: People,
    /// When the line breaks.
    lost_at_ms: Option<u32>,
    now_ms: u32,
    line_noise: bool,
}

impl OnTheLine {
    /// Waits for what is to be said in the next tick. Cancel safe.
    pub async fn be_ready(&mut self) {
        match &mut self.end {
            End::Person(line) => line.be_ready().await,
            End::Machine(machine) => machine.be_ready().await,
            End::Menu(menu) => menu.be_ready().await,
            End::Screened(assistant, _) => assistant.be_ready().await,
            End::Fax(_) => {}
        }
    }

    /// 20 ms: what was said to them in the last tick comes in, what they say in this one goes out.
    ///
    /// # Errors
    /// They are gone, and how.
    pub fn tick(&mut self, heard: &Frame) -> Result<Frame, FarEnd> {
        if self.lost_at_ms.is_some_and(|at| self.now_ms >= at) {
            return Err(FarEnd::Lost);
        }
        self.now_ms += FRAME_MILLIS;
        let said = match &mut self.end {
            End::Person(line) => line.tick(heard),
            End::Machine(machine) => machine.tick(heard),
            End::Menu(menu) => menu.tick(heard),
            End::Fax(fax) => fax.tick(),
            End::Screened(assistant, chance) => match assistant.tick(heard) {
                Screening::GoesOn(said) => Some(said),
                Screening::TurnsAway => None,
                Screening::LetsThrough => {
                    let taken = chance.take();
                    if let Some(mut chance) = taken {
                        self.end = self.people.somebody(Persona::Interested, &mut chance);
                    }
                    Some(None)
                }
            },
        };
        let said = said.ok_or(FarEnd::HungUp)?;
        Ok(said.unwrap_or_else(|| {
            if self.line_noise {
                hiss(usize::try_from(self.now_ms / FRAME_MILLIS).unwrap_or(0))
            } else {
                Frame::silence()
            }
        }))
    }
}
