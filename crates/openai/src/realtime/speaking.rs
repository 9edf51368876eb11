//! Speech to speech: a call's conversation with a model that hears the person and speaks itself.
//!
//! To the agent it looks like the ports it knows. What the person says is heard by the model, and its words come back from
//! there; they are judged by the same rules before any answer is begun. What fails here, the usual services do: once the
//! connection is lost, they hold the rest of the call, with the same transcript.

use super::{
    RATE_HZ,
    conversation::{Conversation, Order, Parts},
    socket::Socket,
};
use crate::{
    endpoint::{Endpoint, Patience, SetUpError},
    failure::Failure,
    settings::{RealtimeSettings, SpokenLanguage, VoiceChoice},
    transcription::{FEWEST_SAMPLES, MOST_SAMPLES},
};
use async_trait::async_trait;
use domain::{Chance, Personal, results::Drawn};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use telephony::Frame;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;
use voice::ports::{
    LanguageModel, Prompt, ReplyPart, ResultsQuestion, SpeechToSpeech, SpeechToText, Utterance, VoiceError, Voices,
};

/// Until the connection is there. Whoever waits longer is heard by the usual services.
const CONNECTING: Patience = Patience {
    one_try: Duration::from_millis(2_000),
    all: Duration::from_millis(3_000),
};
/// How long the words of an utterance may take after its end.
const LAST_WORDS: Duration = Duration::from_millis(2_500);
/// The same for the first part of an answer. The agent waits 10 s, and the usual services need some of them.
const FIRST_PART: Duration = Duration::from_millis(4_000);
/// And for each part after it: a little less than the agent waits, so that it is told why.
const NEXT_PART: Duration = Duration::from_millis(7_500);
/// What one answer may cost at most, in tokens: about a minute of speech.
const MOST_TOKENS: u32 = 2_048;

/// Speech to speech behind realtime sessions.
pub struct OpenAiSpeechToSpeech(Arc<Engine>);

struct Engine {
    endpoint: Arc<Endpoint>,
    transcription_model: String,
    language: SpokenLanguage,
    speaks: Option<Arc<str>>,
    voice: VoiceChoice,
}

impl OpenAiSpeechToSpeech {
    /// # Errors
    /// [`SetUpError`].
    pub fn new(
        settings: &RealtimeSettings,
        http: reqwest::Client,
        chance: Arc<dyn Chance>,
    ) -> Result<Self, SetUpError> {
        Ok(Self(Arc::new(Engine {
            endpoint: Endpoint::new("speech to speech", &settings.service, http, chance)?,
            transcription_model: settings.transcription_model.clone(),
            language: settings.language.clone(),
            speaks: settings.speaks.as_deref().map(Arc::from),
            voice: settings.voice.clone(),
        })))
    }
}

#[async_trait]
impl SpeechToSpeech for OpenAiSpeechToSpeech {
    fn hold_call(&self, usual: &Voices, language: &str) -> Voices {
        let call = Arc::new(HeldCall {
            engine: Arc::clone(&self.0),
            usual: usual.clone(),
            language: language.to_owned(),
            opening: tokio::sync::Mutex::new(false),
            line: Mutex::default(),
            replies: AtomicU32::new(0),
            utterances: AtomicU32::new(0),
        });
        Voices {
            speech_to_text: Arc::new(Ears(Arc::clone(&call))),
            language_model: Arc::new(Mind(call)),
            text_to_speech: Arc::clone(&usual.text_to_speech),
            look_ups: Arc::clone(&usual.look_ups),
            speech_to_speech: None,
        }
    }

    async fn recover(&self) {
        if self.0.endpoint.trouble().is_some() {
            // The outcome is told by the endpoint.
            let _ = self.0.connect("en").await;
        }
    }
}

impl Engine {
    async fn connect(&self, language: &str) -> Result<Socket, VoiceError> {
        let question = |model: String| async move {
            let session = self.session(language);
            Socket::open(&self.endpoint, &[("model", &model)], session).await
        };
        let (socket, ticket) = self.endpoint.ask(CONNECTING, question).await?;
        ticket.succeeded();
        Ok(socket)
    }

