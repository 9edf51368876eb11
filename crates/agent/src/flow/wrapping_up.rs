//! A goodbye is on its way.

use super::{ConversationFlow, Event, OPT_OUT_END_MS, Phase, floor::Purpose};
use crate::farewell::is_farewell;
use domain::conversation::Disposition;

/// The model's own goodbye may take this long, milliseconds.
const MODEL_FAREWELL_MS: u32 = 30_000;
/// So long after its own goodbye the model's agent stays on the line for the person's, milliseconds.
const LINGER_MS: u32 = 1_500;
/// How often a person may take up the conversation again in the middle of the agent's goodbye.
pub(super) const MOST_REOPENINGS: u32 = 3;

#[derive(Debug)]
pub(super) struct WrappingUp {
    disposition: Disposition,
    reason: Option<String>,
    /// Our goodbye, not the model's: it cannot be talked out of.
    ours: bool,
    deadline: u32,
    /// The person spoke into the goodbye: what they say decides.
    interrupted: bool,
    /// A goodbye of ours that waits until the person has finished.
    held: Option<&'static str>,
    /// Since when the model's goodbye has been said.
    said_at: Option<u32>,
}

impl WrappingUp {
    pub(super) fn ours(disposition: Disposition, reason: Option<&str>, deadline: u32) -> Self {
        Self {
            disposition,
            reason: reason.map(str::to_owned),
            ours: true,
            deadline,
            interrupted: false,
            held: None,
            said_at: None,
        }
    }

    /// Says `goodbye` when the person falls silent, or at the deadline.
    pub(super) fn once_they_finish(self, goodbye: &'static str) -> Self {
        Self {
            held: Some(goodbye),
            ..self
        }
    }

    pub(super) fn of_the_model(disposition: Disposition, now: u32) -> Self {
        Self {
            disposition,
            reason: None,
            ours: false,
            deadline: now + MODEL_FAREWELL_MS,
            interrupted: false,
            held: None,
            said_at: None,
        }
    }

    pub(super) fn is_ours(&self) -> bool {
        self.ours
    }

    pub(super) fn disposition(&self) -> Disposition {
        self.disposition
    }

    pub(super) fn reason(&self) -> Option<String> {
        self.reason.clone()
    }
}

impl ConversationFlow {
    pub(super) fn wrapping_up(&mut self, event: &Event) {
        let Phase::WrappingUp(state) = &mut self.phase else {
            return;
        };
        let disposition = state.disposition;
        if state.held.is_some() && (self.floor.speaking_since.is_none() || self.now >= state.deadline) {
            state.deadline = self.now + OPT_OUT_END_MS;
            let goodbye = state.held.take().unwrap_or_default();
            return self.say(goodbye, Purpose::Farewell);
        }
        match event {
            _ if state.held.is_some() => {}
            Event::SpeechStarted => {
                state.interrupted = true;
                if state.ours {
                    return self.end(disposition, None);
                }
                self.fall_silent();
            }
            Event::Heard(heard) if state.interrupted && !state.ours => {
                if self.floor.speaking_since.is_some() {
                    return;
                }
                if is_farewell(heard.text.reveal()) || self.reopenings >= MOST_REOPENINGS {
                    return self.end(disposition, None);
                }
                self.reopenings += 1;
                self.talk();
                self.person_said_something();
            }
            Event::NotHeard if state.interrupted => self.end(disposition, None),
            Event::Tick if self.now >= state.deadline => self.end(disposition, None),
            Event::SentenceSpoken(_) | Event::SentenceFailed(_) | Event::Tick
                if !self.floor.has_words_waiting() && !state.interrupted =>
            {
                let said_at = *state.said_at.get_or_insert(self.now);
                if state.ours || self.now.saturating_sub(said_at) >= LINGER_MS {
                    self.end(disposition, None);
                }
            }
            _ => {}
        }
    }
}
