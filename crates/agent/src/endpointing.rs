//! How long a silence must last until somebody has finished, from what they said: short after a sentence that is whole,
//! long after “and”, “my number is”, or the first half of a number.
//!
//! All languages are always looked at: a word that leaves a sentence open in one of them is seldom the last of a whole
//! one in another.

use crate::{spoken_words::words_of, turns::ENDPOINT_MS};

/// After a sentence that is whole, milliseconds.
pub const WHOLE_MS: u32 = 400;
/// After one that is open, milliseconds.
pub const OPEN_MS: u32 = 1_400;
/// Within something that is spelled or counted out, milliseconds.
pub const DICTATED_MS: u32 = 1_800;

/// Words after which something must follow.
const OPENING: &[&str] = &[
    // English
    "and", "or", "but", "so", "because", "if", "when", "that", "the", "a", "an", "my", "your", "to", "of", "for",
    "with", "at", "from", "is", "are", "was", "its", "i", "we", "um", "uh", "er", "erm", "like", "well", "then",
    "than", "about", // German
    "und", "oder", "aber", "weil", "dass", "wenn", "der", "die", "das", "ein", "eine", "einen", "mein", "meine", "ist",
    "mit", "von", "zu", "fur", "ich", "wir", "ah", "ahm", "hm", "also", "dann", "nur", // Spanish
    "y", "o", "pero", "porque", "si", "que", "el", "la", "los", "las", "un", "una", "mi", "su", "de", "del", "para",
    "con", "es", "son", "yo", "eh", "este", "pues", "entonces", // French
    "et", "ou", "mais", "parce", "quand", "le", "les", "une", "mon", "ma", "des", "du", "pour", "avec", "est", "sont",
    "je", "nous", "euh", "alors", "donc",
];
/// Of those, what is a whole answer by itself: “so”, “si”, “also”, “well”.
const WHOLE_ALONE: &[&str] = &["so", "si", "also", "well", "la", "son", "about", "then", "die", "das"];
/// Digits as words.
const DIGITS: &[&str] = &[
    "zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double", "null", "eins",
    "zwei", "zwo", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun", "cero", "uno", "dos", "tres", "cuatro",
    "cinco", "seis", "siete", "ocho", "nueve", "deux", "trois", "quatre", "cinq", "sept", "huit", "neuf",
];
/// A telephone number has no fewer digits.
const LEAST_DIGITS_OF_A_NUMBER: usize = 7;

/// How much silence ends a turn in which this was said so far, milliseconds.
#[must_use]
pub fn silence_that_ends(said: &str) -> u32 {
    let words = words_of(said).words;
    let Some(last) = words.last() else {
        return ENDPOINT_MS;
    };
    if let Some(silence) = of_dictation(words.iter().rev().map(|word| word.text.as_str())) {
        return silence;
    }
    let trimmed = said.trim_end();
    let asks = trimmed.ends_with('?');
    let cut = trimmed.ends_with([',', '…', '-', '–', ':']) || trimmed.ends_with("...");
    let opening =
        OPENING.contains(&last.text.as_str()) && !(words.len() == 1 && WHOLE_ALONE.contains(&last.text.as_str()));
    if cut || (opening && !asks) {
        OPEN_MS
    } else if trimmed.ends_with(['.', '!', '?']) {
        WHOLE_MS
    } else {
        ENDPOINT_MS
    }
}

fn is_dictated(word: &str) -> bool {
    word.chars().all(|letter| letter.is_ascii_digit()) || DIGITS.contains(&word) || word.chars().count() == 1
}

/// If they were counting or spelling something out. `backwards`: the words, last first.
fn of_dictation<'a>(backwards: impl Iterator<Item = &'a str>) -> Option<u32> {
    let (mut digits, mut pieces) = (0, 0);
    for word in backwards.take_while(|word| is_dictated(word)) {
        pieces += 1;
        let written = word.chars().all(|letter| letter.is_ascii_digit());
        digits += if written {
            word.len()
        } else {
            usize::from(DIGITS.contains(&word))
        };
    }
    // “At nine” and “in 2024” count nothing out.
    let counted = pieces >= 2 || (digits >= 3 && digits != 4);
    let whole = digits >= LEAST_DIGITS_OF_A_NUMBER;
    counted.then_some(if whole { ENDPOINT_MS } else { DICTATED_MS })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_sentence_is_answered_soon() {
        for said in [
            "Yes, please.",
            "What does it cost?",
            "What is that?",
            "Ja, gerne.",
            "¿Cuánto cuesta?",
            "Oui, bien sûr.",
            "So.",
            "Sí.",
        ] {
            assert_eq!(silence_that_ends(said), WHOLE_MS, "{said}");
        }
    }

    #[test]
    fn an_open_sentence_is_waited_for() {
        for said in [
            "I would like it, but",
            "I would like it, but.",
            "My number is",
            "Um.",
            "Because,",
            "You and I",
            "Well, the thing is...",
            "Ich hätte gerne einen",
            "Und.",
            "Quisiera saber si",
            "Mi número es",
            "Je voudrais savoir quand",
            "Mon nom est",
        ] {
            assert_eq!(silence_that_ends(said), OPEN_MS, "{said}");
        }
    }

    #[test]
    fn numbers_and_spelled_names_are_let_be_finished() {
        for said in [
            "My number is 415 555.",
            "It's four one five",
            "null drei null",
            "A, N, N.",
            "nueve uno uno tres",
            "zero six douze, deux trois",
        ] {
            assert_eq!(silence_that_ends(said), DICTATED_MS, "{said}");
        }
        assert_eq!(
            silence_that_ends("My number is 415 555 0123."),
            ENDPOINT_MS,
            "it is whole"
        );
        assert_eq!(
            silence_that_ends("four one five five five five oh one two three"),
            ENDPOINT_MS
        );
    }

    #[test]
    fn what_tells_nothing_changes_nothing() {
        for said in ["", "  ", "...", "At nine", "Since 2024", "that would be nice"] {
            assert_eq!(silence_that_ends(said), ENDPOINT_MS, "{said}");
        }
    }
}
