//! LiveKit as a telephone network: the only code that names it.

mod api;
mod caller_ids;
mod line;
mod names;
mod outcome;
mod progress;
mod settings;
mod tokens;
mod webhook;

pub use names::{conversation_of, room_of};
pub use settings::{LiveKitSettings, MediaEncryption};
pub use webhook::{RoomNews, WebhookRefused, WebhookVerifier};
