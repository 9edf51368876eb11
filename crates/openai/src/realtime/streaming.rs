//! Speech to text while somebody speaks.

use super::{RATE_HZ, socket::Socket, transcript::Transcript, upstream::Upstream};
use crate::{
    endpoint::{Endpoint, Patience, SetUpError, Ticket},
    failure::Failure,
    settings::{SpokenLanguage, TranscriptionSettings},
    transcription::{FEWEST_SAMPLES, MOST_SAMPLES},
};
use async_trait::async_trait;
use domain::{Chance, Personal};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use telephony::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;
use voice::ports::{SpeechToText, Utterance, VoiceError};

/// Until the connection is there. The agent waits 8 s, and the sound waits with it.
const CONNECTING: Patience = Patience {
    one_try: Duration::from_millis(3_500),
    all: Duration::from_millis(7_500),
};
/// How long the last words may take after the end of the sound; then all of it is sent again on a new connection.
const LAST_WORDS: Duration = Duration::from_millis(2_500);
/// The same for a whole utterance that is sent again: a little less than the agent waits in all.
const AGAIN: Patience = Patience {
    one_try: Duration::from_millis(3_500),
    all: Duration::from_millis(5_000),
};
/// Frames of sound in one event at most, where several wait.
const MOST_FRAMES_AT_ONCE: usize = 10;

/// Speech to text behind a transcription session.
pub struct StreamingSpeechToText {
    endpoint: Arc<Endpoint>,
    language: SpokenLanguage,
}

impl StreamingSpeechToText {
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
impl SpeechToText for StreamingSpeechToText {
    async fn open(&self, language: &str) -> Result<Box<dyn Utterance>, VoiceError> {
        let language = self.language.told(language);
        let question = |model: String| connect(&self.endpoint, model, language.as_deref());
        let (socket, ticket) = self.endpoint.ask(CONNECTING, question).await?;
        let (sound, received) = mpsc::unbounded_channel();
        let (news, so_far) = watch::channel(String::new());
        let task = tokio::spawn(async move { follow(socket, received, &news).await });
        Ok(Box::new(Listening {
            endpoint: Arc::clone(&self.endpoint),
            language,
            samples: Vec::new(),
            sound,
            so_far,
            task: AbortOnDropHandle::new(task),
            ticket,
        }))
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

async fn connect(endpoint: &Endpoint, model: String, language: Option<&str>) -> Result<Socket, Failure> {
    // With a model in the address it would be a conversation.
    Socket::open(endpoint, &[("intent", "transcription")], session(&model, language)).await
}

fn session(model: &str, language: Option<&str>) -> Value {
    let mut transcription = json!({ "model": model });
    if let Some(language) = language {
        transcription["language"] = language.into();
    }
    json!({
        "type": "transcription",
        "audio": {
            "input": {
                "format": { "type": "audio/pcm", "rate": RATE_HZ },
                "transcription": transcription,
                "turn_detection": null,
            },
        },
    })
}

/// One utterance on a connection of its own.
struct Listening {
    endpoint: Arc<Endpoint>,
    language: Option<String>,
    /// All of it, in case the connection does not last.
    samples: Vec<i16>,
    /// `None` is the end.
    sound: mpsc::UnboundedSender<Option<Frame>>,
    so_far: watch::Receiver<String>,
    task: AbortOnDropHandle<Result<String, Failure>>,
    ticket: Ticket,
}

#[async_trait]
impl Utterance for Listening {
    fn hear(&mut self, frame: &Frame) -> Option<Personal> {
        if self.samples.len() < MOST_SAMPLES {
            self.samples.extend_from_slice(frame.samples());
            // If nobody takes it any more, the connection broke: all of it is sent again at the end.
            let _ = self.sound.send(Some(frame.clone()));
        }
        // A connection that broke has told all that it will.
        let changed = self.so_far.has_changed().unwrap_or(false);
        changed.then(|| Personal::from(self.so_far.borrow_and_update().as_str()))
    }

    async fn finish(self: Box<Self>) -> Result<Personal, VoiceError> {
        if self.samples.len() < FEWEST_SAMPLES {
            return Ok(Personal::default());
        }
        let _ = self.sound.send(None);
        let outcome = match timeout(LAST_WORDS, self.task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Failure::BrokeOff),
            Err(_) => Err(Failure::TooSlow),
        };
        match outcome {
            Ok(text) => {
                self.ticket.succeeded();
                Ok(text.into())
            }
            Err(failure) => {
                let error = self.ticket.failed(failure);
                tracing::debug!(%error, "an utterance is sent again");
                recognise(&self.endpoint, self.language.as_deref(), &self.samples).await
            }
        }
    }
}

/// Sends sound as it comes, and tells the text as it grows, to its end.
async fn follow(
    mut socket: Socket,
    mut sound: mpsc::UnboundedReceiver<Option<Frame>>,
    news: &watch::Sender<String>,
) -> Result<String, Failure> {
    let (mut upstream, mut transcript) = (Upstream::new()?, Transcript::default());
    let (mut frames, mut is_over) = (Vec::new(), false);
    while !transcript.is_complete() {
        tokio::select! {
            event = socket.next() => {
                if transcript.take(event?)? {
                    news.send_replace(transcript.text());
                }
            }
            count = sound.recv_many(&mut frames, MOST_FRAMES_AT_ONCE), if !is_over => {
                // Whoever drops an utterance drops this task too.
                is_over = count == 0 || frames.iter().any(Option::is_none);
                let samples: Vec<i16> = frames.drain(..).flatten().flat_map(|frame| *frame.samples()).collect();
                if let Some(event) = upstream.append(&samples)? {
                    socket.send(&event).await?;
                }
                if is_over {
                    transcript.over();
                    end(&mut socket, &mut upstream).await?;
                }
            }
        }
    }
    Ok(transcript.text())
}

async fn end(socket: &mut Socket, upstream: &mut Upstream) -> Result<(), Failure> {
    if let Some(rest) = upstream.finish()? {
        socket.send(&rest).await?;
    }
    socket.send(&json!({ "type": "input_audio_buffer.commit" })).await
}

/// Has a whole utterance recognised, as often as it makes sense.
async fn recognise(endpoint: &Arc<Endpoint>, language: Option<&str>, samples: &[i16]) -> Result<Personal, VoiceError> {
    let question = |model: String| async move {
        let socket = connect(endpoint, model, language).await?;
        let (sound, received) = mpsc::unbounded_channel();
        for frame in samples.chunks(FRAME_SAMPLES) {
            let _ = sound.send(Some(Frame::from_slice(frame)));
        }
        let _ = sound.send(None);
        let (news, _) = watch::channel(String::new());
        follow(socket, received, &news).await
    };
    let (text, ticket) = endpoint.ask(AGAIN, question).await?;
    ticket.succeeded();
    Ok(text.into())
}
