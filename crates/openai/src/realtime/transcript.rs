//! What was understood of one utterance, from the events that tell it. Pure.

use super::events::{ServerEvent, failure_of, is_empty_commit};
use crate::{failure::Failure, transcription::LONGEST_TEXT};

/// Pieces of one utterance that a server may make.
const MOST_ITEMS: usize = 50;
const TOO_LONG: Failure = Failure::Nonsense("with a text that is too long for what was said");

#[derive(Debug)]
struct Item {
    id: String,
    text: String,
    is_final: bool,
}

/// The text of an utterance, while it grows.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    /// Usually one; a server that cuts the sound by itself makes several.
    items: Vec<Item>,
    /// The end of the sound was told.
    is_over: bool,
    /// And the server has taken note of it.
    is_noted: bool,
}

impl Transcript {
    /// No more sound comes: what is told from now on is about the end.
    pub(super) fn over(&mut self) {
        self.is_over = true;
    }

    /// Takes an event; true if it changed the text.
    ///
    /// # Errors
    /// The service failed, or what it tells makes no sense.
    pub(super) fn take(&mut self, event: ServerEvent) -> Result<bool, Failure> {
        match event {
            ServerEvent::HeardDelta { item_id, delta } => {
                let item = self.item(item_id)?;
                item.text.push_str(&delta);
            }
            ServerEvent::Heard { item_id, transcript } => {
                let item = self.item(item_id)?;
                item.text = transcript;
                item.is_final = true;
                self.is_noted |= self.is_over;
            }
            ServerEvent::Committed { item_id } if self.is_over => {
                self.is_noted = true;
                // A draft under another name is not the text.
                self.items.retain(|item| item.is_final || item.id == item_id);
                self.item(item_id)?;
            }
            ServerEvent::NotHeard { .. } => return Err(Failure::Nonsense("without a transcript")),
            ServerEvent::Error { error } if self.is_over && is_empty_commit(&error) => {
                self.is_noted = true;
                self.items.retain(|item| item.is_final);
            }
            ServerEvent::Error { error } => return Err(failure_of(&error)),
            _ => return Ok(false),
        }
        let length: usize = self.items.iter().map(|item| item.text.len()).sum();
        // No letter has more than four bytes.
        if length > 4 * LONGEST_TEXT || self.text().chars().count() > LONGEST_TEXT {
            return Err(TOO_LONG);
        }
        Ok(true)
    }

    fn item(&mut self, id: String) -> Result<&mut Item, Failure> {
        let at = match self.items.iter().position(|item| item.id == id) {
            Some(at) => at,
            None if self.items.len() < MOST_ITEMS => {
                self.items.push(Item {
                    id,
                    text: String::new(),
                    is_final: false,
                });
                self.items.len() - 1
            }
            None => return Err(Failure::Nonsense("with more pieces than were said")),
        };
        Ok(&mut self.items[at])
    }

    /// The text so far.
    pub(super) fn text(&self) -> String {
        let texts = self.items.iter().map(|item| item.text.trim());
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// All that was said is in it.
    pub(super) fn is_complete(&self) -> bool {
        self.is_noted && self.items.iter().all(|item| item.is_final)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn delta(id: &str, text: &str) -> ServerEvent {
        ServerEvent::HeardDelta {
            item_id: id.to_owned(),
            delta: text.to_owned(),
        }
    }

    fn heard(id: &str, text: &str) -> ServerEvent {
        ServerEvent::Heard {
            item_id: id.to_owned(),
            transcript: text.to_owned(),
        }
    }

    fn committed(id: &str) -> ServerEvent {
        ServerEvent::Committed { item_id: id.to_owned() }
    }

    fn after(events: Vec<ServerEvent>) -> Transcript {
        let mut transcript = Transcript::default();
        transcript.over();
        for event in events {
            transcript.take(event).expect("makes sense");
        }
        transcript
    }

    #[test]
    fn text_grows_and_the_last_word_is_the_servers() {
        let mut transcript = Transcript::default();
        assert!(transcript.take(delta("a", "I would lik")).expect("text"));
        assert!(transcript.take(delta("a", "e to")).expect("text"));
        assert_eq!(transcript.text(), "I would like to");
        assert!(!transcript.take(ServerEvent::Other).expect("nothing"));
        transcript.over();
        transcript.take(committed("a")).expect("noted");
        assert!(!transcript.is_complete());
        transcript.take(heard("a", "I would like two. ")).expect("text");
        assert!(transcript.is_complete());
        assert_eq!(transcript.text(), "I would like two.");
    }

    #[test]
    fn the_end_may_be_told_in_any_order() {
        assert!(after(vec![heard("a", "Yes."), committed("a")]).is_complete());
        assert!(after(vec![heard("a", "Yes.")]).is_complete(), "some tell of no commit");
        assert!(after(vec![delta("draft", "Ye"), committed("a"), heard("a", "Yes.")]).is_complete());
        assert!(!after(vec![committed("a")]).is_complete());
        let empty = json!({ "code": "input_audio_buffer_commit_empty" });
        let nothing = after(vec![ServerEvent::Error { error: empty }]);
        assert!(nothing.is_complete() && nothing.text().is_empty());
    }

    #[test]
    fn a_server_that_cuts_by_itself_is_understood_whole() {
        let mut transcript = Transcript::default();
        for event in [committed("a"), heard("a", "My name is"), delta("b", "Ada")] {
            transcript.take(event).expect("makes sense");
        }
        assert!(!transcript.is_complete(), "nobody said that it is over");
        transcript.over();
        transcript.take(committed("b")).expect("noted");
        transcript.take(heard("b", "Ada.")).expect("text");
        assert!(transcript.is_complete());
        assert_eq!(transcript.text(), "My name is Ada.");
    }

    #[test]
    fn what_cannot_have_been_said_is_refused() {
        let mut transcript = Transcript::default();
        let error = transcript.take(delta("a", &"x".repeat(LONGEST_TEXT + 1)));
        assert_eq!(error, Err(TOO_LONG));
        let mut transcript = Transcript::default();
        let all = (0..=MOST_ITEMS).try_for_each(|id| transcript.take(heard(&id.to_string(), "x")).map(drop));
        assert!(matches!(all, Err(Failure::Nonsense(_))));
        let error = json!({ "type": "server_error" });
        assert!(Transcript::default().take(ServerEvent::Error { error }).is_err());
    }
}
