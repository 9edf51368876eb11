//! The words of the field as types: identifiers, phone numbers, campaigns, leads, conversations, outcomes, calling
//! hours and live events, together with the decisions that need nothing but their arguments.
//!
//! **This crate never knows** what time it is, what chance decided, or how anything is stored or sent. Time arrives as
//! [`UnixMillis`] or [`LocalTime`](calling_hours::LocalTime), chance not at all. It compiles to WASM, so browser and
//! server fold the same events with the same code ([`live`]) and refuse the same input with the same words.
//!
//! Where the next change goes: a new word of the field gets a file named after it; a type that only one screen reads
//! goes to [`views`]; a new live event goes to [`live`] with its fold and its test.

pub mod access;
pub mod agent_state;
pub mod agent_tools;
pub mod ambient;
pub mod budget;
pub mod call_command;
pub mod call_sound;
pub mod calling_hours;
pub mod campaign;
pub mod campaign_merge;
pub mod conversation;
pub mod cost;
pub mod direction;
pub mod error;
pub mod ids;
pub mod import;
pub mod inbound;
pub mod language;
pub mod lead;
pub mod live;
pub mod moment;
pub mod monitor;
pub mod paging;
pub mod personal;
pub mod phone;
pub mod plain_words;
pub mod prompt;
pub mod recording;
pub mod rehearsal;
pub mod results;
pub mod retry;
pub mod script;
pub mod trial;
pub mod turn_times;
pub mod views;

pub use ambient::{Chance, Clock, new_id};
pub use direction::Direction;
pub use error::{ErrorKind, FieldError, UserError};
pub use ids::{AttemptId, CampaignId, ConversationId, ImportId, LeadId, RehearsalId, UserId, WorkerId};
pub use moment::UnixMillis;
pub use personal::Personal;
pub use phone::PhoneNumber;
