//! Speech as a recogniser writes it, taken apart into plain words that phrases can be looked for in.

/// A word in lower case without diacritics, and what stood before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// A comma or stronger stands before it, or it is the first.
    pub(crate) after_pause: bool,
    /// A full stop or its like stands before it, or it is the first.
    pub(crate) after_stop: bool,
}

/// The words of a text, and whether it ends with a full stop or its like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) words: Vec<Word>,
    pub(crate) closed: bool,
}

/// Takes `text` apart. Apostrophes and hyphens separate, so that “don’t” is “don t” and “appelez-moi” is “appelez moi”.
pub(crate) fn words_of(text: &str) -> Words {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut pause, mut stop) = (true, true);
    let mut close = |word: &mut String, pause: &mut bool, stop: &mut bool| {
        if !word.is_empty() {
            words.push(Word {
                text: std::mem::take(word),
                after_pause: std::mem::take(pause),
                after_stop: std::mem::take(stop),
            });
        }
    };
    for letter in text.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            fold(letter, &mut word);
            continue;
        }
        // A combining accent belongs to the letter before it.
        if ('\u{300}'..='\u{36f}').contains(&letter) {
            continue;
        }
        close(&mut word, &mut pause, &mut stop);
        if matches!(letter, '.' | '!' | '?' | ';' | '…' | '¡' | '¿' | '\n') {
            (pause, stop) = (true, true);
        } else if matches!(letter, ',' | ':' | '–' | '—') {
            pause = true;
        }
    }
    close(&mut word, &mut pause, &mut stop);
    Words { closed: stop, words }
}

fn fold(letter: char, out: &mut String) {
    let plain = match letter {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        'ß' => {
            out.push('s');
            's'
        }
        other => other,
    };
    out.push(plain);
}

/// A phrase to look for: a row of parts, each `word`, `one/other`, a part that may be missing with `?` after it, or
/// `..` for up to three words.
pub(crate) struct Pattern(Vec<Part>);

enum Part {
    Gap,
    Word { choices: Vec<&'static str>, optional: bool },
}

impl Pattern {
    pub(crate) fn parse(parts: &'static str) -> Self {
        let part = |part: &'static str| match part {
            ".." => Part::Gap,
            part => {
                let (choices, optional) = part.strip_suffix('?').map_or((part, false), |part| (part, true));
                Part::Word {
                    choices: choices.split('/').collect(),
                    optional,
                }
            }
        };
        Self(parts.split(' ').map(part).collect())
    }

    /// Looks for it beginning with the word at `at`; gives the index after the match. A match never crosses a full
    /// stop, and a gap holds none of `never_in_gap`.
    pub(crate) fn match_at(&self, words: &[Word], at: usize, never_in_gap: &[&str]) -> Option<usize> {
        match_parts(&self.0, words, at, never_in_gap)
    }
}

fn match_parts(parts: &[Part], words: &[Word], at: usize, never_in_gap: &[&str]) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else {
        return Some(at);
    };
    let (choices, optional) = match part {
        Part::Word { choices, optional } => (choices, *optional),
        Part::Gap => {
            for end in at..=at + 3 {
                if let Some(found) = match_parts(rest, words, end, never_in_gap) {
                    return Some(found);
                }
                let word = words.get(end)?;
                if word.after_stop || never_in_gap.contains(&word.text.as_str()) {
                    return None;
                }
            }
            return None;
        }
    };
    if let Some(word) = words.get(at)
        && choices.contains(&word.text.as_str())
        && words.get(at + 1).is_none_or(|next| rest.is_empty() || !next.after_stop)
        && let Some(end) = match_parts(rest, words, at + 1, never_in_gap)
    {
        return Some(end);
    }
    if optional {
        match_parts(rest, words, at, never_in_gap)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, pattern: &'static str) -> bool {
        let words = words_of(text).words;
        let pattern = Pattern::parse(pattern);
        (0..words.len()).any(|at| pattern.match_at(&words, at, &["vor"]).is_some())
    }

    #[test]
    fn folds_and_splits() {
        let words = words_of("Hören Sie auf! N’appelez plus, s'il vous plaît.");
        let texts: Vec<&str> = words.words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "horen", "sie", "auf", "n", "appelez", "plus", "s", "il", "vous", "plait"
            ]
        );
        assert!(words.closed);
        assert!(words.words[3].after_stop && words.words[6].after_pause && !words.words[6].after_stop);
        assert!(!words_of("and then").closed);
    }

    #[test]
    fn matches_choices_options_and_gaps() {
        assert!(found("please stop calling us", "stop calling me/us"));
        assert!(found("stop all calls", "stop these/all? calls"));
        assert!(found("stop calls", "stop these/all? calls"));
        assert!(found("rufen sie mich bitte nicht an", "rufen sie .. nicht an"));
        assert!(!found("rufen sie mich vor neun nicht an", "rufen sie .. nicht an"));
        assert!(!found("I will stop. Calling me helps", "stop calling me"));
    }
}
