//! Colleagues who are called into a room: phones like any other, whose people hear all that is said in it.

use super::Shared;
use crate::{
    far_end::{Callee, Fate, OnTheLine},
    ledger::NumberMark,
};
use domain::PhoneNumber;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use telephony::{Frame, NotAnswered, RoomEvent, SUPERVISOR_PREFIX};
use tokio::time::Instant;

enum Stage {
    Ringing {
        until: Instant,
        outcome: Result<Option<Callee>, NotAnswered>,
    },
    Live(Box<OnTheLine>),
}

struct Visitor {
    identity: Arc<str>,
    stage: Stage,
    person_hears: bool,
}

/// What was said in a tick.
#[derive(Default)]
pub(super) struct Said {
    /// So that the person hears it.
    pub(super) aloud: Vec<(Arc<str>, Frame)>,
    /// So that they do not.
    pub(super) aside: Option<Frame>,
}

/// All of a room.
#[derive(Default)]
pub(super) struct Colleagues {
    visitors: Vec<Visitor>,
    called: u32,
}

impl Colleagues {
    /// Lets a phone ring; what becomes of it shows in later ticks.
    pub(super) fn call(&mut self, shared: &Shared, number: &PhoneNumber, ringing_timeout: Duration) -> Arc<str> {
        self.called += 1;
        let identity: Arc<str> = format!("{SUPERVISOR_PREFIX}phone-{}", self.called).into();
        let plan = shared.people.plan_of_colleague(NumberMark::of(number));
        let (rings, outcome) = match plan.fate {
            Fate::NotRinging(reason) => (Duration::ZERO, Err(reason)),
            Fate::Declined { ringing } if ringing < ringing_timeout => {
                (ringing, Err(NotAnswered::Rejected { sip_code: None }))
            }
            Fate::Answered { ringing, callee } if ringing < ringing_timeout => (ringing, Ok(Some(callee))),
            Fate::Unanswered | Fate::Declined { .. } | Fate::Answered { .. } => {
                (ringing_timeout, Err(NotAnswered::NoAnswer { sip_code: None }))
            }
        };
        self.visitors.push(Visitor {
            identity: Arc::clone(&identity),
            stage: Stage::Ringing {
                until: Instant::now() + shared.real(plan.connecting + rings),
                outcome,
            },
            person_hears: false,
        });
        identity
    }

    /// Waits for what they are to say in the next tick. Cancel safe.
    pub(super) async fn be_ready(&mut self) {
        for visitor in &mut self.visitors {
            if let Stage::Live(line) = &mut visitor.stage {
                line.be_ready().await;
            }
        }
    }

    /// 20 ms in which `heard` was said in the room before; gives what they say, and tells who came and went.
    pub(super) fn tick(&mut self, shared: &Shared, heard: &Frame, events: &mut VecDeque<RoomEvent>) -> Said {
        let mut said = Said::default();
        self.visitors.retain_mut(|visitor| {
            let identity = Arc::clone(&visitor.identity);
            let line = match &mut visitor.stage {
                Stage::Ringing { until, .. } if Instant::now() < *until => return true,
                Stage::Ringing { outcome, .. } => {
                    match std::mem::replace(outcome, Ok(None)) {
                        Ok(Some(callee)) => {
                            visitor.stage = Stage::Live(Box::new(shared.people.answer(callee)));
                            events.push_back(RoomEvent::SupervisorJoined { identity });
                            return true;
                        }
                        Err(why) => events.push_back(RoomEvent::NotBroughtIn { identity, why }),
                        Ok(None) => {}
                    }
                    return false;
                }
                Stage::Live(line) => line,
            };
            let Ok(frame) = line.tick(heard) else {
                events.push_back(RoomEvent::SupervisorLeft { identity });
                return false;
            };
            if visitor.person_hears {
                said.aloud.push((Arc::clone(&identity), frame.clone()));
            } else {
                said.aside = Some(frame.clone());
            }
            events.push_back(RoomEvent::SupervisorSound { identity, frame });
            true
        });
        said
    }

    pub(super) fn let_person_hear(&mut self, identity: &str, hear: bool) {
        for visitor in self.visitors.iter_mut().filter(|known| *known.identity == *identity) {
            visitor.person_hears = hear;
        }
    }

    pub(super) fn put_out(&mut self, identity: &str) {
        self.visitors.retain(|known| *known.identity != *identity);
    }
}
