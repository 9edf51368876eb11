//! Speech for machines without espeak-ng: each word a chord of its own, with the overtones and the rise and fall of a
//! voice, so that voice activity is detected and words can be told apart. Nobody can understand it, but ears that know
//! the sentence can.

use super::sound::polish;
use crate::voice_of::SpeakerVoice;
use sha2::{Digest, Sha256};
use telephony::SAMPLE_RATE_HZ;

const SYLLABLE_MS: usize = 130;
const BETWEEN_WORDS_MS: usize = 30;
const PAUSE_MS: usize = 220;
const OVERTONES_UP_TO_HZ: f32 = 3_300.0;

#[expect(clippy::cast_precision_loss, reason = "short sounds")]
pub(super) fn make(voice: SpeakerVoice, text: &str) -> Vec<i16> {
    let rate = SAMPLE_RATE_HZ as usize / 1_000;
    let mut samples: Vec<f32> = Vec::new();
    let mut phase = 0.0_f32;
    for (place, word) in text.split_whitespace().enumerate() {
        let letters: String = word.chars().filter(|letter| letter.is_alphanumeric()).collect();
        let digest = Sha256::digest(format!("{} {}", voice.name, letters.to_lowercase()));
        let syllables = letters.chars().count().div_ceil(3).clamp(2, 6);
        for syllable in 0..syllables {
            let byte = |index: usize| f32::from(digest[(syllable * 5 + index) % 32]) / 255.0;
            // Three formants and how far they move, as vowels have them.
            let formants = [
                (280.0 + 520.0 * byte(0), 90.0),
                (850.0 + 1_300.0 * byte(1), 140.0),
                (2_200.0 + 900.0 * byte(2), 200.0),
            ];
            let moves = 300.0 * (byte(3) - 0.5);
            let length = SYLLABLE_MS * rate;
            for index in 0..length {
                let progress = index as f32 / length as f32;
                let melody = 1.0 + 0.08 * (byte(4) - 0.5) + 0.06 * (place as f32 * 1.7 + progress * 3.0).sin();
                let pitch = (90.0 + 1.6 * f32::from(voice.pitch)) * melody;
                phase = (phase + std::f32::consts::TAU * pitch / SAMPLE_RATE_HZ as f32) % std::f32::consts::TAU;
                let envelope = (std::f32::consts::PI * progress).sin().sqrt();
                let mut sample = 0.0;
                let mut overtone = 1.0_f32;
                while overtone * pitch < OVERTONES_UP_TO_HZ {
                    let hertz = overtone * pitch;
                    let loud: f32 = formants
                        .iter()
                        .zip([1.0_f32, 0.6, 0.3])
                        .map(|((centre, width), loud)| {
                            let away = (hertz - centre - moves * progress) / width;
                            loud / (1.0 + away * away)
                        })
                        .sum();
                    sample += loud * (overtone * phase).sin();
                    overtone += 1.0;
                }
                samples.push(sample * envelope * 3_000.0);
            }
        }
        let pause = if word.ends_with([',', '.', '?', '!', ';', ':']) {
            PAUSE_MS
        } else {
            BETWEEN_WORDS_MS
        };
        samples.extend(std::iter::repeat_n(0.0, pause * rate));
    }
    polish(&samples)
}
