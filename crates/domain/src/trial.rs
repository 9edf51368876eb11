//! A conversation with a campaign's agent from a browser, before anybody is called. Nobody is dialled and nothing of it is
//! kept: it is counted nowhere.

use crate::{
    Personal,
    agent_state::AgentState,
    conversation::{Disposition, Speaker},
    results::ConversationResults,
};
use serde::{Deserialize, Serialize};

/// What the browser is told while it goes on, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TrialNews {
    /// A sentence was said aloud.
    Sentence {
        speaker: Speaker,
        text: Personal,
        /// Since the beginning.
        start_ms: u32,
        interrupted: bool,
    },
    State {
        state: AgentState,
    },
    /// 0 (silence) to 100 (full scale).
    Levels {
        agent: u8,
        person: u8,
    },
    /// What a call would have come to. Nothing follows.
    Ended {
        disposition: Disposition,
        results: ConversationResults,
    },
}
