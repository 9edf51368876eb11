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
/// A sentence that is followed from its beginning is heard when this many prints with sound agreed (160 ms). Where
/// only its middle is heard, more must agree, for single words sound alike in many sentences.
const CERTAIN_PRINTS: u32 = 8;
const CERTAIN_PRINTS_IN_THE_MIDDLE: u32 = 30;
/// The first prints of a sentence are shaped by what was before it.
const BEGINNING: usize = 11;
/// Share of bits that may differ to begin to follow a sentence, to be certain of it, and to go on.
const BEGIN: f32 = 0.28;
const CERTAIN: f32 = 0.26;
const GO_ON: f32 = 0.40;
/// Silence where a sentence has sound counts as this many wrong bits: the speaker has stopped.
const STOPPED: u32 = 24;
/// Prints around a pause in which sound and silence may differ.
const EDGE: usize = 3;
/// Sentences that are followed at the same time.
const MOST_TRACKS: usize = 64;
/// A print describes the sound around the middle of its window, which is this many frames ago.
const WINDOW_DELAY: usize = 3;
/// Prints by which one sentence may reach into the next.
const OVERLAP: u32 = 6;
/// A sentence that came to its end is preferred to one that agreed in this many prints more, but broke off.
const WORTH_OF_AN_END: u32 = 8;

/// Prints after which a sentence that broke off is taken for what was said.
const PATIENCE: u32 = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Following,
    /// Came to its end.
    Complete,
    /// What is heard is something else by now.
    Broken,
}

/// A sentence that is being heard, perhaps.
struct Track {
    phrase: Arc<Phrase>,
    /// Index of the first print that agreed, and when it was heard.
    from: usize,
    began: u32,
    /// Index of the next print.
    at: usize,
    /// (wrong, compared) bits of the latest prints.
    latest: VecDeque<(u32, u32)>,
    /// Prints with sound that agreed.
    agreed: u32,
    /// One after the last print that agreed, and when it was heard.
    good_until: usize,
    ended: u32,
    certain: bool,
    stage: Stage,
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

    fn follow(&mut self, print: &Print, now: u32) {
        if self.stage != Stage::Following || self.at >= self.phrase.prints.len() {
            return;
        }
        let (wrong, compared) = difference(&self.phrase, self.at, print);
        self.at += 1;
        self.latest.push_back((wrong, compared));
        if self.latest.len() > MEMORY {
            self.latest.pop_front();
        }
        if compared > 0 && wrong * 3 < compared {
            self.agreed += 1;
            self.good_until = self.at;
            self.ended = now;
        }
        self.judge();
        if self.wrong_share() > GO_ON {
            self.stage = Stage::Broken;
        } else if self.at >= self.phrase.prints.len() {
            self.stage = Stage::Complete;
            self.ended = now;
        }
    }

    fn judge(&mut self) {
        let enough = if self.from <= BEGINNING {
            CERTAIN_PRINTS
        } else {
            CERTAIN_PRINTS_IN_THE_MIDDLE
        };
        self.certain |= self.agreed >= enough && self.wrong_share() < CERTAIN;
    }

    fn is_followed(&self) -> bool {
        self.certain && self.stage == Stage::Following && self.wrong_share() < BEGIN
    }

    fn rank(&self) -> u32 {
        match self.stage {
            Stage::Complete => self.agreed + WORTH_OF_AN_END,
            _ => self.agreed,
        }
    }

    fn text(&self) -> String {
        let from = if self.from <= BEGINNING {
            0
        } else {
            self.from.saturating_sub(WINDOW_DELAY)
        };
        let until = match self.stage {
            Stage::Complete => usize::MAX,
            _ => self.good_until,
        };
        let mut start = 0;
        let mut words: Vec<&str> = Vec::new();
        for word in self.phrase.words.iter() {
            if usize::midpoint(start, word.end) >= from && word.end <= until {
                words.push(&word.text);
            }
            start = word.end;
        }
        words.join(" ")
    }
}

/// (wrong, compared) bits.
fn difference(phrase: &Phrase, at: usize, heard: &Print) -> (u32, u32) {
    let known = &phrase.prints[at];
    match (known.loudness, heard.loudness) {
        (Loudness::Loud, Loudness::Silent) => {
            // A pause may begin a little earlier, or end a little later, where the sound is quieter.
            let around = at.saturating_sub(EDGE)..(at + EDGE + 1).min(phrase.prints.len());
            let at_an_edge = phrase.prints[around]
                .iter()
                .any(|print| print.loudness != Loudness::Loud);
            if at_an_edge { (0, 0) } else { (STOPPED, 32) }
        }
        (Loudness::Loud, _) => ((known.bits ^ heard.bits).count_ones(), 32),
        // Where a sentence is soft, noise decides about the bits.
        _ => (0, 0),
    }
}

