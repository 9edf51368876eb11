//! Decides what of a sentence was said aloud, from the frames that were really played.
//!
//! Sound comes without word times, so a word counts as said when the share of the sentence's sound that was played
//! reaches the share of its letters. Silence before and after the words is left out of the reckoning, and a word that
//! was cut in the middle does not count.

use crate::flow::{SentenceId, SpokenWords};
use domain::Personal;
use telephony::{FRAME_MILLIS, Frame};

/// Quieter than this is silence around the words (of 32,767).
const SILENCE: u16 = 200;
/// Sound for one letter while the length of the whole is not known yet, milliseconds: fluent speech.
const MILLIS_PER_CHAR: u32 = 60;

/// Follows one sentence while it is played.
#[derive(Clone, Debug)]
pub struct TranscriptSaver {
    id: SentenceId,
    text: Personal,
    /// Room time of the first frame.
    start_ms: u32,
    played: u32,
    /// Frames of silence before the words.
    lead: u32,
    voiced: bool,
    /// Frames up to the last sound, once all are known.
    length: Option<u32>,
    /// Frames that were ever received.
    received: u32,
    last_voiced: u32,
}

impl TranscriptSaver {
    /// A sentence of which nothing has been played yet.
    #[must_use]
    pub fn new(id: SentenceId, text: Personal) -> Self {
        Self {
            id,
            text,
            start_ms: 0,
            played: 0,
            lead: 0,
            voiced: false,
            length: None,
            received: 0,
            last_voiced: 0,
        }
    }

    #[must_use]
    pub fn id(&self) -> SentenceId {
        self.id
    }

    /// It has more words: whoever says it tells them as they come.
    pub fn more(&mut self, words: &str) {
        self.text = format!("{}{words}", self.text.reveal()).into();
    }

    /// A frame of it was made.
    pub fn received(&mut self, frame: &Frame) {
        self.received += 1;
        let voiced = frame.samples().iter().any(|sample| sample.unsigned_abs() > SILENCE);
        if voiced {
            self.voiced = true;
            self.last_voiced = self.received;
        } else if !self.voiced {
            self.lead += 1;
        }
    }

    /// All frames of it were made.
    pub fn complete(&mut self) {
        self.length = Some(if self.voiced { self.last_voiced } else { self.received });
        if !self.voiced {
            self.lead = 0;
        }
    }

    /// A frame of it was played in the tick that ends at `now_ms`. True for the first.
    pub fn played(&mut self, now_ms: u32) -> bool {
        self.played += 1;
        if self.played == 1 {
            self.start_ms = now_ms.saturating_sub(FRAME_MILLIS);
        }
        self.played == 1
    }

    /// True if something of it is in the room.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.played > 0
    }

    /// The words that have been said aloud so far.
    #[must_use]
    pub fn said_so_far(&self) -> Personal {
        let text = self.text.reveal();
        let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX).max(1);
        let guess = chars.saturating_mul(MILLIS_PER_CHAR) / FRAME_MILLIS;
        let length = self
            .length
            .unwrap_or_else(|| self.received.max(self.lead + guess))
            .saturating_sub(self.lead)
            .max(1);
        let played = self.played.saturating_sub(self.lead).min(length);
        let said = u64::from(chars) * u64::from(played) / u64::from(length);
        let mut end = 0;
        let mut count = 0;
        let mut chars = text.char_indices().peekable();
        while let Some((at, letter)) = chars.next() {
            count += 1;
            if count > said {
                break;
            }
            let word_ends = chars.peek().is_none_or(|(_, next)| next.is_whitespace());
            if word_ends {
                end = at + letter.len_utf8();
            }
        }
        text[..end].trim_end().into()
    }

    /// All of it was played; `now_ms` is the end of its last frame.
    #[must_use]
    pub fn finish(self, now_ms: u32) -> SpokenWords {
        SpokenWords {
            id: self.id,
            start_ms: self.start_ms,
            end_ms: now_ms.max(self.start_ms),
            text: self.text,
            interrupted: false,
        }
    }

    /// It was cut at `now_ms`.
    #[must_use]
    pub fn cut(self, now_ms: u32) -> SpokenWords {
        let text = self.said_so_far();
        SpokenWords {
            id: self.id,
            start_ms: self.start_ms,
            end_ms: now_ms.max(self.start_ms),
            // Cut in the silence after its last word, it was said whole.
            interrupted: text != self.text,
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sound() -> Frame {
        Frame::new([8_000; telephony::FRAME_SAMPLES])
    }

    fn saver(text: &str, lead: usize, voiced: usize, tail: usize) -> TranscriptSaver {
        let mut saver = TranscriptSaver::new(SentenceId(1), text.into());
        for _ in 0..lead {
            saver.received(&Frame::silence());
        }
        for _ in 0..voiced {
            saver.received(&sound());
        }
        for _ in 0..tail {
            saver.received(&Frame::silence());
        }
        saver.complete();
        saver
    }

    fn after(mut saver: TranscriptSaver, frames: u32) -> SpokenWords {
        for frame in 1..=frames {
            saver.played(1_000 + frame * FRAME_MILLIS);
        }
        saver.cut(1_000 + frames * FRAME_MILLIS)
    }

    #[test]
    fn keeps_the_words_that_were_said_whole() {
        let text = "one two three four";
        assert_eq!(after(saver(text, 0, 180, 0), 90).text.reveal(), "one two");
        assert_eq!(after(saver(text, 50, 180, 50), 50).text.reveal(), "");
        assert_eq!(after(saver(text, 50, 180, 50), 140).text.reveal(), "one two");
        let whole = after(saver(text, 50, 180, 50), 235);
        assert_eq!((whole.text.reveal(), whole.interrupted), (text, false));
        assert_eq!((whole.start_ms, whole.end_ms), (1_000, 1_000 + 235 * 20));
    }

    #[test]
    fn guesses_the_length_while_sound_is_still_being_made() {
        let mut saver = TranscriptSaver::new(SentenceId(1), "one two three four".into());
        for _ in 0..10 {
            saver.received(&sound());
            saver.played(0);
        }
        assert_eq!(saver.said_so_far().reveal(), "one");
    }

    proptest! {
        #[test]
        fn what_was_said_is_a_beginning_and_only_grows(text in "\\PC{0,60}", length in 0usize..200) {
            let mut saver = saver(&text, 0, length, 0);
            let mut before = String::new();
            for tick in 0..length {
                saver.played(u32::try_from(tick).expect("small"));
                let said = saver.said_so_far();
                prop_assert!(text.starts_with(said.reveal()));
                prop_assert!(said.reveal().starts_with(&before));
                before = said.reveal().to_owned();
            }
            let spoken = saver.finish(0);
            prop_assert_eq!(spoken.text.reveal(), text);
        }
    }
}
