//! A goodbye is on its way.

use super::{ConversationFlow, Event, Phase};
use crate::farewell::is_farewell;
use domain::conversation::Disposition;

/// The model's own goodbye may take this long, milliseconds.
const MODEL_FAREWELL_MS: u32 = 30_000;
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
}

impl WrappingUp {
    pub(super) fn ours(disposition: Disposition, reason: Option<&str>, deadline: u32) -> Self {
        Self {
            disposition,
            reason: reason.map(str::to_owned),
            ours: true,
            deadline,
            interrupted: false,
        }
    }

    pub(super) fn of_the_model(disposition: Disposition, now: u32) -> Self {
        Self {
            disposition,
            reason: None,
            ours: false,
            deadline: now + MODEL_FAREWELL_MS,
            interrupted: false,
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
        match event {
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
                self.end(disposition, None);
            }
            _ => {}
        }
    }
}
