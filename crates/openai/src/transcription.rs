//! Speech to text: a whole utterance as a WAV file, when the person has fallen silent; or, if it is set so, while they speak
//! ([`crate::realtime`]).

use crate::{
    endpoint::{Endpoint, Patience, SetUpError},
    failure::Failure,
    realtime::StreamingSpeechToText,
    settings::{SpokenLanguage, TranscriptionMode, TranscriptionSettings},
};
use async_openai::types::{
    InputSource,
    audio::{AudioInput, AudioResponseFormat, CreateTranscriptionRequest},
};
use async_trait::async_trait;
use bytes::{BufMut, Bytes, BytesMut};
use domain::{Chance, Personal};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use telephony::{Frame, SAMPLE_RATE_HZ};
use voice::ports::{SpeechToText, Utterance, VoiceError};

/// A little less than the agent waits, so that it is told why.
const PATIENCE: Patience = Patience {
    one_try: Duration::from_millis(4_500),
    all: Duration::from_millis(7_500),
};
/// Sound that is sent, samples: 70 s. Turns are cut before.
pub(crate) const MOST_SAMPLES: usize = 70 * SAMPLE_RATE_HZ as usize;
/// Less sound than this is no word, and is refused by services, samples.
pub(crate) const FEWEST_SAMPLES: usize = SAMPLE_RATE_HZ as usize / 10;
/// A transcript that is longer than anybody can talk in one turn, characters.
pub(crate) const LONGEST_TEXT: usize = 6_000;

/// Speech to text in the mode that is set.
///
/// # Errors
/// [`SetUpError`].
pub fn speech_to_text(
    settings: &TranscriptionSettings,
    http: reqwest::Client,
    chance: Arc<dyn Chance>,
) -> Result<Arc<dyn SpeechToText>, SetUpError> {
    Ok(match settings.mode {
        TranscriptionMode::Whole => Arc::new(OpenAiSpeechToText::new(settings, http, chance)?),
        TranscriptionMode::Streaming => Arc::new(StreamingSpeechToText::new(settings, http, chance)?),
    })
}

/// Speech to text behind audio transcriptions.
pub struct OpenAiSpeechToText {
    endpoint: Arc<Endpoint>,
    language: SpokenLanguage,
}

impl OpenAiSpeechToText {
    /// # Errors
    /// [`SetUpError`].
    pub fn new(
        settings: &TranscriptionSettings,
        http: reqwest::Client,
        chance: Arc<dyn Chance>,
    ) -> Result<Self, SetUpError> {
        Ok(Self {
            endpoint: Endpoint::new("speech to text", &settings.service, http, chance)?,
            language: settings.language.clone(),
        })
    }
}

#[async_trait]
impl SpeechToText for OpenAiSpeechToText {
    async fn open(&self, language: &str) -> Result<Box<dyn Utterance>, VoiceError> {
        Ok(Box::new(Listening {
            endpoint: Arc::clone(&self.endpoint),
            language: self.language.told(language),
            samples: Vec::new(),
        }))
    }

    fn charges(&self) -> bool {
        true
    }

    fn trouble(&self) -> Option<String> {
        self.endpoint.trouble()
    }

    async fn recover(&self) {
        if self.endpoint.trouble().is_some() {
            let silence = vec![0; SAMPLE_RATE_HZ as usize / 2];
            // The outcome is told by the endpoint.
            let _ = recognise(&self.endpoint, None, &silence).await;
        }
    }
}

struct Listening {
    endpoint: Arc<Endpoint>,
    language: Option<String>,
    samples: Vec<i16>,
}

#[async_trait]
impl Utterance for Listening {
    /// Says nothing before the end: the whole sound is sent at once.
    fn hear(&mut self, frame: &Frame) -> Option<Personal> {
        if self.samples.len() < MOST_SAMPLES {
            self.samples.extend_from_slice(frame.samples());
        }
        None
    }

    async fn finish(self: Box<Self>) -> Result<Personal, VoiceError> {
        if self.samples.len() < FEWEST_SAMPLES {
            return Ok(Personal::default());
        }
        recognise(&self.endpoint, self.language.as_deref(), &self.samples).await
    }
}

async fn recognise(endpoint: &Arc<Endpoint>, language: Option<&str>, samples: &[i16]) -> Result<Personal, VoiceError> {
    let sound = &wav(samples);
    let question = |model: String| async move {
        let request = CreateTranscriptionRequest {
            file: AudioInput {
                source: InputSource::Bytes {
                    filename: "speech.wav".to_owned(),
                    bytes: sound.clone(),
                },
            },
            model,
            language: language.map(str::to_owned),
            response_format: Some(AudioResponseFormat::Json),
            ..CreateTranscriptionRequest::default()
        };
        let audio = endpoint.client().audio();
        audio
            .transcription()
            .create_raw(request)
            .await
            .map_err(|error| Failure::of_openai(&error))
    };
    let (answer, ticket) = endpoint.ask(PATIENCE, question).await?;
    let answer = serde_json::from_slice::<Value>(&answer).unwrap_or_default();
    match answer["text"].as_str() {
        Some(text) if text.chars().count() <= LONGEST_TEXT => {
            ticket.succeeded();
            Ok(Personal::new(text.trim()))
        }
        Some(_) => Err(ticket.failed(Failure::Nonsense("with a text that is too long for what was said"))),
        None => Err(ticket.failed(Failure::Nonsense("with something else than a transcript"))),
    }
}

/// A WAV file of mono sound at the rate of a room.
fn wav(samples: &[i16]) -> Bytes {
    let length = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX - 36);
    let mut file = BytesMut::with_capacity(44 + samples.len() * 2);
    file.put_slice(b"RIFF");
    file.put_u32_le(36 + length);
    file.put_slice(b"WAVEfmt ");
    file.put_u32_le(16);
    file.put_u16_le(1);
    file.put_u16_le(1);
    file.put_u32_le(SAMPLE_RATE_HZ);
    file.put_u32_le(SAMPLE_RATE_HZ * 2);
    file.put_u16_le(2);
    file.put_u16_le(16);
    file.put_slice(b"data");
    file.put_u32_le(length);
    for sample in samples {
        file.put_i16_le(*sample);
    }
    file.freeze()
}
