//! What the model on the other side remembers, and how it is kept equal to what was really said. Pure.
//!
//! It remembers sound: what it heard of the person, what it said itself. Everything else it is told as text, in its place:
//! sentences that code said, whispers, colleagues. What it remembers and nobody said, it is made to forget.

use crate::chat::request;
use serde_json::{Value, json};
use voice::ports::{ContextLine, ContextRole};

#[derive(Debug)]
struct Item {
    id: String,
    role: ContextRole,
    text: String,
    /// The model said it itself. Less may have been heard.
    own: bool,
    /// What was said in it is not known yet.
    pending: bool,
}

impl Item {
    fn is(&self, line: &ContextLine) -> bool {
        let said = line.text.reveal().trim();
        let heard = self.text.trim();
        let same = heard == said || (self.own && !said.is_empty() && heard.starts_with(said));
        self.role == line.role && !self.pending && same
    }
}

/// All items of a conversation, in the order of the other side.
#[derive(Debug, Default)]
pub(super) struct Context {
    items: Vec<Item>,
    made: u32,
}

impl Context {
    /// The person's sound became this item; its words are not known yet.
    pub(super) fn person_began(&mut self, id: &str) {
        self.add(id, ContextRole::Person, true);
    }

    /// This was said in it.
    pub(super) fn person_said(&mut self, id: &str, text: &str) {
        if let Some(item) = self.item(id) {
            item.text = text.to_owned();
            item.pending = false;
        }
    }

    /// The model began to say something.
    pub(super) fn model_began(&mut self, id: &str) {
        self.add(id, ContextRole::Agent, false);
    }

    /// The model said more of it.
    pub(super) fn model_said(&mut self, id: &str, words: &str) {
        if let Some(item) = self.item(id) {
            item.text.push_str(words);
        }
    }

    fn item(&mut self, id: &str) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.id == id)
    }

    fn add(&mut self, id: &str, role: ContextRole, pending: bool) {
        if self.item(id).is_none() {
            self.items.push(Item {
                id: id.to_owned(),
                role,
                text: String::new(),
                own: role == ContextRole::Agent,
                pending,
            });
        }
    }

    /// What to send so that the model remembers these lines and nothing else.
    pub(super) fn agree_with(&mut self, lines: &[ContextLine]) -> Vec<Value> {
        let mut events = Vec::new();
        let mut at = 0;
        for line in lines {
            match self.items[at..].iter().position(|item| item.is(line)) {
                Some(ahead) => {
                    let kept = self.forget(at, at + ahead, &mut events);
                    at += kept + 1;
                }
                None => {
                    self.tell(at, line, &mut events);
                    at += 1;
                }
            }
        }
        self.forget(at, self.items.len(), &mut events);
        events
    }

    /// Forgets what stands from one place to another, except what nobody knows yet. Gives how many stay.
    fn forget(&mut self, from: usize, to: usize, events: &mut Vec<Value>) -> usize {
        let made = &mut self.made;
        let gone = self.items.extract_if(from..to, |item| !item.pending);
        let count = gone
            .inspect(|item| {
                *made += 1;
                events.push(json!({
                    "type": "conversation.item.delete", "event_id": format!("tidy_{made}"), "item_id": item.id,
                }));
            })
            .count();
        to - from - count
    }

    fn tell(&mut self, at: usize, line: &ContextLine, events: &mut Vec<Value>) {
        self.made += 1;
        let id = format!("told_{}", self.made);
        let before = at.checked_sub(1).map_or("root", |before| &self.items[before].id);
        let (role, text) = request::message(line);
        let kind = if role == "assistant" {
            "output_text"
        } else {
            "input_text"
        };
        events.push(json!({
            "type": "conversation.item.create",
            "event_id": format!("tidy_{}", self.made),
            "previous_item_id": before,
            "item": { "id": id, "type": "message", "role": role, "content": [{ "type": kind, "text": text }] },
        }));
        self.items.insert(
            at,
            Item {
                id,
                role: line.role,
                text: line.text.reveal().to_owned(),
                own: false,
                pending: false,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(role: ContextRole, text: &str) -> ContextLine {
        ContextLine {
            role,
            text: text.into(),
        }
    }

    fn agent(text: &str) -> ContextLine {
        line(ContextRole::Agent, text)
    }

    fn person(text: &str) -> ContextLine {
        line(ContextRole::Person, text)
    }

    fn short(events: &[Value]) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        events
            .iter()
            .map(|event| match event["type"].as_str() {
                Some("conversation.item.delete") => format!("forget {}", text(&event["item_id"])),
                _ => format!(
                    "{} after {}: {}",
                    text(&event["item"]["role"]),
                    text(&event["previous_item_id"]),
                    text(&event["item"]["content"][0]["text"])
                ),
            })
            .collect()
    }

    #[test]
    fn what_code_said_is_told_in_its_place_and_only_once() {
        let mut context = Context::default();
        context.person_began("p1");
        context.person_said("p1", "Yes?");
        let mut lines = vec![agent("Hello."), person("Yes?")];
        assert_eq!(short(&context.agree_with(&lines)), ["assistant after root: Hello."]);
        assert!(context.agree_with(&lines).is_empty());
        context.model_began("m1");
        context.model_said("m1", "Would you like ");
        context.model_said("m1", "an appointment? It is free.");
        lines.push(agent("Would you like an appointment?"));
        lines.push(line(ContextRole::Supervisor, "Be brief."));
        context.person_began("p2");
        context.person_said("p2", "Yes.");
        lines.push(person("Yes."));
        let events = short(&context.agree_with(&lines));
        assert_eq!(events.len(), 1, "{events:?}");
        assert!(
            events[0].starts_with("system after m1:") && events[0].ends_with("Be brief."),
            "{events:?}"
        );
        assert!(context.agree_with(&lines).is_empty());
    }

    #[test]
    fn what_nobody_said_or_heard_is_forgotten() {
        let mut context = Context::default();
        context.person_began("p1");
        context.person_said("p1", "My number is");
        // An answer that was begun ahead and thrown away; then the whole turn anew, and noise.
        context.model_began("m1");
        context.model_said("m1", "Go on.");
        context.person_began("p2");
        context.person_said("p2", "My number is four.");
        context.person_began("p3");
        context.person_said("p3", "");
        context.person_began("p4");
        let events = short(&context.agree_with(&[person("My number is four.")]));
        assert_eq!(
            events,
            ["forget p1", "forget m1", "forget p3"],
            "p4 may still become something"
        );
        context.person_said("p4", "Five.");
        let lines = [person("My number is four."), person("Five.")];
        assert!(context.agree_with(&lines).is_empty());
    }

    #[test]
    fn what_others_heard_is_told_as_text() {
        let mut context = Context::default();
        context.person_began("p1");
        context.person_said("p1", "Sank you.");
        let events = short(&context.agree_with(&[person("Thank you.")]));
        assert_eq!(events, ["user after root: Thank you.", "forget p1"]);
    }
}
