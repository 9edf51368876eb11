//! Lines that are put together from speech, tones and noise.

use rehearsal::Clip;
use std::f32::consts::TAU;
use telephony::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// What is heard on a line, sample by sample.
#[derive(Clone, Default)]
pub(crate) struct Sound {
    samples: Vec<f32>,
    seed: u32,
}

impl Sound {
    pub(crate) fn after(millis: u32) -> Self {
        Self::default().pause(millis)
    }

    pub(crate) fn pause(mut self, millis: u32) -> Self {
        let length = self.samples.len() + samples_in(millis);
        self.samples.resize(length, 0.0);
        self
    }

    pub(crate) fn speech(mut self, clip: &Clip) -> Self {
        for frame in &clip.frames {
            self.samples
                .extend(frame.samples().iter().map(|sample| f32::from(*sample)));
        }
        self
    }

    /// Some tones at once, each with its pitch; `loud` is the largest sample.
    pub(crate) fn tones(mut self, pitches: &[f32], loud: f32, millis: u32) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a few tones")]
        let each = loud / pitches.len() as f32;
        for index in 0..samples_in(millis) {
            let seconds = seconds_at(index);
            let sum: f32 = pitches.iter().map(|hertz| (TAU * hertz * seconds).sin()).sum();
            self.samples.push(sum * each);
        }
        self
    }

    /// A plucked chord: it begins loud and fades.
    pub(crate) fn chord(mut self, pitches: &[f32], loud: f32, millis: u32, fades: f32) -> Self {
        for index in 0..samples_in(millis) {
            let seconds = seconds_at(index);
            let note = |hertz: &f32| {
                (TAU * hertz * seconds).sin()
                    + 0.4 * (2.0 * TAU * hertz * seconds).sin()
                    + 0.2 * (3.0 * TAU * hertz * seconds).sin()
            };
            let sum: f32 = pitches.iter().map(note).sum();
            self.samples.push(sum * loud / 4.0 * (-fades * seconds).exp());
        }
        self
    }

    /// Noise over all of it so far. `loud` is its mean, `dull` (0 to 1) how much of its height is missing.
    pub(crate) fn with_noise(mut self, loud: f32, dull: f32) -> Self {
        let mut last = 0.0;
        // What dulls the noise makes it softer, and is made up for.
        let gain = loud * 3.0_f32.sqrt() * ((1.0 + dull) / (1.0 - dull)).sqrt();
        for sample in &mut self.samples {
            self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            #[expect(clippy::cast_precision_loss, reason = "a random number")]
            let random = (self.seed >> 8) as f32 / (1 << 23) as f32 - 1.0;
            last = dull * last + (1.0 - dull) * random;
            *sample += gain * last;
        }
        self
    }

    pub(crate) fn millis(&self) -> u32 {
        u32::try_from(self.samples.len() * 1_000 / SAMPLE_RATE_HZ as usize).unwrap_or(u32::MAX)
    }

    pub(crate) fn frames(&self) -> Vec<Frame> {
        let frame = |samples: &[f32]| {
            #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
            let samples: Vec<i16> = samples.iter().map(|sample| *sample as i16).collect();
            Frame::from_slice(&samples)
        };
        self.samples.chunks(FRAME_SAMPLES).map(frame).collect()
    }
}

fn samples_in(millis: u32) -> usize {
    (millis * SAMPLE_RATE_HZ / 1_000) as usize
}

#[expect(clippy::cast_precision_loss, reason = "seconds of sound")]
fn seconds_at(sample: usize) -> f32 {
    sample as f32 / SAMPLE_RATE_HZ as f32
}
