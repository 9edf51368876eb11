//! LiveKit as a telephone network: the only code that names it.

mod api;
mod arrivals;
mod caller_ids;
mod ending;
mod engine;
mod line;
mod names;
mod network;
mod outcome;
pub mod participant;
mod progress;
mod seat;
mod settings;
mod tokens;
mod webhook;

pub use engine::ParticipantEngine;
pub use names::{ARRIVAL_PREFIX, conversation_of, room_of};
pub use network::LiveKitNetwork;
pub use settings::{LiveKitSettings, MediaEncryption};
pub use webhook::{RoomNews, WebhookRefused, WebhookVerifier};
