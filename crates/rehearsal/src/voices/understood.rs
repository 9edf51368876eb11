//! A real voice that simulated people understand: what it says is written into their phrase book, as it sounds.

use crate::{clip::Clip, studio::Studio};
use async_trait::async_trait;
use domain::{Personal, results::Drawn};
use futures::{StreamExt, stream, stream::BoxStream};
use std::sync::Arc;
use telephony::{FRAME_MILLIS, Frame};
use voice::ports::{
    LanguageModel, Prompt, ReplyPart, ResultsQuestion, SpeechToSpeech, TextToSpeech, VoiceError, Voices,
};

/// Sentences longer than this are not written down, frames (90 s).
const LONGEST_FRAMES: usize = 90 * 1_000 / FRAME_MILLIS as usize;

/// Another voice, made known to the studio's phrase book as soon as a sentence is whole. That is before it has been played,
/// if the voice is made faster than it plays.
pub struct UnderstoodVoice {
    voice: Arc<dyn TextToSpeech>,
    studio: Arc<Studio>,
}

impl UnderstoodVoice {
    #[must_use]
    pub fn new(voice: Arc<dyn TextToSpeech>, studio: Arc<Studio>) -> Self {
        Self { voice, studio }
    }
}

#[async_trait]
impl TextToSpeech for UnderstoodVoice {
    async fn speak(
        &self,
        text: &Personal,
        language: &str,
    ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
        let sound = self.voice.speak(text, language).await?;
        let sentence = Sentence {
            sound,
            text: text.clone(),
            samples: Some(Vec::new()),
            studio: Arc::clone(&self.studio),
        };
        let frames = stream::unfold(sentence, |mut sentence| async move {
            let frame = sentence.next().await?;
            Some((frame, sentence))
        });
        Ok(frames.boxed())
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

struct Sentence {
    sound: BoxStream<'static, Result<Frame, VoiceError>>,
    text: Personal,
    /// What has sounded so far; gone once it is written down.
    samples: Option<Vec<i16>>,
    studio: Arc<Studio>,
}

impl Sentence {
    async fn next(&mut self) -> Option<Result<Frame, VoiceError>> {
        let frame = self.sound.next().await;
        match &frame {
            Some(Ok(frame)) => {
                if let Some(samples) = &mut self.samples {
                    samples.extend_from_slice(frame.samples());
                }
            }
            _ => {
                let known = self.samples.take().unwrap_or_default();
                let frames = known.len() / telephony::FRAME_SAMPLES;
                if (1..=LONGEST_FRAMES).contains(&frames) && !self.text.reveal().trim().is_empty() {
                    self.studio.phrase_book().add(&Clip::new(self.text.reveal(), &known));
                }
            }
        }
        frame
    }
}

/// A model that speaks itself, made known in the same way.
pub struct UnderstoodModel {
    model: Arc<dyn SpeechToSpeech>,
    studio: Arc<Studio>,
}

impl UnderstoodModel {
    #[must_use]
    pub fn new(model: Arc<dyn SpeechToSpeech>, studio: Arc<Studio>) -> Self {
        Self { model, studio }
    }
}

#[async_trait]
impl SpeechToSpeech for UnderstoodModel {
    fn hold_call(&self, usual: &Voices, language: &str) -> Voices {
        let voices = self.model.hold_call(usual, language);
        Voices {
            language_model: Arc::new(UnderstoodMind {
                mind: voices.language_model,
                studio: Arc::clone(&self.studio),
            }),
            ..voices
        }
    }

    async fn recover(&self) {
        self.model.recover().await;
    }
}

struct UnderstoodMind {
    mind: Arc<dyn LanguageModel>,
    studio: Arc<Studio>,
}

#[async_trait]
impl LanguageModel for UnderstoodMind {
    async fn reply(&self, prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        let parts = self.mind.reply(prompt).await?;
        let said = (Said::default(), Arc::clone(&self.studio));
        // The end of it is told before the stream ends, for then its sound is still being played.
        let parts = parts
            .map(Some)
            .chain(stream::iter([None]))
            .scan(said, |(said, studio), part| {
                match &part {
                    Some(Ok(part)) => said.note(part),
                    Some(Err(_)) | None => said.write_down(studio),
                }
                std::future::ready(part)
            });
        Ok(parts.boxed())
    }

    fn was_heard(&self, millis: u32) {
        self.mind.was_heard(millis);
    }

    async fn results(&self, question: ResultsQuestion) -> Result<Drawn, VoiceError> {
        self.mind.results(question).await
    }

    fn trouble(&self) -> Option<String> {
        self.mind.trouble()
    }

    async fn recover(&self) {
        self.mind.recover().await;
    }
}

/// What a model says itself.
#[derive(Default)]
struct Said {
    is_aloud: bool,
    text: String,
    samples: Vec<i16>,
}

impl Said {
    fn note(&mut self, part: &ReplyPart) {
        match part {
            ReplyPart::Aloud => self.is_aloud = true,
            ReplyPart::Words(words) if self.is_aloud => self.text.push_str(words),
            ReplyPart::Sound(frame) if self.samples.len() < LONGEST_FRAMES * telephony::FRAME_SAMPLES => {
                self.samples.extend_from_slice(frame.samples());
            }
            _ => {}
        }
    }

    fn write_down(&mut self, studio: &Studio) {
        let samples = std::mem::take(&mut self.samples);
        if !samples.is_empty() && !self.text.trim().is_empty() {
            studio.phrase_book().add(&Clip::new(&self.text, &samples));
        }
    }
}
