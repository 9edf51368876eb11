//! Sound as numbers that can be looked up, after Haitsma and Kalker (“A Highly Robust Audio Fingerprinting System”,
//! ISMIR 2002): for each frame, 32 bits that say in which of 33 bands energy rose against the next band since the
//! frame before. Loudness does not matter, noise and codecs turn few bits, and two different sentences share about
//! half of them, as chance would have it.

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};
use std::sync::{Arc, OnceLock};
use telephony::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// Samples that a print looks at: 128 ms, of which each frame is a sixth. The overlap makes prints change slowly, so
/// that it hardly matters where in a frame a sentence begins.
const WINDOW: usize = 2_048;
const BANDS: usize = 33;
/// The band of telephones.
const LOWEST_HZ: f32 = 300.0;
const HIGHEST_HZ: f32 = 3_400.0;
/// Mean loudness of a sample below which a window is silent (-54 dB of full scale), and above which it certainly is
/// not (-43 dB). In between lies the hiss of lines and the end of words.
const SILENT: f32 = 65.0;
const LOUD: f32 = 230.0;

/// How much each frame counts in the window: a sound that has only just begun hardly does.
const WEIGHTS: [f32; WINDOW / FRAME_SAMPLES + 1] = [0.01, 0.15, 0.55, 0.95, 0.9, 0.45, 0.08];
/// After so many silent frames a sound is over.
const FADING: usize = 2;

/// How much sound there is in a print's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loudness {
    Silent,
    Soft,
    Loud,
}

/// The print of one frame and what came just before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Print {
    pub(crate) bits: u32,
    /// The bits that noise would turn first.
    pub(crate) weak: [u8; 3],
    pub(crate) loudness: Loudness,
}

impl Print {
    const SILENT: Self = Self {
        bits: 0,
        weak: [0, 1, 2],
        loudness: Loudness::Silent,
    };
}

/// What all fingerprinters share.
struct Tables {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// First bin of each band, and the end of the last.
    edges: [usize; BANDS + 1],
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "indexes of a window and of bands are small and not negative"
)]
fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let window = (0..WINDOW)
            .map(|index| 0.5 - 0.5 * (std::f32::consts::TAU * index as f32 / WINDOW as f32).cos())
            .collect();
        let edges = std::array::from_fn(|band| {
            let hertz = LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ).powf(band as f32 / BANDS as f32);
            (hertz * WINDOW as f32 / SAMPLE_RATE_HZ as f32).round() as usize
        });
        Tables {
            transform: RealFftPlanner::new().plan_fft_forward(WINDOW),
            window,
            edges,
        }
    })
}

/// Makes prints of a stream of frames.
pub(crate) struct Fingerprinter {
    history: Box<[i16; WINDOW]>,
    /// Energy of the frames that the history holds at least in part, the latest last.
    energies: [f32; WINDOW / FRAME_SAMPLES + 1],
    bands: [f32; BANDS],
    input: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Fingerprinter {
    pub(crate) fn new() -> Self {
        let transform = &tables().transform;
        Self {
            history: Box::new([0; WINDOW]),
            energies: [0.0; WINDOW / FRAME_SAMPLES + 1],
            bands: [0.0; BANDS],
            input: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
        }
    }

    pub(crate) fn hear(&mut self, frame: &Frame) -> Print {
        let samples = frame.samples();
        self.history.copy_within(FRAME_SAMPLES.., 0);
        self.history[WINDOW - FRAME_SAMPLES..].copy_from_slice(samples);
        self.energies.rotate_left(1);
        let energy = samples.iter().map(|sample| f32::from(*sample).powi(2)).sum();
        if let Some(last) = self.energies.last_mut() {
            *last = energy;
        }
        let weighted: f32 = self
            .energies
            .iter()
            .zip(WEIGHTS)
            .map(|(energy, weight)| energy * weight)
            .sum();
        #[expect(clippy::cast_precision_loss, reason = "a small constant")]
        let mean = (weighted / (WEIGHTS.iter().sum::<f32>() * FRAME_SAMPLES as f32)).sqrt();
        if mean < SILENT {
            self.bands = [0.0; BANDS];
            return Print::SILENT;
        }
        let before = self.bands;
        self.listen();
        #[expect(clippy::cast_precision_loss, reason = "a small constant")]
        let latest = (self.energies[self.energies.len() - FADING..].iter().sum::<f32>()
            / (FADING * FRAME_SAMPLES) as f32)
            .sqrt();
        let loudness = if latest < SILENT {
            // What is still in the window fades away, and all sounds fade alike.
            Loudness::Silent
        } else if mean < LOUD {
            Loudness::Soft
        } else {
            Loudness::Loud
        };
        self.print(&before, loudness)
    }

    /// Energy in each band of the window.
    fn listen(&mut self) {
        let tables = tables();
        for ((input, sample), window) in self.input.iter_mut().zip(self.history.iter()).zip(&tables.window) {
            *input = f32::from(*sample) * window;
        }
        tables
            .transform
            .process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers were made by the transform itself");
        for (band, edges) in self.bands.iter_mut().zip(tables.edges.windows(2)) {
            *band = self.spectrum[edges[0]..edges[1]].iter().map(Complex::norm_sqr).sum();
        }
    }

    fn print(&self, before: &[f32; BANDS], loudness: Loudness) -> Print {
        let mut bits = 0;
        let mut weakest = [(f32::MAX, 0_u8); 3];
        for band in 0..BANDS - 1 {
            let (this, next) = (self.bands[band], self.bands[band + 1]);
            let rise = this - next - (before[band] - before[band + 1]);
            if rise > 0.0 {
                bits |= 1 << band;
            }
            let strength = rise.abs() / (this + next + before[band] + before[band + 1] + 1.0);
            if strength < weakest[2].0 {
                weakest[2] = (strength, u8::try_from(band).unwrap_or(0));
                weakest.sort_by(|one, other| one.0.total_cmp(&other.0));
            }
        }
        Print {
            bits,
            weak: weakest.map(|(_, band)| band),
            loudness,
        }
    }
}

/// Mean loudness of a sample.
pub(crate) fn rms(frame: &Frame) -> f32 {
    let energy: f32 = frame.samples().iter().map(|sample| f32::from(*sample).powi(2)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    let samples = FRAME_SAMPLES as f32;
    (energy / samples).sqrt()
}

/// The hiss of a silent line, -70 dB of full scale; the same few seconds for everybody.
pub(crate) fn hiss(tick: usize) -> Frame {
    static HISS: OnceLock<Vec<Frame>> = OnceLock::new();
    let frames = HISS.get_or_init(|| {
        let mut state = 0x2545_f491_u32;
        (0..211)
            .map(|_| {
                Frame::new(std::array::from_fn(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    i16::try_from(state >> 27).unwrap_or(0) - 16
                }))
            })
            .collect()
    });
    frames[tick % frames.len()].clone()
}
