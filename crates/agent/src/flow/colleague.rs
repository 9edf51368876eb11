//! A colleague is called into the call: rings, hears the call, speaks with the person, goes.
//!
//! The agent goes on with the person until a supervisor connects the two, and again as soon as the colleague is gone: the
//! person is never left alone. Until then the person hears neither the colleague nor the supervisor, and what those two say
//! to each other is neither recorded nor written down nor told to the language model.

use super::{ConversationFlow, Effect, Event, Phase, talking::Talking};
use crate::call::SaidAloud;
use domain::{
    PhoneNumber, UserId,
    call_command::{CallFloor, CallSupervisor, Colleague, NotReached, owner_of_voice},
    conversation::{Disposition, Speaker},
};
use std::sync::Arc;

/// Said in the results of a call in which a colleague spoke with the person.
const SPOKE_WITH_A_COLLEAGUE: &str = "A supervisor called a colleague in, who spoke with the person.";

#[derive(Debug, Default)]
pub(super) struct Visit {
    stage: Colleague,
    /// Their voice in the room, as soon as the network has named it.
    identity: Option<Arc<str>>,
    /// A colleague has spoken with the person in this call.
    pub(super) was_connected: bool,
}

impl Visit {
    fn is(&self, identity: &Arc<str>) -> bool {
        self.identity.as_ref() == Some(identity)
    }

    /// What this voice says is between a supervisor and the colleague.
    pub(super) fn is_confidential(&self, owner: Option<UserId>) -> bool {
        match &self.stage {
            Colleague::Briefed(by) => owner.is_none_or(|owner| owner == by.id),
            _ => owner.is_none() && !matches!(self.stage, Colleague::Connected(_)),
        }
    }

    /// How a call ended in which a colleague spoke with the person.
    pub(super) fn disposition(&self, otherwise: Disposition) -> Disposition {
        let by_the_way = matches!(
            otherwise,
            Disposition::HungUp | Disposition::Silent | Disposition::EndedBySupervisor
        );
        if self.was_connected && by_the_way {
            Disposition::Transferred
        } else {
            otherwise
        }
    }

    pub(super) fn reason(&self, disposition: Disposition) -> Option<String> {
        (self.was_connected && disposition == Disposition::Transferred).then(|| SPOKE_WITH_A_COLLEAGUE.to_owned())
    }
}

impl ConversationFlow {
    pub(super) fn visit_news(&mut self, event: &Event) {
        match event {
            Event::CallColleague(to, by) => self.call_colleague(to, by),
            Event::ColleagueCalled(Ok(identity)) => match &self.visit.stage {
                Colleague::Ringing(_) => self.visit.identity = Some(Arc::clone(identity)),
                // Dismissed before the network had named them.
                _ => self.effects.push(Effect::PutOut(Arc::clone(identity))),
            },
            Event::ColleagueCalled(Err(why)) if matches!(self.visit.stage, Colleague::Ringing(_)) => {
                self.colleague_gone(*why);
            }
            Event::ColleagueNotReached(identity, why) if self.visit.is(identity) => self.colleague_gone(*why),
            Event::SupervisorJoined(identity) if owner_of_voice(identity).is_none() => self.colleague_came(identity),
            Event::SupervisorLeft(identity) if self.visit.is(identity) => self.colleague_gone(NotReached::HungUp),
            Event::PersonCannotHear(identity) if self.visit.is(identity) => {
                self.effects.push(Effect::PutOut(Arc::clone(identity)));
                self.colleague_gone(NotReached::NotConnected);
            }
            Event::ConnectColleague(by) => self.connect_colleague(by),
            Event::DismissColleague(by) if self.visit.stage.called_by().is_some() => {
                let alone = matches!(self.supervision.floor(), CallFloor::Colleague(_));
                self.act(format!("{} sent the colleague away.", name_of(by)));
                self.dismiss_colleague();
                if alone {
                    self.agent_again(true);
                }
            }
            _ => {}
        }
    }

    fn call_colleague(&mut self, to: &PhoneNumber, by: &CallSupervisor) {
        if !self.supervisor_may_steer() || self.is_handing_over() || self.visit.stage.called_by().is_some() {
            return;
        }
        self.visit.identity = None;
        self.act(format!("{} called a colleague.", name_of(by)));
        self.show_colleague(Colleague::Ringing(by.clone()));
        self.effects.push(Effect::CallColleague(to.clone()));
    }

    fn colleague_came(&mut self, identity: &Arc<str>) {
        let Colleague::Ringing(by) = self.visit.stage.clone() else {
            // Whose visit it was is not known here, nor whether the person may hear them: a worker that died called them.
            if !self.visit.is(identity) {
                self.effects.push(Effect::PutOut(Arc::clone(identity)));
            }
            return;
        };
        self.visit.identity = Some(Arc::clone(identity));
        self.act("The colleague is on the line. The person does not hear them.".to_owned());
        self.show_colleague(Colleague::Briefed(by));
        // Whoever has the floor could not speak with the colleague alone: the agent looks after the person.
        self.agent_again(false);
    }

    fn connect_colleague(&mut self, by: &CallSupervisor) {
        if !matches!(self.visit.stage, Colleague::Briefed(_)) || !self.supervisor_may_steer() {
            return;
        }
        self.fall_silent();
        self.visit.was_connected = true;
        self.act(format!("{} connected the colleague with the person.", name_of(by)));
        self.show_colleague(Colleague::Connected(by.clone()));
        self.set_floor(CallFloor::Colleague(by.clone()));
        self.phase = Phase::Talking(Talking::again(self.now, false));
    }

    /// The colleague is not there, or not any more.
    fn colleague_gone(&mut self, why: NotReached) {
        self.visit.identity = None;
        if matches!(self.phase, Phase::Ending(_)) {
            return;
        }
        self.act(why.sentence().to_owned());
        self.show_colleague(Colleague::NotReached(why));
        if matches!(self.supervision.floor(), CallFloor::Colleague(_)) {
            self.agent_again(true);
        }
    }

    /// Puts the colleague out, wherever they are on their way.
    pub(super) fn dismiss_colleague(&mut self) {
        if self.visit.stage.called_by().is_none() {
            return;
        }
        if let Some(identity) = self.visit.identity.take() {
            self.forget_voice(&identity);
            self.effects.push(Effect::PutOut(identity));
        }
        self.show_colleague(Colleague::Nobody);
    }

    fn show_colleague(&mut self, stage: Colleague) {
        self.visit.stage = stage.clone();
        self.effects.push(Effect::SetColleague(stage));
    }

    /// Writes down what a supervisor did.
    pub(super) fn act(&mut self, what: String) {
        self.write(SaidAloud {
            speaker: Speaker::Act,
            text: what.into(),
            start_ms: self.now,
            end_ms: self.now,
            interrupted: false,
        });
    }
}

/// As the transcript calls a supervisor.
pub(super) fn name_of(by: &CallSupervisor) -> &str {
    match by.name.reveal() {
        "" => "A supervisor",
        name => name,
    }
}
