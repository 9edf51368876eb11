//! What a call uses of services that charge for it.
//!
//! Adapters of language models count for themselves, since only they know what they sent: a prompt brings the meter along.
//! Sound and characters are counted here, around the ports that say that they charge.

use crate::ports::{
    LanguageModel, Prompt, ReplyPart, ResultsQuestion, SpeechToSpeech, SpeechToText, TextToSpeech, Utterance,
    VoiceError, Voices,
};
use async_trait::async_trait;
use domain::{Personal, cost::Usage, results::Drawn};
use futures::stream::BoxStream;
use std::sync::{Arc, Mutex, PoisonError};
use telephony::{FRAME_MILLIS, Frame};

/// Counts. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct UsageMeter(Arc<Mutex<Usage>>);

impl UsageMeter {
    /// Adds to what was used.
    pub fn add(&self, usage: Usage) {
        let mut so_far = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *so_far = so_far.plus(usage);
    }

    /// What was used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same voices, whose use is counted.
#[must_use]
pub fn metered(voices: &Voices, meter: &UsageMeter) -> Voices {
    Voices {
        speech_to_text: Arc::new(MeteredEars {
            ears: Arc::clone(&voices.speech_to_text),
            meter: meter.clone(),
        }),
        language_model: Arc::new(MeteredModel {
            model: Arc::clone(&voices.language_model),
            meter: meter.clone(),
        }),
        text_to_speech: Arc::new(MeteredVoice {
            voice: Arc::clone(&voices.text_to_speech),
            meter: meter.clone(),
        }),
        look_ups: Arc::clone(&voices.look_ups),
        speech_to_speech: voices.speech_to_speech.clone().map(|engine| {
            Arc::new(MeteredEngine {
                engine,
                meter: meter.clone(),
            }) as Arc<dyn SpeechToSpeech>
        }),
    }
}

/// A model that hears and speaks is paid by units that no price here is for: it is said that there was more. What the usual
/// services do in such a call is counted by themselves.
struct MeteredEngine {
    engine: Arc<dyn SpeechToSpeech>,
    meter: UsageMeter,
}

#[async_trait]
impl SpeechToSpeech for MeteredEngine {
    fn hold_call(&self, usual: &Voices, language: &str) -> Voices {
        self.meter.add(Usage {
            partial: true,
            ..Usage::default()
        });
        self.engine.hold_call(usual, language)
    }

    async fn recover(&self) {
        self.engine.recover().await;
    }
}

struct MeteredEars {
    ears: Arc<dyn SpeechToText>,
    meter: UsageMeter,
}

#[async_trait]
impl SpeechToText for MeteredEars {
    async fn open(&self, language: &str) -> Result<Box<dyn Utterance>, VoiceError> {
        let utterance = self.ears.open(language).await?;
        if !self.ears.charges() {
            return Ok(utterance);
        }
        Ok(Box::new(MeteredUtterance {
            utterance,
            frames: 0,
            meter: self.meter.clone(),
        }))
    }

    fn charges(&self) -> bool {
        self.ears.charges()
    }

    fn trouble(&self) -> Option<String> {
        self.ears.trouble()
    }

    async fn recover(&self) {
        self.ears.recover().await;
    }
}

struct MeteredUtterance {
    utterance: Box<dyn Utterance>,
    frames: u64,
    meter: UsageMeter,
}

#[async_trait]
impl Utterance for MeteredUtterance {
    fn hear(&mut self, frame: &Frame) -> Option<Personal> {
        self.frames += 1;
        self.utterance.hear(frame)
    }

    /// Only now is the sound sent: what is dropped before costs nothing.
    async fn finish(self: Box<Self>) -> Result<Personal, VoiceError> {
        self.meter.add(Usage {
            recognised_ms: self.frames * u64::from(FRAME_MILLIS),
            ..Usage::default()
        });
        self.utterance.finish().await
    }
}

struct MeteredModel {
    model: Arc<dyn LanguageModel>,
    meter: UsageMeter,
}

#[async_trait]
impl LanguageModel for MeteredModel {
    async fn reply(&self, prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        let meter = self.meter.clone();
        self.model.reply(Prompt { meter, ..prompt }).await
    }

