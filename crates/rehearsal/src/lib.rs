//! A telephone network in a box: simulated people who answer, stay silent, are busy, are a mailbox, hang up, or say
//! “stop calling me”; and offline stand-ins for the three voice ports.
//!
//! Nothing here is a shortcut past the real path: rooms carry real sound, the stand-in recogniser recognises what it
//! hears by that sound ([`PhraseBook`]), and people react to what they hear of the agent through the same recogniser.
//!
//! **This crate never knows** production: nothing but the server's composition and tests depend on it. It knows neither
//! campaigns nor leads; what a person at the other end says follows from what they hear and from chance, and chance is
//! seeded ([`RehearsalConfig::seed`]), so that a rehearsal repeats.
//!
//! - [`network`]: rooms, dialling, the [`ledger`].
//! - [`far_end`]: who is at the other end, drawn by seeded chance, with ear, mouth and hook; the carrier uses it too.
//! - [`person`]: a person as a pure state machine of what they hear.
//! - [`studio`]: sentences to sound, with espeak-ng or, without it, tones; [`fingerprint`] and [`phrase_book`]: sound
//!   back to sentences.
//! - [`voices`]: the stand-ins for speech to text, language model and text to speech.
//!
//! A new kind of person is a variant of [`Persona`] with its lines in `person/phrases.rs`; a new thing that can become
//! of a call is a variant of [`Outcome`], played in `far_end.rs`.

mod clip;
pub mod config;
pub mod far_end;
mod fingerprint;
pub mod ledger;
pub mod network;
pub mod outcome;
pub mod person;
pub mod phrase_book;
pub mod recogniser;
pub mod studio;
pub mod voice_of;
pub mod voices;

pub use clip::Clip;
pub use config::{Odds, RehearsalConfig};
pub use network::RehearsalNetwork;
pub use outcome::{Outcome, Persona};
pub use phrase_book::PhraseBook;
pub use recogniser::Recogniser;
pub use studio::{Studio, StudioConfig, speech_available};
pub use voices::voices;
