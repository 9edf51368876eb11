//! An answering machine: it greets, beeps, records, and hangs up when it hears nothing more.

use super::{speaker::Speaker, tone::tone};
use crate::{fingerprint::rms, person::phrases::GREETINGS_OF_MACHINES, studio::Studio, voice_of::MACHINE};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use telephony::{FRAME_MILLIS, Frame};

const AUDIBLE: f32 = 200.0;
/// From the greeting to the beep, milliseconds.
const PAUSE_MS: u32 = 500;
const BEEP_MS: u32 = 400;
const BEEP_LOUDNESS: f32 = 7_000.0;
const PITCHES_HZ: [f32; 4] = [440.0, 800.0, 1_000.0, 1_400.0];
/// It stops recording after this much silence, milliseconds; at first it is more patient.
const SILENCE_MS: u32 = 3_000;
const FIRST_SILENCE_MS: u32 = 8_000;
const LONGEST_MESSAGE_MS: u32 = 60_000;

pub(super) struct Machine {
    speaker: Speaker,
    now_ms: u32,
    pitch_hz: f32,
    beep_from: Option<u32>,
    last_heard: Option<u32>,
}

impl Machine {
    pub(super) fn answer(chance: &mut ChaCha8Rng, studio: &Arc<Studio>) -> Self {
        let greeting = GREETINGS_OF_MACHINES[chance.random_range(0..GREETINGS_OF_MACHINES.len())];
        let mut speaker = Speaker::new(Arc::clone(studio), MACHINE);
        speaker.say(greeting.to_owned(), chance.random_range(300..900));
        Self {
            speaker,
            now_ms: 0,
            pitch_hz: PITCHES_HZ[chance.random_range(0..PITCHES_HZ.len())],
            beep_from: None,
            last_heard: None,
        }
    }

    pub(super) async fn be_ready(&mut self) {
        self.speaker.be_ready(self.now_ms).await;
    }

    /// As [`PersonsLine::tick`](super::line::PersonsLine::tick).
    pub(super) fn tick(&mut self, agent: &Frame) -> Option<Option<Frame>> {
        let now = self.now_ms;
        self.now_ms += FRAME_MILLIS;
        if self.speaker.is_busy() {
            return Some(self.speaker.tick(now));
        }
        let from = *self.beep_from.get_or_insert(now + PAUSE_MS);
        if now < from {
            return Some(None);
        }
        let recording_from = from + BEEP_MS;
        if now < recording_from {
            return Some(Some(tone(self.pitch_hz, BEEP_LOUDNESS, now - from)));
        }
        if rms(agent) >= AUDIBLE {
            self.last_heard = Some(now);
        }
        let silent_for = self.last_heard.map_or(now - recording_from, |heard| now - heard);
        let patience = if self.last_heard.is_some() {
            SILENCE_MS
        } else {
            FIRST_SILENCE_MS
        };
        (silent_for < patience && now - recording_from < LONGEST_MESSAGE_MS).then_some(None)
    }
}
