//! How the sound of a call comes to a supervisor's browser, as far as server and browser tell each other in words.

use serde::{Deserialize, Serialize};

/// What the server says, as JSON. Nothing of it shows itself in logs: a key opens a room.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SoundNews {
    /// The sound comes and goes on this very connection.
    Here,
    /// The sound is in a room: this lets the browser in, to hear it and be seen by nobody.
    Listen(RoomKey),
    /// This lets the browser in once more, with its microphone. Answers [`MICROPHONE_ON`].
    Speak(RoomKey),
}

/// Lets a browser into the room of one call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomKey {
    /// Where the room is, `ws://` or `wss://`.
    pub url: String,
    /// A secret of this one browser.
    pub token: String,
    /// Whose identity in the room begins like this is the browser's own user: they do not want to hear themselves.
    pub you: String,
    /// The agent's identity in the room.
    pub agent: String,
}

/// Said by the browser to speak in a room. Where the sound is [`SoundNews::Here`], the first frame says it.
pub const MICROPHONE_ON: &str = "mic-on";
/// Said by the browser when it speaks no longer.
pub const MICROPHONE_OFF: &str = "mic-off";
