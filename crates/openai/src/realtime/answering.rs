//! One answer of a model that speaks itself: its words and its sound, as they come. Pure.
//!
//! Nothing of it is given on before both are there: a voice whose words nobody can write down is not played, and words
//! without a voice are no answer.

use super::RATE_HZ;
use crate::{failure::Failure, resampling::Resampling};
use base64::{Engine, engine::general_purpose::STANDARD};
use telephony::{FRAME_MILLIS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};
use voice::ports::ReplyPart;

/// A frame that is not louder than this is silence.
const INAUDIBLE: u16 = 40;
/// Nobody speaks more slowly than this, milliseconds for each letter and in all; more is a voice without words.
const SLOWEST_LETTER_MS: u32 = 300;
const SLOWEST_START_MS: u32 = 8_000;
const WORDLESS: Failure = Failure::Nonsense("with a voice without words");

/// Turns what comes of an answer into its parts.
pub(super) struct Answering {
    resampling: Resampling,
    /// Half a sample, if a piece ended in the middle of it.
    half: Option<u8>,
    /// Samples that do not fill a frame yet.
    samples: Vec<i16>,
    /// Parts that wait until it is certain that there are words and a voice.
    held: Vec<ReplyPart>,
    letters: u32,
    frames: u32,
    is_audible: bool,
    speaks: bool,
    writes: bool,
}

