//! What the call monitor shows of one call, folded from the same news as the dashboard.

use crate::{
    Personal,
    agent_state::AgentState,
    call_command::{CallFloor, Colleague},
    conversation::{ConversationStatus, Speaker, TranscriptSegment},
    live::{Glimpse, Happening, LiveCall, LiveEvent},
};
use serde::{Deserialize, Serialize};

/// One call, as it is being watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonitorState {
    /// Id of the last event that is part of this state.
    pub cursor: i64,
    pub call: LiveCall,
    /// Facts about the lead that the script uses, in the order of their names.
    pub lead_facts: Vec<(String, Personal)>,
    pub segments: Vec<TranscriptSegment>,
    /// Whom the person hears.
    #[serde(default)]
    pub floor: CallFloor,
    #[serde(default)]
    pub colleague: Colleague,
    /// What each side is saying right now; empty if nothing.
    #[serde(default)]
    pub partial_agent: Personal,
    #[serde(default)]
    pub partial_person: Personal,
    /// 0 to 100.
    #[serde(default)]
    pub level_agent: u8,
    #[serde(default)]
    pub level_person: u8,
}

impl MonitorState {
    /// Takes an event in; events of other calls and events already seen change nothing.
    pub fn apply(&mut self, event: &LiveEvent) {
        if event.id <= self.cursor || event.happened.conversation() != Some(self.call.conversation_id) {
            return;
        }
        self.cursor = event.id;
        match &event.happened {
            Happening::CallStageChanged { status, .. } => {
                self.call.status = *status;
                if *status == ConversationStatus::Live {
                    self.call.answered_at.get_or_insert(event.at);
                }
            }
            Happening::SentenceSpoken { segment, .. } => {
                match segment.speaker {
                    Speaker::Agent => self.partial_agent = Personal::default(),
                    Speaker::Person => self.partial_person = Personal::default(),
                    _ => {}
                }
                if self.segments.iter().all(|known| known.position != segment.position) {
                    self.segments.push(segment.clone());
                    self.segments.sort_by_key(|known| known.position);
                }
            }
            Happening::CallEnded { outcome } => {
                self.call.status = ConversationStatus::Ended(outcome.disposition);
                self.call.agent_state = AgentState::Ended;
                (self.floor, self.colleague) = Default::default();
                (self.partial_agent, self.partial_person) = Default::default();
                (self.level_agent, self.level_person) = (0, 0);
            }
            _ => {}
        }
    }

    /// Takes a glimpse in; those of other calls, and all after the end, change nothing.
    pub fn glimpse(&mut self, glimpse: &Glimpse) {
        if glimpse.conversation() != self.call.conversation_id
            || matches!(self.call.status, ConversationStatus::Ended(_))
        {
            return;
        }
        match glimpse {
            Glimpse::AgentState { state, .. } => self.call.agent_state = *state,
            Glimpse::PartialText {
                speaker: Speaker::Agent,
                text,
                ..
            } => self.partial_agent = text.clone(),
            Glimpse::PartialText {
                speaker: Speaker::Person,
                text,
                ..
            } => self.partial_person = text.clone(),
            Glimpse::PartialText { .. } => {}
            Glimpse::Floor { floor, .. } => self.floor = floor.clone(),
            Glimpse::Colleague { colleague, .. } => self.colleague = colleague.clone(),
            Glimpse::Levels { agent, person, .. } => (self.level_agent, self.level_person) = (*agent, *person),
        }
    }
}
