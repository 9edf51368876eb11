//! An ear that knows the sentences of a [`PhraseBook`] by their sound.
//!
//! Each frame's print is looked up. Where it occurs in a sentence, the prints before it are compared with those of that
//! sentence: if they agree, the ear follows the sentence from there on, print by print. Sentences that begin alike are
//! followed side by side until all but one disagree. What was heard is the words up to where a sentence was followed:
//! half a sentence gives half its words, and sound that belongs to no sentence gives none.

use crate::{
    fingerprint::{Fingerprinter, Loudness, Print},
    phrase_book::{Phrase, PhraseBook},
};
use std::{collections::VecDeque, sync::Arc};
use telephony::Frame;

/// Prints that are remembered to compare with, and over which agreement is judged: 320 ms.
const MEMORY: usize = 16;
/// A sentence is heard when this many prints with sound agreed: 160 ms.
const CERTAIN_PRINTS: u32 = 8;
/// Share of bits that may differ to begin to follow a sentence, to be certain of it, and to go on.
const BEGIN: f32 = 0.28;
const CERTAIN: f32 = 0.26;
const GO_ON: f32 = 0.36;
/// Silence where a sentence has sound counts as this many wrong bits: the speaker has stopped.
const STOPPED: u32 = 24;
/// Sentences that are followed at the same time.
const MOST_TRACKS: usize = 24;
/// A print describes the sound around the middle of its window, which is this many frames ago.
const WINDOW_DELAY: usize = 3;

struct Track {
    phrase: Arc<Phrase>,
    /// Index of the first print that agreed.
    from: usize,
    /// Index of the next print.
    at: usize,
    /// (wrong, compared) bits of the latest prints.
    latest: VecDeque<(u32, u32)>,
    /// Prints with sound that agreed.
    agreed: u32,
    /// One after the last print that agreed.
    good_until: usize,
    /// Reached the end of its sentence; how many prints others agreed to since.
    complete: bool,
}

impl Track {
    fn wrong_share(&self) -> f32 {
        let (wrong, compared) = self
            .latest
            .iter()
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        #[expect(clippy::cast_precision_loss, reason = "a few hundred bits")]
        let share = wrong as f32 / compared.max(1) as f32;
        share
    }

    fn is_certain(&self) -> bool {
        self.agreed >= CERTAIN_PRINTS && (self.complete || self.wrong_share() < CERTAIN)
    }

    fn follow(&mut self, print: &Print) {
        if self.complete {
            return;
        }
        let (wrong, compared) = difference(&self.phrase.prints[self.at], print);
        self.at += 1;
        self.latest.push_back((wrong, compared));
        if self.latest.len() > MEMORY {
            self.latest.pop_front();
        }
        if compared > 0 && wrong * 3 < compared {
            self.agreed += 1;
            self.good_until = self.at;
        }
        self.complete = self.at >= self.phrase.prints.len() && self.wrong_share() < GO_ON;
    }

    fn is_over(&self) -> bool {
        !self.complete && (self.at >= self.phrase.prints.len() || self.wrong_share() > GO_ON)
    }

    fn text(&self) -> String {
        let from = self.from.saturating_sub(WINDOW_DELAY);
        // The last word is only almost out when the sound ends.
        let until = if self.complete {
            usize::MAX
        } else {
            self.good_until
        };
        let mut start = 0;
        let mut words: Vec<&str> = Vec::new();
        for word in self.phrase.words.iter() {
            let middle = usize::midpoint(start, word.end);
            // In the beginning of a sentence prints are still shaped by what was before it.
            if (middle >= from || self.from <= 2 * MEMORY && words.is_empty() && start == 0) && word.end <= until {
                words.push(&word.text);
            }
            start = word.end;
        }
        words.join(" ")
    }
}

/// (wrong, compared) bits.
fn difference(known: &Print, heard: &Print) -> (u32, u32) {
    match (known.loudness, heard.loudness) {
        (Loudness::Loud, Loudness::Silent) => (STOPPED, 32),
        (Loudness::Silent, _) | (_, Loudness::Silent) => (0, 0),
        _ => ((known.bits ^ heard.bits).count_ones(), 32),
    }
}

/// Listens to one utterance.
pub struct Recogniser {
    book: Arc<PhraseBook>,
    fingerprinter: Fingerprinter,
    memory: VecDeque<Print>,
    tracks: Vec<Track>,
    /// Sentences that are over.
    said: Vec<String>,
    shown: String,
}

impl Recogniser {
    pub(crate) fn new(book: Arc<PhraseBook>) -> Self {
        Self {
            book,
            fingerprinter: Fingerprinter::new(),
            memory: VecDeque::with_capacity(MEMORY + 1),
            tracks: Vec::new(),
            said: Vec::new(),
            shown: String::new(),
        }
    }

