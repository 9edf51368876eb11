//! Sound and the three ports through which an agent hears, thinks and speaks.
//!
//! **This crate never knows** which vendor answers: [`ports`] holds the traits, adapters live in crates of their own.
//! The rest is what happens to frames in between: [`activity`] (is somebody speaking), [`line_sound`] (beeps, faxes,
//! busy tones, noise), [`level`] (how loud), [`meter`] (what is used), and [`recording`] (both sides of a call as one Ogg Opus file).

pub mod activity;
pub mod beep;
pub mod level;
pub mod line_sound;
pub mod meter;
mod noise;
pub mod ports;
pub mod recording;
mod spectrum;
mod tone_row;
