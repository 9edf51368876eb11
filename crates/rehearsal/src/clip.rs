//! A sentence as sound.

use std::sync::Arc;
use telephony::{FRAME_SAMPLES, Frame};

/// A sentence as sound, with where its words end. Shared by all calls that play it.
#[derive(Debug)]
pub struct Clip {
    pub text: Arc<str>,
    pub frames: Vec<Frame>,
    pub(crate) words: Arc<[ClipWord]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClipWord {
    pub(crate) text: String,
    /// Frames from the start of the clip to the end of the word.
    pub(crate) end: usize,
}

impl Clip {
    /// Cuts sound into frames. Where words end is estimated from their lengths.
    pub(crate) fn new(text: &str, samples: &[i16]) -> Self {
        let frames: Vec<Frame> = samples.chunks(FRAME_SAMPLES).map(Frame::from_slice).collect();
        Self {
            text: text.into(),
            words: word_ends(text, frames.len()).into(),
            frames,
        }
    }
}

fn word_ends(text: &str, frames: usize) -> Vec<ClipWord> {
    let words: Vec<(&str, usize)> = text.split_whitespace().map(|word| (word, weight(word))).collect();
    let total: usize = words.iter().map(|(_, weight)| weight).sum();
    let mut so_far = 0;
    words
        .into_iter()
        .map(|(word, weight)| {
            so_far += weight;
            ClipWord {
                text: word.to_owned(),
                end: frames * so_far / total,
            }
        })
        .collect()
}

/// How long a word takes, roughly: its letters, and the pause that its punctuation asks for.
fn weight(word: &str) -> usize {
    let pause = match word.chars().last() {
        Some(',' | ';' | ':') => 3,
        Some('.' | '?' | '!') => 5,
        _ => 0,
    };
    // A digit is spoken as a word.
    let length: usize = word
        .chars()
        .map(|letter| match letter {
            _ if letter.is_ascii_digit() => 4,
            _ if letter.is_alphabetic() => 1,
            _ => 0,
        })
        .sum();
    1 + length + pause
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_in_order_and_the_last_with_the_sound() {
        let clip = Clip::new("Hello, this is Ada.", &[0; FRAME_SAMPLES * 100]);
        let ends: Vec<usize> = clip.words.iter().map(|word| word.end).collect();
        assert!(ends.is_sorted());
        assert_eq!(ends.last(), Some(&100));
        assert_eq!(clip.words.len(), 4);
    }
}
