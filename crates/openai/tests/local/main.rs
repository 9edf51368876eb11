//! The three ports against a local server that speaks the vendor's wire format, and misbehaves when told to.

#![expect(unreachable_pub, reason = "modules of one test binary")]

mod call;
mod language_model;
mod line;
mod realtime;
mod speech;
mod streaming;
mod transcription;
mod vendor;
