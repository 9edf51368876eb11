//! LiveKit as a telephone network: the only code that names it.

mod caller_ids;
mod line;
mod names;
mod outcome;
mod progress;
mod tokens;
mod webhook;

pub use names::{conversation_of, room_of};
pub use webhook::{RoomNews, WebhookRefused, WebhookVerifier};
