//! What people who watch see of a call: the agent's state at once, loudness and unfinished text five times a second.

use crate::call::CallScribe;
use domain::{
    ConversationId, Personal,
    agent_state::AgentState,
    call_command::{CallFloor, Colleague},
    conversation::Speaker,
    live::Glimpse,
};
use std::{sync::Arc, time::Duration};
use telephony::{FRAME_MILLIS, Frame};
use tokio::time::Instant;

/// Ticks between two glimpses of the same kind.
const EVERY_TICKS: u32 = 200 / FRAME_MILLIS;
/// The same by the wall clock: who watches a fast rehearsal has no faster eyes.
const AT_LEAST: Duration = Duration::from_millis(180);
/// How often it is told who has the floor, by the wall clock.
const SHOW_FLOOR_AGAIN: Duration = Duration::from_secs(1);

/// Thins out what is shown.
pub(super) struct Glimpses {
    conversation_id: ConversationId,
    scribe: Arc<dyn CallScribe>,
    ticks: u32,
    last: Option<Instant>,
    agent_level: u8,
    person_level: u8,
    person_text: Unfinished,
    agent_text: Unfinished,
    /// Once it was not the agent's, it is told again and again, for those who begin to watch later.
    floor: Option<CallFloor>,
    floor_shown: Option<Instant>,
    /// The same of a colleague, once there was one.
    colleague: Option<Colleague>,
}

/// Unfinished text, and what of it has been shown.
#[derive(Default)]
struct Unfinished {
    now: Personal,
    shown: Personal,
}

impl Glimpses {
    pub(super) fn new(conversation_id: ConversationId, scribe: Arc<dyn CallScribe>) -> Self {
        Self {
            conversation_id,
            scribe,
            ticks: 0,
            last: None,
            agent_level: 0,
            person_level: 0,
            person_text: Unfinished::default(),
            agent_text: Unfinished::default(),
            floor: None,
            floor_shown: None,
            colleague: None,
        }
    }

    /// Whom the person hears from now on.
    pub(super) fn floor(&mut self, floor: CallFloor) {
        self.floor = Some(floor);
        self.show_floor();
    }

    /// Where it stands with a colleague from now on.
    pub(super) fn colleague(&mut self, colleague: Colleague) {
        self.colleague = Some(colleague);
        self.show_floor();
    }

    /// Whom the person hears, and who else is there.
    fn show_floor(&mut self) {
        self.floor_shown = Some(Instant::now());
        if let Some(colleague) = &self.colleague {
            self.scribe.glimpse(Glimpse::Colleague {
                conversation_id: self.conversation_id,
                colleague: colleague.clone(),
            });
        }
        if let Some(floor) = &self.floor {
            self.scribe.glimpse(Glimpse::Floor {
                conversation_id: self.conversation_id,
                floor: floor.clone(),
            });
        }
    }

    pub(super) fn state(&self, state: AgentState) {
        self.scribe.glimpse(Glimpse::AgentState {
            conversation_id: self.conversation_id,
            state,
        });
    }

    pub(super) fn person(&mut self, text: &Personal) {
        self.person_text.now = text.clone();
    }

    pub(super) fn person_is_done(&mut self) {
        self.person_text.now = Personal::default();
        self.show_text(Speaker::Person);
    }

    /// A finished sentence takes the place of the unfinished one.
    pub(super) fn written(&mut self, speaker: Speaker) {
        if speaker == Speaker::Agent {
            self.agent_text.now = Personal::default();
            self.show_text(Speaker::Agent);
        }
    }

    pub(super) fn tick(
        &mut self,
        agent: Option<&Frame>,
        person: &Frame,
        agent_text: impl FnOnce() -> Option<Personal>,
    ) {
        self.agent_level = self.agent_level.max(agent.map_or(0, voice::level::of));
        self.person_level = self.person_level.max(voice::level::of(person));
        self.ticks += 1;
        if self.ticks < EVERY_TICKS || self.last.is_some_and(|last| last.elapsed() < AT_LEAST) {
            return;
        }
        self.ticks = 0;
        self.last = Some(Instant::now());
        self.scribe.glimpse(Glimpse::Levels {
            conversation_id: self.conversation_id,
            agent: std::mem::take(&mut self.agent_level),
            person: std::mem::take(&mut self.person_level),
        });
        self.agent_text.now = agent_text().unwrap_or_default();
        self.show_text(Speaker::Agent);
        self.show_text(Speaker::Person);
        if self
            .floor_shown
            .is_some_and(|shown| shown.elapsed() >= SHOW_FLOOR_AGAIN)
        {
            self.show_floor();
        }
    }

    fn show_text(&mut self, speaker: Speaker) {
        let text = if speaker == Speaker::Agent {
            &mut self.agent_text
        } else {
            &mut self.person_text
        };
        if text.now == text.shown {
            return;
        }
        text.shown = text.now.clone();
        self.scribe.glimpse(Glimpse::PartialText {
            conversation_id: self.conversation_id,
            speaker,
            text: text.now.clone(),
        });
    }
}
