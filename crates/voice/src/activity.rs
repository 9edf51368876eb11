//! Whether somebody is speaking, frame by frame, with the earshot detector.

use earshot::Detector;
use telephony::{FRAME_SAMPLES, Frame};

/// Samples that the detector judges at once.
const CHUNK: usize = 256;
/// From this probability on, a frame counts as speech.
const SPEECH: f32 = 0.5;

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
    /// Samples that do not fill a chunk yet.
    rest: Vec<i16>,
    probability: f32,
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
            detector: Box::new(Detector::default()),
            rest: Vec::with_capacity(CHUNK + FRAME_SAMPLES),
            probability: 0.0,
        }
    }

    /// The next 20 ms.
    pub fn hear(&mut self, frame: &Frame) -> Activity {
        self.rest.extend_from_slice(frame.samples());
        let mut heard: Option<f32> = None;
        while self.rest.len() >= CHUNK {
            let probability = self.detector.predict_i16(&self.rest[..CHUNK]);
            heard = Some(heard.map_or(probability, |other| other.max(probability)));
            self.rest.drain(..CHUNK);
        }
        self.probability = heard.unwrap_or(self.probability);
        Activity {
            speaking: self.probability >= SPEECH,
            probability: self.probability,
        }
    }
}
