//! One service and how it is asked: with time-outs, again, with another model, or not at all for a while.

use crate::{
    breaker::{Breaker, Why},
    failure::Failure,
    retry::{Next, next},
    settings::{Address, Service},
};
use async_openai::{Client, config::Config, error::OpenAIError, middleware::HttpRequestFactory};
use domain::Chance;
use http::{HeaderMap, StatusCode, Version};
use serde_json::Value;
use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};
use voice::ports::VoiceError;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(3);
/// How much of a refusal is read.
const LONGEST_REFUSAL: usize = 16 * 1_024;
/// How long reading it may take.
const READING_A_REFUSAL: Duration = Duration::from_secs(1);

/// Why a service cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error("its key has characters that cannot be sent")]
    Key,
    #[error("encryption is not available: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP client cannot be made")]
    Client,
}

/// How long somebody waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For one try: until a stream begins, or a whole answer is there.
    pub(crate) one_try: Duration,
    /// For all tries together.
    pub(crate) all: Duration,
}

/// A client for all services: TLS by rustls, with the roots that are built in.
///
/// # Errors
/// [`SetUpError`].
pub fn http_client() -> Result<reqwest::Client, SetUpError> {
    http_client_builder()?.build().map_err(|_| SetUpError::Client)
}

/// The same, for services that want more of it.
///
/// # Errors
/// [`SetUpError`].
pub fn http_client_builder() -> Result<reqwest::ClientBuilder, SetUpError> {
    let roots = rustls::RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECTING)
        // A key must not follow to another host.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("ringside/", env!("CARGO_PKG_VERSION"))))
}

/// A service.
pub(crate) struct Endpoint {
    /// What it is, for people: “the language model”.
    name: &'static str,
    models: Vec<String>,
    address: Address,
    http: reqwest::Client,
    client: Client<Address>,
    breaker: Mutex<Breaker>,
    chance: Arc<dyn Chance>,
    /// Time is counted from here.
    began: Instant,
}

impl Endpoint {
    pub(crate) fn new(
        name: &'static str,
        service: &Service,
        http: reqwest::Client,
        chance: Arc<dyn Chance>,
    ) -> Result<Arc<Self>, SetUpError> {
        let address = Address::new(service).map_err(|_| SetUpError::Key)?;
        let sender = http.clone();
        let client = Client::build(http.clone(), address.clone()).with_http_service(tower::service_fn(
            move |request: HttpRequestFactory| {
                let sender = sender.clone();
                async move {
                    let request = request.build().await?;
                    send(&sender, request)
                        .await
                        .map_err(|failure| OpenAIError::Boxed(Box::new(failure)))
                }
            },
        ));
        Ok(Arc::new(Self {
            name,
            models: std::iter::once(service.model.clone())
                .chain(service.fallback_model.clone())
                .collect(),
            address,
            http,
            client,
            breaker: Mutex::default(),
            chance,
            began: Instant::now(),
        }))
    }

    pub(crate) fn client(&self) -> &Client<Address> {
        &self.client
    }

