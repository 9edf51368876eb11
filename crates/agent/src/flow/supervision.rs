//! A supervisor speaks: takes over, barges in, gives back, is lost.
//!
//! At most one supervisor has the floor. Whoever has a voice in the room without it is heard by the agent alone: that is
//! a whisper. What the rules demand of the agent (a request not to be called again, the longest time) holds whoever
//! speaks; to say what they demand, the agent takes the floor back.

use super::{ConversationFlow, Effect, Event, HeardWords, MOST_WHISPERS, Phase, floor::Purpose, talking::Talking};
use crate::call::SaidAloud;
use domain::{
    Personal, PhoneNumber, UserId,
    call_command::{CallFloor, CallSupervisor, owner_of_voice},
    conversation::{Disposition, Speaker},
};
use std::sync::Arc;

/// A supervisor who has taken over and whose voice is gone gets this long to come back, milliseconds. Then the agent
/// goes on, so that nobody is left alone.
pub const SUPERVISOR_GRACE_MS: u32 = 8_000;
/// Voices of supervisors in one room that are kept apart; more are neither heard nor written down.
const MOST_VOICES: usize = 8;
/// How a colleague who was called in is named in what the language model reads.
const COLLEAGUE: &str = "Colleague";
/// The network tells what became of a transfer within this time, milliseconds; else the person is still here.
const HANDING_OVER_MS: u32 = 45_000;
const BY_SUPERVISOR: &str = "A supervisor put the person through to another number.";
const BY_AGENT: &str = "The agent put the person through to a colleague.";

/// A voice of a supervisor in the room.
#[derive(Debug)]
struct Voice {
    identity: Arc<str>,
    /// `None` for a colleague who was called in.
    owner: Option<UserId>,
    speaks: bool,
    /// What is being said is heard by the person, at least in part.
    aloud: bool,
}

/// The network is handing the person over to another number.
#[derive(Clone, Copy, Debug)]
struct HandingOver {
    since: u32,
    /// Who wanted it, as the reason of the call's end.
    reason: &'static str,
}

#[derive(Debug, Default)]
pub(super) struct Supervision {
    floor: CallFloor,
    voices: Vec<Voice>,
    /// Since when the floor has belonged to somebody without a voice in the room.
    lost_since: Option<u32>,
    handing_over: Option<HandingOver>,
}

impl Supervision {
    pub(super) const fn floor(&self) -> &CallFloor {
        &self.floor
    }

    /// The agent must be silent.
    pub(super) fn is_taken_over(&self) -> bool {
        self.floor.is_taken_over()
    }

    /// The person hears voices of this owner.
    fn is_heard(&self, owner: Option<UserId>) -> bool {
        match owner {
            Some(owner) => self.floor.supervisor().is_some_and(|holder| holder.id == owner),
            None => matches!(self.floor, CallFloor::Colleague(_)),
        }
    }

    fn holder_has_a_voice(&self) -> bool {
        self.voices
            .iter()
            .any(|voice| voice.owner.is_some() && self.is_heard(voice.owner))
    }

    /// Where the floor belongs to somebody whose voice is not there, the time runs.
    fn watch_holder(&mut self, now: u32) {
        let lost = self.floor.supervisor().is_some() && !self.holder_has_a_voice();
        self.lost_since = lost.then(|| self.lost_since.unwrap_or(now));
    }
}

