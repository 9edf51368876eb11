//! Whether what a person says into the agent's goodbye is a goodbye too.

use crate::spoken_words::words_of;

const FAREWELL: &[&str] = &[
    // English
    "bye",
    "goodbye",
    "good",
    "thanks",
    "thank",
    "you",
    "too",
    "ok",
    "okay",
    "yes",
    "yeah",
    "alright",
    "great",
    "have",
    "a",
    "nice",
    "day",
    "one",
    "evening",
    "cheers",
    "sure",
    "fine",
    "and",
    "take",
    "care",
    "so",
    "much",
    "very",
    "hm",
    "mm",
    "uh",
    "huh",
    "same",
    "to",
    "welcome",
    "no",
    "problem",
    "perfect", // German
    "tschuss",
    "wiederhoren",
    "auf",
    "danke",
    "ihnen",
    "auch",
    "ja",
    "gut",
    "schonen",
    "tag",
    "noch",
    "einen",
    "bis",
    "dann",
    "gerne", // Spanish
    "adios",
    "gracias",
    "hasta",
    "luego",
    "vale",
    "si",
    "igualmente",
    "buen",
    "dia",
    "muchas",
    "chao", // French
    "au",
    "revoir",
    "merci",
    "oui",
    "bonne",
    "journee",
    "vous",
    "aussi",
    "d",
    "accord",
    "beaucoup",
];

/// True for a few words of which each belongs to a farewell. “Wait, one question” is none.
#[must_use]
pub fn is_farewell(text: &str) -> bool {
    let words = words_of(text).words;
    words.len() <= 8 && words.iter().all(|word| FAREWELL.contains(&word.text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_goodbye_from_a_question() {
        for text in ["Okay, bye!", "Thank you, you too.", "Tschüss", "Merci, au revoir", ""] {
            assert!(is_farewell(text), "{text}");
        }
        for text in ["Wait, one question", "Thanks, but when do you come?"] {
            assert!(!is_farewell(text), "{text}");
        }
    }
}