    /// Posts what `async-openai` has no stream for; the answer has begun when this returns.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<reqwest::Response, Failure> {
        let request = self
            .http
            .post(self.address.url(path))
            .query(&self.address.query())
            .headers(self.address.headers())
            .json(body)
            .build()
            .map_err(|error| Failure::of_http(&error))?;
        send(&self.http, request).await
    }

    /// Asks for a connection on which both sides speak; the service has agreed to it when this returns.
    pub(crate) async fn upgrade(
        &self,
        path: &str,
        query: &[(&str, &str)],
        headers: HeaderMap,
    ) -> Result<reqwest::Response, Failure> {
        let request = self
            .http
            .get(self.address.url(path))
            .version(Version::HTTP_11)
            .query(&self.address.query())
            .query(query)
            .headers(self.address.headers())
            .headers(headers)
            .build()
            .map_err(|error| Failure::of_http(&error))?;
        send(&self.http, request).await
    }

    /// Asks with the model's name until it succeeds, as long and as often as it makes sense. Dropping the future drops the
    /// request. The ticket wants to know what became of the answer.
    pub(crate) async fn ask<T, F>(
        self: &Arc<Self>,
        patience: Patience,
        question: impl Fn(String) -> F,
    ) -> Result<(T, Ticket), VoiceError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        if !self.breaker().may_ask(self.now()) {
            return Err(Failure::Paused.into());
        }
        let ticket = Ticket {
            endpoint: Arc::clone(self),
            told: false,
        };
        match timeout(patience.all, self.try_models(patience, question)).await {
            Ok(Ok(answer)) => Ok((answer, ticket)),
            Ok(Err(failure)) => Err(ticket.failed(failure)),
            Err(_) => Err(ticket.failed(Failure::TooSlow)),
        }
    }

    async fn try_models<T, F>(&self, patience: Patience, question: impl Fn(String) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let until = Instant::now() + patience.all;
        let mut models = self.models.iter().peekable();
        let (mut model, mut tries) = (models.next().expect("there is one"), 0);
        loop {
            let failure = match timeout(patience.one_try, question(model.clone())).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::TooSlow,
            };
            tries += 1;
            let left = until.saturating_duration_since(Instant::now());
            match next(&failure, tries, models.peek().is_some(), left, self.draw()) {
                Next::Again(pause) => {
                    tracing::debug!(service = self.name, %failure, "asking again");
                    tokio::time::sleep(pause).await;
                }
                Next::OtherModel => {
                    tracing::warn!(service = self.name, %failure, "asking the fallback model");
                    (model, tries) = (models.next().expect("it was just looked at"), 0);
                }
                Next::GiveUp => return Err(failure),
            }
        }
    }

    /// Why no call should rely on it, for people.
    pub(crate) fn trouble(&self) -> Option<String> {
        let name = self.name;
        Some(match self.breaker().why()? {
            Why::NeverTried => format!("No call starts yet: {name} has not answered since the start."),
            Why::Failed(failure) => format!("No call starts: {name} cannot be used, {failure}."),
        })
    }

    /// It failed after it had been asked with success.
    pub(crate) fn failed(&self, failure: &Failure) {
        let now = self.now();
        let mut breaker = self.breaker();
        let worked = breaker.why().is_none();
        breaker.failed(failure, now);
        if worked && breaker.why().is_some() {
            tracing::warn!(service = self.name, %failure, "this service is left alone until it works again");
        }
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// From 0 to 1.
    fn draw(&self) -> f64 {
        let mut bytes = [0; 2];
        self.chance.fill(&mut bytes);
        f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX)
    }
}

/// A question whose outcome the breaker has to know. Dropped without a word, somebody hung up or interrupted: it tells
/// nothing about the service.
pub(crate) struct Ticket {
    endpoint: Arc<Endpoint>,
    told: bool,
}

impl Ticket {
    pub(crate) fn succeeded(mut self) {
        self.told = true;
        self.endpoint.breaker().succeeded();
    }

    pub(crate) fn failed(mut self, failure: Failure) -> VoiceError {
        self.told = true;
        self.endpoint.failed(&failure);
        failure.into()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.told {
            let now = self.endpoint.now();
            self.endpoint.breaker().unknown(now);
        }
    }
}

/// Sends once and waits for the beginning of a good answer.
async fn send(http: &reqwest::Client, request: reqwest::Request) -> Result<reqwest::Response, Failure> {
    let response = http.execute(request).await.map_err(|error| Failure::of_http(&error))?;
    let status = response.status();
    if status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response);
    }
    let headers = response.headers().clone();
    let quota = status.as_u16() == 429 && says_quota_is_used_up(response).await;
    Err(Failure::of_status(status, &headers, quota))
}

/// Too many requests pass, an empty account does not.
async fn says_quota_is_used_up(mut response: reqwest::Response) -> bool {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(piece)) = response.chunk().await {
            body.extend_from_slice(&piece);
            if body.len() > LONGEST_REFUSAL {
                return;
            }
        }
    };
    // What came until then may be enough.
    let _ = timeout(READING_A_REFUSAL, reading).await;
    serde_json::from_slice::<Value>(&body).is_ok_and(|body| {
        ["code", "type"]
            .iter()
            .any(|key| body["error"][key] == "insufficient_quota")
    })
}
