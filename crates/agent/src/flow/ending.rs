//! Hung up; the last words are being collected.

use super::{ConversationFlow, Effect, Event, Phase};
use crate::opt_out;
use domain::conversation::Disposition;

#[derive(Debug)]
pub(super) struct Ending {
    disposition: Disposition,
    reason: Option<String>,
}

impl Ending {
    pub(super) fn new(disposition: Disposition, reason: Option<String>) -> Self {
        Self { disposition, reason }
    }

    /// The person's last words asked not to be called again.
    pub(super) fn opted_out(&mut self) {
        self.disposition = Disposition::OptedOut;
        self.reason = None;
    }
}

impl ConversationFlow {
    pub(super) fn ending(&mut self, event: &Event) {
        if matches!(event, Event::Settled) {
            // Words that were never finished are all there will be.
            if !self.opted_out && opt_out::asks_to_stop(self.floor.partial()) {
                self.opt_out();
            }
            let Phase::Ending(state) = &mut self.phase else {
                return;
            };
            let disposition = state.disposition;
            let reason = state.reason.take();
            self.phase = Phase::Ended;
            self.effects.push(Effect::End { disposition, reason });
        }
    }
}