    fn session(&self, language: &str) -> Value {
        let mut transcription = json!({ "model": self.transcription_model });
        if let Some(language) = self.language.told(language) {
            transcription["language"] = language.into();
        }
        let format = json!({ "type": "audio/pcm", "rate": RATE_HZ });
        json!({
            "type": "realtime",
            "output_modalities": ["audio"],
            "max_output_tokens": MOST_TOKENS,
            "audio": {
                "input": { "format": format, "transcription": transcription, "turn_detection": null },
                "output": { "format": format, "voice": self.voice.for_language(language) },
            },
        })
    }
}

/// The connection of a call. Dropping it closes it.
struct Line {
    orders: mpsc::UnboundedSender<Order>,
    _task: AbortOnDropHandle<()>,
}

/// One call.
struct HeldCall {
    engine: Arc<Engine>,
    usual: Voices,
    language: String,
    /// True once it was tried to connect: that is done once in a call.
    opening: tokio::sync::Mutex<bool>,
    line: Mutex<Option<Line>>,
    replies: AtomicU32,
    utterances: AtomicU32,
}

impl HeldCall {
    fn line(&self) -> MutexGuard<'_, Option<Line>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_line(&self) -> Option<mpsc::UnboundedSender<Order>> {
        let line = self.line();
        let orders = &line.as_ref()?.orders;
        (!orders.is_closed()).then(|| orders.clone())
    }

    /// Where orders go, if the model holds the call. The first time it connects.
    async fn orders(&self) -> Option<mpsc::UnboundedSender<Order>> {
        if let Some(orders) = self.open_line() {
            return Some(orders);
        }
        let mut tried = self.opening.lock().await;
        if std::mem::replace(&mut *tried, true) {
            return self.open_line();
        }
        let conversation = Conversation::new(self.engine.speaks.clone()).ok()?;
        let socket = match self.engine.connect(&self.language).await {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(%error, "a call is held by the usual services");
                return None;
            }
        };
        let (orders, received) = mpsc::unbounded_channel();
        let endpoint = Arc::clone(&self.engine.endpoint);
        let task = tokio::spawn(async move {
            if let Err(failure) = converse(socket, received, conversation).await {
                endpoint.failed(&failure);
                tracing::warn!(%failure, "the usual services hold the rest of a call");
            }
        });
        *self.line() = Some(Line {
            orders: orders.clone(),
            _task: AbortOnDropHandle::new(task),
        });
        Some(orders)
    }

    /// The usual services hold the rest of the call.
    fn give_up(&self, failure: &Failure) {
        if let Some(line) = self.line().take() {
            // What broke off has told of itself.
            if !line.orders.is_closed() {
                self.engine.endpoint.failed(failure);
                tracing::warn!(%failure, "the usual services hold the rest of a call");
            }
        }
    }
}

/// Sends what is ordered and takes what comes, until nobody orders any more.
async fn converse(
    mut socket: Socket,
    mut orders: mpsc::UnboundedReceiver<Order>,
    mut conversation: Conversation,
) -> Result<(), Failure> {
    loop {
        let events = tokio::select! {
            event = socket.next() => conversation.event(event?)?,
            order = orders.recv() => match order {
                Some(order) => conversation.order(order)?,
                None => return Ok(()),
            },
        };
        for event in events {
            socket.send(&event).await?;
        }
    }
}

/// The model's ears.
struct Ears(Arc<HeldCall>);

#[async_trait]
impl SpeechToText for Ears {
    async fn open(&self, language: &str) -> Result<Box<dyn Utterance>, VoiceError> {
        let Some(orders) = self.0.orders().await else {
            return self.0.usual.speech_to_text.open(language).await;
        };
        let number = self.0.utterances.fetch_add(1, Ordering::Relaxed);
        // If nobody takes it any more, all of it is told to the usual services at the end.
        let _ = orders.send(Order::Listen(number));
        Ok(Box::new(Listening {
            call: Arc::clone(&self.0),
            number,
            orders,
            frames: Vec::new(),
        }))
    }
}

struct Listening {
    call: Arc<HeldCall>,
    number: u32,
    orders: mpsc::UnboundedSender<Order>,
    frames: Vec<Frame>,
}

#[async_trait]
impl Utterance for Listening {
    fn hear(&mut self, frame: &Frame) -> Option<Personal> {
        if self.frames.len() * frame.samples().len() < MOST_SAMPLES {
            self.frames.push(frame.clone());
            let _ = self.orders.send(Order::Hear(self.number, frame.clone()));
        }
        None
    }

