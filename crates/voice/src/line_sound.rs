//! What a line sounds like when no person speaks into it: the beep of an answering machine, a fax, the tones of a network,
//! noise. In doubt it is nothing of that.

use crate::{
    beep::BeepDetector,
    noise::Noise,
    spectrum::Spectrum,
    tone_row::{AUDIBLE, Row, ToneRow},
};
use telephony::{FRAME_MILLIS, Frame};

/// Who answered is known by then; no line is listened to for longer, milliseconds.
const LISTENS_MS: u32 = 120_000;

/// Something that was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineSound {
    /// The tone after an answering machine's greeting.
    Beep,
    /// A fax or a modem answers or calls.
    Fax,
    /// The three tones before a network's announcement that a number cannot be reached.
    SpecialInformation,
    /// Busy, told by tones in a call that was answered.
    Busy,
    /// It rings on although the call was answered. Told again for each ring.
    Ringing,
    /// Noise or music, and nothing else for seconds.
    Noise,
    /// That is over.
    NoiseOver,
}

/// Listens to one side of one call.
pub struct LineEar {
    spectrum: Spectrum,
    beeps: BeepDetector,
    tones: ToneRow,
    noise: Noise,
    is_noise: bool,
    heard_ms: u32,
}

impl Default for LineEar {
    fn default() -> Self {
        Self::new()
    }
}

impl LineEar {
    #[must_use]
    pub fn new() -> Self {
        Self {
            spectrum: Spectrum::new(),
            beeps: BeepDetector::new(),
            tones: ToneRow::default(),
            noise: Noise::default(),
            is_noise: false,
            heard_ms: 0,
        }
    }

    /// The next 20 ms.
    pub fn hear(&mut self, frame: &Frame) -> impl Iterator<Item = LineSound> + use<> {
        let listens = self.heard_ms < LISTENS_MS;
        self.heard_ms = self.heard_ms.saturating_add(FRAME_MILLIS);
        let (mut beep, mut row, mut noise) = (false, None, None);
        if listens {
            let heard = self.spectrum.hear(frame, AUDIBLE);
            beep = self.beeps.hear(frame);
            row = self.tones.hear(&heard);
            let is_noise = self.noise.hear(heard);
            if is_noise != std::mem::replace(&mut self.is_noise, is_noise) {
                noise = Some(if is_noise {
                    LineSound::Noise
                } else {
                    LineSound::NoiseOver
                });
            }
        } else if std::mem::take(&mut self.is_noise) {
            noise = Some(LineSound::NoiseOver);
        }
        let row = row.map(|row| match row {
            Row::Fax => LineSound::Fax,
            Row::SpecialInformation => LineSound::SpecialInformation,
            Row::Busy => LineSound::Busy,
            Row::Ringing => LineSound::Ringing,
        });
        beep.then_some(LineSound::Beep).into_iter().chain(row).chain(noise)
    }

    /// A tone is sounding that no voice makes: no ear for speech needs to hear it.
    #[must_use]
    pub fn is_tone(&self) -> bool {
        self.heard_ms < LISTENS_MS && self.tones.is_tone()
    }
}

#[cfg(test)]
mod tests;
