//! Going on with a call whose process died: the person is still on the line and has heard nothing for a moment.

use super::{ConversationFlow, Effect, OPT_OUT_END_MS, floor::Purpose};
use crate::call::{SaidAloud, TakenOver};
use domain::{Personal, conversation::Speaker};

impl ConversationFlow {
    /// Goes on where `earlier` stopped, instead of waiting for an answer. Says what to do first: a short bridging
    /// sentence, then what the person is waiting for.
    pub fn take_over(&mut self, earlier: &TakenOver) -> Vec<Effect> {
        self.now = earlier.since_answer_ms;
        self.floor.recall(&earlier.said);
        for said in &earlier.said {
            self.remember(said);
        }
        self.talk();
        self.go_on_recording(earlier.recording_began);
        if earlier.opted_out {
            // It is on the list already; only the goodbye is owed.
            self.opted_out = true;
            self.close(
                domain::conversation::Disposition::OptedOut,
                None,
                self.wording.opted_out,
                OPT_OUT_END_MS,
            );
        } else {
            self.bridge(&earlier.said);
        }
        self.show_state();
        std::mem::take(&mut self.effects)
    }

    fn bridge(&mut self, said: &[SaidAloud]) {
        if !self.floor.agent_spoke() {
            // The person has not heard yet who is calling: that comes first.
            return self.say_opening();
        }
        self.say(self.wording.interrupted, Purpose::Fixed);
        if self.floor.person_waits() {
            return self.start_reply();
        }
        // Half a sentence was cut off, or the answer to a whole one was lost. What a supervisor said is not ours to repeat.
        let last = said
            .iter()
            .rev()
            .find(|line| !matches!(line.speaker, Speaker::Supervisor | Speaker::Act));
        if let Some(last) = last.filter(|line| line.speaker == Speaker::Agent) {
            let again = last_sentence(&last.text);
            self.say(again.reveal(), Purpose::Reply);
        }
    }
}

/// Of a text of several sentences, the last one.
fn last_sentence(text: &Personal) -> Personal {
    crate::sentences::split(text.reveal())
        .pop()
        .map_or_else(Personal::default, Personal::from)
}
