//! The answer is begun while it is still being made certain that the person has finished. Nothing of it is said, noted or
//! done before that; if they go on, it is thrown away.

use super::{ConversationFlow, Effect, Event, HeardWords, ReplyId, floor::Purpose};
use crate::{endpointing::silence_that_ends, opt_out, turns::ENDPOINT_MS};
use domain::Personal;
use std::mem;

/// Answers that are begun in vain within one turn of the person.
const MOST_IN_VAIN: u32 = 3;

/// What is thought ahead, and how often it was in vain in this turn.
#[derive(Debug, Default)]
pub(super) struct ThinkingAhead {
    current: Option<Ahead>,
    in_vain: u32,
}

/// An answer to what has not been said for certain.
#[derive(Debug)]
struct Ahead {
    text: Personal,
    reply: ReplyId,
    /// News of the answer, as they came.
    held: Vec<Event>,
}

impl ThinkingAhead {
    /// What the person may have said, for the model.
    pub(super) fn text(&self) -> Option<&Personal> {
        self.current.as_ref().map(|ahead| &ahead.text)
    }

    /// Whether this answer is the one that was begun ahead.
    pub(super) fn is_for(&self, reply: ReplyId) -> bool {
        self.current.as_ref().is_some_and(|ahead| ahead.reply == reply)
    }

    /// Keeps news of an answer that may have to be thrown away.
    pub(super) fn hold(&mut self, news: Event) {
        if let Some(ahead) = &mut self.current {
            ahead.held.push(news);
        }
    }

    /// The answer is not wanted any more, whatever becomes of it.
    pub(super) fn forget(&mut self) {
        self.current = None;
    }
}

impl ConversationFlow {
    /// They may have finished.
    pub(super) fn think_ahead(&mut self, words: &HeardWords) {
        self.think_no_further();
        let text = words.text.reveal();
        let open = silence_that_ends(text) > ENDPOINT_MS || opt_out::asks_to_stop_so_far(text);
        if open || self.ahead.in_vain >= MOST_IN_VAIN || !self.would_answer(words) {
            return;
        }
        let reply = self.floor.prepare_reply();
        self.ahead.current = Some(Ahead {
            text: words.text.clone(),
            reply,
            held: Vec::new(),
        });
        self.effects.push(Effect::StartReply(reply));
    }

    /// They go on: it was not the end of what they want to say.
    pub(super) fn think_no_further(&mut self) {
        if self.ahead.current.take().is_some() {
            self.ahead.in_vain += 1;
            self.floor.reply = None;
            self.effects.push(Effect::CancelReply);
        }
    }

    /// It is certain now what they said. If it is what was thought of, and wants an answer, that one goes on.
    pub(super) fn answer_as_thought(&mut self, heard: &HeardWords) {
        let right = self.ahead.text() == Some(&heard.text) && self.take_owed_reply();
        if !right {
            self.think_no_further();
        }
        let Some(ahead) = mem::take(&mut self.ahead).current else {
            return;
        };
        self.floor.replies += 1;
        self.give_notice();
        for news in ahead.held {
            self.note(&news);
            self.talking(news);
        }
    }

    /// An answer of the model is what these words would get.
    fn would_answer(&mut self, words: &HeardWords) -> bool {
        let speaks_alone = self.floor.speaking_since.is_some() && self.floor.is_quiet_otherwise();
        let opening_was_cut = self
            .cut_off()
            .iter()
            .any(|sentence| sentence.purpose == Purpose::Opening);
        speaks_alone && !opening_was_cut && self.floor.disclosed && self.wants_an_answer(words)
    }
}