impl Answering {
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            resampling: Resampling::new(RATE_HZ, SAMPLE_RATE_HZ)?,
            half: None,
            samples: Vec::new(),
            held: Vec::new(),
            letters: 0,
            frames: 0,
            is_audible: false,
            speaks: false,
            writes: false,
        })
    }

    /// Something of it was given on.
    pub(super) const fn has_begun(&self) -> bool {
        self.speaks || self.writes
    }

    /// It is being said with the model's own voice.
    pub(super) const fn speaks(&self) -> bool {
        self.speaks
    }

    /// Words have come.
    pub(super) const fn has_words(&self) -> bool {
        self.letters > 0
    }

    /// How long the sound is so far, milliseconds.
    pub(super) const fn millis(&self) -> u32 {
        self.frames * FRAME_MILLIS
    }

    /// Words that it says itself.
    pub(super) fn said(&mut self, words: String) -> Vec<ReplyPart> {
        let letters = words.chars().filter(|letter| letter.is_alphanumeric()).count();
        self.letters = self.letters.saturating_add(u32::try_from(letters).unwrap_or(u32::MAX));
        self.give(ReplyPart::Words(words))
    }

    /// Words that somebody else is to say: it has no voice for them.
    pub(super) fn wrote(&mut self, words: String) -> Vec<ReplyPart> {
        if self.speaks || self.frames > 0 {
            return self.said(words);
        }
        self.writes = true;
        vec![ReplyPart::Words(words)]
    }

    /// Its sound, in base64.
    ///
    /// # Errors
    /// It is no sound, or more than its words can be.
    pub(super) fn sounded(&mut self, sound: &str) -> Result<Vec<ReplyPart>, Failure> {
        let decoded = STANDARD.decode(sound);
        let decoded = decoded.map_err(|_| Failure::Nonsense("with something else than sound"))?;
        let bytes: Vec<u8> = self.half.take().into_iter().chain(decoded).collect();
        let mut pairs = bytes.chunks_exact(2);
        let samples: Vec<i16> = pairs
            .by_ref()
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        self.half = pairs.remainder().first().copied();
        self.samples.extend(self.resampling.push(&samples)?);
        self.frames(false)
    }

    fn frames(&mut self, last: bool) -> Result<Vec<ReplyPart>, Failure> {
        let mut length = self.samples.len() / FRAME_SAMPLES * FRAME_SAMPLES;
        if last {
            length = self.samples.len();
        }
        let samples: Vec<i16> = self.samples.drain(..length).collect();
        let mut parts = Vec::new();
        for samples in samples.chunks(FRAME_SAMPLES) {
            let frame = Frame::from_slice(samples);
            self.frames += 1;
            self.is_audible |= frame.peak() > INAUDIBLE;
            parts.extend(self.give(ReplyPart::Sound(frame)));
        }
        let longest = self
            .letters
            .saturating_mul(SLOWEST_LETTER_MS)
            .saturating_add(SLOWEST_START_MS);
        if self.millis() > longest {
            return Err(WORDLESS);
        }
        Ok(parts)
    }

    fn give(&mut self, part: ReplyPart) -> Vec<ReplyPart> {
        if self.speaks {
            return vec![part];
        }
        self.held.push(part);
        if self.letters == 0 || !self.is_audible {
            return Vec::new();
        }
        self.speaks = true;
        let mut parts = vec![ReplyPart::Aloud];
        parts.append(&mut self.held);
        parts
    }

    /// No more comes: the rest.
    ///
    /// # Errors
    /// There was a voice without words, or words without a voice.
    pub(super) fn finish(&mut self) -> Result<Vec<ReplyPart>, Failure> {
        let fresh = Resampling::new(RATE_HZ, SAMPLE_RATE_HZ)?;
        self.samples
            .extend(std::mem::replace(&mut self.resampling, fresh).finish()?);
        let parts = self.frames(true)?;
        match (self.speaks, self.frames > 0, self.letters > 0) {
            (true, ..) | (false, false, false) => Ok(parts),
            (false, true, false) => Err(WORDLESS),
            (false, _, true) => Err(Failure::Nonsense("with silence instead of a voice")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(samples: usize, loud: i16) -> String {
        let bytes: Vec<u8> = (0..samples).flat_map(|_| loud.to_le_bytes()).collect();
        STANDARD.encode(bytes)
    }

    fn frames(parts: &[ReplyPart]) -> usize {
        parts.iter().filter(|part| matches!(part, ReplyPart::Sound(_))).count()
    }

    #[test]
    fn words_and_sound_come_in_any_order_and_in_odd_pieces() {
        for words_first in [true, false] {
            let mut answer = Answering::new().expect("a rate");
            let mut parts = Vec::new();
            if words_first {
                parts.extend(answer.said("Hello.".to_owned()));
            }
            assert!(parts.is_empty() && !answer.has_begun());
            // One second, cut in the middle of a sample.
            let bytes: Vec<u8> = (0..24_000).flat_map(|_| 1_000_i16.to_le_bytes()).collect();
            for piece in bytes.chunks(4_801) {
                parts.extend(answer.sounded(&STANDARD.encode(piece)).expect("sound"));
            }
            if !words_first {
                assert!(parts.is_empty());
                parts.extend(answer.said("Hello.".to_owned()));
            }
            parts.extend(answer.finish().expect("whole"));
            assert_eq!(parts[0], ReplyPart::Aloud);
            assert!(parts.contains(&ReplyPart::Words("Hello.".to_owned())));
            assert_eq!((frames(&parts), answer.millis()), (50, 1_000), "{words_first}");
        }
    }

    #[test]
    fn a_voice_without_words_is_not_played() {
        let mut answer = Answering::new().expect("a rate");
        let mut all = Ok(Vec::new());
        for _ in 0..10 {
            all = answer.sounded(&sound(24_000, 1_000));
            if let Ok(parts) = &all {
                assert!(parts.is_empty());
            }
        }
        assert_eq!(all, Err(WORDLESS));
        let mut answer = Answering::new().expect("a rate");
        assert!(answer.sounded(&sound(24_000, 1_000)).expect("held").is_empty());
        assert!(answer.said("...".to_owned()).is_empty());
        assert_eq!(answer.finish(), Err(WORDLESS));
    }

    #[test]
    fn words_without_a_voice_are_no_answer() {
        let mut answer = Answering::new().expect("a rate");
        assert!(answer.said("Hello.".to_owned()).is_empty());
        assert!(answer.sounded(&sound(24_000, 0)).expect("held").is_empty());
        assert!(matches!(answer.finish(), Err(Failure::Nonsense(_))) && !answer.has_begun());
        let mut answer = Answering::new().expect("a rate");
        assert!(answer.sounded("Ada!").is_err());
        assert_eq!(
            Answering::new().expect("a rate").finish(),
            Ok(Vec::new()),
            "a tool needs no words"
        );
    }

    #[test]
    fn what_is_only_written_is_left_to_another_voice() {
        let mut answer = Answering::new().expect("a rate");
        let parts = answer.wrote("Hello.".to_owned());
        assert_eq!(parts, [ReplyPart::Words("Hello.".to_owned())]);
        assert!(answer.has_begun() && !answer.speaks());
        assert_eq!(answer.finish(), Ok(Vec::new()));
    }
}
