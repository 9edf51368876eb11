//! Words without what people write differently for the same word.

/// Lower case, without accents, signs turned into single blanks: “E-Mail_Adresse” is “e mail adresse”.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => plain.push('a'),
            'é' | 'è' | 'ê' | 'ë' => plain.push('e'),
            'í' | 'ì' | 'î' | 'ï' => plain.push('i'),
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' => plain.push('o'),
            'ú' | 'ù' | 'û' | 'ü' => plain.push('u'),
            'ñ' => plain.push('n'),
            'ç' => plain.push('c'),
            'ß' => plain.push_str("ss"),
            // A combining accent belongs to the letter before it.
            '\u{300}'..='\u{36f}' => {}
            letter if letter.is_alphanumeric() => plain.push(letter),
            _ if plain.ends_with(' ') => {}
            _ => plain.push(' '),
        }
    }
    plain.trim().to_owned()
}

/// True if `text` holds `phrase` as whole words, whatever their case, accents and signs.
#[must_use]
pub fn says(text: &str, phrase: &str) -> bool {
    let phrase = plain(phrase);
    !phrase.is_empty() && format!(" {} ", plain(text)).contains(&format!(" {phrase} "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_signs_do_not_matter_but_words_do() {
        assert_eq!(plain("E-Mail_Adresse"), "e mail adresse");
        assert!(says("Je vous RAPPELLE à l’été.", "a l'ete"));
        assert!(says("Caf\u{65}\u{301}!", "café"));
        assert!(says("I am an AI assistant.", "ai"));
        assert!(!says("I said so.", "ai"));
        assert!(!says("anything", " . "));
    }
}
