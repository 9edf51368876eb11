//! Whether somebody is speaking, frame by frame, with the earshot detector.
//!
//! The answer is steadied a little: it takes more to begin than to go on, so that a voice does not flicker at the edge.
//! When a *turn* begins and ends is decided by whoever listens, not here.

use earshot::Detector;
use telephony::{FRAME_SAMPLES, Frame};

/// Samples that the detector judges at once: 16 ms.
const CHUNK: usize = 256;
/// From this probability on, a frame counts as speech.
const SPEECH: f32 = 0.5;
/// Down to this probability, speech goes on.
const STILL_SPEECH: f32 = 0.35;
/// After this many inaudible frames the detector remembers nothing else, so it need not be asked.
const DEAF_AFTER: u32 = 8;
/// Peak of a frame in which nobody can be heard: -60 dB of full scale.
const INAUDIBLE: u16 = 32;

/// Of a voice that hums, the change from sample to sample has at most this share of the energy: it lies below 400 Hz.
const HUMMING: f64 = 0.02;

/// Whether a frame with a voice in it is only hummed: with its mouth closed (“mhm”) a voice has next to nothing above its
/// lowest tones.
#[must_use]
pub fn is_humming(frame: &Frame) -> bool {
    let square = |sample: f64| sample * sample;
    let energy: f64 = frame.samples().iter().map(|sample| square(f64::from(*sample))).sum();
    let changes = frame.samples().windows(2);
    let change: f64 = changes
        .map(|pair| square(f64::from(pair[1]) - f64::from(pair[0])))
        .sum();
    energy > 0.0 && change <= energy * HUMMING
}

/// What a frame sounds like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activity {
    pub speaking: bool,
    /// 0 to 1.
    pub probability: f32,
}

/// Listens to one side of one call.
pub struct VoiceActivity {
    detector: Box<Detector>,
    /// Samples that do not fill a chunk yet, and the frame that was added to them.
    rest: [i16; CHUNK + FRAME_SAMPLES],
    rest_length: usize,
    silent_frames: u32,
    now: Activity,
}

impl Default for VoiceActivity {
    fn default() -> Self {
        Self::new()
    }
}

impl VoiceActivity {
    #[must_use]
    pub fn new() -> Self {
        Self {
            detector: Detector::default_boxed(),
            rest: [0; CHUNK + FRAME_SAMPLES],
            rest_length: 0,
            silent_frames: 0,
            now: Activity {
                speaking: false,
                probability: 0.0,
            },
        }
    }

    /// The next 20 ms.
    pub fn hear(&mut self, frame: &Frame) -> Activity {
        self.silent_frames = if frame.peak() <= INAUDIBLE {
            self.silent_frames + 1
        } else {
            0
        };
        if self.silent_frames >= DEAF_AFTER {
            self.silent_frames = DEAF_AFTER;
            self.rest_length = 0;
            self.now = Activity {
                speaking: false,
                probability: 0.0,
            };
            return self.now;
        }
        let end = self.rest_length + FRAME_SAMPLES;
        self.rest[self.rest_length..end].copy_from_slice(frame.samples());
        let mut heard: Option<f32> = None;
        let mut start = 0;
        while end - start >= CHUNK {
            let probability = self.detector.predict_i16(&self.rest[start..start + CHUNK]);
            heard = Some(heard.map_or(probability, |other| other.max(probability)));
            start += CHUNK;
        }
        self.rest.copy_within(start..end, 0);
        self.rest_length = end - start;
        let probability = heard.unwrap_or(self.now.probability);
        let enough = if self.now.speaking { STILL_SPEECH } else { SPEECH };
        self.now = Activity {
            speaking: probability >= enough,
            probability,
        };
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: &mut u32, loud: i32) -> Frame {
        Frame::new(std::array::from_fn(|_| {
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            i16::try_from((i32::try_from(*seed >> 16).unwrap_or(0) - 32_768) * loud / 32_768).unwrap_or(0)
        }))
    }

    #[test]
    fn a_closed_mouth_hums_and_an_open_one_does_not() {
        let voice = |overtones: &[(f64, f64)]| {
            Frame::new(std::array::from_fn(|n| {
                let tone =
                    |(hertz, share): &(f64, f64)| share * (std::f64::consts::TAU * hertz * n as f64 / 16_000.0).sin();
                (overtones.iter().map(tone).sum::<f64>() * 6_000.0) as i16
            }))
        };
        assert!(is_humming(&voice(&[(120.0, 1.0), (240.0, 0.7), (360.0, 0.1)])), "mhm");
        assert!(!is_humming(&voice(&[(120.0, 1.0), (720.0, 0.6), (1_200.0, 0.4)])), "ah");
        assert!(!is_humming(&Frame::silence()));
    }

    #[test]
    fn silence_and_the_hiss_of_a_line_are_no_speech() {
        let mut activity = VoiceActivity::new();
        let mut seed = 7;
        assert!((0..100).all(|_| !activity.hear(&Frame::silence()).speaking));
        let voiced = (0..200)
            .filter(|_| activity.hear(&noise(&mut seed, 60)).speaking)
            .count();
        assert!(voiced <= 10, "{voiced}");
        assert!((0..100).skip(10).all(|_| !activity.hear(&Frame::silence()).speaking));
    }
}
