//! Which services the agent hears, thinks and speaks with: those that are configured, the offline stand-ins for the rest.

use crate::configuration::{Configuration, OpenAiConfiguration};
use domain::Chance;
use look_up::HttpLookUps;
use openai::{
    OpenAiLanguageModel, OpenAiSpeechToSpeech, OpenAiTextToSpeech, SetUpError, http_client, http_client_builder,
    settings::{Service, TranscriptionMode},
};
use rehearsal::{
    Studio,
    voices::{UnderstoodModel, UnderstoodVoice},
};
use std::sync::Arc;
use voice::ports::{SpeechToSpeech, Voices};

/// The agent's voices; the offline ones speak `speed` times as fast as people do. `simulated` people are told what a real
/// voice says, for they know no sound but that of the studio.
///
/// # Errors
/// A sentence that says what cannot be used.
pub(super) fn voices(
    configuration: &Configuration,
    studio: &Arc<Studio>,
    chance: &Arc<dyn Chance>,
    speed: f32,
    simulated: bool,
) -> Result<Voices, String> {
    let mut voices = rehearsal::voices(studio, speed);
    let OpenAiConfiguration {
        chat,
        transcription,
        speech,
        realtime,
    } = &configuration.openai;
    let wrong = |what: &'static str| move |error: SetUpError| format!("{what} cannot be used: {error}.");
    if !configuration.look_up.hosts.is_empty() {
        let client = http_client_builder().map_err(wrong("Looking things up"))?;
        let look_ups = HttpLookUps::new(configuration.look_up.clone(), client);
        let look_ups = look_ups.map_err(|error| format!("Nothing can be looked up: {error}."))?;
        voices.look_ups = Arc::new(look_ups);
    }
    if all_offline(&configuration.openai) {
        return Ok(voices);
    }
    let http = http_client().map_err(wrong("OpenAI's interface"))?;
    if let Some(settings) = chat {
        let model = OpenAiLanguageModel::new(settings, http.clone(), Arc::clone(chance));
        voices.language_model = Arc::new(model.map_err(wrong("The language model"))?);
    }
    if let Some(settings) = transcription {
        let ears = openai::speech_to_text(settings, http.clone(), Arc::clone(chance));
        voices.speech_to_text = ears.map_err(wrong("Speech to text"))?;
    }
    if let Some(settings) = realtime {
        let model = OpenAiSpeechToSpeech::new(settings, http.clone(), Arc::clone(chance));
        let model: Arc<dyn SpeechToSpeech> = Arc::new(model.map_err(wrong("Speech to speech"))?);
        voices.speech_to_speech = Some(if simulated {
            Arc::new(UnderstoodModel::new(model, Arc::clone(studio)))
        } else {
            model
        });
    }
    if let Some(settings) = speech {
        let voice = OpenAiTextToSpeech::new(settings, http, Arc::clone(chance));
        voices.text_to_speech = Arc::new(voice.map_err(wrong("Text to speech"))?);
        if simulated {
            voices.text_to_speech = Arc::new(UnderstoodVoice::new(voices.text_to_speech, Arc::clone(studio)));
        }
    }
    Ok(voices)
}

/// True if no service is connected: the agent hears, thinks and speaks with the stand-ins.
pub(super) const fn all_offline(openai: &OpenAiConfiguration) -> bool {
    openai.chat.is_none() && openai.transcription.is_none() && openai.speech.is_none() && openai.realtime.is_none()
}

/// What is not connected, for whoever decides what to connect. With `real_calls` voices leave this machine in any case.
pub(super) fn notice(openai: &OpenAiConfiguration, real_calls: bool) -> Option<String> {
    let missing: Vec<&str> = [
        (openai.chat.is_none(), "thinking (a stand-in follows the script)"),
        (
            openai.transcription.is_none(),
            "hearing (it knows only the simulated people's sentences)",
        ),
        (openai.speech.is_none(), "speaking"),
    ]
    .into_iter()
    .filter_map(|(missing, what)| missing.then_some(what))
    .collect();
    match missing.len() {
        0 => None,
        3 if real_calls => Some(
            "Calls go through LiveKit, but neither speech recognition nor a language model is connected: a stand-in \
             follows the script and understands only the rehearsal’s own voices."
                .to_owned(),
        ),
        3 => Some(
            "No language model is connected: a stand-in follows the script, and no voice leaves this machine."
                .to_owned(),
        ),
        _ => Some(format!(
            "Simulated on this machine, for no service is connected for it: {}.",
            missing.join(", ")
        )),
    }
}

/// Lines of the settings page: which model, where. Never a key.
pub(super) fn words(openai: &OpenAiConfiguration) -> Vec<(&'static str, String)> {
    let words = |service: Option<&Service>| match service {
        None => "offline stand-in".to_owned(),
        Some(service) => {
            let fallback = service.fallback_model.as_ref().map(|model| format!(", else {model}"));
            format!(
                "{}{} at {}",
                service.model,
                fallback.unwrap_or_default(),
                service.base_url.host()
            )
        }
    };
    let chat = openai.chat.as_ref().map(|settings| &settings.service);
    let transcription = openai.transcription.as_ref();
    let streaming = transcription.is_some_and(|settings| settings.mode == TranscriptionMode::Streaming);
    let transcription = words(transcription.map(|settings| &settings.service));
    let speech = openai.speech.as_ref().map(|settings| &settings.service);
    vec![
        ("Language model", words(chat)),
        (
            "Speech to text",
            if streaming {
                format!("{transcription}, while people speak")
            } else {
                transcription
            },
        ),
        ("Text to speech", words(speech)),
        (
            "Speech to speech",
            match &openai.realtime {
                Some(settings) => format!("{}, for campaigns that choose it", words(Some(&settings.service))),
                None => "not connected".to_owned(),
            },
        ),
    ]
}