    async fn results(&self, question: ResultsQuestion) -> Result<Drawn, VoiceError> {
        let meter = self.meter.clone();
        self.model.results(ResultsQuestion { meter, ..question }).await
    }

    fn charges(&self) -> bool {
        self.model.charges()
    }

    fn trouble(&self) -> Option<String> {
        self.model.trouble()
    }

    async fn recover(&self) {
        self.model.recover().await;
    }
}

struct MeteredVoice {
    voice: Arc<dyn TextToSpeech>,
    meter: UsageMeter,
}

#[async_trait]
impl TextToSpeech for MeteredVoice {
    async fn speak(
        &self,
        text: &Personal,
        language: &str,
    ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
        let sound = self.voice.speak(text, language).await?;
        if self.voice.charges() {
            self.meter.add(Usage {
                characters: text.reveal().chars().count() as u64,
                ..Usage::default()
            });
        }
        Ok(sound)
    }

    fn charges(&self) -> bool {
        self.voice.charges()
    }

    fn trouble(&self) -> Option<String> {
        self.voice.trouble()
    }

    async fn recover(&self) {
        self.voice.recover().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{StreamExt, stream};

    /// All three; charges, or not.
    struct Service(bool);

    #[async_trait]
    impl SpeechToText for Service {
        async fn open(&self, _: &str) -> Result<Box<dyn Utterance>, VoiceError> {
            Ok(Box::new(Self(self.0)))
        }
        fn charges(&self) -> bool {
            self.0
        }
    }

    #[async_trait]
    impl Utterance for Service {
        fn hear(&mut self, _: &Frame) -> Option<Personal> {
            None
        }
        async fn finish(self: Box<Self>) -> Result<Personal, VoiceError> {
            Ok("Yes.".into())
        }
    }

    #[async_trait]
    impl LanguageModel for Service {
        async fn reply(&self, prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
            prompt.meter.add(Usage {
                input_tokens: u64::from(self.0) * 7,
                ..Usage::default()
            });
            Ok(stream::empty().boxed())
        }
        async fn results(&self, _: ResultsQuestion) -> Result<Drawn, VoiceError> {
            Ok(Drawn::default())
        }
        fn charges(&self) -> bool {
            self.0
        }
    }

    #[async_trait]
    impl TextToSpeech for Service {
        async fn speak(
            &self,
            _: &Personal,
            _: &str,
        ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
            Ok(stream::empty().boxed())
        }
        fn charges(&self) -> bool {
            self.0
        }
    }

    async fn used(charges: bool) -> Usage {
        let voices = Voices {
            speech_to_text: Arc::new(Service(charges)),
            language_model: Arc::new(Service(charges)),
            text_to_speech: Arc::new(Service(charges)),
            look_ups: Arc::new(crate::ports::NoLookUps),
            speech_to_speech: None,
        };
        assert_eq!(voices.charges(), charges);
        let meter = UsageMeter::default();
        let voices = metered(&voices, &meter);
        assert_eq!(voices.charges(), charges);
        for finishes in [true, false] {
            let mut utterance = voices.speech_to_text.open("en").await.expect("opens");
            for _ in 0..50 {
                utterance.hear(&Frame::silence());
            }
            if finishes {
                utterance.finish().await.expect("a text");
            }
        }
        drop(
            voices
                .text_to_speech
                .speak(&"Grüße!".into(), "de")
                .await
                .expect("speaks"),
        );
        drop(voices.language_model.reply(Prompt::default()).await.expect("replies"));
        meter.usage()
    }

    #[tokio::test]
    async fn what_charges_is_counted_and_what_does_not_is_free() {
        let expected = Usage {
            input_tokens: 7,
            characters: 6,
            recognised_ms: 1_000,
            ..Usage::default()
        };
        assert_eq!(used(true).await, expected);
        assert!(used(false).await.is_nothing());
    }
}
