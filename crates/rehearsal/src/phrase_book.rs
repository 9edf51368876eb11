//! All sentences that were made into sound lately, by their fingerprints. Recognising is looking up.

use crate::{
    clip::{Clip, ClipWord},
    fingerprint::{Fingerprinter, Loudness, Print},
    recogniser::Recogniser,
};
use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Places that are tried for one print. Common sounds (“this is …”) occur in many sentences; the latest are the ones
/// that are likely to be spoken now.
const MOST_PLACES: usize = 48;
/// Sentences in the book: more than 500 calls say within minutes.
const MOST_PHRASES: usize = 6_000;

/// A sentence that can be recognised.
pub(crate) struct Phrase {
    pub(crate) words: Arc<[ClipWord]>,
    pub(crate) prints: Vec<Print>,
    /// Higher if it was added or recognised later.
    used: AtomicU64,
}

/// A place in a sentence.
pub(crate) struct Place {
    pub(crate) phrase: Arc<Phrase>,
    /// Index of the print.
    pub(crate) at: usize,
}

#[derive(Default)]
struct Shelves {
    phrases: HashMap<u32, Arc<Phrase>>,
    places: HashMap<u32, Vec<(u32, u32)>>,
    last_id: u32,
}

/// The book. Shared by all ears of a rehearsal; bounded: what was not used for the longest time is forgotten.
#[derive(Default)]
pub struct PhraseBook {
    shelves: RwLock<Shelves>,
    uses: AtomicU64,
}

impl PhraseBook {
    /// An empty book.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Adds a sentence as it sounds. Adding the same clip twice makes two entries: whoever makes clips keeps them.
    pub(crate) fn add(&self, clip: &Clip) -> Arc<Phrase> {
        let mut fingerprinter = Fingerprinter::new();
        let phrase = Arc::new(Phrase {
            words: Arc::clone(&clip.words),
            prints: clip.frames.iter().map(|frame| fingerprinter.hear(frame)).collect(),
            used: AtomicU64::new(self.next_use()),
        });
        let mut shelves = self.shelves.write().unwrap_or_else(PoisonError::into_inner);
        if shelves.phrases.len() >= MOST_PHRASES {
            shelves.forget_the_oldest();
        }
        shelves.last_id = shelves.last_id.wrapping_add(1);
        let id = shelves.last_id;
        shelves.phrases.insert(id, Arc::clone(&phrase));
        for (at, print) in phrase.prints.iter().enumerate() {
            if print.loudness == Loudness::Loud {
                let at = u32::try_from(at).unwrap_or(u32::MAX);
                shelves.places.entry(print.bits).or_default().push((id, at));
            }
        }
        phrase
    }

    /// Marks a sentence as in use, so that it is kept.
    pub(crate) fn touch(&self, phrase: &Phrase) {
        phrase.used.store(self.next_use(), Ordering::Relaxed);
    }

    /// True if the sentence was added and has not been forgotten since.
    pub(crate) fn holds(&self, phrase: &Phrase) -> bool {
        phrase.used.load(Ordering::Relaxed) != FORGOTTEN
    }

    /// An ear for one utterance.
    #[must_use]
    pub fn recogniser(self: &Arc<Self>) -> Recogniser {
        Recogniser::new(Arc::clone(self))
    }

    /// Where a print occurs, with up to its three weakest bits turned; the latest sentences first.
    pub(crate) fn places(&self, print: &Print) -> Vec<Place> {
        let shelves = self.shelves.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for turned in 0..8_u32 {
            let mask = (0..3).fold(0, |mask, index| {
                mask | (turned >> index & 1) << print.weak[usize::try_from(index).unwrap_or(0)]
            });
            let Some(places) = shelves.places.get(&(print.bits ^ mask)) else {
                continue;
            };
            for (id, at) in places.iter().rev().take(MOST_PLACES) {
                if let Some(phrase) = shelves.phrases.get(id) {
                    found.push(Place {
                        phrase: Arc::clone(phrase),
                        at: usize::try_from(*at).unwrap_or(0),
                    });
                }
            }
        }
        found
    }

    fn next_use(&self) -> u64 {
        self.uses.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The use of a phrase that is no longer in the book.
const FORGOTTEN: u64 = 0;

impl Shelves {
    /// Forgets a quarter, so that it is done rarely.
    fn forget_the_oldest(&mut self) {
        let mut uses: Vec<u64> = self
            .phrases
            .values()
            .map(|phrase| phrase.used.load(Ordering::Relaxed))
            .collect();
        uses.sort_unstable();
        let limit = uses[uses.len() / 4];
        self.phrases.retain(|_, phrase| {
            let keep = phrase.used.load(Ordering::Relaxed) > limit;
            if !keep {
                phrase.used.store(FORGOTTEN, Ordering::Relaxed);
            }
            keep
        });
        let phrases = &self.phrases;
        self.places.retain(|_, places| {
            places.retain(|(id, _)| phrases.contains_key(id));
            !places.is_empty()
        });
    }
}