impl ConversationFlow {
    /// What supervisors do, and what becomes of it.
    pub(super) fn supervise(&mut self, event: &Event) {
        match event {
            Event::TakeOver(by) => self.give_floor(CallFloor::Supervisor(by.clone())),
            Event::BargeIn(by) => self.give_floor(CallFloor::Everybody(by.clone())),
            Event::ReturnToAgent(by) if self.supervision.is_heard(Some(*by)) => self.agent_again(false),
            Event::SupervisorJoined(identity) => self.voice_came(identity),
            Event::SupervisorLeft(identity) => {
                self.forget_voice(identity);
                self.supervision.watch_holder(self.now);
            }
            Event::SupervisorSpeaks(identity) => {
                let Some(at) = self.voice(identity) else { return };
                let aloud = self.supervision.is_heard(self.supervision.voices[at].owner);
                let voice = &mut self.supervision.voices[at];
                (voice.speaks, voice.aloud) = (true, aloud);
                if aloud && matches!(self.phase, Phase::Talking(_)) {
                    self.barge_in();
                }
            }
            Event::Tick => {
                let lost = self.supervision.lost_since;
                if lost.is_some_and(|since| self.now.saturating_sub(since) >= SUPERVISOR_GRACE_MS) {
                    self.agent_again(true);
                }
                let handing_over = self.supervision.handing_over;
                if handing_over.is_some_and(|handing| self.now.saturating_sub(handing.since) >= HANDING_OVER_MS) {
                    self.not_handed_over();
                }
            }
            Event::Transfer(to) if self.supervisor_may_steer() && !self.is_handing_over() => {
                self.hand_over(to.clone(), BY_SUPERVISOR);
            }
            Event::Transferred(true) if !matches!(self.phase, Phase::Ending(_)) => {
                let reason = self
                    .supervision
                    .handing_over
                    .map_or(BY_SUPERVISOR, |handing| handing.reason);
                self.end(Disposition::Transferred, Some(reason));
            }
            Event::Transferred(false) if self.is_handing_over() => self.not_handed_over(),
            _ => {}
        }
        self.floor.supervisor_speaks = self.supervision.voices.iter().any(|voice| voice.speaks && voice.aloud);
    }

    /// The model puts the person through to whom the campaign names.
    pub(super) fn hand_over_as_agent(&mut self) {
        if let Some(to) = self.rules.tools.transfer_to.clone() {
            self.hand_over(to, BY_AGENT);
        }
    }

    fn hand_over(&mut self, to: PhoneNumber, reason: &'static str) {
        self.dismiss_colleague();
        self.fall_silent();
        self.supervision.handing_over = Some(HandingOver {
            since: self.now,
            reason,
        });
        self.effects.push(Effect::Transfer(to));
    }

    /// The network is handing the person over: the agent is silent, and only what the rules demand happens.
    pub(super) const fn is_handing_over(&self) -> bool {
        self.supervision.handing_over.is_some()
    }

    /// The person is still here.
    fn not_handed_over(&mut self) {
        self.supervision.handing_over = None;
        if !matches!(self.phase, Phase::Talking(_)) {
            return;
        }
        if !self.supervision.is_taken_over() {
            self.phase = Phase::Talking(Talking::again(self.now, self.floor.person_waits()));
        }
        self.say(self.wording.not_put_through, Purpose::Fixed);
    }

    pub(super) fn forget_voice(&mut self, identity: &Arc<str>) {
        self.supervision.voices.retain(|voice| voice.identity != *identity);
    }

    fn voice(&self, identity: &Arc<str>) -> Option<usize> {
        self.supervision
            .voices
            .iter()
            .position(|voice| voice.identity == *identity)
    }

    fn voice_came(&mut self, identity: &Arc<str>) {
        let voices = &self.supervision.voices;
        if voices.len() >= MOST_VOICES || voices.iter().any(|voice| voice.identity == *identity) {
            return;
        }
        let owner = owner_of_voice(identity);
        self.supervision.voices.push(Voice {
            identity: Arc::clone(identity),
            owner,
            speaks: false,
            aloud: false,
        });
        self.supervision.watch_holder(self.now);
        self.effects.push(Effect::LetPersonHear {
            identity: Arc::clone(identity),
            hear: self.supervision.is_heard(owner),
        });
    }

    /// There is a person to speak with, and no goodbye of ours that must stand.
    pub(super) fn supervisor_may_steer(&self) -> bool {
        match &self.phase {
            Phase::Talking(_) | Phase::WhoAnswered(_) | Phase::Machine(_) | Phase::Menu(_) | Phase::Screened(_) => true,
            Phase::WrappingUp(wrapping_up) => !wrapping_up.is_ours(),
            _ => false,
        }
    }

