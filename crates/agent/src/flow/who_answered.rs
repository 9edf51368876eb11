//! The first second or two: a person says “hello”, a machine speaks on and on. In doubt it is a person.

use super::{ConversationFlow, Event, Machine, Phase};
use crate::greeting::{Greeting, judge};
use domain::{campaign::VoicemailPolicy, conversation::Disposition};

/// If nobody speaks first, the agent does after this time, milliseconds. (An agent must be there within two seconds.)
const FIRST_WORD_MS: u32 = 1_000;
/// People answer with less than this, milliseconds.
pub(super) const LONG_GREETING_MS: u32 = 2_600;
/// After a long or unclear greeting it is worth waiting this long for what comes next, milliseconds.
const UNCLEAR_WAIT_MS: u32 = 1_200;
/// After this time the agent opens, whatever it hears, milliseconds.
const LONGEST_DOUBT_MS: u32 = 20_000;
/// For this long after the answer a machine may still be recognised, milliseconds.
pub(super) const MACHINE_WINDOW_MS: u32 = 30_000;

#[derive(Debug, Default)]
pub(super) struct WhoAnswered {
    spoken_ms: u32,
    speech_began: Option<u32>,
    /// The greeting ended then.
    silent_since: Option<u32>,
    greeting: Option<Greeting>,
}

impl ConversationFlow {
    pub(super) fn who_answered(&mut self, event: &Event) {
        let Phase::WhoAnswered(state) = &mut self.phase else {
            return;
        };
        match event {
            Event::SpeechStarted => {
                state.speech_began = Some(self.now);
                state.silent_since = None;
            }
            Event::SpeechEnded => {
                if let Some(began) = state.speech_began.take() {
                    state.spoken_ms += self.now.saturating_sub(began);
                }
                state.silent_since = Some(self.now);
            }
            Event::Partial(_) if judge(self.floor.partial()) == Greeting::Machine => {
                return self.machine_answered(false);
            }
            Event::Heard(heard) => {
                let judged = judge(heard.text.reveal());
                if judged == Greeting::Machine {
                    return self.machine_answered(false);
                }
                state.greeting = state.greeting.max(Some(judged));
            }
            // People do not beep; but nothing except a beep is no proof either.
            Event::Beep => {
                let speaking = state.speech_began.map_or(0, |began| self.now.saturating_sub(began));
                if state.spoken_ms + speaking >= LONG_GREETING_MS || state.greeting == Some(Greeting::Unclear) {
                    return self.machine_answered(true);
                }
            }
            _ => {}
        }
        if self.is_time_to_open() {
            self.open();
        }
    }

    fn is_time_to_open(&self) -> bool {
        let Phase::WhoAnswered(state) = &self.phase else {
            return false;
        };
        if self.now >= LONGEST_DOUBT_MS {
            return true;
        }
        if self.floor.speaking_since.is_some() {
            return false;
        }
        let Some(silent_since) = state.silent_since else {
            return self.now >= FIRST_WORD_MS;
        };
        let long = state.spoken_ms >= LONG_GREETING_MS;
        if !long && state.greeting != Some(Greeting::Unclear) {
            // “Hello?” – its text is not worth waiting for.
            return true;
        }
        self.floor.awaiting_text == 0 && self.now.saturating_sub(silent_since) >= UNCLEAR_WAIT_MS
    }

    pub(super) fn open(&mut self) {
        self.talk();
        self.say_opening();
    }

    /// It is certain enough that a machine answered.
    pub(super) fn machine_answered(&mut self, beeped: bool) {
        self.fall_silent();
        let message = self.rules.voicemail_message.reveal();
        if self.rules.voicemail_policy == VoicemailPolicy::HangUp || message.trim().is_empty() {
            return self.end(Disposition::Voicemail, None);
        }
        self.phase = Phase::Machine(Machine::new(self.now, beeped));
    }

    /// Whether a machine may still turn out to have answered.
    pub(super) fn may_be_a_machine(&self) -> bool {
        self.now < MACHINE_WINDOW_MS && !self.rules.direction.is_inbound()
    }
}
