//! From what a model writes to what can be read aloud. Pure.

use crate::failure::Failure;
use serde_json::Value;

/// An answer that looks like JSON is kept until it is whole, up to this length, bytes.
const LONGEST_JSON: usize = 8_192;
/// What a model thinks aloud before it answers may be this long, bytes.
const LONGEST_THOUGHT: usize = 65_536;
/// Under which name a model that answers in JSON puts its words.
const NAMES: [&str; 10] = [
    "say", "speech", "text", "message", "content", "response", "reply", "answer", "words", "output",
];
const THOUGHT: &str = "<think>";
const THOUGHT_ENDS: &str = "</think>";

#[derive(Clone, Debug, Default)]
enum Kind {
    /// What was written so far does not tell yet.
    #[default]
    Unclear,
    Words,
    Json,
    Thought,
}

/// Takes an answer piece by piece.
#[derive(Clone, Debug, Default)]
pub(super) struct SpeakableWords {
    kind: Kind,
    kept: String,
    /// How many brackets and braces are open.
    nested: u32,
    /// The last letter was “<”, which may begin a tag.
    angle: bool,
    in_tag: bool,
}

impl SpeakableWords {
    /// The words that may be said by now.
    ///
    /// # Errors
    /// It is nothing that can be said.
    pub(super) fn push(&mut self, piece: &str) -> Result<Option<String>, Failure> {
        self.kept.push_str(piece);
        loop {
            match self.kind {
                Kind::Words => return Ok(self.speakable()),
                Kind::Json if self.kept.len() > LONGEST_JSON => return Err(Failure::Nonsense("endless JSON")),
                Kind::Json => return Ok(None),
                Kind::Thought => {
                    let Some(end) = self.kept.find(THOUGHT_ENDS) else {
                        if self.kept.len() > LONGEST_THOUGHT {
                            return Err(Failure::Nonsense("with thoughts that do not end"));
                        }
                        return Ok(None);
                    };
                    self.kept.drain(..end + THOUGHT_ENDS.len());
                    self.kind = Kind::Unclear;
                }
                Kind::Unclear => {
                    let begun = self.kept.trim_start();
                    if begun.is_empty() || (begun.len() < THOUGHT.len() && THOUGHT.starts_with(begun)) {
                        return Ok(None);
                    }
                    self.kind = if begun.starts_with(THOUGHT) {
                        Kind::Thought
                    } else if begun.starts_with(['{', '[', '`']) {
                        Kind::Json
                    } else {
                        Kind::Words
                    };
                }
            }
        }
    }

    /// No more comes: what is left to say.
    ///
    /// # Errors
    /// It is nothing that can be said.
    pub(super) fn finish(mut self) -> Result<Option<String>, Failure> {
        match self.kind {
            Kind::Unclear | Kind::Words => Ok(self.speakable()),
            Kind::Thought => Err(Failure::Nonsense("with nothing but thoughts")),
            Kind::Json => {
                self.kept = words_in_json(&self.kept).ok_or(Failure::Nonsense("with JSON instead of words"))?;
                Ok(self.speakable())
            }
        }
    }

    /// Without what is no speech: markup, tags, and whatever stands in brackets or braces (JSON, stage directions).
    fn speakable(&mut self) -> Option<String> {
        let mut words = String::new();
        for letter in std::mem::take(&mut self.kept).chars() {
            if std::mem::take(&mut self.angle) {
                self.in_tag = letter.is_alphabetic() || matches!(letter, '/' | '|' | '!');
                if !self.in_tag && self.nested == 0 {
                    words.push('<');
                }
            }
            match letter {
                '>' if self.in_tag => self.in_tag = false,
                _ if self.in_tag => {}
                '<' => self.angle = true,
                '{' | '[' => self.nested += 1,
                '}' | ']' => self.nested = self.nested.saturating_sub(1),
                '*' | '#' | '`' | '\u{feff}' => {}
                _ if self.nested > 0 => {}
                _ => words.push(letter),
            }
        }
        (!words.is_empty()).then_some(words)
    }
}

/// The object in a text that may have a fence around it.
pub(super) fn json_in(text: &str) -> Option<Value> {
    let inner = text.get(text.find('{')?..=text.rfind('}')?)?;
    serde_json::from_str(inner).ok()
}

fn words_in_json(text: &str) -> Option<String> {
    let object = json_in(text)?;
    let words = NAMES.iter().find_map(|name| object.get(name)?.as_str())?;
    // JSON within JSON is no talk either.
    (!words.trim_start().starts_with(['{', '['])).then(|| words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pieces: &[&str]) -> Result<String, Failure> {
        let mut words = SpeakableWords::default();
        let mut said = String::new();
        for piece in pieces {
            said.extend(words.push(piece)?);
        }
        said.extend(words.finish()?);
        Ok(said)
    }

    #[test]
    fn words_come_at_once_and_without_markup() {
        let mut words = SpeakableWords::default();
        assert_eq!(words.push("Good **mor"), Ok(Some("Good mor".to_owned())));
        assert_eq!(words.push("ning**"), Ok(Some("ning".to_owned())));
        assert_eq!(said(&["  ", "Yes."]).as_deref(), Ok("  Yes."));
        assert_eq!(said(&["a < b"]).as_deref(), Ok("a < b"));
        assert_eq!(said(&["<", "3"]).as_deref(), Ok("<3"));
    }

    #[test]
    fn what_is_no_speech_is_left_out_in_the_middle_too() {
        let pieces = [
            "Well. {\"a\": ",
            "{}} [la",
            "ughs] Yes. <tool",
            "_call>{\"x\": 1}<",
            "/tool_call>Good",
            "bye.",
        ];
        assert_eq!(said(&pieces).as_deref(), Ok("Well.   Yes. Goodbye."));
        assert_eq!(said(&["Sure. {\"never\": \"closed"]).as_deref(), Ok("Sure. "));
    }

    #[test]
    fn json_is_never_read_out() {
        assert_eq!(
            said(&["```json\n{\"te", "xt\": \"Hello.\"}\n```"]).as_deref(),
            Ok("Hello.")
        );
        assert!(said(&["{\"action\": \"", "sing\"}"]).is_err());
        assert!(said(&["[1, 2]"]).is_err());
        assert!(said(&["{\"text\": \"{}\"}"]).is_err());
        assert!(said(&["{", &"x".repeat(9_000)]).is_err());
    }

    #[test]
    fn thoughts_are_left_out() {
        assert_eq!(
            said(&["<thi", "nk>What now?</th", "ink>", "Hello."]).as_deref(),
            Ok("Hello.")
        );
        assert!(said(&["<think>for ever"]).is_err());
    }
}
