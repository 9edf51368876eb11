//! A real voice that simulated people understand: what it says is written into their phrase book, as it sounds.

use crate::{clip::Clip, studio::Studio};
use async_trait::async_trait;
use domain::Personal;
use futures::{StreamExt, stream, stream::BoxStream};
use std::sync::Arc;
use telephony::{FRAME_MILLIS, Frame};
use voice::ports::{TextToSpeech, VoiceError};

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
