//! Text to speech: raw sound, played while the rest is made.

mod sound;

use crate::{
    endpoint::{Endpoint, Patience, SetUpError, Ticket},
    failure::Failure,
    settings::{SpeechSettings, VoiceChoice},
};
use async_trait::async_trait;
use domain::{Chance, Personal};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde_json::json;
use sound::SoundReader;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use telephony::Frame;
use voice::ports::{TextToSpeech, VoiceError};

/// A little less than the agent waits, so that it is told why.
const PATIENCE: Patience = Patience {
    one_try: Duration::from_secs(4),
    all: Duration::from_millis(7_500),
};
/// No sound for this long is a stall.
const NEXT_SOUND: Duration = Duration::from_millis(4_500);
/// What a service takes at most, characters.
const LONGEST_TEXT: usize = 4_096;

/// Text to speech behind audio speech.
pub struct OpenAiTextToSpeech {
    endpoint: Arc<Endpoint>,
    voice: VoiceChoice,
    sample_rate_hz: u32,
}

impl OpenAiTextToSpeech {
    /// # Errors
    /// [`SetUpError`].
    pub fn new(settings: &SpeechSettings, http: reqwest::Client, chance: Arc<dyn Chance>) -> Result<Self, SetUpError> {
        Ok(Self {
            endpoint: Endpoint::new("text to speech", &settings.service, http, chance)?,
            voice: settings.voice.clone(),
            sample_rate_hz: settings.sample_rate_hz,
        })
    }

    async fn start(&self, text: &str, language: &str) -> Result<Speaking, VoiceError> {
        let input: &str = &text.chars().take(LONGEST_TEXT).collect::<String>();
        let voice = self.voice.for_language(language);
        let question = |model: String| async move {
            let body = json!({ "model": model, "voice": voice, "input": input, "response_format": "pcm" });
            let response = self.endpoint.post("/audio/speech", &body).await?;
            if is_text(&response) {
                return Err(Failure::Nonsense("with text instead of sound"));
            }
            Ok(response)
        };
        let (response, ticket) = self.endpoint.ask(PATIENCE, question).await?;
        Ok(Speaking {
            response,
            ticket: Some(ticket),
            reader: SoundReader::new(self.sample_rate_hz),
            ready: VecDeque::new(),
        })
    }
}

fn is_text(response: &reqwest::Response) -> bool {
    let kind = response.headers().get(http::header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/") || kind.starts_with("application/json"))
}

#[async_trait]
impl TextToSpeech for OpenAiTextToSpeech {
    async fn speak(
        &self,
        text: &Personal,
        language: &str,
    ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
        let speaking = self.start(text.reveal(), language).await?;
        let frames = stream::unfold(speaking, |mut speaking| async move {
            let frame = speaking.next().await?;
            Some((frame, speaking))
        });
        Ok(frames.boxed())
    }

    fn charges(&self) -> bool {
        true
    }

    fn trouble(&self) -> Option<String> {
        self.endpoint.trouble()
    }

    async fn recover(&self) {
        if self.endpoint.trouble().is_some()
            && let Ok(mut speaking) = self.start("Hello.", "en").await
        {
            while let Some(Ok(_)) = speaking.next().await {}
        }
    }
}

/// Sound that comes in. Dropping it closes the connection.
struct Speaking {
    response: reqwest::Response,
    /// Gone when everything was read or it failed.
    ticket: Option<Ticket>,
    reader: SoundReader,
    ready: VecDeque<Frame>,
}

impl Speaking {
    async fn next(&mut self) -> Option<Result<Frame, VoiceError>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(Ok(frame));
            }
            // Nothing more comes once its outcome was told.
            self.ticket.as_ref()?;
            let read = match tokio::time::timeout(NEXT_SOUND, self.response.chunk()).await {
                Err(_) => Err(Failure::TooSlow),
                Ok(Err(error)) => Err(Failure::of_http(&error)),
                Ok(Ok(Some(bytes))) => self.reader.push(&bytes).map(|frames| (frames, false)),
                Ok(Ok(None)) => self.reader.finish().map(|frames| (frames, true)),
            };
            match read {
                Ok((frames, complete)) => {
                    self.ready.extend(frames);
                    if complete {
                        self.ticket.take()?.succeeded();
                    }
                }
                Err(failure) => return Some(Err(self.ticket.take()?.failed(failure))),
            }
        }
    }
}
