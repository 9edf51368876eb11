//! Watches how long the parts of a turn take ([`TurnTimes`]). Pure.

use crate::flow::{Effect, Event, ReplyId, ReplyNews, SentenceId};
use domain::turn_times::TurnTimes;
use telephony::FRAME_MILLIS;

/// Watches a conversation and tells the times of each turn when the next begins.
#[derive(Clone, Debug, Default)]
pub struct TurnClock {
    turn: TurnTimes,
    /// The agent fell silent because they began to speak.
    silent_at: Option<u32>,
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
    /// To be called with each event, before it is handled. Gives the turn that is over with it.
    pub fn event(&mut self, event: &Event, now: u32) -> Option<TurnTimes> {
        match event {
            // They go on, or interrupt: what follows is no longer the answer to what they said before.
            Event::SpeechStarted => return self.finish(),
            Event::SpeechEnded => self.speech_ended = Some(now),
            Event::Heard(heard) if !heard.text.is_empty() => {
                if let Some(ended) = self.speech_ended.take() {
                    self.turn.at_ms = heard.end_ms;
                    self.turn.endpointing_ms = Some(ended.saturating_sub(heard.end_ms));
                    self.turn.transcription_ms = Some(now.saturating_sub(ended));
                    let silent_at = self.silent_at.take();
                    self.turn.silence_ms = silent_at.map(|silent| silent.saturating_sub(heard.start_ms));
                    self.last_sound = Some(heard.end_ms);
                }
            }
            Event::Reply(id, ReplyNews::Words(_) | ReplyNews::Aloud) => {
                if let Some((_, asked)) = self.asked.take_if(|(asked, _)| asked == id) {
                    self.turn.first_words_ms = Some(now.saturating_sub(asked));
                    self.first_words = Some(now);
                }
            }
            Event::SentenceBegan(id) if self.first_sentence == Some(*id) => {
                self.first_sentence = None;
                let since = |begun: Option<u32>| begun.map(|begun| now.saturating_sub(begun));
                self.turn.first_sound_ms = since(self.first_words.take());
                self.turn.response_ms = since(self.last_sound.take());
            }
            _ => {}
        }
        None
    }

    /// To be called with each effect.
    pub fn effect(&mut self, effect: &Effect, now: u32) {
        match effect {
            Effect::StartReply(id) => self.asked = Some((*id, now)),
            Effect::CancelReply => self.asked = None,
            Effect::StopSpeaking => {
                self.first_sentence = None;
                // The voice fades within a frame.
                self.silent_at = Some(now + FRAME_MILLIS);
            }
            // What is said before the model has spoken is no answer of its.
            Effect::Speak(sentence) if self.first_words.is_some() && self.first_sentence.is_none() => {
                self.first_sentence = Some(sentence.id);
            }
            Effect::SpeakAloud(id) if self.first_words.is_some() && self.first_sentence.is_none() => {
                self.first_sentence = Some(*id);
            }
            _ => {}
        }
    }

    /// The last turn, if anything of it was measured.
    pub fn finish(&mut self) -> Option<TurnTimes> {
        let over = std::mem::take(self).turn;
        (!over.is_empty()).then_some(over)
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
        let mut clock = TurnClock::default();
        assert_eq!(clock.event(&Event::SpeechStarted, 200), None);
        clock.effect(&Effect::StopSpeaking, 200);
        clock.event(&Event::SpeechEnded, 1_600);
        clock.event(&heard(1_000), 1_940);
        clock.effect(&Effect::StartReply(ReplyId(3)), 1_940);
        clock.event(&words(3), 2_300);
        clock.event(&words(3), 2_320);
        clock.effect(&speak(7), 2_320);
        clock.effect(&speak(8), 2_340);
        clock.event(&Event::SentenceBegan(SentenceId(7)), 2_500);
        clock.event(&Event::SentenceBegan(SentenceId(8)), 3_500);
        let turn = clock.event(&Event::SpeechStarted, 9_000);
        assert_eq!(
            turn,
            Some(TurnTimes {
                at_ms: 1_000,
                endpointing_ms: Some(600),
                transcription_ms: Some(340),
                first_words_ms: Some(360),
                first_sound_ms: Some(200),
                response_ms: Some(1_500),
                silence_ms: Some(220),
            })
        );
        assert_eq!(clock.finish(), None);
    }

    #[test]
    fn an_answer_that_is_interrupted_or_not_the_models_is_not_measured() {
        let mut clock = TurnClock::default();
        clock.event(&Event::SpeechEnded, 1_600);
        clock.event(&heard(1_000), 1_940);
        clock.effect(&speak(1), 1_940);
        clock.event(&Event::SentenceBegan(SentenceId(1)), 2_000);
        clock.effect(&Effect::StartReply(ReplyId(3)), 2_000);
        let turn = clock.event(&Event::SpeechStarted, 2_200).expect("it was heard");
        clock.event(&words(3), 2_300);
        assert_eq!((turn.endpointing_ms, turn.transcription_ms), (Some(600), Some(340)));
        assert_eq!((turn.first_words_ms, turn.response_ms), (None, None));
    }
}
