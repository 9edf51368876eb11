//! Telling the person that the call is recorded, where the campaign's rules ask for it. Nothing is recorded before it was
//! played to its end, and it is told again if it was cut off.

use super::{ConversationFlow, Effect, Event, SentenceId, floor::Purpose};
use domain::recording::RecordingRule;

/// Whoever talks over it so often is not recorded.
const MOST_TRIES: u32 = 4;

#[derive(Debug, Default)]
pub(super) struct Notice {
    /// What of it has not been played yet, while it is on its way.
    on_its_way: Vec<SentenceId>,
    tries: u32,
    /// It is recorded, or never will be.
    settled: bool,
}

impl ConversationFlow {
    /// The first sentences, with what is owed behind the one that says who is speaking: thanks to somebody who called back,
    /// and the notice.
    pub(super) fn say_opening(&mut self) {
        let opening = self.rules.opening.clone();
        for (place, sentence) in crate::sentences::split(opening.reveal()).iter().enumerate() {
            self.say(sentence, Purpose::Opening);
            if place == 0 {
                self.say_what_is_owed();
            }
        }
    }

    /// Behind the sentence that says who is speaking.
    pub(super) fn say_what_is_owed(&mut self) {
        if self.rules.direction.is_inbound() {
            self.say(self.wording.called_back, Purpose::Fixed);
        }
        self.give_notice();
    }

    /// Says that the call is recorded, if that is still owed.
    pub(super) fn give_notice(&mut self) {
        let notice = &self.notice;
        if notice.settled || !notice.on_its_way.is_empty() || notice.tries >= MOST_TRIES {
            return;
        }
        match self.rules.recording {
            RecordingRule::Never | RecordingRule::Always => return,
            RecordingRule::Announce => {
                let text = self.rules.recording_announcement.clone();
                for sentence in crate::sentences::split(text.reveal()) {
                    let sentence = self.floor.add_sentence(sentence, Purpose::Notice);
                    self.notice.on_its_way.push(sentence.id);
                    self.effects.push(Effect::Speak(sentence));
                }
            }
            RecordingRule::Beep => {
                let beep = self.floor.add_sentence(String::new(), Purpose::Notice);
                self.notice.on_its_way.push(beep.id);
                self.effects.push(Effect::Beep(beep.id));
            }
        }
        self.notice.tries += 1;
    }

    /// In a call that is taken over: what the person was told holds, and is not told again; what they were not told yet is
    /// still owed.
    pub(super) fn go_on_recording(&mut self, began: bool) {
        if began || self.rules.recording == RecordingRule::Always {
            self.notice.settled = true;
            self.effects.push(Effect::BeginRecording);
        }
    }

    /// Follows the notice until it was played.
    pub(super) fn note_notice(&mut self, event: &Event) {
        if self.notice.settled {
            return;
        }
        let given = match event {
            Event::Answered => self.rules.recording == RecordingRule::Always,
            Event::SentenceSpoken(spoken) if self.notice.on_its_way.contains(&spoken.id) => {
                if spoken.interrupted {
                    self.notice.on_its_way.clear();
                } else {
                    self.notice.on_its_way.retain(|id| *id != spoken.id);
                }
                !spoken.interrupted && self.notice.on_its_way.is_empty()
            }
            Event::SentenceFailed(id) if self.notice.on_its_way.contains(id) => {
                self.notice.on_its_way.clear();
                false
            }
            _ => false,
        };
        if given {
            self.notice.settled = true;
            self.effects.push(Effect::BeginRecording);
        }
    }

    /// The voice was stopped: what had not begun of the notice is not said any more, so all of it is owed again.
    pub(super) fn notice_may_be_cut(&mut self) {
        let still_told = |id: &SentenceId| self.floor.waiting.iter().any(|sentence| sentence.id == *id);
        if !self.notice.on_its_way.iter().all(still_told) {
            self.notice.on_its_way.clear();
        }
    }
}
