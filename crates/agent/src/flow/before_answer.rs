//! Dialled, and perhaps ringing.

use super::{ConversationFlow, Event, Phase, WhoAnswered};
use crate::flow::Effect;
use domain::conversation::{ConversationStatus, Disposition};
use telephony::NotAnswered;

impl ConversationFlow {
    pub(super) fn before_answer(&mut self, event: &Event) {
        match event {
            Event::Ringing => self.effects.push(Effect::SetStage(ConversationStatus::Ringing)),
            Event::Answered => {
                self.effects.push(Effect::SetStage(ConversationStatus::Live));
                self.phase = Phase::WhoAnswered(WhoAnswered::default());
            }
            Event::NotAnswered(why) => {
                let reason = match why {
                    NotAnswered::Unreachable { sip_code: Some(code) } => Some(format!("The network answered {code}.")),
                    _ => None,
                };
                let disposition = match why {
                    NotAnswered::NoAnswer => Disposition::NoAnswer,
                    NotAnswered::Busy => Disposition::Busy,
                    NotAnswered::Rejected => Disposition::Rejected,
                    NotAnswered::Unreachable { .. } => Disposition::Unreachable,
                };
                self.end(disposition, reason.as_deref());
            }
            _ => {}
        }
    }
}