    async fn finish(self: Box<Self>) -> Result<Personal, VoiceError> {
        let samples: usize = self.frames.iter().map(|frame| frame.samples().len()).sum();
        if samples < FEWEST_SAMPLES {
            return Ok(Personal::default());
        }
        let (tell, told) = oneshot::channel();
        let _ = self.orders.send(Order::Commit(self.number, tell));
        let failure = match timeout(LAST_WORDS, told).await {
            Ok(Ok(Ok(text))) => return Ok(text.into()),
            // It may still hear and answer; only these words are missing.
            Ok(Ok(Err(failure))) => failure,
            Ok(Err(_)) => Failure::BrokeOff,
            Err(_) => {
                self.call.give_up(&Failure::TooSlow);
                Failure::TooSlow
            }
        };
        tracing::debug!(%failure, "the usual service hears an utterance again");
        let usual = &self.call.usual.speech_to_text;
        let mut again = usual.open(&self.call.language).await?;
        for frame in &self.frames {
            again.hear(frame);
        }
        again.finish().await
    }
}

/// The model's mind and voice.
struct Mind(Arc<HeldCall>);

#[async_trait]
impl LanguageModel for Mind {
    async fn reply(&self, prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        let Some(orders) = self.0.orders().await else {
            return self.0.usual.language_model.reply(prompt).await;
        };
        let number = self.0.replies.fetch_add(1, Ordering::Relaxed);
        let (parts, received): (Parts, _) = mpsc::unbounded_channel();
        let _ = orders.send(Order::Reply(number, Box::new(prompt.clone()), parts));
        let reply = Reply {
            call: Arc::clone(&self.0),
            cancel: Cancel { orders, number },
            prompt: Some(prompt),
            parts: received,
            usual: None,
            is_over: false,
        };
        let parts = stream::unfold(reply, |mut reply| async move {
            let part = reply.next().await?;
            Some((part, reply))
        });
        Ok(parts.boxed())
    }

    fn was_heard(&self, millis: u32) {
        if let Some(orders) = self.0.open_line() {
            let _ = orders.send(Order::WasHeard(millis));
        }
    }

    /// The call is over: the connection is closed.
    async fn results(&self, question: ResultsQuestion) -> Result<Drawn, VoiceError> {
        *self.0.line() = None;
        self.0.usual.language_model.results(question).await
    }
}

/// Cancels an answer when nobody wants it any more. One that is complete does not mind.
struct Cancel {
    orders: mpsc::UnboundedSender<Order>,
    number: u32,
}

impl Drop for Cancel {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Cancel(self.number));
    }
}

/// An answer as it comes. As long as nothing of it has come, the usual language model can still give it.
struct Reply {
    call: Arc<HeldCall>,
    #[expect(dead_code, reason = "dropping it is what it is for")]
    cancel: Cancel,
    /// Gone once something of the answer was given on.
    prompt: Option<Prompt>,
    parts: mpsc::UnboundedReceiver<Result<Option<ReplyPart>, Failure>>,
    usual: Option<BoxStream<'static, Result<ReplyPart, VoiceError>>>,
    is_over: bool,
}

impl Reply {
    async fn next(&mut self) -> Option<Result<ReplyPart, VoiceError>> {
        if let Some(usual) = &mut self.usual {
            return usual.next().await;
        }
        if self.is_over {
            return None;
        }
        let patience = if self.prompt.is_some() { FIRST_PART } else { NEXT_PART };
        let failure = match timeout(patience, self.parts.recv()).await {
            Ok(Some(Ok(Some(part)))) => {
                self.prompt = None;
                return Some(Ok(part));
            }
            Ok(Some(Ok(None))) => {
                self.is_over = true;
                return None;
            }
            Ok(Some(Err(failure))) => failure,
            Ok(None) => Failure::BrokeOff,
            Err(_) => Failure::TooSlow,
        };
        self.call.give_up(&failure);
        let Some(prompt) = self.prompt.take() else {
            self.is_over = true;
            return Some(Err(failure.into()));
        };
        match self.call.usual.language_model.reply(prompt).await {
            Ok(usual) => self.usual.insert(usual).next().await,
            Err(error) => {
                self.is_over = true;
                Some(Err(error))
            }
        }
    }
}
