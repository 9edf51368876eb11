//! The tone after an answering machine's greeting.

use std::f32::consts::TAU;
use telephony::{FRAME_MILLIS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// A tone must last this long, milliseconds: vowels and keypad tones are shorter or less pure.
const SHORTEST_BEEP_MS: u32 = 180;
const LOWEST_HZ: f32 = 400.0;
const HIGHEST_HZ: f32 = 2_000.0;
/// Steps in which a tone is looked for at first, and then around the best of them. A frame of 20 ms tells apart
/// pitches 50 Hz from each other.
const COARSE_HZ: f32 = 25.0;
const FINE_HZ: f32 = 5.0;
/// Share of a frame's energy that must be the one tone; two equal tones have a half each.
const PURITY: f32 = 0.85;
/// Relative change of pitch from frame to frame.
const DRIFT: f32 = 0.03;
/// Mean loudness of a sample below which there is no tone: -38 dB of full scale.
const QUIET: f32 = 400.0;

/// Finds beeps in one side of one call.
#[derive(Clone, Debug, Default)]
pub struct BeepDetector {
    hertz: f32,
    lasted_ms: u32,
}

impl BeepDetector {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next 20 ms. True once for each beep, as soon as it is certain.
    pub fn hear(&mut self, frame: &Frame) -> bool {
        let Some(hertz) = pure_tone(frame.samples()) else {
            self.lasted_ms = 0;
            return false;
        };
        if self.lasted_ms > 0 && (hertz - self.hertz).abs() > DRIFT * self.hertz {
            self.lasted_ms = 0;
        }
        self.hertz = hertz;
        let before = self.lasted_ms;
        self.lasted_ms += FRAME_MILLIS;
        before < SHORTEST_BEEP_MS && self.lasted_ms >= SHORTEST_BEEP_MS
    }
}

/// The pitch if the samples are one sine, and hardly anything else.
#[expect(clippy::cast_precision_loss, reason = "a frame has a few hundred samples")]
fn pure_tone(samples: &[i16; FRAME_SAMPLES]) -> Option<f32> {
    let energy: f32 = samples.iter().map(|sample| f32::from(*sample).powi(2)).sum();
    if energy < QUIET * QUIET * FRAME_SAMPLES as f32 {
        return None;
    }
    let best_of = |from: f32, to: f32, step: f32| {
        let mut best = (0.0_f32, from);
        let mut hertz = from;
        while hertz <= to {
            let share = 2.0 * power_at(hertz, samples) / (energy * FRAME_SAMPLES as f32);
            if share > best.0 {
                best = (share, hertz);
            }
            hertz += step;
        }
        best
    };
    let (coarse, around) = best_of(LOWEST_HZ, HIGHEST_HZ, COARSE_HZ);
    // Half a step beside the pitch a tone still keeps most of its power.
    if coarse < PURITY * 0.75 {
        return None;
    }
    let (share, hertz) = best_of(around - COARSE_HZ, around + COARSE_HZ, FINE_HZ);
    (share >= PURITY).then_some(hertz)
}

/// Goertzel's filter: the squared size of the samples' Fourier sum at one pitch.
fn power_at(hertz: f32, samples: &[i16; FRAME_SAMPLES]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    let twice_cosine = 2.0 * (TAU * hertz / SAMPLE_RATE_HZ as f32).cos();
    let (mut last, mut before) = (0.0_f32, 0.0_f32);
    for sample in samples {
        (last, before) = (f32::from(*sample) + twice_cosine * last - before, last);
    }
    last * last + before * before - twice_cosine * last * before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "test sound")]
    fn tones(parts: &[(f32, f32)], frames: usize) -> usize {
        let mut detector = BeepDetector::new();
        (0..frames)
            .filter(|frame| {
                let samples = std::array::from_fn(|index| {
                    let seconds = (frame * FRAME_SAMPLES + index) as f32 / SAMPLE_RATE_HZ as f32;
                    let sum: f32 = parts
                        .iter()
                        .map(|(hertz, loud)| loud * (std::f32::consts::TAU * hertz * seconds).sin())
                        .sum();
                    sum as i16
                });
                detector.hear(&Frame::new(samples))
            })
            .count()
    }

    #[test]
    fn hears_a_beep_once_and_nothing_else() {
        for hertz in [440.0, 800.0, 1_000.0, 1_400.0, 2_000.0] {
            assert_eq!(tones(&[(hertz, 8_000.0)], 30), 1, "{hertz}");
        }
        assert_eq!(tones(&[(1_000.0, 8_000.0)], 8), 0, "too short");
        assert_eq!(tones(&[(1_000.0, 100.0)], 50), 0, "too quiet");
        assert_eq!(
            tones(&[(697.0, 5_000.0), (1_209.0, 5_000.0)], 50),
            0,
            "a key of the keypad"
        );
        assert_eq!(
            tones(&[(120.0, 5_000.0), (240.0, 3_000.0), (700.0, 2_000.0)], 50),
            0,
            "a vowel"
        );
        assert_eq!(tones(&[(440.0, 5_000.0), (480.0, 5_000.0)], 50), 0, "ringing");
        assert_eq!(tones(&[(1_000.0, 8_000.0), (3_333.0, 800.0)], 30), 1, "with some noise");
    }
}
