//! Text to speech by the studio.

use crate::{studio::Studio, voice_of};
use async_trait::async_trait;
use domain::Personal;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use std::sync::Arc;
use telephony::Frame;
use voice::ports::{TextToSpeech, VoiceError};

/// The agent's voice.
pub struct RehearsalVoice {
    studio: Arc<Studio>,
}

impl RehearsalVoice {
    #[must_use]
    pub fn new(studio: Arc<Studio>) -> Self {
        Self { studio }
    }
}

#[async_trait]
impl TextToSpeech for RehearsalVoice {
    async fn speak(
        &self,
        text: &Personal,
        language: &str,
    ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
        let clip = self
            .studio
            .render(voice_of::agent(language), text.reveal())
            .await
            .map_err(|error| VoiceError::Unavailable(error.to_string()))?;
        let frames = (0..clip.frames.len()).map(move |index| Ok(clip.frames[index].clone()));
        Ok(stream::iter(frames).boxed())
    }
}
