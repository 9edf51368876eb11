//! Where each service is, and what is asked of it.

use async_openai::config::Config;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, InvalidHeaderValue},
};
use secrecy::{ExposeSecret, SecretString};

/// The beginning of a service's addresses: `https://api.openai.com/v1`, or with a query that every request gets, as Azure
/// wants it: `https://example.openai.azure.com/openai/deployments/agent?api-version=2024-10-21`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    url: String,
    query: Vec<(String, String)>,
    host: String,
}

/// Not an address of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("http:// or https://, a host and a path, like https://api.openai.com/v1")]
pub struct NotAnAddress;

impl std::str::FromStr for BaseUrl {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let url = reqwest::Url::parse(text).map_err(|_| NotAnAddress)?;
        let host = url.host_str().ok_or(NotAnAddress)?.to_ascii_lowercase();
        let has_user = !url.username().is_empty() || url.password().is_some();
        if !matches!(url.scheme(), "http" | "https") || has_user || url.fragment().is_some() {
            return Err(NotAnAddress);
        }
        let query = url.query_pairs().into_owned().collect();
        let mut bare = url;
        bare.set_query(None);
        Ok(Self {
            url: bare.as_str().trim_end_matches('/').to_owned(),
            query,
            host,
        })
    }
}

impl BaseUrl {
    /// Without path and query, for screens.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Azure takes its keys in a header of its own.
    fn is_azure(&self) -> bool {
        [".azure.com", ".azure.us", ".azure.cn"]
            .iter()
            .any(|end| self.host.ends_with(end))
    }
}

/// One service. `Debug` does not show the key.
#[derive(Clone, Debug)]
pub struct Service {
    pub base_url: BaseUrl,
    /// None for a service of one's own that wants no key.
    pub key: Option<SecretString>,
    pub model: String,
    /// Asked if the model does not answer.
    pub fallback_model: Option<String>,
}

/// The language model.
#[derive(Clone, Debug)]
pub struct ChatSettings {
    pub service: Service,
    /// What the agent speaks, in English words (“German”); `None` leaves it to the script.
    pub language: Option<String>,
}

/// Which language people are expected to speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpokenLanguage {
    /// That of the campaign.
    Campaign,
    /// The service finds out.
    Any,
    /// This one, as two or three letters.
    Only(String),
}

impl SpokenLanguage {
    /// What a service is told, for a campaign in this language (BCP 47).
    pub(crate) fn told(&self, campaign: &str) -> Option<String> {
        match self {
            Self::Campaign => Some(short_language(campaign)),
            Self::Any => None,
            Self::Only(language) => Some(language.clone()),
        }
    }
}

/// When speech to text gets the sound of an utterance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TranscriptionMode {
    /// In one piece, when the person has fallen silent.
    #[default]
    Whole,
    /// While the person speaks.
    Streaming,
}

/// Speech to text.
#[derive(Clone, Debug)]
pub struct TranscriptionSettings {
    pub service: Service,
    pub mode: TranscriptionMode,
    pub language: SpokenLanguage,
}

/// Speech to speech.
#[derive(Clone, Debug)]
pub struct RealtimeSettings {
    pub service: Service,
    /// The model that writes down what the person says.
    pub transcription_model: String,
    /// What people are expected to speak.
    pub language: SpokenLanguage,
    /// What the agent speaks, as for the language model.
    pub speaks: Option<String>,
    pub voice: VoiceChoice,
}

/// The name of a voice, and of others for some languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceChoice {
    pub usual: String,
    /// By language, two or three letters.
    pub by_language: Vec<(String, String)>,
}

impl VoiceChoice {
    /// The voice for a language (BCP 47).
    #[must_use]
    pub fn for_language(&self, language: &str) -> &str {
        let short = short_language(language);
        self.by_language
            .iter()
            .find(|(language, _)| *language == short)
            .map_or(&self.usual, |(_, voice)| voice)
    }
}

/// Text to speech.
#[derive(Clone, Debug)]
pub struct SpeechSettings {
    pub service: Service,
    pub voice: VoiceChoice,
    /// Samples per second of the raw sound that the service sends.
    pub sample_rate_hz: u32,
}

/// “en” of “en-US”.
pub(crate) fn short_language(language: &str) -> String {
    language
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// How requests are addressed.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    base: BaseUrl,
    headers: HeaderMap,
    key: SecretString,
}

impl Address {
    /// # Errors
    /// The key has characters that no header can hold.
    pub(crate) fn new(service: &Service) -> Result<Self, InvalidHeaderValue> {
        let mut headers = HeaderMap::new();
        if let Some(key) = &service.key {
            let key = key.expose_secret();
            let (name, value) = if service.base_url.is_azure() {
                (HeaderName::from_static("api-key"), key.to_owned())
            } else {
                (AUTHORIZATION, format!("Bearer {key}"))
            };
            let mut value = HeaderValue::from_str(&value)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(Self {
            base: service.base_url.clone(),
            headers,
            key: service.key.clone().unwrap_or_default(),
        })
    }
}

impl Config for Address {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.url)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        self.base
            .query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    fn api_base(&self) -> &str {
        &self.base.url
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(url: &str) -> Service {
        Service {
            base_url: url.parse().expect("an address"),
            key: Some("sk-hunter2".to_owned().into()),
            model: "m".to_owned(),
            fallback_model: None,
        }
    }

    #[test]
    fn openai_azure_and_ones_own_server_are_addressed_as_they_want() {
        let openai = Address::new(&service("https://api.openai.com/v1/")).expect("a key");
        assert_eq!(openai.url("/audio/speech"), "https://api.openai.com/v1/audio/speech");
        assert_eq!(openai.headers()[AUTHORIZATION], "Bearer sk-hunter2");
        let azure = service("https://x.openai.azure.com/openai/deployments/agent?api-version=2024-10-21");
        let azure = Address::new(&azure).expect("a key");
        assert_eq!(
            azure.url("/chat/completions"),
            "https://x.openai.azure.com/openai/deployments/agent/chat/completions"
        );
        assert_eq!(azure.query(), [("api-version", "2024-10-21")]);
        assert_eq!(azure.headers()["api-key"], "sk-hunter2");
        assert!(!azure.headers().contains_key(AUTHORIZATION));
        let own = Service {
            key: None,
            ..service("http://127.0.0.1:8000/v1")
        };
        assert!(Address::new(&own).expect("no key").headers().is_empty());
    }

    #[test]
    fn a_key_does_not_show_itself() {
        let service = service("https://api.openai.com/v1");
        let shown = format!("{service:?} {:?}", Address::new(&service).expect("a key"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in ["api.openai.com/v1", "ftp://x/v1", "https://me:pw@x/v1", "https://x/#a"] {
            assert_eq!(wrong.parse::<BaseUrl>(), Err(NotAnAddress), "{wrong}");
        }
    }

    #[test]
    fn a_voice_may_differ_by_language() {
        let voice = VoiceChoice {
            usual: "alloy".to_owned(),
            by_language: vec![("de".to_owned(), "onyx".to_owned())],
        };
        assert_eq!(
            (voice.for_language("de-AT"), voice.for_language("fr")),
            ("onyx", "alloy")
        );
    }
}
