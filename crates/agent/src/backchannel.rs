//! Whether somebody only shows that they listen: “mhm”, “okay”. It does not ask for the floor.

use crate::spoken_words::words_of;

const LISTENING: &[&str] = &[
    "mhm", "mmhm", "mm", "mmm", "hm", "hmm", "hmhm", "uh", "huh", "uhuh", "uhhuh", "ah", "aha", "ahh", "oh", "ooh",
    "okay", "ok", "right", "i", "see", "sure", "yeah", "yep", "yes", "ja", "genau", "gut", "verstehe", "ach", "so",
    "si", "ya", "vale", "claro", "entiendo", "oui", "ouais", "bien", "accord", "d", "je", "vois",
];
/// More words than this say something.
const MOST_WORDS: usize = 3;

/// True for a word or two that leave the floor to whoever has it. As the answer to a question they are one, of course.
#[must_use]
pub fn only_listens(text: &str) -> bool {
    let words = words_of(text).words;
    let known = |word: &str| LISTENING.contains(&word);
    !text.contains('?') && (1..=MOST_WORDS).contains(&words.len()) && words.iter().all(|word| known(&word.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_of_listening_are_known_in_several_languages() {
        for text in [
            "Mhm.",
            "Uh-huh.",
            "Okay, I see.",
            "Ja, genau.",
            "Ach so.",
            "Sí, claro.",
            "D'accord.",
            "Oui.",
        ] {
            assert!(only_listens(text), "{text}");
        }
    }

    #[test]
    fn whoever_wants_to_say_something_is_not_only_listening() {
        for text in [
            "",
            "Stop.",
            "No.",
            "Okay?",
            "Yes, but how much is it?",
            "Right, right, right, right.",
            "Hello?",
        ] {
            assert!(!only_listens(text), "{text}");
        }
    }
}
