//! Hung up; the last words are being collected.

use super::{ConversationFlow, Effect, Event, Phase};
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
        let Phase::Ending(state) = &mut self.phase else {
            return;
        };
        if matches!(event, Event::Settled) {
            let disposition = state.disposition;
            let reason = state.reason.take();
            self.phase = Phase::Ended;
            self.effects.push(Effect::End { disposition, reason });
        }
    }
}
