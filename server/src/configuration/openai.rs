//! The keys that connect models. One key and address for all three services, or each its own; a service is used as soon as
//! there is a key or an address for it.

use super::{Key, Reader, known_as};
use openai::settings::{
    BaseUrl, ChatSettings, RealtimeSettings, Service, SpeechSettings, SpokenLanguage, TranscriptionMode,
    TranscriptionSettings, VoiceChoice,
};
use secrecy::SecretString;

/// The services that are connected. Its `Debug` does not show keys.
#[derive(Clone, Debug, Default)]
pub struct OpenAiConfiguration {
    pub chat: Option<ChatSettings>,
    pub transcription: Option<TranscriptionSettings>,
    pub speech: Option<SpeechSettings>,
    pub realtime: Option<RealtimeSettings>,
}

pub(super) const KEYS: &[Key] = &[
    known_as("openai_api_key", "OPENAI_API_KEY"),
    known_as("openai_base_url", "OPENAI_BASE_URL"),
    known_as("openai_chat_api_key", "OPENAI_CHAT_API_KEY"),
    known_as("openai_chat_base_url", "OPENAI_CHAT_BASE_URL"),
    known_as("openai_chat_model", "OPENAI_CHAT_MODEL"),
    known_as("openai_chat_fallback_model", "OPENAI_CHAT_FALLBACK_MODEL"),
    known_as("openai_chat_language", "OPENAI_CHAT_LANGUAGE"),
    known_as("openai_transcription_api_key", "OPENAI_TRANSCRIPTION_API_KEY"),
    known_as("openai_transcription_base_url", "OPENAI_TRANSCRIPTION_BASE_URL"),
    known_as("openai_transcription_model", "OPENAI_TRANSCRIPTION_MODEL"),
    known_as(
        "openai_transcription_fallback_model",
        "OPENAI_TRANSCRIPTION_FALLBACK_MODEL",
    ),
    known_as("openai_transcription_mode", "OPENAI_TRANSCRIPTION_MODE"),
    known_as("openai_transcription_language", "OPENAI_TRANSCRIPTION_LANGUAGE"),
    known_as("openai_speech_api_key", "OPENAI_SPEECH_API_KEY"),
    known_as("openai_speech_base_url", "OPENAI_SPEECH_BASE_URL"),
    known_as("openai_speech_model", "OPENAI_SPEECH_MODEL"),
    known_as("openai_speech_fallback_model", "OPENAI_SPEECH_FALLBACK_MODEL"),
    known_as("openai_speech_voice", "OPENAI_SPEECH_VOICE"),
    known_as("openai_speech_sample_rate", "OPENAI_SPEECH_SAMPLE_RATE"),
    known_as("openai_realtime_api_key", "OPENAI_REALTIME_API_KEY"),
    known_as("openai_realtime_base_url", "OPENAI_REALTIME_BASE_URL"),
    known_as("openai_realtime_model", "OPENAI_REALTIME_MODEL"),
    known_as("openai_realtime_fallback_model", "OPENAI_REALTIME_FALLBACK_MODEL"),
    known_as("openai_realtime_voice", "OPENAI_REALTIME_VOICE"),
    known_as(
        "openai_realtime_transcription_model",
        "OPENAI_REALTIME_TRANSCRIPTION_MODEL",
    ),
    known_as("openai_realtime_language", "OPENAI_REALTIME_LANGUAGE"),
];

const VENDOR: &str = "https://api.openai.com/v1";

impl Reader {
    pub(super) fn openai(&mut self) -> OpenAiConfiguration {
        let shared = Shared {
            key: self.get("openai_api_key", check_key),
            base_url: self.get("openai_base_url", check_base_url),
        };
        let speaks = self.get("openai_chat_language", check_word);
        let language = speaks.clone();
        let chat = self
            .service("chat", "gpt-4.1-mini", &shared)
            .map(|service| ChatSettings { service, language });
        let language = self.get("openai_transcription_language", check_language);
        let mode = self.get("openai_transcription_mode", check_mode).unwrap_or_default();
        let usual_model = match mode {
            TranscriptionMode::Whole => "gpt-4o-mini-transcribe",
            TranscriptionMode::Streaming => "gpt-live-transcribe",
        };
        let transcription = self
            .service("transcription", usual_model, &shared)
            .map(|service| TranscriptionSettings {
                service,
                mode,
                language: language.unwrap_or(SpokenLanguage::Campaign),
            });
        let voice = self.get("openai_speech_voice", check_voice);
        let sample_rate_hz = self.number("openai_speech_sample_rate", 8_000, 96_000, 24_000);
        let speech = self
            .service("speech", "gpt-4o-mini-tts", &shared)
            .map(|service| SpeechSettings {
                service,
                voice: voice.unwrap_or_else(usual_voice),
                sample_rate_hz,
            });
        OpenAiConfiguration {
            chat,
            transcription,
            speech,
            realtime: self.realtime(&shared, speaks),
        }
    }

