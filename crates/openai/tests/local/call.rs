//! Whole calls on the rehearsal network, held by the real agent with all three ports on the local server. The server
//! speaks and hears with the rehearsal's studio, so that simulated people understand it.

use crate::vendor::{Act, Asked, End, NoChance, Vendor, answers, odd, says, streamed, tool};
use agent::{
    call::{CallBrief, CallEnd, CallScribe, NotWritten, SaidAloud},
    campaign_agent::CampaignAgent,
};
use async_trait::async_trait;
use domain::{
    AttemptId, Clock, ConversationId, UnixMillis,
    campaign::VoicemailPolicy,
    conversation::{ConversationStatus, Disposition},
    live::Glimpse,
    results::ResultField,
};
use openai::{
    OpenAiLanguageModel, OpenAiSpeechToText, OpenAiTextToSpeech, http_client,
    settings::{ChatSettings, SpeechSettings, SpokenLanguage, TranscriptionMode, TranscriptionSettings, VoiceChoice},
};
use rehearsal::{Odds, Outcome, Persona, RehearsalConfig, RehearsalNetwork, Studio, StudioConfig, voice_of};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use telephony::{FRAME_SAMPLES, Frame, TelephoneNetwork};
use tokio::{runtime::Handle, sync::mpsc, task::block_in_place};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use voice::ports::Voices;

pub const SPEED: f32 = 5.0;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_700_000_000_000)
    }
}

#[derive(Default)]
struct Notebook(Mutex<Vec<String>>);

#[async_trait]
impl CallScribe for Notebook {
    async fn about_to_dial(&self) -> Result<(), NotWritten> {
        Ok(())
    }
    async fn stage(&self, _: ConversationStatus) -> Result<(), NotWritten> {
        Ok(())
    }
    async fn sentence(&self, said: SaidAloud) -> Result<(), NotWritten> {
        let line = format!("{:?}: {}", said.speaker, said.text.reveal());
        self.0.lock().expect("never poisoned").push(line);
        Ok(())
    }
    async fn opted_out(&self) -> Result<(), NotWritten> {
        Ok(())
    }
    fn glimpse(&self, _: Glimpse) {}
}

/// Says the sentence with the studio.
fn speak(studio: &Arc<Studio>, asked: &Asked) -> Act {
    let text = asked.json["input"].as_str().expect("a text");
    let rendered = studio.render(voice_of::agent("en-US"), text);
    let clip = block_in_place(|| Handle::current().block_on(rendered)).expect("sound");
    let bytes: Vec<u8> = clip
        .frames
        .iter()
        .flat_map(|frame| *frame.samples())
        .flat_map(i16::to_le_bytes)
        .collect();
    Act::Pieces(
        "audio/pcm",
        bytes.chunks(3_333).map(<[u8]>::to_vec).collect(),
        End::Whole,
    )
}

/// Recognises the sound with the studio's phrase book.
fn recognise(studio: &Arc<Studio>, asked: &Asked) -> Act {
    let mut recogniser = studio.phrase_book().recogniser();
    for frame in asked.file[44..].chunks(2 * FRAME_SAMPLES) {
        let samples: Vec<i16> = frame
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        recogniser.hear(&Frame::from_slice(&samples));
    }
    answers(&json!({ "text": recogniser.finish() }))
}

