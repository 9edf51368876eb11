//! What the latest 64 ms of a line consist of: how loud they are, and how much of them is one tone, or two.

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};
use std::{
    f32::consts::TAU,
    sync::{Arc, OnceLock},
};
use telephony::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// Samples that are looked at: 64 ms, in steps of 15.6 Hz.
const WINDOW: usize = 1_024;
/// Hertz from one step of the spectrum to the next.
#[expect(clippy::cast_precision_loss, reason = "small constants")]
const STEP_HZ: f32 = SAMPLE_RATE_HZ as f32 / WINDOW as f32;
/// A tone fills this many steps on either side of its own.
const LOBE: usize = 2;
/// Hum of the mains and what is below it tells nothing.
const LOWEST_STEP: usize = 6;
/// Telephones carry nothing above 3.8 kHz.
const HIGHEST_STEP: usize = 243;

/// The strongest tone and the one beside it, and what they are of all that is heard.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Heard {
    /// Mean loudness of a sample in the latest 20 ms.
    pub(crate) loudness: f32,
    /// Pitch of the strongest tone, hertz.
    pub(crate) hertz: f32,
    /// Its share of the energy, 0 to 1.
    pub(crate) share: f32,
    /// Share of the two strongest together.
    pub(crate) share_of_two: f32,
    /// Pitch of the second, hertz.
    pub(crate) second_hertz: f32,
}

/// Follows one side of one call.
pub(crate) struct Spectrum {
    samples: [f32; WINDOW],
    transform: Arc<dyn RealToComplex<f32>>,
    input: Vec<f32>,
    output: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

/// Planned once: every call asks for the same transform.
fn plan() -> &'static Arc<dyn RealToComplex<f32>> {
    static PLAN: OnceLock<Arc<dyn RealToComplex<f32>>> = OnceLock::new();
    PLAN.get_or_init(|| RealFftPlanner::new().plan_fft_forward(WINDOW))
}

fn hann() -> &'static [f32; WINDOW] {
    static HANN: OnceLock<[f32; WINDOW]> = OnceLock::new();
    HANN.get_or_init(|| {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        std::array::from_fn(|index| 0.5 - 0.5 * (TAU * index as f32 / WINDOW as f32).cos())
    })
}

impl Spectrum {
    pub(crate) fn new() -> Self {
        let transform = Arc::clone(plan());
        Self {
            samples: [0.0; WINDOW],
            input: transform.make_input_vec(),
            output: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            transform,
        }
    }

    /// The next 20 ms. Below `audible` (mean loudness of a sample) nothing but the loudness is told.
    pub(crate) fn hear(&mut self, frame: &Frame, audible: f32) -> Heard {
        self.samples.copy_within(FRAME_SAMPLES.., 0);
        for (to, from) in self.samples[WINDOW - FRAME_SAMPLES..].iter_mut().zip(frame.samples()) {
            *to = f32::from(*from);
        }
        let energy: f32 = frame.samples().iter().map(|sample| f32::from(*sample).powi(2)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a frame has a few hundred samples")]
        let loudness = (energy / FRAME_SAMPLES as f32).sqrt();
        let silent = Heard {
            loudness,
            ..Heard::default()
        };
        if loudness < audible {
            return silent;
        }
        for ((to, from), weight) in self.input.iter_mut().zip(&self.samples).zip(hann()) {
            *to = from * weight;
        }
        let done = self
            .transform
            .process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch);
        if done.is_err() {
            return silent;
        }
        let power: Vec<f32> = self.output[..=HIGHEST_STEP].iter().map(Complex::norm_sqr).collect();
        Heard {
            loudness,
            ..two_strongest(power)
        }
    }
}

fn two_strongest(mut power: Vec<f32>) -> Heard {
    let total: f32 = power[LOWEST_STEP..].iter().sum();
    if total <= 0.0 {
        return Heard::default();
    }
    let (hertz, one) = take_strongest(&mut power);
    let (second_hertz, other) = take_strongest(&mut power);
    Heard {
        loudness: 0.0,
        hertz,
        share: one / total,
        share_of_two: (one + other) / total,
        second_hertz,
    }
}

/// Pitch and power of the strongest tone, which is taken out.
fn take_strongest(power: &mut [f32]) -> (f32, f32) {
    let at = (LOWEST_STEP..power.len())
        .max_by(|one, other| power[*one].total_cmp(&power[*other]))
        .unwrap_or(LOWEST_STEP);
    let around = at.saturating_sub(LOBE)..(at + LOBE + 1).min(power.len());
    let sum: f32 = power[around.clone()].iter().sum();
    // The centre of the lobe is the pitch, finer than the steps are.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let centre: f32 = around.clone().map(|step| step as f32 * power[step]).sum::<f32>() / sum.max(f32::MIN_POSITIVE);
    power[around].fill(0.0);
    (centre * STEP_HZ, sum)
}