    /// Speech to speech is not connected by the shared key alone: few servers have it, and a campaign has to choose it.
    fn realtime(&mut self, shared: &Shared, speaks: Option<String>) -> Option<RealtimeSettings> {
        if !self.values.keys().any(|key| key.starts_with("openai_realtime_")) {
            return None;
        }
        let voice = self.get("openai_realtime_voice", check_voice);
        let transcription_model = self.get("openai_realtime_transcription_model", check_word);
        let language = self.get("openai_realtime_language", check_language);
        let service = self.service("realtime", "gpt-realtime", shared)?;
        Some(RealtimeSettings {
            service,
            transcription_model: transcription_model.unwrap_or_else(|| "gpt-4o-mini-transcribe".to_owned()),
            language: language.unwrap_or(SpokenLanguage::Campaign),
            speaks,
            voice: voice.unwrap_or_else(usual_voice),
        })
    }

    /// `None` if there is neither a key nor an address for it.
    fn service(&mut self, port: &str, usual_model: &str, shared: &Shared) -> Option<Service> {
        let name = |key: &str| format!("openai_{port}_{key}");
        let key = self.get(&name("api_key"), check_key);
        let base_url = self.get(&name("base_url"), check_base_url);
        let model = self.get(&name("model"), check_word);
        let fallback_model = self.get(&name("fallback_model"), check_word);
        let is_given = |key: &str| self.values.contains_key(key);
        let connected = ["openai_api_key", "openai_base_url"].into_iter().any(is_given)
            || is_given(&name("api_key"))
            || is_given(&name("base_url"));
        if !connected {
            let prefix = format!("openai_{port}_");
            let stray = self.values.iter().find(|(key, _)| key.starts_with(&prefix));
            if let Some((_, (_, origin))) = stray {
                self.problems.push(format!(
                    "{origin} is set, but no service for it: set OPENAI_API_KEY or OPENAI_{0}_API_KEY, or for one of your own OPENAI_{0}_BASE_URL.",
                    port.to_ascii_uppercase()
                ));
            }
            return None;
        }
        // A key is only sent where it belongs: not the shared one to a service of another address.
        let own_address = base_url.is_some();
        Some(Service {
            base_url: base_url
                .or_else(|| shared.base_url.clone())
                .unwrap_or_else(|| VENDOR.parse().expect("an address")),
            key: key.or_else(|| shared.key.clone().filter(|_| !own_address)),
            model: model.unwrap_or_else(|| usual_model.to_owned()),
            fallback_model,
        })
    }
}

struct Shared {
    key: Option<SecretString>,
    base_url: Option<BaseUrl>,
}

fn usual_voice() -> VoiceChoice {
    VoiceChoice {
        usual: "alloy".to_owned(),
        by_language: Vec::new(),
    }
}

fn check_key(text: &str) -> Result<SecretString, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(SecretString::from(text.to_owned()))
    } else {
        Err("a key of the service, without spaces".to_owned())
    }
}

fn check_base_url(text: &str) -> Result<BaseUrl, String> {
    text.parse()
        .map_err(|error: openai::settings::NotAnAddress| error.to_string())
}