/// A model that asks two questions and records the answers with tools.
fn think(asked: &Asked) -> Act {
    if asked.json["stream"] != true {
        let results = json!({ "fields": { "interested": null, "preferred_day": null }, "summary": "They talked.", "call_back": null });
        return answers(&json!({ "choices": [{ "message": { "content": results.to_string() } }] }));
    }
    let messages = asked.json["messages"].as_array().expect("messages");
    let said = |role: &str| {
        let mut of_role = messages.iter().rev().filter(|message| message["role"] == role);
        of_role
            .find_map(|message| message["content"].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let (agent, person) = (said("assistant"), said("user"));
    let goodbye = |tool: Value| streamed(&[json!({ "content": "Thank you. Goodbye." }), tool, end_call()]);
    if asked.json["tool_choice"] == "none" {
        return says(&["Which day", " suits you?"]);
    }
    if agent.contains("Which day") {
        return goodbye(tool("record_results", &json!({ "preferred_day": person })));
    }
    if agent.contains("an appointment?") {
        let wants = !person.starts_with("No");
        let record = tool("record_results", &json!({ "interested": wants }));
        // Wordless at first: the question comes when the tool's outcome is known.
        return if wants { streamed(&[record]) } else { goodbye(record) };
    }
    says(&["We do services", " once a year. ", "Would you like an appointment?"])
}

fn end_call() -> Value {
    json!({ "tool_calls": [{ "index": 1, "id": "b", "function": { "name": "end_call", "arguments": "{}" } }] })
}

async fn call(vendor: &Vendor, studio: &Arc<Studio>, persona: Persona) -> (CallEnd, Vec<String>) {
    let (http, chance) = (http_client().expect("a client"), Arc::new(NoChance));
    let chat = ChatSettings {
        service: vendor.service(None),
        language: None,
    };
    let transcription = TranscriptionSettings {
        service: vendor.service(None),
        mode: TranscriptionMode::Whole,
        language: SpokenLanguage::Campaign,
    };
    let speech = SpeechSettings {
        service: vendor.service(None),
        voice: VoiceChoice {
            usual: "alloy".to_owned(),
            by_language: Vec::new(),
        },
        sample_rate_hz: 16_000,
    };
    let voices = Voices {
        language_model: Arc::new(OpenAiLanguageModel::new(&chat, http.clone(), chance.clone()).expect("set up")),
        speech_to_text: Arc::new(
            OpenAiSpeechToText::new(&transcription, http.clone(), chance.clone()).expect("set up"),
        ),
        text_to_speech: Arc::new(OpenAiTextToSpeech::new(&speech, http, chance).expect("set up")),
        speech_to_speech: None,
        look_ups: Arc::new(voice::ports::NoLookUps),
    };
    assert!(voices.trouble().is_some());
    voices.recover().await;
    assert_eq!(voices.trouble(), None);
    hold_call(voices, studio, persona).await
}

/// A call with these voices: how it ended, and what was said.
pub async fn hold_call(voices: Voices, studio: &Arc<Studio>, persona: Persona) -> (CallEnd, Vec<String>) {
    let config = RehearsalConfig {
        seed: 5,
        speed: SPEED,
        odds: Odds::only(Outcome::Person(persona)),
        ringing: Duration::from_millis(100)..=Duration::from_millis(200),
        ..RehearsalConfig::default()
    };
    let network = RehearsalNetwork::new(config, Arc::clone(studio), Arc::new(Noon)).expect("opens");
    let conversation_id = ConversationId(Uuid::from_u128(7));
    let notebook = Arc::new(Notebook::default());
    let (_commands, received) = mpsc::channel(4);
    let agent = CampaignAgent {
        brief: CallBrief {
            direction: domain::Direction::Outbound,
            conversation_id,
            attempt_id: AttemptId(Uuid::from_u128(7)),
            number: "+14155550107".parse().expect("valid"),
            script: "You are calling Ada on behalf of Example Company about their yearly service.".into(),
            opening: "Hello Ada, this is the AI assistant of Example Company. Do you have a minute?".into(),
            voicemail_message: "Goodbye.".into(),
            voicemail_policy: VoicemailPolicy::HangUp,
            result_fields: ResultField::template(),
            language: "en-US".to_owned(),
            tools: domain::agent_tools::AgentTools::default(),
            clock: None,
            day: None,
            ringing_timeout: Duration::from_secs(30),
            longest_call: Duration::from_secs(180),
            recording: domain::recording::RecordingRule::Always,
            recording_announcement: domain::recording::ANNOUNCEMENT.into(),
        },
        seat: network.open_room(conversation_id).await.expect("opens"),
        voices,
        scribe: Arc::clone(&notebook) as Arc<dyn CallScribe>,
        commands: received,
        recorder: None,
        stop: CancellationToken::new(),
    };
    let end = tokio::time::timeout(Duration::from_secs(90), agent.run())
        .await
        .expect("it ends");
    let story = notebook.0.lock().expect("never poisoned").clone();
    (end, story)
}

async fn vendor(studio: &Arc<Studio>, think: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Vendor {
    let studio = Arc::clone(studio);
    Vendor::start(move |asked, _| match asked.path.as_str() {
        "/v1/audio/speech" => speak(&studio, asked),
        "/v1/audio/transcriptions" => recognise(&studio, asked),
        _ => think(asked),
    })
    .await
}

pub fn tones() -> Arc<Studio> {
    Studio::new(StudioConfig {
        cache: None,
        tones_only: true,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simulated_person_is_asked_and_their_answers_are_recorded() {
    let studio = tones();
    let vendor = vendor(&studio, think).await;
    let (end, story) = call(&vendor, &studio, Persona::Interested).await;
    let story = story.join("\n");
    assert_eq!(end.disposition, Disposition::Completed, "{story}\n{:?}", end.results);
    assert!(story.contains("Would you like an appointment?"), "{story}");
    let fields = &end.results.fields;
    assert!(fields.contains_key("interested"), "{story}\n{fields:?}");
    assert_eq!(
        fields["interested"] == true,
        fields.contains_key("preferred_day"),
        "{story}\n{fields:?}"
    );
    assert_eq!(end.results.summary.as_deref(), Some("They talked."));
    for path in ["/v1/audio/speech", "/v1/audio/transcriptions", "/v1/chat/completions"] {
        assert!(
            vendor.asked().iter().filter(|asked| asked.path == path).count() > 2,
            "{path}"
        );
    }
    vendor.all_closed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_only_talks_nonsense_ends_the_call_truthfully() {
    let studio = tones();
    let nonsense = |asked: &Asked| match asked.json["stream"] == true {
        true => Act::Pieces("text/event-stream", odd(b"data: {\"mood\n\n"), End::Whole),
        false => answers(&json!({ "choices": [] })),
    };
    let vendor = vendor(&studio, nonsense).await;
    let (end, story) = call(&vendor, &studio, Persona::Interested).await;
    assert_eq!(end.disposition, Disposition::Failed, "{story:?}");
    let reason = end.results.reason.expect("a reason");
    assert!(
        reason.contains("language model") || reason.contains("results"),
        "{reason}"
    );
    vendor.all_closed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_hangs_up_leaves_no_request_open() {
    let studio = tones();
    let stalls = |asked: &Asked| match asked.json["stream"] == true {
        true => Act::Pieces(
            "text/event-stream",
            odd(&crate::vendor::events(
                &[json!({ "content": "Well, let me think about it. " })],
                None,
            )),
            End::Stalls,
        ),
        false => answers(&json!({ "choices": [{ "message": { "content": "{\"summary\": \"Short.\"}" } }] })),
    };
    let vendor = vendor(&studio, stalls).await;
    let (end, story) = call(&vendor, &studio, Persona::HangsUp).await;
    assert!(
        matches!(end.disposition, Disposition::HungUp | Disposition::Failed),
        "{:?} {story:?}",
        end.disposition
    );
    vendor.all_closed().await;
}