/// Listens to one utterance.
pub struct Recogniser {
    book: Arc<PhraseBook>,
    fingerprinter: Fingerprinter,
    memory: VecDeque<Print>,
    /// Prints heard.
    now: u32,
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
            now: 0,
            tracks: Vec::new(),
            said: Vec::new(),
            shown: String::new(),
        }
    }

    /// The next 20 ms. Gives the words so far if they are others than before.
    pub fn hear(&mut self, frame: &Frame) -> Option<&str> {
        let print = self.fingerprinter.hear(frame);
        self.now += 1;
        if self.memory.len() == MEMORY {
            self.memory.pop_front();
        }
        self.memory.push_back(print);
        for track in &mut self.tracks {
            track.follow(&print, self.now);
        }
        if print.loudness != Loudness::Silent {
            self.look_up(&print);
        }
        if self.tracks.is_empty() {
            return None;
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
            .filter(|index| self.tracks[*index].certain)
            .max_by(|one, other| {
                let (one, other) = (&self.tracks[*one], &self.tracks[*other]);
                one.rank()
                    .cmp(&other.rank())
                    .then(other.wrong_share().total_cmp(&one.wrong_share()))
            })
    }

    fn look_up(&mut self, print: &Print) {
        // A sentence that is being followed well needs no other.
        let well = |track: &Track| track.is_followed() && track.agreed > 20 && track.wrong_share() < CERTAIN / 2.0;
        if self.tracks.iter().any(well) {
            return;
        }
        for place in self.book.places(print) {
            if self.tracks.len() >= MOST_TRACKS {
                return;
            }
            let next = place.at + 1;
            if next >= place.phrase.prints.len() {
                continue;
            }
            let beside = |track: &Track| {
                track.stage == Stage::Following
                    && Arc::ptr_eq(&track.phrase, &place.phrase)
                    && track.at.abs_diff(next) <= 2
            };
            let known = self.tracks.iter().position(beside);
            if known.is_some_and(|track| self.tracks[track].at == next) {
                continue;
            }
            let Some(found) = compare(&self.memory, &place.phrase, next, self.now) else {
                continue;
            };
            match known {
                // Followed a print or two beside the right place, a sentence agrees for a while only.
                Some(track) if found.wrong_share() < self.tracks[track].wrong_share() => self.tracks[track] = found,
                Some(_) => {}
                None => self.tracks.push(found),
            }
        }
    }

    /// Drops sentences that turned out to be others, and puts aside those that are over.
    fn settle(&mut self) {
        self.tracks
            .retain(|track| track.certain || track.stage == Stage::Following);
        while let Some(best) = self.best() {
            let best = &self.tracks[best];
            if best.stage == Stage::Following {
                return;
            }
            // Another sentence that began alike may go on where this one ended.
            let (rank, ended) = (best.rank(), best.ended);
            let rival = |track: &Track| {
                track.is_followed() && track.began + OVERLAP < ended && track.agreed + WORTH_OF_AN_END + 4 >= rank
            };
            // And one that has only begun to be followed may explain it better than a sentence that broke off.
            let doubt = best.stage == Stage::Broken && self.now < ended + PATIENCE;
            let overlap = if best.agreed < 2 * CERTAIN_PRINTS { 0 } else { OVERLAP };
            let candidate = |track: &Track| {
                track.stage == Stage::Following && track.began + overlap < ended && track.wrong_share() < BEGIN
            };
            if self
                .tracks
                .iter()
                .any(|track| rival(track) || (doubt && candidate(track)))
            {
                return;
            }
            let text = best.text();
            self.book.touch(&best.phrase);
            if !text.is_empty() {
                self.said.push(text);
            }
            self.tracks.retain(|track| track.began + OVERLAP >= ended);
            let since = usize::try_from(self.now - ended).unwrap_or(0);
            while self.memory.len() > since {
                self.memory.pop_front();
            }
        }
    }
}

/// Follows a sentence backwards through the memory. `next` is the index of the print after the latest.
fn compare(memory: &VecDeque<Print>, phrase: &Arc<Phrase>, next: usize, now: u32) -> Option<Track> {
    let mut latest = VecDeque::with_capacity(MEMORY + 1);
    let (mut wrong, mut compared, mut agreed, mut from, mut began) = (0, 0, 0, next, now);
    for (back, print) in memory.iter().rev().enumerate() {
        let Some(at) = next.checked_sub(back + 1) else { break };
        let one = difference(phrase, at, print);
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
            began = now.saturating_sub(u32::try_from(back).unwrap_or(0));
        }
        latest.push_front(one);
    }
    let mut track = Track {
        phrase: Arc::clone(phrase),
        from,
        began,
        at: next,
        latest,
        agreed,
        good_until: next,
        ended: now,
        certain: false,
        stage: Stage::Following,
    };
    track.judge();
    (agreed >= 3).then_some(track)
}

#[cfg(test)]
mod tests;
