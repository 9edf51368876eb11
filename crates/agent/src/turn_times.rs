//! How long the parts of a turn take: the pauses that a person on the phone notices. Pure; times are room time, which moves
//! in steps of 20 ms.

use crate::flow::{Effect, Event, ReplyId, ReplyNews, SentenceId};

/// A part of a turn, and how long it took, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnPart {
    /// From the person's last sound until it was certain that they had finished.
    Endpointing(u32),
    /// From there to the text of what they said.
    Transcription(u32),
    /// From the question to the language model to its first words.
    FirstWords(u32),
    /// From its first words to the first sound of the agent's answer.
    FirstSound(u32),
    /// All of it: from the person's last sound to the first sound of the answer.
    Response(u32),
}

/// Watches a conversation and tells the parts of its turns, as they end.
#[derive(Clone, Debug, Default)]
pub struct TurnClock {
    speech_ended: Option<u32>,
    /// The last sound of what wants an answer.
    last_sound: Option<u32>,
    asked: Option<(ReplyId, u32)>,
    /// The first words of the answer, which has made no sound yet.
    first_words: Option<u32>,
    /// The first sentence of the answer.
    first_sentence: Option<SentenceId>,
}

impl TurnClock {
    /// To be called with each event, before it is handled.
    pub fn event(&mut self, event: &Event, now: u32, told: &mut impl FnMut(TurnPart)) {
        match event {
            // They go on, or interrupt: this is no longer the answer to what they said before.
            Event::SpeechStarted => *self = Self::default(),
            Event::SpeechEnded => self.speech_ended = Some(now),
            Event::Heard(heard) if !heard.text.is_empty() => {
                if let Some(ended) = self.speech_ended.take() {
                    told(TurnPart::Endpointing(ended.saturating_sub(heard.end_ms)));
                    told(TurnPart::Transcription(now.saturating_sub(ended)));
                    self.last_sound = Some(heard.end_ms);
                }
            }
            Event::Reply(id, ReplyNews::Words(_)) => {
                if let Some((_, asked)) = self.asked.take_if(|(asked, _)| asked == id) {
                    told(TurnPart::FirstWords(now.saturating_sub(asked)));
                    self.first_words = Some(now);
                }
            }
            Event::SentenceBegan(id) if self.first_sentence == Some(*id) => {
                self.first_sentence = None;
                if let Some(words) = self.first_words.take() {
                    told(TurnPart::FirstSound(now.saturating_sub(words)));
                }
                if let Some(sound) = self.last_sound.take() {
                    told(TurnPart::Response(now.saturating_sub(sound)));
                }
            }
            _ => {}
        }
    }

    /// To be called with each effect.
    pub fn effect(&mut self, effect: &Effect, now: u32) {
        match effect {
            Effect::StartReply(id) => self.asked = Some((*id, now)),
            Effect::CancelReply => self.asked = None,
            Effect::StopSpeaking => self.first_sentence = None,
            // What is said before the model has spoken is no answer of its.
            Effect::Speak(sentence) if self.first_words.is_some() && self.first_sentence.is_none() => {
                self.first_sentence = Some(sentence.id);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{HeardWords, Sentence};

    fn heard(end_ms: u32) -> Event {
        Event::Heard(HeardWords {
            text: "Yes.".into(),
            start_ms: 0,
            end_ms,
        })
    }

    fn words(id: u32) -> Event {
        Event::Reply(ReplyId(id), ReplyNews::Words("Good.".to_owned()))
    }

    fn speak(id: u32) -> Effect {
        Effect::Speak(Sentence {
            id: SentenceId(id),
            text: "Good.".into(),
        })
    }

    #[test]
    fn the_parts_of_a_turn_add_up() {
        let (mut clock, mut parts) = (TurnClock::default(), Vec::new());
        let mut tell = |part| parts.push(part);
        clock.event(&Event::SpeechStarted, 200, &mut tell);
        clock.event(&Event::SpeechEnded, 1_600, &mut tell);
        clock.event(&heard(1_000), 1_940, &mut tell);
        clock.effect(&Effect::StartReply(ReplyId(3)), 1_940);
        clock.event(&words(3), 2_300, &mut tell);
        clock.event(&words(3), 2_320, &mut tell);
        clock.effect(&speak(7), 2_320);
        clock.effect(&speak(8), 2_340);
        clock.event(&Event::SentenceBegan(SentenceId(7)), 2_500, &mut tell);
        clock.event(&Event::SentenceBegan(SentenceId(8)), 3_500, &mut tell);
        assert_eq!(
            parts,
            [
                TurnPart::Endpointing(600),
                TurnPart::Transcription(340),
                TurnPart::FirstWords(360),
                TurnPart::FirstSound(200),
                TurnPart::Response(1_500),
            ]
        );
    }

    #[test]
    fn an_answer_that_is_interrupted_or_not_the_models_is_not_measured() {
        let (mut clock, mut parts) = (TurnClock::default(), Vec::new());
        let mut tell = |part| parts.push(part);
        clock.event(&Event::SpeechEnded, 1_600, &mut tell);
        clock.event(&heard(1_000), 1_940, &mut tell);
        clock.effect(&speak(1), 1_940);
        clock.event(&Event::SentenceBegan(SentenceId(1)), 2_000, &mut tell);
        clock.effect(&Effect::StartReply(ReplyId(3)), 2_000);
        clock.event(&Event::SpeechStarted, 2_200, &mut tell);
        clock.event(&words(3), 2_300, &mut tell);
        assert_eq!(parts, [TurnPart::Endpointing(600), TurnPart::Transcription(340)]);
    }
}
