//! The rehearsal's people as telephones.

use crate::{
    Caller, SipStatus,
    phones::{Invitation, LegEvent, PhoneLeg, Phones},
};
use async_trait::async_trait;
use domain::PhoneNumber;
use rehearsal::{
    far_end::{CallBack, Callee, Fate, OnTheLine, People},
    ledger::NumberMark,
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use telephony::{FRAME_MILLIS, FarEnd, Frame, NotAnswered};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

const TICK: Duration = Duration::from_millis(FRAME_MILLIS as u64);
/// A line that is behind by more than this many ticks gives them up.
const MOST_TICKS_BEHIND: u32 = 25;
/// So long it takes until whom a person is referred to picks up. They are not simulated.
const REFERRING: Duration = Duration::from_millis(1_500);

/// Telephones of simulated people.
pub struct SimulatedPhones {
    people: People,
    /// How often a number was called.
    called: Mutex<HashMap<NumberMark, u32>>,
    /// People whose time has come to call back.
    callers: (
        mpsc::UnboundedSender<Caller>,
        tokio::sync::Mutex<mpsc::UnboundedReceiver<Caller>>,
    ),
}

impl SimulatedPhones {
    #[must_use]
    pub fn new(people: People) -> Self {
        Self {
            people,
            called: Mutex::default(),
            callers: {
                let (ready, callers) = mpsc::unbounded_channel();
                (ready, tokio::sync::Mutex::new(callers))
            },
        }
    }

    /// Lets whoever will not be reached call back when their time has come.
    fn expect_call_back(&self, call_back: CallBack, invitation: &Invitation) {
        let phone = SimulatedPhone::new(
            &self.people,
            Stage::CallingIn {
                caller: Some(call_back.caller),
            },
        );
        let caller = Caller {
            from: invitation.to.clone(),
            to: invitation.from.clone(),
            phone: Box::new(phone),
        };
        let ready = self.callers.0.clone();
        tokio::spawn(async move {
            tokio::time::sleep(call_back.after).await;
            // The carrier may be gone.
            let _ = ready.send(caller);
        });
    }
}

#[async_trait]
impl Phones for SimulatedPhones {
    fn call(&self, invitation: &Invitation) -> Box<dyn PhoneLeg> {
        let stage = match invitation.to.parse::<PhoneNumber>() {
            Ok(number) => {
                let number = NumberMark::of(&number);
                let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
                let times = called.entry(number).or_default();
                let plan = self.people.plan(number, *times);
                if let Some(call_back) = self.people.call_back(number, *times) {
                    self.expect_call_back(call_back, invitation);
                }
                *times += 1;
                Stage::Connecting {
                    until: Instant::now() + plan.connecting,
                    fate: Some(plan.fate),
                }
            }
            Err(_) => Stage::Connecting {
                until: Instant::now(),
                fate: None,
            },
        };
        Box::new(SimulatedPhone::new(&self.people, stage))
    }

    async fn next_caller(&self) -> Caller {
        match self.callers.1.lock().await.recv().await {
            Some(caller) => caller,
            // There is always the sender of our own.
            None => std::future::pending().await,
        }
    }
}

enum Stage {
    /// Without a fate there is no such number.
    Connecting {
        until: Instant,
        fate: Option<Fate>,
    },
    /// Without an end it rings for ever; without a callee it is turned down.
    Ringing {
        until: Option<Instant>,
        callee: Option<Callee>,
    },
    /// It calls, and nobody has answered yet.
    CallingIn {
        caller: Option<Callee>,
    },
    Live(Box<OnTheLine>),
    Silent,
}

struct SimulatedPhone {
    people: People,
    stage: Stage,
    heard: Frame,
    next_tick: Instant,
    /// When somebody else will have picked up.
    referred_at: Option<Instant>,
}

impl SimulatedPhone {
    fn new(people: &People, stage: Stage) -> Self {
        Self {
            people: people.clone(),
            stage,
            heard: Frame::silence(),
            next_tick: Instant::now(),
            referred_at: None,
        }
    }

    fn go_live(&mut self, callee: Callee) {
        self.stage = Stage::Live(Box::new(self.people.answer(callee)));
        self.next_tick = Instant::now() + TICK;
    }

    fn refuse(&mut self, status: SipStatus) -> LegEvent {
        self.stage = Stage::Silent;
        LegEvent::Refused(status)
    }

    fn connected(&mut self, fate: Option<Fate>) -> LegEvent {
        let now = Instant::now();
        let (until, callee) = match fate {
            None => return self.refuse(SipStatus::ADDRESS_INCOMPLETE),
            Some(Fate::NotRinging(reason)) => return self.refuse(status_of(&reason)),
            Some(Fate::Unanswered) => (None, None),
            Some(Fate::Declined { ringing }) => (Some(now + ringing), None),
            Some(Fate::Answered { ringing, callee }) => (Some(now + ringing), Some(callee)),
        };
        self.stage = Stage::Ringing { until, callee };
        LegEvent::Ringing
    }

    /// `None`: the line broke.
    fn tick(&mut self) -> Option<LegEvent> {
        let now = Instant::now();
        self.next_tick += TICK;
        if now > self.next_tick + TICK * MOST_TICKS_BEHIND {
            self.next_tick = now;
        }
        if self.referred_at.is_some_and(|at| now >= at) {
            self.referred_at = None;
            return Some(LegEvent::Referred(Ok(())));
        }
        let Stage::Live(line) = &mut self.stage else {
            return None;
        };
        let heard = std::mem::replace(&mut self.heard, Frame::silence());
        let said = line.tick(&heard);
        if said.is_err() {
            self.stage = Stage::Silent;
        }
        match said {
            Ok(frame) => Some(LegEvent::Sound(frame)),
            Err(FarEnd::HungUp) => Some(LegEvent::HungUp),
            Err(FarEnd::Lost) => None,
        }
    }
}

fn status_of(reason: &NotAnswered) -> SipStatus {
    match reason {
        NotAnswered::Busy { sip_code } => sip_code.map_or(SipStatus::BUSY_HERE, SipStatus),
        NotAnswered::Rejected { sip_code } => sip_code.map_or(SipStatus::DECLINE, SipStatus),
        NotAnswered::Unreachable { sip_code } => sip_code.map_or(SipStatus::NOT_FOUND, SipStatus),
        NotAnswered::NoAnswer { sip_code } => sip_code.map_or(SipStatus(480), SipStatus),
        NotAnswered::Refused { .. } => SipStatus(503),
    }
}

#[async_trait]
impl PhoneLeg for SimulatedPhone {
    async fn next(&mut self) -> LegEvent {
        match &mut self.stage {
            Stage::Connecting { until, fate } => {
                sleep_until(*until).await;
                let fate = fate.take();
                self.connected(fate)
            }
            Stage::Ringing {
                until: Some(until),
                callee,
            } => {
                sleep_until(*until).await;
                match callee.take() {
                    None => self.refuse(SipStatus::DECLINE),
                    Some(callee) => {
                        self.go_live(callee);
                        LegEvent::Answered
                    }
                }
            }
            Stage::Live(line) => {
                line.be_ready().await;
                sleep_until(self.next_tick).await;
                match self.tick() {
                    Some(event) => event,
                    None => std::future::pending().await,
                }
            }
            Stage::Ringing { until: None, .. } | Stage::CallingIn { .. } | Stage::Silent => {
                std::future::pending().await
            }
        }
    }

    fn hear(&mut self, frame: Frame) {
        self.heard = frame;
    }

    fn picked_up(&mut self) {
        if let Stage::CallingIn { caller } = &mut self.stage
            && let Some(caller) = caller.take()
        {
            self.go_live(caller);
        }
    }

    /// Nobody here listens to keys.
    fn press(&mut self, _key: char) {}

    fn refer(&mut self, _to: &str) {
        self.referred_at = Some(Instant::now() + REFERRING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehearsal::{Odds, Outcome, Persona, RehearsalConfig, Studio, StudioConfig};

    fn phones(outcome: Outcome) -> SimulatedPhones {
        let config = RehearsalConfig {
            odds: Odds::only(outcome),
            ..RehearsalConfig::default()
        };
        let studio = Studio::new(StudioConfig {
            cache: None,
            tones_only: true,
        });
        SimulatedPhones::new(People::new(config, studio))
    }

    /// What happens to somebody who stays silent, without the sound, until nothing more does; and how much sound there was.
    async fn story(outcome: Outcome, to: &str) -> (Vec<LegEvent>, usize) {
        let mut phone = phones(outcome).call(&Invitation {
            to: to.to_owned(),
            from: "+12025550100".to_owned(),
        });
        let (mut events, mut frames) = (Vec::new(), 0);
        while let Ok(event) = tokio::time::timeout(Duration::from_secs(600), phone.next()).await {
            match event {
                LegEvent::Sound(_) => {
                    frames += 1;
                    phone.hear(Frame::silence());
                }
                event => events.push(event),
            }
        }
        (events, frames)
    }

    #[tokio::test(start_paused = true)]
    async fn each_outcome_sounds_as_a_telephone_network_tells_it() {
        use LegEvent::{Answered, HungUp, Refused, Ringing};
        let answered = Outcome::Person(Persona::Interested);
        for (outcome, expected) in [
            (Outcome::Busy, vec![Refused(SipStatus(486))]),
            (Outcome::Rejected, vec![Ringing, Refused(SipStatus(603))]),
            (Outcome::NoAnswer, vec![Ringing]),
            (Outcome::Voicemail, vec![Ringing, Answered, HungUp]),
            (Outcome::Lost, vec![Ringing, Answered]),
            (answered, vec![Ringing, Answered, HungUp]),
        ] {
            let (events, frames) = story(outcome, "+14155550123").await;
            assert_eq!(events, expected, "{outcome:?}");
            assert_eq!(frames > 0, expected.contains(&Answered), "{outcome:?}");
        }
        let (events, _) = story(Outcome::Unreachable, "+14155550123").await;
        assert!(
            matches!(events[..], [Refused(SipStatus(404 | 502 | 503))]),
            "{events:?}"
        );
        let (events, _) = story(answered, "nobody's number").await;
        assert_eq!(events, [Refused(SipStatus(484))]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_referred_to_picks_up() {
        let mut phone = phones(Outcome::Person(Persona::Silent)).call(&Invitation {
            to: "+14155550123".to_owned(),
            from: "+12025550100".to_owned(),
        });
        while phone.next().await != LegEvent::Answered {}
        phone.refer("tel:+14155550199");
        loop {
            match phone.next().await {
                LegEvent::Sound(_) => {}
                event => return assert_eq!(event, LegEvent::Referred(Ok(()))),
            }
        }
    }
}
