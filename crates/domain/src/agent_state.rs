//! What the agent is doing at this moment of a call, for people who watch.

use serde::{Deserialize, Serialize};

/// What the agent is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// In the room; the phone has not been answered.
    #[default]
    Waiting,
    /// The person has the floor.
    Listening,
    /// The person is done; an answer is being made.
    Thinking,
    /// The agent's voice is in the room.
    Speaking,
    /// The call is over.
    Ended,
}
