//! Cuts a language model's words, as they stream in, into sentences that can be spoken while the rest is made.

/// The longest piece that is spoken at once, in characters: a model that never sets a full stop is cut at a blank.
pub const LONGEST_SENTENCE_CHARS: usize = 240;

/// Short forms whose full stop ends nothing.
const SHORT_FORMS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "no", "nr", "e.g", "i.e", "z.b", "d.h", "bzw", "etc", "approx",
    "vs", "sra", "mme", "a.m", "p.m", "inc", "ltd", "co",
];

/// Collects words and gives sentences.
#[derive(Clone, Debug, Default)]
pub struct SentenceSplitter {
    rest: String,
}

impl SentenceSplitter {
    /// Adds words; returns the sentences that are complete by now.
    pub fn push(&mut self, words: &str) -> Vec<String> {
        self.rest.push_str(words);
        let mut sentences = Vec::new();
        while let Some(end) = sentence_end(&self.rest) {
            let tail = self.rest.split_off(end);
            let sentence = std::mem::replace(&mut self.rest, tail);
            keep(&sentence, &mut sentences);
        }
        sentences
    }

    /// No more words come: what is left is a sentence too.
    pub fn finish(&mut self) -> Option<String> {
        let mut last = Vec::new();
        keep(&std::mem::take(&mut self.rest), &mut last);
        last.pop()
    }
}

/// The sentences of a whole text.
#[must_use]
pub fn split(text: &str) -> Vec<String> {
    let mut splitter = SentenceSplitter::default();
    let mut sentences = splitter.push(text);
    sentences.extend(splitter.finish());
    sentences
}

fn keep(sentence: &str, sentences: &mut Vec<String>) {
    // Nothing that can be spoken: a lone dash, stray markup.
    if sentence.chars().any(char::is_alphanumeric) {
        sentences.push(sentence.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

/// Byte index after the first complete sentence. A full stop counts once something follows it: “3.” may become “3.5”.
fn sentence_end(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    let mut last_blank = None;
    for count in 0.. {
        let (at, letter) = chars.next()?;
        let after = at + letter.len_utf8();
        if letter.is_whitespace() {
            last_blank = Some(after);
        }
        if matches!(letter, '\n' | '。' | '！' | '？') && !text[..at].trim().is_empty() {
            return Some(after);
        }
        let blank_follows = chars.peek().is_some_and(|(_, next)| next.is_whitespace());
        if matches!(letter, '!' | '?' | '…') && blank_follows {
            return Some(after);
        }
        if letter == '.' && blank_follows && !ends_with_short_form(&text[..at]) {
            return Some(after);
        }
        // A closing quotation mark or bracket belongs to the sentence that ended before it.
        if matches!(letter, '"' | '”' | '»' | ')') && blank_follows && text[..at].ends_with(['.', '!', '?']) {
            return Some(after);
        }
        if count >= LONGEST_SENTENCE_CHARS {
            return Some(last_blank.unwrap_or(after));
        }
    }
    None
}

fn ends_with_short_form(before: &str) -> bool {
    let word = before
        .rsplit(|letter: char| letter.is_whitespace() || matches!(letter, '(' | '"' | '“'))
        .next()
        .unwrap_or_default();
    let single_letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic) && word != "I";
    single_letter || SHORT_FORMS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gives_the_first_sentence_before_the_second_is_there() {
        let mut splitter = SentenceSplitter::default();
        assert!(splitter.push("Good mor").is_empty());
        assert!(splitter.push("ning, Ada.").is_empty());
        assert_eq!(splitter.push(" How are"), ["Good morning, Ada."]);
        assert!(splitter.push(" you?").is_empty());
        assert_eq!(splitter.finish().as_deref(), Some("How are you?"));
        assert_eq!(splitter.finish(), None);
    }

    #[test]
    fn keeps_short_forms_and_numbers_whole() {
        assert_eq!(
            split("Dr. No pays 3.50 dollars. Fine?"),
            ["Dr. No pays 3.50 dollars.", "Fine?"]
        );
        assert_eq!(
            split("He said \"Go.\" Then he went."),
            ["He said \"Go.\"", "Then he went."]
        );
        assert_eq!(split(" - \n\n ** \n"), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn loses_no_word_and_stays_short(words in proptest::collection::vec("[a-zA-Z.!?, ]{0,30}", 0..30)) {
            let mut splitter = SentenceSplitter::default();
            let mut sentences: Vec<String> = words.iter().flat_map(|piece| splitter.push(piece)).collect();
            sentences.extend(splitter.finish());
            let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&sentences.concat()), letters(&words.concat()));
            for sentence in sentences {
                prop_assert!(sentence.chars().count() <= LONGEST_SENTENCE_CHARS + 1);
            }
        }
    }
}
