//! A fax machine: its answering tone, then the warble by which it says what it can, until it gives up.

use super::tone::tone;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use telephony::{FRAME_MILLIS, Frame};

const ANSWERING_HZ: f32 = 2_100.0;
const ANSWERING_MS: u32 = 3_000;
/// The two tones of its data, and how long it sends them before it listens, milliseconds.
const DATA_HZ: [f32; 2] = [1_650.0, 1_850.0];
const DATA_MS: u32 = 1_600;
const LISTENS_MS: u32 = 3_000;
const GIVES_UP_MS: u32 = 35_000;
const LOUDNESS: f32 = 6_000.0;

pub(super) struct Fax {
    now_ms: u32,
    begins_ms: u32,
}

impl Fax {
    pub(super) fn answer(chance: &mut ChaCha8Rng) -> Self {
        Self {
            now_ms: 0,
            begins_ms: chance.random_range(10..90) * FRAME_MILLIS,
        }
    }

    /// As [`PersonsLine::tick`](super::line::PersonsLine::tick).
    pub(super) fn tick(&mut self) -> Option<Option<Frame>> {
        let now = self.now_ms;
        self.now_ms += FRAME_MILLIS;
        if now >= GIVES_UP_MS {
            return None;
        }
        let Some(since) = now.checked_sub(self.begins_ms) else {
            return Some(None);
        };
        let Some(after) = since.checked_sub(ANSWERING_MS) else {
            return Some(Some(tone(ANSWERING_HZ, LOUDNESS, since)));
        };
        let in_turn = after % (DATA_MS + LISTENS_MS);
        if in_turn >= DATA_MS {
            return Some(None);
        }
        let bit = (in_turn / FRAME_MILLIS) % 2;
        let hertz = DATA_HZ[usize::from(bit == 1)];
        Some(Some(tone(hertz, LOUDNESS, after)))
    }
}