    fn give_floor(&mut self, wanted: CallFloor) {
        let holder = self.supervision.floor.supervisor().map(|holder| holder.id);
        let by = wanted.supervisor().map(|by| by.id);
        let others = (holder.is_some() && holder != by) || matches!(self.supervision.floor, CallFloor::Colleague(_));
        if !self.supervisor_may_steer() || self.is_handing_over() || others || self.supervision.floor == wanted {
            return;
        }
        let goes_on = matches!(wanted, CallFloor::Everybody(_)) && !self.supervision.is_taken_over();
        self.set_floor(wanted);
        if goes_on {
            return;
        }
        self.fall_silent();
        let owed = !self.supervision.is_taken_over() && self.floor.person_waits();
        self.phase = Phase::Talking(Talking::again(self.now, owed));
    }

    pub(super) fn set_floor(&mut self, floor: CallFloor) {
        self.supervision.floor = floor.clone();
        self.supervision.lost_since = None;
        self.supervision.watch_holder(self.now);
        for at in 0..self.supervision.voices.len() {
            let hear = self.supervision.is_heard(self.supervision.voices[at].owner);
            let voice = &mut self.supervision.voices[at];
            // Words that began aloud stay so, and words that end aloud are no whisper.
            voice.aloud |= hear && voice.speaks;
            self.effects.push(Effect::LetPersonHear {
                identity: Arc::clone(&voice.identity),
                hear,
            });
        }
        self.effects.push(Effect::SetFloor(floor));
    }

    /// Takes the floor back without a word, if a supervisor has it.
    pub(super) fn release_floor(&mut self) {
        if self.supervision.floor != CallFloor::Agent {
            self.set_floor(CallFloor::Agent);
        }
    }

    /// The agent speaks alone again: its supervisor gave the call back, or was lost.
    pub(super) fn agent_again(&mut self, lost: bool) {
        let was_silent = self.supervision.is_taken_over();
        self.release_floor();
        if !was_silent || !matches!(self.phase, Phase::Talking(_)) {
            return;
        }
        self.phase = Phase::Talking(Talking::again(self.now, self.floor.person_waits()));
        if lost {
            self.say(self.wording.back_again, Purpose::Fixed);
        }
        if !self.floor.agent_spoke() {
            // Who is calling must have been said.
            self.say_opening();
        }
        self.go_on();
    }

    /// A supervisor's turn is over; gives what is to be written down for it.
    pub(super) fn supervisor_heard(&mut self, identity: &Arc<str>, heard: &HeardWords) -> Option<SaidAloud> {
        // Of somebody who left, the last words come after they did.
        let owner = owner_of_voice(identity);
        let aloud = match self.voice(identity) {
            Some(at) => {
                let voice = &mut self.supervision.voices[at];
                voice.speaks = false;
                std::mem::take(&mut voice.aloud)
            }
            None => self.supervision.is_heard(owner),
        };
        if !aloud && self.visit.is_confidential(owner) {
            return None;
        }
        let empty = heard.text.reveal().trim().is_empty();
        if !empty && aloud {
            self.supervisor_has_spoken();
            let name = self.name_of(owner);
            let speaker = owner.map_or(Speaker::Colleague, |_| Speaker::SupervisorAloud);
            return Some(self.floor.said_by_supervisor(speaker, &name, heard));
        }
        if empty {
            if aloud && !self.supervision.is_taken_over() && matches!(self.phase, Phase::Talking(_)) {
                self.it_was_only_noise();
            }
            return None;
        }
        if self.whispers >= MOST_WHISPERS {
            return None;
        }
        self.whispers += 1;
        Some(self.floor.whispered(heard.text.clone(), heard.start_ms, heard.end_ms))
    }

    fn name_of(&self, owner: Option<UserId>) -> Personal {
        let known: Option<&CallSupervisor> = self.supervision.floor.supervisor();
        match (owner, known) {
            (Some(owner), Some(holder)) if holder.id == owner => holder.name.clone(),
            (Some(_), _) => "Supervisor".into(),
            (None, _) => COLLEAGUE.into(),
        }
    }
}
