//! What is on the line instead of a voice: a fax, tones of the network, noise. Whoever has said a word is a person, whatever
//! else is to be heard.

use super::{AnsweredBy, ConversationFlow, Effect, Event, FAREWELL_MS, Phase};
use domain::conversation::Disposition;
use voice::line_sound::LineSound;

/// In mere noise, a person would have answered the opening within this time, milliseconds.
const NOBODY_IN_NOISE_MS: u32 = 5_000;

#[derive(Debug, Default)]
pub(super) struct Line {
    noise: bool,
    /// Since when there has been noise, and the agent has said what it had to say.
    alone_since: Option<u32>,
}

impl Line {
    /// Nothing but noise has been heard lately.
    pub(super) fn is_noise(&self) -> bool {
        self.noise
    }
}

impl ConversationFlow {
    /// True if the call is over, or is heard otherwise from now on.
    pub(super) fn listen_to_line(&mut self, event: &Event) -> bool {
        match event {
            Event::Line(LineSound::Noise) => self.line.noise = true,
            Event::Line(LineSound::NoiseOver) => self.line.noise = false,
            Event::Line(sound) if self.nobody_spoke() => return self.tone(*sound),
            Event::Tick => return self.watch_noise(),
            _ => {}
        }
        false
    }

    /// No word of a person has been heard, and none is being heard.
    fn nobody_spoke(&self) -> bool {
        !self.floor.person_spoke
            && self.floor.partial().trim().is_empty()
            && !self.supervision.is_taken_over()
            && match &self.phase {
                Phase::WhoAnswered(_) => true,
                Phase::Talking(_) => self.floor.replies == 0,
                _ => false,
            }
    }

    fn tone(&mut self, sound: LineSound) -> bool {
        match sound {
            LineSound::Fax => {
                self.effects.push(Effect::KnowWhoAnswered(AnsweredBy::Fax));
                self.end(Disposition::FaxOrNoise, Some("A fax machine or a modem answered."));
            }
            LineSound::Busy => {
                self.effects.push(Effect::KnowWhoAnswered(AnsweredBy::Network));
                self.end(
                    Disposition::Busy,
                    Some("The busy tone was heard after the call was answered."),
                );
            }
            LineSound::Ringing | LineSound::SpecialInformation => self.network_tone(sound),
            LineSound::Beep | LineSound::Noise | LineSound::NoiseOver => return false,
        }
        true
    }

    /// Into noise the agent says who is calling, as to anybody. If there is no answer to that, nobody is there.
    fn watch_noise(&mut self) -> bool {
        let alone = self.line.noise
            && matches!(self.phase, Phase::Talking(_))
            && self.nobody_spoke()
            && self.floor.agent_spoke()
            && !self.floor.has_words_waiting();
        if !alone {
            self.line.alone_since = None;
            return false;
        }
        let since = *self.line.alone_since.get_or_insert(self.now);
        if self.now.saturating_sub(since) < NOBODY_IN_NOISE_MS {
            return false;
        }
        self.effects.push(Effect::KnowWhoAnswered(AnsweredBy::Noise));
        let reason = Some("There was only noise on the line.");
        self.close(Disposition::FaxOrNoise, reason, self.wording.nobody_there, FAREWELL_MS);
        true
    }
}
