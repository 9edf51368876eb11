//! Sound that goes on and on and is nobody's voice: noise, humming, a modem, music.
//!
//! Speech rises and falls with every syllable, and pauses. Noise does neither. Music need not be even, but it does not
//! pause, and its tones stand where those of a voice glide.

use crate::spectrum::Heard;
use std::collections::VecDeque;

/// What is looked back at, frames of 20 ms: 2.4 s for noise, and 4 s for music.
const NOISE_FRAMES: usize = 120;
const MUSIC_FRAMES: usize = 200;
/// Mean loudness of a sample below which there is nothing to be heard but the surroundings of a phone: -37 dB of full scale.
const QUIET: f32 = 450.0;
/// Noise is louder than its quietest tenth by no more than this factor in its loudest tenth: 6 dB.
const EVEN: f32 = 2.0;
/// A frame this many times softer than the loudest tenth is a pause: 20 dB.
const PAUSE: f32 = 10.0;
/// Share of frames that may be pauses in music.
const PAUSES: f32 = 0.02;
/// Share of frames in which the strongest tone is the one of 60 ms ago.
const STANDING: f32 = 0.72;
/// How far a standing tone may move in that time, hertz.
const MOVES_HZ: f32 = 4.0;
const BACK: usize = 3;

/// Follows one side of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noise {
    heard: VecDeque<Heard>,
}

impl Noise {
    /// The next 20 ms. True while all that was heard lately is noise or music.
    pub(crate) fn hear(&mut self, heard: Heard) -> bool {
        if self.heard.len() == MUSIC_FRAMES {
            self.heard.pop_front();
        }
        self.heard.push_back(heard);
        self.is_even() || self.is_music()
    }

    fn is_even(&self) -> bool {
        let Some((soft, loud)) = self.softest_and_loudest(NOISE_FRAMES) else {
            return false;
        };
        soft >= QUIET && loud <= EVEN * soft
    }

    fn is_music(&self) -> bool {
        let Some((_, loud)) = self.softest_and_loudest(MUSIC_FRAMES) else {
            return false;
        };
        let share = |count: usize| {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred frames")]
            let share = count as f32 / MUSIC_FRAMES as f32;
            share
        };
        let pauses = self.heard.iter().filter(|heard| heard.loudness * PAUSE < loud).count();
        let stands = |(now, before): (&Heard, &Heard)| now.hertz > 0.0 && (now.hertz - before.hertz).abs() <= MOVES_HZ;
        let standing = self
            .heard
            .iter()
            .skip(BACK)
            .zip(&self.heard)
            .filter(|pair| stands(*pair))
            .count();
        loud >= QUIET && share(pauses) <= PAUSES && share(standing) >= STANDING
    }

    /// Loudness below which a tenth of the latest `frames` are, and above which a tenth is.
    fn softest_and_loudest(&self, frames: usize) -> Option<(f32, f32)> {
        let start = self.heard.len().checked_sub(frames)?;
        let mut loudness: Vec<f32> = self.heard.range(start..).map(|heard| heard.loudness).collect();
        loudness.sort_unstable_by(f32::total_cmp);
        Some((loudness[frames / 10], loudness[frames - 1 - frames / 10]))
    }
}
