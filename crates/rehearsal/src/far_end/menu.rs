//! A company's phone menu: it says which keys to press, says it again, and hangs up when none is.

use super::speaker::Speaker;
use crate::{
    person::phrases::{NO_KEY_PRESSED, PHONE_MENUS},
    studio::Studio,
    voice_of::MACHINE,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use telephony::{FRAME_MILLIS, Frame};

/// It waits so long for a key, milliseconds.
const WAITS_MS: u32 = 5_000;
/// How often it says its options.
const MOST_ROUNDS: u32 = 3;

pub(super) struct Menu {
    speaker: Speaker,
    options: &'static str,
    now_ms: u32,
    rounds: u32,
}

impl Menu {
    pub(super) fn answer(chance: &mut ChaCha8Rng, studio: &Arc<Studio>) -> Self {
        let options = PHONE_MENUS[chance.random_range(0..PHONE_MENUS.len())];
        let mut speaker = Speaker::new(Arc::clone(studio), MACHINE);
        speaker.say(options.to_owned(), chance.random_range(300..900));
        Self {
            speaker,
            options,
            now_ms: 0,
            rounds: 1,
        }
    }

    pub(super) async fn be_ready(&mut self) {
        self.speaker.be_ready(self.now_ms).await;
    }

    /// As [`PersonsLine::tick`](super::line::PersonsLine::tick). What is said to it, it does not understand.
    pub(super) fn tick(&mut self, _: &Frame) -> Option<Option<Frame>> {
        let now = self.now_ms;
        self.now_ms += FRAME_MILLIS;
        if !self.speaker.is_busy() {
            let next = match self.rounds {
                rounds if rounds < MOST_ROUNDS => self.options,
                MOST_ROUNDS => NO_KEY_PRESSED,
                _ => return None,
            };
            self.rounds += 1;
            self.speaker.say(next.to_owned(), now + WAITS_MS);
        }
        Some(self.speaker.tick(now))
    }
}
