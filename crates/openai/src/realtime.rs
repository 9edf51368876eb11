//! The vendor's realtime interface: a WebSocket on which sound goes up while it is heard, and text or speech comes down while
//! it is made.
//!
//! - [`StreamingSpeechToText`]: one connection for each utterance, whose text grows while the person speaks.
//!
//! - [`OpenAiSpeechToSpeech`]: one connection for each call, to a model that hears the person and speaks itself. `conversation`
//!   decides what is sent on it, `context` keeps what the model remembers equal to the transcript, `answering` is one answer.
//!
//! `events` is what comes down, `socket` one connection. Turn detection stays off on the other side: when somebody has
//! finished, and whether they are interrupted, is decided here alone.

mod answering;
mod context;
mod conversation;
mod events;
mod socket;
mod speaking;
mod streaming;
mod transcript;
mod upstream;

pub use speaking::OpenAiSpeechToSpeech;
pub use streaming::StreamingSpeechToText;

/// Where the interface is, below a service's address.
const PATH: &str = "/realtime";
/// The one rate of raw sound that the interface knows.
const RATE_HZ: u32 = 24_000;
