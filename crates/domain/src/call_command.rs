//! What a supervisor tells the agent of a running call.

use crate::Personal;
use serde::{Deserialize, Serialize};

/// An instruction to a call in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", content = "text", rename_all = "snake_case")]
pub enum CallCommand {
    /// Advice for the agent's next answers. The person does not hear it.
    Whisper(Personal),
    /// Say exactly this sentence, now.
    Say(Personal),
    /// End the call.
    End,
}
