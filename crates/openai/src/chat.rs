//! The language model: streamed chat completions with tools, and structured output after the call.

pub(crate) mod answer;
pub(crate) mod request;
mod tally;
mod words;

use crate::{
    endpoint::{Endpoint, Patience, SetUpError, Ticket},
    failure::Failure,
    settings::ChatSettings,
};
use answer::{Answer, Chunk, Whole};
use async_openai::types::stream::StreamResponse;
use async_trait::async_trait;
use domain::{Chance, results::Drawn};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tally::{Tally, Tokens};
use voice::ports::{LanguageModel, Prompt, ReplyPart, ResultsQuestion, VoiceError};

/// A little less than the agent waits, so that it is told why.
const PATIENCE: Patience = Patience {
    one_try: Duration::from_secs(5),
    all: Duration::from_millis(9_500),
};
/// No piece of an answer for this long is a stall.
const NEXT_PIECE: Duration = Duration::from_millis(7_500);
/// The same for an answer that is not streamed: the agent waits 5 s for results.
const RESULTS: Patience = Patience {
    one_try: Duration::from_millis(4_800),
    all: Duration::from_millis(4_900),
};
/// The same when nobody waits.
const UNHURRIED_RESULTS: Patience = Patience {
    one_try: Duration::from_secs(45),
    all: Duration::from_secs(60),
};
/// Pieces of one answer, most of which may be empty.
const MOST_PIECES: usize = 20_000;

/// A language model behind chat completions.
pub struct OpenAiLanguageModel {
    service: Arc<ChatService>,
    language: Option<Arc<str>>,
}

/// Where it is asked, and what is known of it.
struct ChatService {
    endpoint: Arc<Endpoint>,
    /// It refused to be asked how many tokens a streamed answer took.
    keeps_usage_to_itself: AtomicBool,
}

impl ChatService {
    async fn stream(&self, request: Value) -> Result<StreamResponse<Chunk>, Failure> {
        let ask = |request: Value| async move {
            let chat = self.endpoint.client().chat();
            chat.create_stream_byot::<_, Chunk>(request)
                .await
                .map_err(|error| Failure::of_openai(&error))
        };
        if self.keeps_usage_to_itself.load(Ordering::Relaxed) {
            return ask(request).await;
        }
        match ask(request::with_usage(request.clone())).await {
            // Not every service knows that question.
            Err(Failure::Rejected(_)) => {
                let pieces = ask(request).await?;
                self.keeps_usage_to_itself.store(true, Ordering::Relaxed);
                Ok(pieces)
            }
            outcome => outcome,
        }
    }
}

impl OpenAiLanguageModel {
    /// # Errors
    /// [`SetUpError`].
    pub fn new(settings: &ChatSettings, http: reqwest::Client, chance: Arc<dyn Chance>) -> Result<Self, SetUpError> {
        Ok(Self {
            service: Arc::new(ChatService {
                endpoint: Endpoint::new("the language model", &settings.service, http, chance)?,
                keeps_usage_to_itself: AtomicBool::new(false),
            }),
            language: settings.language.as_deref().map(Arc::from),
        })
    }

    /// A chat completion in one piece.
    async fn complete(&self, request: Value) -> Result<Value, Failure> {
        let chat = self.service.endpoint.client().chat();
        chat.create_byot::<_, Value>(request)
            .await
            .map_err(|error| Failure::of_openai(&error))
    }
}

#[async_trait]
impl LanguageModel for OpenAiLanguageModel {
    async fn reply(&self, prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        let round = Round::start(&self.service, &prompt, self.language.as_deref(), Vec::new()).await?;
        let reply = Reply {
            service: Arc::clone(&self.service),
            prompt,
            language: self.language.clone(),
            round: Some(round),
            ready: VecDeque::new(),
        };
        let parts = stream::unfold(reply, |mut reply| async move {
            let part = reply.next().await?;
            Some((part, reply))
        });
        Ok(parts.boxed())
    }

