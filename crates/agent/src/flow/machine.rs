//! A machine answered, and a message is to be left: after the beep, or after a silence if there is none.

use super::{AnsweredBy, ConversationFlow, Effect, Event, Phase, floor::Purpose};
use crate::greeting::{Greeting, judge};
use domain::conversation::Disposition;
use voice::line_sound::LineSound;

/// From the recognised beep to the first word, milliseconds: the tone must be over.
const AFTER_BEEP_MS: u32 = 400;
/// The longest time that a beep can keep sounding like speech, milliseconds.
const LONGEST_BEEP_MS: u32 = 1_600;
/// Without a beep, this much silence after the greeting is taken for it, milliseconds.
const SILENCE_FOR_BEEP_MS: u32 = 2_500;
/// A machine that greets for longer than this is left alone, milliseconds.
const LONGEST_GREETING_MS: u32 = 60_000;

#[derive(Debug)]
pub(super) struct Machine {
    since: u32,
    silent_since: u32,
    beeped: Option<u32>,
    message_began: Option<u32>,
}

impl Machine {
    pub(super) fn new(now: u32, beeped: bool) -> Self {
        Self {
            since: now,
            silent_since: now,
            beeped: beeped.then_some(now),
            message_began: None,
        }
    }
}

impl ConversationFlow {
    pub(super) fn machine(&mut self, event: &Event) {
        let quiet = self.floor.speaking_since.is_none();
        let waiting = self.floor.has_words_waiting();
        let Phase::Machine(state) = &mut self.phase else {
            return;
        };
        match event {
            Event::Line(LineSound::Beep) if state.message_began.is_none() => state.beeped = Some(self.now),
            Event::SpeechStarted | Event::SpeechEnded => state.silent_since = self.now,
            // Somebody picked up while the message was being spoken.
            Event::Heard(heard) => {
                let into_message = state.message_began.is_some_and(|began| heard.start_ms > began);
                if into_message && !heard.text.is_empty() && judge(heard.text.reveal()) == Greeting::Person {
                    self.fall_silent();
                    self.effects.push(Effect::KnowWhoAnswered(AnsweredBy::Person));
                    self.talk();
                    self.person_said_something();
                }
            }
            Event::SentenceSpoken(spoken) if !waiting && state.message_began.is_some() && !spoken.interrupted => {
                self.end(Disposition::VoicemailLeft, None);
            }
            Event::SentenceFailed(_) if !waiting => {
                self.end(Disposition::Voicemail, Some("The message could not be spoken."));
            }
            Event::Tick if state.message_began.is_none() => {
                let after_beep = state.beeped.map(|at| self.now.saturating_sub(at));
                let beep_is_over =
                    after_beep.is_some_and(|passed| passed >= LONGEST_BEEP_MS || (passed >= AFTER_BEEP_MS && quiet));
                let silence = quiet && self.now.saturating_sub(state.silent_since) >= SILENCE_FOR_BEEP_MS;
                if beep_is_over || silence {
                    state.message_began = Some(self.now);
                    let message = self.rules.voicemail_message.clone();
                    self.say(message.reveal(), Purpose::Message);
                } else if self.now.saturating_sub(state.since) >= LONGEST_GREETING_MS {
                    self.end(Disposition::Voicemail, Some("The greeting did not end."));
                }
            }
            _ => {}
        }
    }
}
