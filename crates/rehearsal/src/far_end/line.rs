//! A person's end of the line: their ear, their mouth, and the hook.

use super::speaker::Speaker;
use crate::{
    fingerprint::rms,
    person::{Act, Heard, Person, Plan},
    recogniser::Recogniser,
    studio::Studio,
    voice_of::SpeakerVoice,
};
use std::sync::Arc;
use telephony::{FRAME_MILLIS, Frame};

/// Mean loudness from which a frame is taken for speech: -44 dB of full scale.
const AUDIBLE: f32 = 200.0;
/// Sound for so long is the beginning of speech, milliseconds.
const BEGIN_MS: u32 = 60;
/// People wait so long for more after a question, and after anything else, milliseconds.
const END_OF_QUESTION_MS: u32 = 550;
const END_MS: u32 = 900;
/// A goodbye is returned at once, milliseconds.
const END_OF_GOODBYE_MS: u32 = 350;
/// How often a person thinks about what they are hearing, milliseconds.
const THINK_MS: u32 = 200;

pub(super) struct PersonsLine {
    person: Person,
    mouth: Speaker,
    ear: Recogniser,
    now_ms: u32,
    /// Milliseconds of sound in a row, and of silence.
    sound_ms: u32,
    silence_ms: u32,
    /// Since when the agent has been speaking.
    agent_since: Option<u32>,
    words: String,
    /// Since when nothing has been going on.
    idle_since: u32,
    hang_up_at: Option<u32>,
    was_speaking: bool,
}

impl PersonsLine {
    pub(super) fn answer(person: Person, voice: SpeakerVoice, studio: &Arc<Studio>) -> Self {
        let mut line = Self {
            person,
            mouth: Speaker::new(Arc::clone(studio), voice),
            ear: studio.phrase_book().recogniser(),
            now_ms: 0,
            sound_ms: 0,
            silence_ms: u32::MAX / 2,
            agent_since: None,
            words: String::new(),
            idle_since: 0,
            hang_up_at: None,
            was_speaking: false,
        };
        line.think(None);
        line
    }

    pub(super) async fn be_ready(&mut self) {
        self.mouth.be_ready(self.now_ms).await;
    }

    /// What the agent said in the last tick comes in, what the person says in this one goes out; `None` if they hung up.
    pub(super) fn tick(&mut self, agent: &Frame) -> Option<Option<Frame>> {
        self.hear(agent);
        if self.hang_up_at.is_some_and(|at| self.now_ms >= at) {
            return None;
        }
        let frame = self.mouth.tick(self.now_ms);
        self.now_ms += FRAME_MILLIS;
        let speaking = self.mouth.is_busy();
        if self.was_speaking && !speaking {
            self.idle_since = self.now_ms;
            self.think(Some(&Heard::SpokenOut));
        }
        self.was_speaking = self.mouth.is_busy();
        Some(frame)
    }

    fn hear(&mut self, agent: &Frame) {
        if self.mouth.has_begun() {
            // Whoever speaks does not listen. What was being said when they cut in needs no answer.
            if self.agent_since.take().is_some() {
                self.words.clear();
                self.ear.begin_anew();
            }
            self.sound_ms = 0;
            return;
        }
        if rms(agent) >= AUDIBLE {
            self.sound_ms += FRAME_MILLIS;
            self.silence_ms = 0;
        } else {
            self.silence_ms = self.silence_ms.saturating_add(FRAME_MILLIS);
            // Short gaps are part of speech.
            if self.silence_ms > 100 {
                self.sound_ms = 0;
            }
        }
        // Nothing can be in the ear any more after half a second of silence.
        if (self.silence_ms < 500 || self.agent_since.is_some())
            && let Some(words) = self.ear.hear(agent)
        {
            words.clone_into(&mut self.words);
        }
        match self.agent_since {
            None if self.sound_ms >= BEGIN_MS => {
                self.agent_since = Some(self.now_ms);
                // Whoever was about to speak listens first.
                self.mouth.hold();
                self.was_speaking = self.mouth.is_busy();
            }
            None => self.wait(),
            Some(since) => {
                let patience = match &self.words {
                    words if words.ends_with('?') => END_OF_QUESTION_MS,
                    words if words.ends_with("oodbye.") => END_OF_GOODBYE_MS,
                    _ => END_MS,
                };
                if self.silence_ms >= patience && !self.mouth.is_busy() {
                    self.agent_since = None;
                    self.idle_since = self.now_ms;
                    let words = std::mem::take(&mut self.words);
                    self.ear.begin_anew();
                    self.think(Some(&Heard::Said(&words)));
                } else if self.silence_ms == 0
                    && (self.now_ms - since).is_multiple_of(THINK_MS)
                    && !self.mouth.is_busy()
                {
                    let words = std::mem::take(&mut self.words);
                    let for_ms = self.now_ms - since;
                    self.think(Some(&Heard::Saying { words: &words, for_ms }));
                    self.words = words;
                }
            }
        }
    }

    fn wait(&mut self) {
        if self.mouth.is_busy() || self.hang_up_at.is_some() {
            self.idle_since = self.now_ms;
            return;
        }
        let for_ms = self.now_ms - self.idle_since;
        if for_ms > 0 && for_ms.is_multiple_of(1_000) {
            self.think(Some(&Heard::Silence { for_ms }));
        }
    }

    fn think(&mut self, heard: Option<&Heard<'_>>) {
        let plans = self.person.handle(heard.unwrap_or(&Heard::PickedUp));
        for Plan { after_ms, act } in plans {
            let at = self.now_ms + after_ms;
            match act {
                Act::Say(text) => {
                    self.mouth.say(text, at);
                    self.was_speaking = true;
                }
                Act::HangUp => self.hang_up_at = Some(at),
            }
        }
    }
}
