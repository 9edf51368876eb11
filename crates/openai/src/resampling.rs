//! From one rate of sound to another, as a stream. Pure.

use crate::failure::Failure;
use rubato::{Fft, FixedSync, Indexing, Resampler, audioadapter_buffers::owned::InterleavedOwned};

/// Turns samples of one rate into samples of another, in whatever pieces they come.
pub(crate) struct Resampling {
    resampler: Fft<f32>,
    waiting: Vec<f32>,
    /// Samples at the beginning that only fill the resampler.
    skip: usize,
    received: usize,
    given: usize,
    from_hz: u32,
    to_hz: u32,
}

impl Resampling {
    /// # Errors
    /// There is no sound of such a rate.
    pub(crate) fn new(from_hz: u32, to_hz: u32) -> Result<Self, Failure> {
        const WRONG: Failure = Failure::Nonsense("with sound of a rate that cannot be used");
        if !(8_000..=96_000).contains(&from_hz) {
            return Err(WRONG);
        }
        // 10 ms at a time, so that the first sound does not wait for more.
        let chunk = from_hz as usize / 100;
        let resampler = Fft::new(from_hz as usize, to_hz as usize, chunk, 1, FixedSync::Input);
        let resampler = resampler.map_err(|_| WRONG)?;
        Ok(Self {
            skip: resampler.output_delay(),
            resampler,
            waiting: Vec::new(),
            received: 0,
            given: 0,
            from_hz,
            to_hz,
        })
    }

    /// What can be said of the sound until now.
    ///
    /// # Errors
    /// It cannot be resampled.
    pub(crate) fn push(&mut self, samples: &[i16]) -> Result<Vec<i16>, Failure> {
        self.received += samples.len();
        self.waiting.extend(samples.iter().map(|sample| f32::from(*sample)));
        let mut output = Vec::new();
        let mut used = 0;
        loop {
            let needed = self.resampler.input_frames_next();
            let Some(piece) = self.waiting.get(used..used + needed) else {
                break;
            };
            used += needed;
            let piece = InterleavedOwned::new_from(piece.to_vec(), 1, needed).map_err(|_| BROKEN)?;
            let resampled = self.resampler.process(&piece, None::<&Indexing>).map_err(|_| BROKEN)?;
            for sample in resampled.take_data() {
                if self.skip > 0 {
                    self.skip -= 1;
                } else {
                    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates at 16 bits")]
                    output.push(sample.round() as i16);
                }
            }
        }
        self.waiting.drain(..used);
        self.given += output.len();
        Ok(output)
    }

    /// What is still in the resampler.
    ///
    /// # Errors
    /// It cannot be resampled.
    pub(crate) fn finish(mut self) -> Result<Vec<i16>, Failure> {
        let wanted = (self.received * self.to_hz as usize).div_ceil(self.from_hz as usize);
        let missing = wanted.saturating_sub(self.given);
        let mut rest = Vec::new();
        while rest.len() < missing {
            rest.extend(self.push(&vec![0; self.resampler.input_frames_next()])?);
        }
        rest.truncate(missing);
        Ok(rest)
    }
}

const BROKEN: Failure = Failure::Nonsense("with sound that cannot be resampled");
