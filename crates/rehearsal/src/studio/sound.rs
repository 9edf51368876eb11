//! From a speaker's sound to that of a telephone: rate, length, loudness.

use super::StudioError;
use rubato::{Fft, FixedSync, Resampler, audioadapter_buffers::owned::InterleavedOwned};
use telephony::{FRAME_SAMPLES, SAMPLE_RATE_HZ};

/// Mean loudness of a sample in a sentence: -23 dB of full scale.
const LOUDNESS: f32 = 2_300.0;
/// No sample is louder than this.
const LOUDEST: f32 = 26_000.0;
/// Samples that are quieter than this at either end are cut off.
const INAUDIBLE: u16 = 80;

fn no_sound(error: impl std::fmt::Display) -> StudioError {
    StudioError::NoSound(error.to_string())
}

/// At the rate of a room.
pub(super) fn resample(samples: &[i16], rate: u32) -> Result<Vec<f32>, StudioError> {
    let input: Vec<f32> = samples.iter().map(|sample| f32::from(*sample)).collect();
    if rate == SAMPLE_RATE_HZ {
        return Ok(input);
    }
    let (from, to) = (rate as usize, SAMPLE_RATE_HZ as usize);
    let mut resampler = Fft::<f32>::new(from, to, 1_024, 1, FixedSync::Input).map_err(no_sound)?;
    let length = input.len();
    let input = InterleavedOwned::new_from(input, 1, length).map_err(no_sound)?;
    let output = resampler.process_all(&input, length, None).map_err(no_sound)?;
    Ok(output.take_data())
}

/// Without silence at the ends, at the right loudness, and in whole frames.
pub(super) fn polish(samples: &[f32]) -> Vec<i16> {
    let audible = |sample: &f32| sample.abs() > f32::from(INAUDIBLE);
    let start = samples.iter().position(audible).unwrap_or(0);
    let end = samples.iter().rposition(audible).map_or(0, |last| last + 1);
    let sound = &samples[start.min(end)..end];
    let loudest = sound.iter().fold(1.0_f32, |most, sample| most.max(sample.abs()));
    #[expect(clippy::cast_precision_loss, reason = "a sentence has fewer than 2^23 samples")]
    let mean = (sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len().max(1) as f32).sqrt();
    let gain = (LOUDNESS / mean.max(1.0)).min(LOUDEST / loudest);
    let mut polished: Vec<i16> = sound
        .iter()
        .map(|sample| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "limited to 16 bits by the gain; `as` saturates"
            )]
            let sample = (sample * gain) as i16;
            sample
        })
        .collect();
    polished.resize(polished.len().div_ceil(FRAME_SAMPLES).max(1) * FRAME_SAMPLES, 0);
    polished
}
