//! What a campaign lets its agent look up: asks a service of the campaign's own over HTTP.
//!
//! A campaign's author may not reach whatever this process can reach. The host must be one that the installation names, its
//! name must lead to public addresses alone (looked at when it is connected to, so that a name cannot change in between),
//! redirections are not followed, and time and length of an answer are bounded. Only then is the question sent, and the key
//! with it.

mod public;

use async_trait::async_trait;
use domain::{Personal, agent_tools::LookUp};
use public::PublicOnly;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use url::Url;
use voice::ports::LookUpService;

/// From the connection to the last byte.
const PATIENCE: Duration = Duration::from_secs(6);
/// Longer answers are none, bytes.
const LONGEST_ANSWER: usize = 16 * 1_024;

/// What the installation allows.
#[derive(Clone, Debug, Default)]
pub struct LookUpSettings {
    /// Names of hosts in small letters that campaigns may ask; none if nothing may be looked up.
    pub hosts: BTreeSet<String>,
    /// Sent as a bearer token to each of them.
    pub key: Option<SecretString>,
}

/// Why nothing came of it. The text is for the log: it carries neither the question nor the answer.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
enum Fault {
    #[error("its host is not among those that the installation allows")]
    NotAllowed,
    #[error("it cannot be reached, or only at an address that is not public")]
    NotReached,
    #[error("it did not answer in time")]
    TooSlow,
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("its answer is longer than {LONGEST_ANSWER} bytes")]
    TooLong,
    #[error("its answer is no text")]
    NoText,
}

/// Asks over HTTPS. See the [module](self).
pub struct HttpLookUps {
    settings: LookUpSettings,
    http: reqwest::Client,
}

impl HttpLookUps {
    /// `client` has TLS set up and follows no redirection.
    ///
    /// # Errors
    /// The client's, if it cannot be made.
    pub fn new(settings: LookUpSettings, client: reqwest::ClientBuilder) -> Result<Self, reqwest::Error> {
        let http = client
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look the name up elsewhere.
            .no_proxy()
            .dns_resolver(Arc::new(PublicOnly))
            .timeout(PATIENCE)
            .build()?;
        Ok(Self { settings, http })
    }

    /// Where to ask, if it is allowed to ask there.
    fn allowed(&self, look_up: &LookUp) -> Result<Url, Fault> {
        let host = look_up.host().ok_or(Fault::NotAllowed)?;
        let url = Url::parse(&look_up.url).map_err(|_| Fault::NotAllowed)?;
        // What is connected to is what was looked at: both readings of the address agree, and it is no number.
        let agreed = url.scheme() == "https" && url.domain() == Some(host.as_str()) && url.username().is_empty();
        (agreed && self.settings.hosts.contains(&host))
            .then_some(url)
            .ok_or(Fault::NotAllowed)
    }

    async fn ask_at(&self, url: Url, question: &Personal) -> Result<Personal, Fault> {
        let mut request = self
            .http
            .post(url)
            .json(&std::collections::BTreeMap::from([("question", question.reveal())]));
        if let Some(key) = &self.settings.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let mut response = request.send().await.map_err(|error| fault(&error))?;
        if !response.status().is_success() {
            return Err(Fault::Status(response.status().as_u16()));
        }
        if !is_text(response.headers()) {
            return Err(Fault::NoText);
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| fault(&error))? {
            if body.len() + piece.len() > LONGEST_ANSWER {
                return Err(Fault::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        let text = String::from_utf8(body).map_err(|_| Fault::NoText)?;
        Ok(text.into())
    }
}

#[async_trait]
impl LookUpService for HttpLookUps {
    async fn ask(&self, look_up: &LookUp, question: &Personal) -> Option<Personal> {
        let asked = match self.allowed(look_up) {
            Ok(url) => self.ask_at(url, question).await,
            Err(fault) => Err(fault),
        };
        match asked {
            Ok(answer) => Some(answer),
            Err(fault) => {
                tracing::warn!(%fault, "a campaign's service was not asked, or gave no answer");
                None
            }
        }
    }
}

fn fault(error: &reqwest::Error) -> Fault {
    if error.is_timeout() {
        Fault::TooSlow
    } else {
        Fault::NotReached
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/plain") || kind.starts_with("application/json"))
}

#[cfg(test)]
mod tests;
