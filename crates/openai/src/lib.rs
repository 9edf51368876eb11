//! The three voice ports on services that speak OpenAI's interface: OpenAI itself, Azure, and servers of one's own.
//!
//! - [`chat`]: streamed chat completions with tools, and structured output after the call.
//! - [`transcription`]: an utterance as a WAV file to its text.
//! - [`realtime`]: over a WebSocket, text while somebody still speaks, and a model that hears and speaks by itself.
//! - [`speech`]: a sentence to raw sound, resampled to the rate of a room while it comes in.
//!
//! Each port has its own [`settings::Service`]: address, key, model, fallback model. [`endpoint`] asks a service with
//! time-outs; [`retry`] decides when it is asked again or another model instead; [`breaker`] stops asking one that fails.
//! Whoever makes calls asks a port for its trouble first ([`voice::ports::LanguageModel::trouble`]), so that nobody is
//! called by an agent that cannot speak. Dropping a stream, or a future that waits for one, closes the request's
//! connection.
//!
//! **This crate never knows** calls or campaigns. Neither keys nor what people said get into an error or a log line:
//! [`failure::Failure`] is all that leaves a service's answer. `async-openai` itself logs answers that it cannot read,
//! so whoever installs a log has to leave its target out (`server/src/logging.rs` does).

pub mod breaker;
pub mod chat;
pub mod endpoint;
pub mod failure;
pub mod realtime;
mod resampling;
pub mod retry;
pub mod settings;
pub mod speech;
pub mod transcription;

pub use chat::OpenAiLanguageModel;
pub use endpoint::{SetUpError, http_client, http_client_builder};
pub use realtime::{OpenAiSpeechToSpeech, StreamingSpeechToText};
pub use speech::OpenAiTextToSpeech;
pub use transcription::{OpenAiSpeechToText, speech_to_text};