    async fn results(&self, question: ResultsQuestion) -> Result<Drawn, VoiceError> {
        let wanted = &question;
        let patience = if wanted.unhurried { UNHURRIED_RESULTS } else { RESULTS };
        let question = |model: String| async move {
            match self.complete(request::results(&model, wanted, true)).await {
                // Not every service can be held to a schema.
                Err(Failure::Rejected(_)) => self.complete(request::results(&model, wanted, false)).await,
                outcome => outcome,
            }
        };
        let mut tally = Tally::new(&wanted.meter);
        tally.sending(&request::results("", wanted, true));
        let (answer, ticket) = match self.service.endpoint.ask(patience, question).await {
            Ok(answered) => answered,
            Err(error) => {
                tally.refused();
                return Err(error);
            }
        };
        tally.received(answer["choices"][0]["message"]["content"].as_str().unwrap_or_default());
        tally.told(Tokens::of(&answer));
        match request::drawn(&answer) {
            Some(drawn) => {
                ticket.succeeded();
                Ok(drawn)
            }
            None => Err(ticket.failed(Failure::Nonsense("with something else than the results"))),
        }
    }

    fn charges(&self) -> bool {
        true
    }

    fn trouble(&self) -> Option<String> {
        self.service.endpoint.trouble()
    }

    async fn recover(&self) {
        if self.service.endpoint.trouble().is_none() {
            return;
        }
        let question = |model: String| {
            self.complete(json!({ "model": model, "messages": [{ "role": "user", "content": "Say yes." }] }))
        };
        if let Ok((_, ticket)) = self.service.endpoint.ask(PATIENCE, question).await {
            ticket.succeeded();
        }
    }
}

/// One request and its answer.
struct Round {
    pieces: StreamResponse<Chunk>,
    ticket: Ticket,
    answer: Answer,
    tally: Tally,
    count: usize,
    is_last: bool,
}

impl Round {
    async fn start(
        service: &Arc<ChatService>,
        prompt: &Prompt,
        language: Option<&str>,
        further: Vec<Value>,
    ) -> Result<Self, VoiceError> {
        let further = &further;
        let question = |model: String| service.stream(request::reply(&model, prompt, language, further));
        let mut tally = Tally::new(&prompt.meter);
        tally.sending(&request::reply("", prompt, language, further));
        let (pieces, ticket) = match service.endpoint.ask(PATIENCE, question).await {
            Ok(begun) => begun,
            Err(error) => {
                tally.refused();
                return Err(error);
            }
        };
        Ok(Self {
            pieces,
            ticket,
            answer: Answer::default(),
            tally,
            count: 0,
            is_last: !further.is_empty(),
        })
    }

    /// The next words; `None` when the answer is complete.
    async fn words(&mut self) -> Result<Option<String>, Failure> {
        loop {
            self.count += 1;
            if self.count > MOST_PIECES {
                return Err(Failure::Nonsense("without an end"));
            }
            let piece = tokio::time::timeout(NEXT_PIECE, self.pieces.next())
                .await
                .map_err(|_| Failure::TooSlow)?;
            let Some(piece) = piece else { return Ok(None) };
            let chunk = piece.map_err(|error| Failure::of_openai(&error))?;
            self.tally.told(chunk.usage());
            self.tally.received(chunk.written());
            if let Some(words) = self.answer.push(chunk)? {
                return Ok(Some(words));
            }
        }
    }
}

/// A reply: one round, or two if the model only used tools in the first. Dropping it closes the connection.
struct Reply {
    service: Arc<ChatService>,
    prompt: Prompt,
    language: Option<Arc<str>>,
    round: Option<Round>,
    ready: VecDeque<ReplyPart>,
}

impl Reply {
    async fn next(&mut self) -> Option<Result<ReplyPart, VoiceError>> {
        loop {
            if let Some(part) = self.ready.pop_front() {
                return Some(Ok(part));
            }
            let round = self.round.as_mut()?;
            let failure = match round.words().await {
                Ok(Some(words)) => return Some(Ok(ReplyPart::Words(words))),
                Ok(None) => None,
                Err(failure) => Some(failure),
            };
            let Round {
                ticket,
                answer,
                is_last,
                ..
            } = self.round.take()?;
            let whole = failure.map_or_else(|| answer.finish(&self.prompt.result_fields), Err);
            let Whole { parts, go_on } = match whole {
                Ok(whole) => whole,
                Err(failure) => return Some(Err(ticket.failed(failure))),
            };
            ticket.succeeded();
            self.ready.extend(parts);
            if let Some(further) = go_on.filter(|_| !is_last) {
                let language = self.language.as_deref();
                match Round::start(&self.service, &self.prompt, language, further).await {
                    Ok(round) => self.round = Some(round),
                    Err(error) => return Some(Err(error)),
                }
            }
        }
    }
}