    /// The next 20 ms. Gives the words so far if they are others than before.
    pub fn hear(&mut self, frame: &Frame) -> Option<&str> {
        let print = self.fingerprinter.hear(frame);
        if self.memory.len() == MEMORY {
            self.memory.pop_front();
        }
        self.memory.push_back(print);
        for track in &mut self.tracks {
            track.follow(&print);
        }
        if print.loudness != Loudness::Silent {
            self.look_up(&print);
        }
        self.settle();
        let text = self.text();
        if text == self.shown {
            return None;
        }
        self.shown = text;
        Some(&self.shown)
    }

    /// All words, when there is no more sound.
    #[must_use]
    pub fn finish(mut self) -> String {
        for _ in 0..WINDOW_DELAY {
            // What is still in the window; an unfinished sentence stays where it is.
            self.hear(&Frame::silence());
        }
        self.text()
    }

    /// Forgets the words so far.
    pub(crate) fn begin_anew(&mut self) {
        self.said.clear();
        self.shown.clear();
        self.tracks.clear();
    }

    fn text(&self) -> String {
        let current = self.best().map(|track| self.tracks[track].text());
        let parts = self.said.iter().cloned().chain(current).filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(" ")
    }

    /// The sentence that is being spoken, most likely.
    fn best(&self) -> Option<usize> {
        (0..self.tracks.len())
            .filter(|index| self.tracks[*index].is_certain())
            .max_by(|one, other| {
                let (one, other) = (&self.tracks[*one], &self.tracks[*other]);
                one.agreed
                    .cmp(&other.agreed)
                    .then(other.wrong_share().total_cmp(&one.wrong_share()))
            })
    }

    fn look_up(&mut self, print: &Print) {
        // A sentence that is being followed well needs no other.
        let followed = |track: &Track| track.is_certain() && !track.complete && track.wrong_share() < CERTAIN / 2.0;
        if self.tracks.iter().any(followed) {
            return;
        }
        for place in self.book.places(print) {
            if self.tracks.len() >= MOST_TRACKS {
                return;
            }
            let next = place.at + 1;
            let known = |track: &Track| Arc::ptr_eq(&track.phrase, &place.phrase) && track.at.abs_diff(next) <= 2;
            if next >= place.phrase.prints.len() || self.tracks.iter().any(known) {
                continue;
            }
            if let Some(track) = compare(&self.memory, &place.phrase, next) {
                self.tracks.push(track);
            }
        }
    }

    /// Drops sentences that turned out to be others, and puts aside those that are over.
    fn settle(&mut self) {
        let Some(best) = self.best() else {
            self.tracks.retain(|track| !track.is_over());
            return;
        };
        let (complete, over) = (self.tracks[best].complete, self.tracks[best].is_over());
        if !complete && !over {
            self.tracks.retain(|track| !track.is_over() || track.is_certain());
            return;
        }
        // Another sentence that began alike may go on where this one ends.
        let rival = |track: &Track| !track.complete && !track.is_over() && track.is_certain() && track.wrong_share() < BEGIN;
        if self.tracks.iter().any(rival) && complete {
            return;
        }
        if over && self.tracks.iter().any(rival) {
            self.tracks.remove(best);
            return;
        }
        let text = self.tracks[best].text();
        self.book.touch(&self.tracks[best].phrase);
        if !text.is_empty() {
            self.said.push(text);
        }
        self.tracks.clear();
        self.memory.clear();
    }
}

/// Follows a sentence backwards through the memory. `next` is the index of the print after the latest.
fn compare(memory: &VecDeque<Print>, phrase: &Arc<Phrase>, next: usize) -> Option<Track> {
    let mut latest = VecDeque::with_capacity(MEMORY + 1);
    let (mut wrong, mut compared, mut agreed, mut from) = (0, 0, 0, next);
    for (back, print) in memory.iter().rev().enumerate() {
        let Some(at) = next.checked_sub(back + 1) else { break };
        let one = difference(&phrase.prints[at], print);
        #[expect(clippy::cast_precision_loss, reason = "a few hundred bits")]
        let share = (wrong + one.0) as f32 / (compared + one.1).max(1) as f32;
        if share > BEGIN {
            break;
        }
        wrong += one.0;
        compared += one.1;
        if one.1 > 0 && one.0 * 3 < one.1 {
            agreed += 1;
            from = at;
        }
        latest.push_front(one);
    }
    (agreed >= 3).then(|| Track {
        phrase: Arc::clone(phrase),
        from,
        at: next,
        latest,
        agreed,
        good_until: next,
        complete: false,
    })
}
