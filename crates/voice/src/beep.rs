//! The tone after an answering machine's greeting.

use telephony::{FRAME_MILLIS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// A tone must last this long, milliseconds: vowels and keypad tones are shorter or less pure.
const SHORTEST_BEEP_MS: u32 = 180;
const LOWEST_HZ: f32 = 380.0;
const HIGHEST_HZ: f32 = 2_600.0;
/// Share of the sound that may be something else than the tone.
const IMPURITY: f32 = 0.02;
/// Relative change of pitch from frame to frame.
const DRIFT: f32 = 0.03;

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

/// The pitch if the samples are one sine. A sine obeys x[n] + x[n-2] = 2 cos(w) x[n-1]; what is left over is impurity.
fn pure_tone(samples: &[i16; FRAME_SAMPLES]) -> Option<f32> {
    let (mut product, mut middle, mut sum) = (0.0_f32, 0.0_f32, 0.0_f32);
    for three in samples.windows(3) {
        let (x, y) = (f32::from(three[0]) + f32::from(three[2]), f32::from(three[1]));
        product += x * y;
        middle += y * y;
        sum += x * x;
    }
    #[expect(clippy::cast_precision_loss, reason = "small constants")]
    let (count, rate) = (FRAME_SAMPLES as f32, SAMPLE_RATE_HZ as f32);
    if middle / count < 400.0 * 400.0 {
        return None;
    }
    let twice_cosine = product / middle;
    let left_over = sum - twice_cosine * product;
    if left_over > IMPURITY * sum.min(middle) || twice_cosine.abs() >= 2.0 {
        return None;
    }
    let hertz = (twice_cosine / 2.0).acos() / std::f32::consts::TAU * rate;
    (LOWEST_HZ..=HIGHEST_HZ).contains(&hertz).then_some(hertz)
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
    }
}
