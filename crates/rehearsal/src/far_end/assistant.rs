//! An assistant on somebody's phone: it asks who is calling and why, listens, and lets the caller through or turns them
//! away.

use super::speaker::Speaker;
use crate::{
    fingerprint::rms,
    person::phrases::{SCREENING_NO, SCREENING_PROMPTS, SCREENING_WAIT},
    studio::Studio,
    voice_of::MACHINE,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::{ops::Range, sync::Arc};
use telephony::{FRAME_MILLIS, Frame};

const AUDIBLE: f32 = 200.0;
/// After so much silence the caller has said who they are, milliseconds.
const CALLER_IS_DONE_MS: u32 = 1_800;
/// A caller who says nothing is turned away after this time, milliseconds.
const PATIENCE_MS: u32 = 10_000;
/// Until the person has read what was said, milliseconds.
const DECIDES_MS: Range<u32> = 2_000..6_000;
/// How often the person takes the call.
const TAKEN: f64 = 0.7;

/// What becomes of a tick.
pub(super) enum Screening {
    GoesOn(Option<Frame>),
    TurnsAway,
    /// The person takes the call.
    LetsThrough,
}

#[derive(Clone, Copy)]
enum Stage {
    Asks,
    Listens { since_ms: u32, heard: bool },
    AsksToWait,
    Waits { until_ms: u32 },
    Declines,
}

pub(super) struct Assistant {
    speaker: Speaker,
    stage: Stage,
    now_ms: u32,
    is_taken: bool,
    wait_words: &'static str,
    decides_ms: u32,
}

impl Assistant {
    pub(super) fn answer(chance: &mut ChaCha8Rng, studio: &Arc<Studio>) -> Self {
        let prompt = SCREENING_PROMPTS[chance.random_range(0..SCREENING_PROMPTS.len())];
        let mut speaker = Speaker::new(Arc::clone(studio), MACHINE);
        speaker.say(prompt.to_owned(), chance.random_range(300..900));
        Self {
            speaker,
            stage: Stage::Asks,
            now_ms: 0,
            is_taken: chance.random_bool(TAKEN),
            wait_words: SCREENING_WAIT[chance.random_range(0..SCREENING_WAIT.len())],
            decides_ms: chance.random_range(DECIDES_MS),
        }
    }

    pub(super) async fn be_ready(&mut self) {
        self.speaker.be_ready(self.now_ms).await;
    }

    pub(super) fn tick(&mut self, caller: &Frame) -> Screening {
        let now = self.now_ms;
        self.now_ms += FRAME_MILLIS;
        if self.speaker.is_busy() {
            return Screening::GoesOn(self.speaker.tick(now));
        }
        self.stage = match self.stage {
            Stage::Asks => Stage::Listens {
                since_ms: now,
                heard: false,
            },
            Stage::Listens { .. } if rms(caller) >= AUDIBLE => Stage::Listens {
                since_ms: now,
                heard: true,
            },
            Stage::Listens { since_ms, heard: true } if now - since_ms >= CALLER_IS_DONE_MS => {
                self.speaker.say(self.wait_words.to_owned(), now + FRAME_MILLIS);
                Stage::AsksToWait
            }
            Stage::Listens { since_ms, heard: false } if now - since_ms >= PATIENCE_MS => self.decline(now),
            Stage::AsksToWait => Stage::Waits {
                until_ms: now + self.decides_ms,
            },
            Stage::Waits { until_ms } if now >= until_ms => {
                if self.is_taken {
                    return Screening::LetsThrough;
                }
                self.decline(now)
            }
            Stage::Declines => return Screening::TurnsAway,
            other => other,
        };
        Screening::GoesOn(None)
    }

    fn decline(&mut self, now: u32) -> Stage {
        self.speaker.say(SCREENING_NO.to_owned(), now + FRAME_MILLIS);
        Stage::Declines
    }
}
