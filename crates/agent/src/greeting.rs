//! Who answered, by what is said: a person, or which kind of machine. In doubt it is a person.

mod phrases;
#[cfg(test)]
mod tests;

use crate::spoken_words::{Pattern, Word, words_of};
use std::sync::LazyLock;

/// A menu that has said so many words is one, even if only one of them tells.
const WORDS_OF_A_MENU: usize = 14;
/// Whoever says more than this without a question is not just answering the phone, words.
const SHORT_ANSWER: usize = 6;

/// What a greeting sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Greeting {
    /// What a person says.
    Person,
    /// A person could say it too (“you have reached the office of …”): worth listening a little longer.
    Unclear,
    /// A network says that the number cannot be reached.
    Announcement,
    /// “For sales, press one.”
    PhoneMenu,
    /// An assistant asks who is calling and why, on behalf of the person.
    Screening,
    /// An answering machine.
    Voicemail,
}

struct Phrases(Vec<Pattern>);

impl Phrases {
    fn parse(phrases: &[&'static str]) -> Self {
        Self(phrases.iter().map(|parts| Pattern::parse(parts)).collect())
    }

    fn are_in(&self, words: &[Word]) -> bool {
        (0..words.len()).any(|at| self.end_at(words, at).is_some())
    }

    /// How many of them there are, one after the other.
    fn count_in(&self, words: &[Word]) -> usize {
        let (mut at, mut count) = (0, 0);
        while at < words.len() {
            match self.end_at(words, at) {
                Some(end) => {
                    count += 1;
                    at = end.max(at + 1);
                }
                None => at += 1,
            }
        }
        count
    }

    fn end_at(&self, words: &[Word], at: usize) -> Option<usize> {
        self.0
            .iter()
            .filter_map(|pattern| pattern.match_at(words, at, &[]))
            .max()
    }
}

macro_rules! phrases {
    ($($name:ident),*) => { $(
        static $name: LazyLock<Phrases> = LazyLock::new(|| Phrases::parse(phrases::$name));
    )* };
}

phrases!(
    VOICEMAIL,
    REACHED,
    NOT_THERE,
    LEAVE_WORDS,
    ANNOUNCEMENT,
    SUBSCRIBER,
    TRY_LATER,
    MENU,
    PLEASE_WAIT,
    SCREENING,
    TELL_MORE,
    ASKS,
    HELLO
);

/// Judges a greeting that may go on: only what no further word can turn.
#[must_use]
pub fn judge_so_far(text: &str) -> Greeting {
    let words = words_of(text).words;
    if VOICEMAIL.are_in(&words) {
        Greeting::Voicemail
    } else if SCREENING.are_in(&words) {
        Greeting::Screening
    } else if ANNOUNCEMENT.are_in(&words) {
        Greeting::Announcement
    } else if MENU.are_in(&words) {
        Greeting::PhoneMenu
    } else if [&REACHED, &NOT_THERE, &LEAVE_WORDS, &SUBSCRIBER]
        .iter()
        .any(|marks| marks.are_in(&words))
    {
        Greeting::Unclear
    } else {
        Greeting::Person
    }
}

/// Judges a greeting after which there was silence.
#[must_use]
pub fn judge(text: &str) -> Greeting {
    let so_far = judge_so_far(text);
    if so_far != Greeting::Unclear || asks(text) {
        return so_far;
    }
    let words = words_of(text).words;
    let leave_words = LEAVE_WORDS.are_in(&words);
    if SUBSCRIBER.are_in(&words) {
        return match (leave_words, TRY_LATER.are_in(&words)) {
            (true, _) => Greeting::Voicemail,
            (false, true) => Greeting::Announcement,
            (false, false) => Greeting::Unclear,
        };
    }
    if leave_words && REACHED.are_in(&words) && NOT_THERE.are_in(&words) {
        Greeting::Voicemail
    } else {
        Greeting::Unclear
    }
}

/// Whoever says this speaks for a whole household, or wants words to be left: with a beep after it, it is a machine. “He is
/// not here” alone is not enough.
#[must_use]
pub fn is_like_a_machine(text: &str) -> bool {
    let words = words_of(text).words;
    [&REACHED, &LEAVE_WORDS, &SUBSCRIBER]
        .iter()
        .any(|marks| marks.are_in(&words))
}

/// Somebody expects an answer.
#[must_use]
pub fn asks(text: &str) -> bool {
    text.contains('?') || ASKS.are_in(&words_of(text).words)
}

/// What was heard of a menu is too much to be a slip of the ear.
#[must_use]
pub fn is_clearly_a_menu(text: &str) -> bool {
    let words = words_of(text).words;
    let marks = MENU.count_in(&words);
    marks >= 2 || (marks == 1 && words.len() >= WORDS_OF_A_MENU)
}

/// After a menu or an assistant: somebody came to the phone. Long statements are more of the machine's.
#[must_use]
pub fn sounds_like_somebody(text: &str) -> bool {
    let words = words_of(text).words;
    let begins = &words[..words.len().min(3)];
    judge(text) <= Greeting::Unclear
        && !words.is_empty()
        && !asks_to_wait(text)
        && (asks(text) || words.len() <= SHORT_ANSWER || HELLO.are_in(begins))
}

/// After tones by which a network says that a number cannot be reached: these are no words of the network.
#[must_use]
pub fn is_surely_somebody(text: &str) -> bool {
    let words = words_of(text).words;
    let begins = &words[..words.len().min(3)];
    judge(text) <= Greeting::Unclear && (asks(text) || HELLO.are_in(begins))
}

/// “Please hold.”
#[must_use]
pub fn asks_to_wait(text: &str) -> bool {
    PLEASE_WAIT.are_in(&words_of(text).words)
}

/// A call assistant asks again, or for more.
#[must_use]
pub fn wants_to_know_more(text: &str) -> bool {
    TELL_MORE.are_in(&words_of(text).words)
}

/// A call assistant turns us away.
#[must_use]
pub fn is_turned_away(text: &str) -> bool {
    let words = words_of(text).words;
    !asks(text) && (NOT_THERE.are_in(&words) || TRY_LATER.are_in(&words))
}