fn check_word(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(char::is_control) || text.chars().count() > 200 {
        Err("a name of up to 200 characters".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn is_language(text: &str) -> bool {
    (2..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn check_language(text: &str) -> Result<SpokenLanguage, String> {
    match text {
        "campaign" => Ok(SpokenLanguage::Campaign),
        "any" => Ok(SpokenLanguage::Any),
        _ if is_language(text) => Ok(SpokenLanguage::Only(text.to_owned())),
        _ => Err("campaign, any, or a language in two or three letters, like de".to_owned()),
    }
}

fn check_mode(text: &str) -> Result<TranscriptionMode, String> {
    match text {
        "whole" => Ok(TranscriptionMode::Whole),
        "streaming" => Ok(TranscriptionMode::Streaming),
        _ => Err("whole or streaming".to_owned()),
    }
}

/// “alloy, de=onyx, es=nova”.
fn check_voice(text: &str) -> Result<VoiceChoice, String> {
    let (mut usual, mut by_language) = (None, Vec::new());
    for voice in text.split(',').map(str::trim) {
        match voice.split_once('=') {
            Some((language, voice)) if is_language(language.trim()) && !voice.trim().is_empty() => {
                by_language.push((language.trim().to_owned(), voice.trim().to_owned()));
            }
            None if usual.is_none() && !voice.is_empty() => usual = Some(voice.to_owned()),
            _ => usual = Some(String::new()),
        }
    }
    match usual {
        Some(usual) if !usual.is_empty() => Ok(VoiceChoice { usual, by_language }),
        _ => Err("a voice, and others for some languages, like alloy, de=onyx".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::{Configuration, load, tests::pairs};
    use secrecy::ExposeSecret;

    fn read(keys: &[(&str, &str)]) -> Configuration {
        load(pairs(keys), None, None).expect("valid")
    }

    fn key(service: &Service) -> Option<&str> {
        service.key.as_ref().map(|key| key.expose_secret())
    }

    #[test]
    fn one_key_connects_all_three() {
        let configuration = read(&[("OPENAI_API_KEY", "sk-hunter2")]);
        let openai = &configuration.openai;
        let (chat, ears) = (openai.chat.as_ref(), openai.transcription.as_ref());
        let speech = openai.speech.as_ref().expect("connected");
        for service in [
            &chat.expect("connected").service,
            &ears.expect("connected").service,
            &speech.service,
        ] {
            assert_eq!(
                (key(service), service.base_url.host()),
                (Some("sk-hunter2"), "api.openai.com")
            );
        }
        assert_eq!(
            (speech.voice.for_language("en"), speech.sample_rate_hz),
            ("alloy", 24_000)
        );
        assert!(!format!("{configuration:?}").contains("hunter2"));
    }

    #[test]
    fn each_can_be_set_alone_and_no_key_goes_to_another_address() {
        let openai = read(&[
            ("OPENAI_CHAT_BASE_URL", "http://127.0.0.1:8000/v1"),
            ("OPENAI_CHAT_MODEL", "qwen"),
        ])
        .openai;
        assert!(openai.transcription.is_none() && openai.speech.is_none());
        assert_eq!(openai.chat.expect("connected").service.model, "qwen");
        let openai = read(&[
            ("OPENAI_API_KEY", "sk-hunter2"),
            ("OPENAI_SPEECH_BASE_URL", "http://127.0.0.1:8000/v1"),
            ("OPENAI_SPEECH_VOICE", "af_sky, de=onyx"),
            ("OPENAI_TRANSCRIPTION_LANGUAGE", "de"),
        ])
        .openai;
        let speech = openai.speech.expect("connected");
        assert_eq!(key(&speech.service), None);
        assert_eq!(speech.voice.for_language("de-DE"), "onyx");
        let ears = openai.transcription.expect("connected");
        assert_eq!(ears.language, SpokenLanguage::Only("de".to_owned()));
        assert_eq!(key(&ears.service), Some("sk-hunter2"));
    }

    #[test]
    fn sound_may_be_sent_while_it_is_heard() {
        let ears = |mode: &str| {
            let openai = read(&[("OPENAI_API_KEY", "sk-hunter2"), ("OPENAI_TRANSCRIPTION_MODE", mode)]).openai;
            let ears = openai.transcription.expect("connected");
            (ears.mode, ears.service.model)
        };
        let streaming = (TranscriptionMode::Streaming, "gpt-live-transcribe".to_owned());
        assert_eq!(ears("streaming"), streaming);
        let whole = (TranscriptionMode::Whole, "gpt-4o-mini-transcribe".to_owned());
        assert_eq!((ears("whole"), ears("")), (whole.clone(), whole));
    }

    #[test]
    fn speech_to_speech_is_connected_only_by_its_own_keys() {
        let realtime = |keys: &[(&str, &str)]| read(keys).openai.realtime;
        assert!(realtime(&[("OPENAI_API_KEY", "sk-hunter2")]).is_none());
        let model = ("OPENAI_REALTIME_MODEL", "gpt-realtime-mini");
        let shared = realtime(&[("OPENAI_API_KEY", "sk-hunter2"), model]).expect("connected");
        assert_eq!(
            (key(&shared.service), shared.service.model.as_str()),
            (Some("sk-hunter2"), "gpt-realtime-mini")
        );
        let own = realtime(&[
            ("OPENAI_API_KEY", "sk-hunter2"),
            ("OPENAI_CHAT_LANGUAGE", "German"),
            ("OPENAI_REALTIME_BASE_URL", "http://127.0.0.1:8000/v1"),
            ("OPENAI_REALTIME_VOICE", "marin, de=cedar"),
            ("OPENAI_REALTIME_LANGUAGE", "de"),
        ])
        .expect("connected");
        assert_eq!((key(&own.service), own.service.model.as_str()), (None, "gpt-realtime"));
        assert_eq!(own.voice.for_language("de-AT"), "cedar");
        assert_eq!(own.language, SpokenLanguage::Only("de".to_owned()));
        assert_eq!(
            (own.speaks.as_deref(), own.transcription_model.as_str()),
            (Some("German"), "gpt-4o-mini-transcribe")
        );
        let errors = load(pairs(&[model]), None, None).expect_err("no service");
        assert!(errors.to_string().contains("OPENAI_REALTIME_BASE_URL"), "{errors}");
    }

    #[test]
    fn nonsense_is_told_without_secrets() {
        let errors = load(
            pairs(&[
                ("OPENAI_API_KEY", "sk hunter2"),
                ("OPENAI_BASE_URL", "api.openai.com"),
                ("OPENAI_SPEECH_VOICE", "alloy, german=onyx"),
                ("OPENAI_SPEECH_SAMPLE_RATE", "7"),
                ("OPENAI_TRANSCRIPTION_LANGUAGE", "German"),
                ("OPENAI_TRANSCRIPTION_MODE", "fast"),
            ]),
            None,
            None,
        )
        .expect_err("wrong in many ways");
        assert_eq!(errors.0.len(), 6, "{errors}");
        assert!(!errors.to_string().contains("hunter"), "{errors}");
        let errors = load(pairs(&[("OPENAI_CHAT_MODEL", "qwen")]), None, None).expect_err("no service");
        assert!(errors.to_string().contains("OPENAI_CHAT_BASE_URL"), "{errors}");
    }
}
