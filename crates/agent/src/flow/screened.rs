//! An assistant answered that asks who is calling, before the person takes the call or not. It is told name and reason, and
//! nothing else; then the agent waits for the person.

use super::{ConversationFlow, Effect, Event, HeardWords, Phase, ReplyNews, floor::Purpose};
use crate::{
    farewell::is_farewell,
    greeting::{Greeting, asks_to_wait, is_turned_away, judge, wants_to_know_more},
    sentences,
};
use domain::conversation::Disposition;

/// Why a call ended that the person did not take.
pub(super) const TURNED_AWAY: &str = "An assistant on the phone screened the call, and it was not taken.";
/// After the assistant's last word, milliseconds.
const ANSWERS_AFTER_MS: u32 = 300;
/// An assistant that speaks on is answered nevertheless after this time, milliseconds.
const LONGEST_PROMPT_MS: u32 = 20_000;
/// How often it is answered.
const MOST_ANSWERS: u32 = 3;
/// Sentences of a reason.
const MOST_SENTENCES: u32 = 2;
/// So long the person has to take the call, milliseconds.
const WAITS_MS: u32 = 45_000;
/// What the language model is told.
const GIVE_THE_REASON: &str = "An assistant on the person's phone screens this call: the person is not on the line yet. \
    Our name has just been given. Say in one short sentence why you are calling, and nothing else: no question, no goodbye.";

#[derive(Debug)]
pub(super) struct Screened {
    since: u32,
    quiet_since: u32,
    answers: u32,
    owes_an_answer: bool,
    waiting_since: u32,
}

impl Screened {
    pub(super) fn new(now: u32) -> Self {
        Self {
            since: now,
            quiet_since: now,
            answers: 0,
            owes_an_answer: true,
            waiting_since: now,
        }
    }
}

impl ConversationFlow {
    pub(super) fn screened(&mut self, event: Event) {
        let speaking = self.floor.speaking_since.is_some();
        let Phase::Screened(state) = &mut self.phase else {
            return;
        };
        if speaking {
            state.quiet_since = self.now;
        }
        match event {
            Event::Heard(heard) => self.assistant_said(&heard),
            Event::Reply(id, news) if self.floor.is_current(id) => self.reason(news),
            Event::Tick => self.screening_goes_on(),
            _ => {}
        }
    }

    fn assistant_said(&mut self, heard: &HeardWords) {
        let text = heard.text.reveal();
        let Phase::Screened(state) = &mut self.phase else {
            return;
        };
        // The words by which it was recognised are no new ones.
        if heard.start_ms < state.since || text.trim().is_empty() {
            return;
        }
        match judge(text) {
            Greeting::Voicemail => self.machine_answered(false),
            Greeting::Screening => state.owes_an_answer = state.answers < MOST_ANSWERS,
            Greeting::Announcement | Greeting::PhoneMenu => {}
            _ if asks_to_wait(text) => state.waiting_since = self.now,
            _ if is_turned_away(text) => {}
            _ if wants_to_know_more(text) && state.answers < MOST_ANSWERS => state.owes_an_answer = true,
            // The person took the call: they are told who is calling, like anybody.
            _ => self.open(),
        }
    }

    fn screening_goes_on(&mut self) {
        let now = self.now;
        let busy = self.floor.has_words_waiting() || self.floor.reply_in_the_making();
        let Phase::Screened(state) = &mut self.phase else {
            return;
        };
        if busy {
            state.waiting_since = now;
            return;
        }
        if state.owes_an_answer {
            let prompt_is_over = now.saturating_sub(state.quiet_since) >= ANSWERS_AFTER_MS;
            if prompt_is_over || now.saturating_sub(state.waiting_since) >= LONGEST_PROMPT_MS {
                state.owes_an_answer = false;
                state.answers += 1;
                self.give_name_and_reason();
            }
        } else if now.saturating_sub(state.waiting_since) >= WAITS_MS {
            self.end(Disposition::NoAnswer, Some(TURNED_AWAY));
        }
    }

    /// The name at once, from the opening; the reason as soon as the model has put it into a sentence. Neither that the call
    /// is recorded nor any question is for the assistant: the person hears them.
    fn give_name_and_reason(&mut self) {
        let opening = self.rules.opening.clone();
        let opening = sentences::split(opening.reveal());
        let statements = opening.iter().filter(|sentence| !sentence.trim_end().ends_with('?'));
        let name: Vec<String> = statements.take(2).cloned().collect();
        for sentence in if name.is_empty() { opening } else { name } {
            self.say(&sentence, Purpose::Fixed);
        }
        // Advice to the model, like a whisper, but nobody's words: it is not written down.
        let _ = self.floor.whispered(GIVE_THE_REASON.into(), self.now, self.now);
        let id = self.floor.start_reply();
        self.effects.push(Effect::StartReply(id));
    }

    fn reason(&mut self, news: ReplyNews) {
        let Some(reply) = &mut self.floor.reply else { return };
        let (sentences, over) = match news {
            ReplyNews::Words(words) => (reply.splitter.push(&words), false),
            // Without a reason it is still known who is calling.
            ReplyNews::Done | ReplyNews::Failed => (reply.splitter.finish().into_iter().collect(), true),
            // What the assistant may be told is sifted, so it is no sound of the model's own.
            ReplyNews::Aloud => (Vec::new(), false),
            ReplyNews::Result { .. }
            | ReplyNews::CallBack { .. }
            | ReplyNews::Tool(_)
            | ReplyNews::DoNotCall
            | ReplyNews::EndCall => (Vec::new(), false),
        };
        reply.done |= over;
        for sentence in sentences {
            let Some(reply) = &mut self.floor.reply else { return };
            let is_for_the_person = sentence.trim_end().ends_with('?') || is_farewell(&sentence);
            if reply.sentences < MOST_SENTENCES && !is_for_the_person {
                reply.sentences += 1;
                self.say(&sentence, Purpose::Fixed);
            }
        }
    }
}
