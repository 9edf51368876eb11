//! From the raw sound of a service to frames of a room. Pure: bytes in, in whatever pieces; frames out.

use crate::{failure::Failure, resampling::Resampling};
use telephony::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// Frames before the first one that is louder than this are left out: the person need not wait for silence.
const INAUDIBLE: u16 = 40;
/// A header is looked for in so many bytes.
const LONGEST_HEADER: usize = 256;

enum Kind {
    /// Not enough bytes yet to tell.
    Unclear,
    Raw,
}

/// Turns bytes into frames.
pub(super) struct SoundReader {
    kind: Kind,
    rate: u32,
    bytes: Vec<u8>,
    resampling: Option<Resampling>,
    /// Samples at the rate of the room that do not fill a frame yet.
    samples: Vec<i16>,
    audible: bool,
}

impl SoundReader {
    /// For raw sound of `rate` samples a second, signed 16 bit, little-endian, mono. A WAV file tells its own rate.
    pub(super) fn new(rate: u32) -> Self {
        Self {
            kind: Kind::Unclear,
            rate,
            bytes: Vec::new(),
            resampling: None,
            samples: Vec::new(),
            audible: false,
        }
    }

    /// The frames that are complete with these bytes.
    ///
    /// # Errors
    /// It is no sound.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, Failure> {
        self.bytes.extend_from_slice(bytes);
        if matches!(self.kind, Kind::Unclear) && !self.read_header()? {
            return Ok(Vec::new());
        }
        let whole = self.bytes.len() / 2 * 2;
        let samples: Vec<i16> = self.bytes[..whole]
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        self.bytes.drain(..whole);
        self.resample(&samples)?;
        Ok(self.frames())
    }

    /// No more comes: the rest, filled up with silence.
    ///
    /// # Errors
    /// There was no sound.
    pub(super) fn finish(&mut self) -> Result<Vec<Frame>, Failure> {
        if matches!(self.kind, Kind::Unclear) {
            // Shorter than any header.
            self.kind = Kind::Raw;
            let rest = self.push(&[])?;
            debug_assert!(rest.is_empty(), "less than a header is less than a frame");
        }
        if let Some(resampling) = self.resampling.take() {
            self.samples.extend(resampling.finish()?);
        }
        let mut frames = self.frames();
        if !self.samples.is_empty() {
            let last = Frame::from_slice(&std::mem::take(&mut self.samples));
            self.audible |= last.peak() > INAUDIBLE;
            frames.extend(self.audible.then_some(last));
        }
        if self.audible {
            Ok(frames)
        } else {
            Err(Failure::Nonsense("with silence instead of a voice"))
        }
    }

    /// True once it is clear what comes.
    fn read_header(&mut self) -> Result<bool, Failure> {
        let bytes = &self.bytes;
        if bytes.len() < 4 {
            return Ok(false);
        }
        if !bytes.starts_with(b"RIFF") {
            if [b"ID3", b"Ogg", b"fLa"].iter().any(|magic| bytes.starts_with(*magic)) {
                return Err(Failure::Nonsense(
                    "with compressed sound, though raw sound was asked for",
                ));
            }
            self.kind = Kind::Raw;
            return Ok(true);
        }
        let Some(data) = bytes.windows(4).position(|window| window == b"data") else {
            return if bytes.len() > LONGEST_HEADER {
                Err(Failure::Nonsense("with a sound file that has no sound"))
            } else {
                Ok(false)
            };
        };
        if bytes.len() < data + 8 {
            return Ok(false);
        }
        let word = |at: usize| bytes.get(at..at + 2).map(|word| u16::from_le_bytes([word[0], word[1]]));
        if (word(20), word(22), word(34)) != (Some(1), Some(1), Some(16)) {
            return Err(Failure::Nonsense("with sound that is not mono with 16 bits"));
        }
        self.rate = u32::from_le_bytes([bytes[24], bytes[25], bytes[26], bytes[27]]);
        self.bytes.drain(..data + 8);
        self.kind = Kind::Raw;
        Ok(true)
    }

    fn resample(&mut self, samples: &[i16]) -> Result<(), Failure> {
        if self.rate == SAMPLE_RATE_HZ {
            self.samples.extend_from_slice(samples);
            return Ok(());
        }
        if self.resampling.is_none() {
            self.resampling = Some(Resampling::new(self.rate, SAMPLE_RATE_HZ)?);
        }
        if let Some(resampling) = &mut self.resampling {
            self.samples.extend(resampling.push(samples)?);
        }
        Ok(())
    }

    fn frames(&mut self) -> Vec<Frame> {
        let whole = self.samples.len() / FRAME_SAMPLES * FRAME_SAMPLES;
        let frames: Vec<Frame> = self.samples[..whole]
            .chunks_exact(FRAME_SAMPLES)
            .map(Frame::from_slice)
            .collect();
        self.samples.drain(..whole);
        frames
            .into_iter()
            .skip_while(|frame| {
                self.audible |= frame.peak() > INAUDIBLE;
                !self.audible
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
