//! The conversation.
//!
//! [`ConversationFlow`](flow::ConversationFlow) is the pure state machine: `handle(event, now) -> effects`.
//! [`CampaignAgent`](campaign_agent::CampaignAgent) drives it with a room and the three voice ports,
//! [`TranscriptSaver`](transcript_saver::TranscriptSaver) decides what was said aloud, and
//! [`HangupDetector`](hangup_detector::HangupDetector) decides that the far end is gone.
//!
//! What a person says is judged in code where it must not depend on a model: [`opt_out`] (do not call again),
//! [`greeting`] (a machine answered), [`farewell`], [`backchannel`] (they only
//! listen), [`endpointing`] (they have finished). A new phrase goes there with a sentence in its tests; a new rule of
//! conversation goes into the state of the flow that it belongs to, with a scenario in `flow/tests.rs`; whole calls are
//! played in `campaign_agent/tests.rs`.
//!
//! Somebody who calls and with whom no agent talks is told so by [`announcement`].
//!
//! **This crate never knows** sockets, model vendors, databases or the time of day. Time is the room's: one tick is
//! 20 ms, so a rehearsal at ten times the speed decides exactly what it would have decided in real time.

pub mod announcement;
pub mod backchannel;
pub mod call;
pub mod campaign_agent;
pub mod endpointing;
pub mod farewell;
pub mod flow;
pub mod greeting;
pub mod hangup_detector;
pub mod opt_out;
pub mod sentences;
mod spoken_words;
pub mod transcript_saver;
pub mod turn_times;
pub mod turns;
