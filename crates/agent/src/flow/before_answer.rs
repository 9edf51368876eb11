//! Dialled, and perhaps ringing.

use super::{ConversationFlow, Event, Phase, WhoAnswered};
use crate::flow::Effect;
use domain::conversation::{ConversationStatus, Disposition};
use telephony::NotAnswered;

impl ConversationFlow {
    pub(super) fn before_answer(&mut self, event: &Event) {
        match event {
            Event::Ringing => {
                self.effects.push(Effect::SetStage(ConversationStatus::Ringing));
                let first = crate::sentences::split(self.rules.opening.reveal()).into_iter().next();
                self.effects.extend(first.map(|first| Effect::Prepare(first.into())));
            }
            Event::Answered => {
                self.effects.push(Effect::SetStage(ConversationStatus::Live));
                if self.rules.direction.is_inbound() {
                    // Whoever calls is a person, and waits to hear who answers.
                    self.open();
                } else {
                    self.phase = Phase::WhoAnswered(WhoAnswered::default());
                }
            }
            Event::NotAnswered(_) if self.rules.direction.is_inbound() => {
                self.end(
                    Disposition::NoAnswer,
                    Some("They hung up before the agent had answered."),
                );
            }
            Event::NotAnswered(why) => {
                let (disposition, sip_code) = match why {
                    NotAnswered::NoAnswer { sip_code } => (Disposition::NoAnswer, sip_code),
                    NotAnswered::Busy { sip_code } => (Disposition::Busy, sip_code),
                    NotAnswered::Rejected { sip_code } => (Disposition::Rejected, sip_code),
                    NotAnswered::Unreachable { sip_code } => (Disposition::Unreachable, sip_code),
                    // Nothing rang, so it was no try.
                    NotAnswered::Refused { reason } => return self.end(Disposition::Cancelled, Some(reason)),
                };
                let reason = sip_code.map(|code| format!("The network answered {code}."));
                self.end(disposition, reason.as_deref());
            }
            _ => {}
        }
    }
}
