//! Whole calls on the rehearsal network that a model holds which hears and speaks by itself; the local server plays it.

use crate::{
    call::{SPEED, hold_call, tones},
    line::{Line, Lines, samples},
    vendor::NoChance,
};
use agent::call::CallEnd;
use async_trait::async_trait;
use axum::extract::ws::Message;
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{conversation::Disposition, results::Drawn};
use futures::stream::BoxStream;
use openai::{
    OpenAiSpeechToSpeech, http_client,
    settings::{RealtimeSettings, SpokenLanguage, VoiceChoice},
};
use rehearsal::{Persona, Studio, voice_of, voices::UnderstoodModel};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use telephony::{FRAME_SAMPLES, Frame};
use voice::ports::{LanguageModel, Prompt, ReplyPart, ResultsQuestion, VoiceError, Voices};

/// Counts how often the usual language model is asked.
struct Counted {
    model: Arc<dyn LanguageModel>,
    replies: Arc<AtomicUsize>,
}

#[async_trait]
impl LanguageModel for Counted {
    async fn reply(&self, prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        self.replies.fetch_add(1, Ordering::SeqCst);
        self.model.reply(prompt).await
    }

    async fn results(&self, question: ResultsQuestion) -> Result<Drawn, VoiceError> {
        self.model.results(question).await
    }
}

/// How the call ended, what was said, and how often the usual language model was asked.
async fn call(lines: &Lines, studio: &Arc<Studio>, persona: Persona) -> (CallEnd, String, usize) {
    let settings = RealtimeSettings {
        service: lines.service(None),
        transcription_model: "ears".to_owned(),
        language: SpokenLanguage::Campaign,
        speaks: None,
        voice: VoiceChoice {
            usual: "alloy".to_owned(),
            by_language: vec![("en".to_owned(), "marin".to_owned())],
        },
    };
    let http = http_client().expect("a client");
    let model = OpenAiSpeechToSpeech::new(&settings, http, Arc::new(NoChance)).expect("set up");
    let usual = rehearsal::voices(studio, SPEED);
    let replies = Arc::new(AtomicUsize::new(0));
    let voices = Voices {
        language_model: Arc::new(Counted {
            model: usual.language_model,
            replies: Arc::clone(&replies),
        }),
        speech_to_speech: Some(Arc::new(UnderstoodModel::new(Arc::new(model), Arc::clone(studio)))),
        ..usual
    };
    let (end, story) = hold_call(voices, studio, persona).await;
    (end, story.join("\n"), replies.load(Ordering::SeqCst))
}

/// From one rate to another, well enough for whoever knows the sentence.
fn at_rate(samples: &[i16], from: usize, to: usize) -> Vec<i16> {
    (0..samples.len() * to / from)
        .map(|at| {
            let place = at as f32 * from as f32 / to as f32;
            let sample = |at: usize| f32::from(samples.get(at).copied().unwrap_or_default());
            let (whole, part) = (place as usize, place.fract());
            (sample(whole) * (1.0 - part) + sample(whole + 1) * part) as i16
        })
        .collect()
}

/// A model's side of a conversation.
struct Model {
    studio: Arc<Studio>,
    sound: Vec<i16>,
    /// Role and text of all items, in order, by id.
    items: Vec<(String, &'static str, String)>,
    count: usize,
}

/// What the model does next.
struct Turn {
    says: &'static str,
    tools: Vec<(&'static str, Value)>,
}

impl Model {
    fn new(studio: &Arc<Studio>) -> Self {
        Self {
            studio: Arc::clone(studio),
            sound: Vec::new(),
            items: Vec::new(),
            count: 0,
        }
    }

    /// Plays until the client has gone, or so many answers were given.
    async fn play(&mut self, line: &mut Line, answers: usize) {
        line.set_up().await;
        while self.count < answers {
            let event = line.next().await;
            match event["type"].as_str() {
                None => return,
                Some("session.update") => line.tell(json!({ "type": "session.updated" })).await,
                Some("input_audio_buffer.append") => self.sound.extend(samples(&event)),
                Some("input_audio_buffer.clear") => self.sound.clear(),
                Some("input_audio_buffer.commit") => self.listen(line).await,
                Some("conversation.item.create") => self.remember(&event),
                Some("conversation.item.delete") => self.items.retain(|(id, ..)| event["item_id"] != *id),
                Some("response.create") => {
                    let turn = self.think(event["response"]["tool_choice"] == "none");
                    self.answer(line, &turn).await;
                }
                Some(_) => {}
            }
        }
    }

    async fn listen(&mut self, line: &mut Line) {
        let mut recogniser = self.studio.phrase_book().recogniser();
        let sound = std::mem::take(&mut self.sound);
        for frame in at_rate(&sound, 24_000, 16_000).chunks(FRAME_SAMPLES) {
            recogniser.hear(&Frame::from_slice(frame));
        }
        let text = recogniser.finish();
        let id = format!("person_{}", self.items.len());
        self.items.push((id.clone(), "user", text.clone()));
        line.heard(&id, &text).await;
    }

    fn remember(&mut self, event: &Value) {
        let item = &event["item"];
        let Some(text) = item["content"][0]["text"].as_str() else {
            return;
        };
        let role = match item["role"].as_str() {
            Some("assistant") => "assistant",
            Some("user") => "user",
            _ => "system",
        };
        let before = event["previous_item_id"].as_str().expect("a place");
        let at = match before {
            "root" => 0,
            id => {
                1 + self
                    .items
                    .iter()
                    .position(|(known, ..)| known == id)
                    .expect("a known item")
            }
        };
        let id = item["id"].as_str().expect("an id").to_owned();
        self.items.insert(at, (id, role, text.to_owned()));
    }

    fn last(&self, role: &str) -> &str {
        let mut of_role = self.items.iter().rev().filter(|(_, of, _)| *of == role);
        of_role.next().map_or("", |(_, _, text)| text)
    }

    /// Asks two questions and records the answers with tools.
    fn think(&self, only_words: bool) -> Turn {
        let (agent, person) = (self.last("assistant"), self.last("user"));
        let record = |fields: Value| ("record_results", fields);
        let (says, tools) = if only_words {
            ("Which day suits you?", Vec::new())
        } else if agent.contains("Which day") {
            let day = record(json!({ "preferred_day": person }));
            ("Thank you. Goodbye.", vec![day, ("end_call", json!({}))])
        } else if agent.contains("an appointment?") && person.starts_with("No") {
            let no = record(json!({ "interested": false }));
            ("Thank you. Goodbye.", vec![no, ("end_call", json!({}))])
        } else if agent.contains("an appointment?") {
            // Wordless at first: the question comes when the tool's outcome is known.
            (
                "",
                vec![record(json!({ "interested": true })), ("buy_a_house", json!({}))],
            )
        } else {
            ("We do services once a year. Would you like an appointment?", Vec::new())
        };
        Turn { says, tools }
    }

    async fn answer(&mut self, line: &mut Line, turn: &Turn) {
        self.count += 1;
        let (answer, item) = (format!("answer_{}", self.count), format!("said_{}", self.count));
        line.tell(json!({ "type": "response.created", "response": { "id": answer, "status": "in_progress" } }))
            .await;
        if !turn.says.is_empty() {
            let message = json!({ "id": item, "type": "message", "role": "assistant", "content": [] });
            line.tell(json!({ "type": "response.output_item.added", "response_id": answer, "item": message }))
                .await;
            let rendered = self.studio.render(voice_of::agent("en-US"), turn.says);
            let clip = rendered.await.expect("sound");
            let sound: Vec<i16> = clip.frames.iter().flat_map(|frame| *frame.samples()).collect();
            let bytes: Vec<u8> = at_rate(&sound, 16_000, 24_000)
                .into_iter()
                .flat_map(i16::to_le_bytes)
                .collect();
            let half = bytes.len() / 2;
            for (at, piece) in bytes.chunks(4_333).enumerate() {
                if at == 1 || bytes.len() <= 4_333 {
                    let kind = "response.output_audio_transcript.delta";
                    line.tell(json!({ "type": kind, "response_id": answer, "item_id": item, "delta": turn.says }))
                        .await;
                }
                if at * 4_333 > half {
                    line.tell(json!({ "type": "rate_limits.updated" })).await;
                }
                let kind = "response.output_audio.delta";
                let delta = STANDARD.encode(piece);
                line.tell(json!({ "type": kind, "response_id": answer, "item_id": item, "delta": delta }))
                    .await;
            }
            self.items.push((item, "assistant", turn.says.to_owned()));
        }
        let tools: Vec<Value> = turn
            .tools
            .iter()
            .enumerate()
            .map(|(at, (name, arguments))| {
                let arguments = arguments.to_string();
                json!({ "type": "function_call", "call_id": format!("call_{at}"), "name": name, "arguments": arguments })
            })
            .collect();
        let done = json!({ "id": answer, "status": "completed", "output": tools, "usage": { "total_tokens": 7 } });
        line.tell(json!({ "type": "response.done", "response": done })).await;
    }
}

/// On each of them a model answers so often, then breaks off.
async fn lines_of_a_model(studio: &Arc<Studio>, answers: usize) -> Lines {
    let studio = Arc::clone(studio);
    Lines::start(move |mut line: Line| {
        let mut model = Model::new(&studio);
        async move { model.play(&mut line, answers).await }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_hears_and_speaks_holds_a_whole_call() {
    let studio = tones();
    let lines = lines_of_a_model(&studio, usize::MAX).await;
    let (end, story, asked) = call(&lines, &studio, Persona::Interested).await;
    assert_eq!(end.disposition, Disposition::Completed, "{story}\n{:?}", end.results);
    assert!(
        story.starts_with("Agent: Hello Ada, this is the AI assistant"),
        "{story}"
    );
    assert!(
        story.contains("Agent: We do services once a year. Would you like an appointment?"),
        "{story}"
    );
    let fields = &end.results.fields;
    assert!(fields.contains_key("interested"), "{story}\n{fields:?}");
    let wants = fields["interested"] == true;
    assert_eq!(wants, fields.contains_key("preferred_day"), "{story}\n{fields:?}");
    assert_eq!(asked, 0, "the usual model had nothing to do\n{story}");
    let session = lines.events("session.update")[0]["session"].clone();
    assert_eq!(
        (&session["type"], &session["audio"]["output"]["voice"]),
        (&json!("realtime"), &json!("marin"))
    );
    assert_eq!(lines.asked()[0].0.query(), Some("model=first"));
    // Code said who is calling before the model was asked anything.
    let first = lines.events("conversation.item.create").remove(0);
    assert_eq!(first["item"]["role"], "assistant");
    let text = first["item"]["content"][0]["text"].as_str().expect("a text");
    assert!(text.starts_with("Hello Ada"), "{text}");
    assert_eq!(lines.asked().len(), 1, "one connection for one call");
    lines.open_is(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_connection_breaks_the_usual_services_go_on() {
    let studio = tones();
    for answers in [0, 1] {
        let lines = lines_of_a_model(&studio, answers).await;
        let (end, story, asked) = call(&lines, &studio, Persona::Interested).await;
        assert!(asked > 0, "{story}");
        assert_eq!(
            end.disposition,
            Disposition::Completed,
            "{answers}\n{story}\n{:?}",
            end.results
        );
        let own = story.contains("We do services once a year.");
        assert_eq!(own, answers > 0, "{story}");
        assert!(story.matches("Person: ").count() > 1, "{story}");
        lines.open_is(0).await;
    }
    let lines = Lines::refusing(|_| Some(503), |_| async {}).await;
    let (end, story, asked) = call(&lines, &studio, Persona::Interested).await;
    assert_eq!(end.disposition, Disposition::Completed, "{story}");
    assert!(asked > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_model_does_the_call_is_held_and_ends() {
    let studio = tones();
    for how in 0..5 {
        let lines = {
            let studio = Arc::clone(&studio);
            Lines::start(move |mut line: Line| {
                let mut model = Model::new(&studio);
                async move {
                    // It hears and says nothing; it says what follows instead of its first answer.
                    line.set_up().await;
                    loop {
                        let event = line.next().await;
                        match event["type"].as_str() {
                            None => return,
                            Some("input_audio_buffer.append") => model.sound.extend(samples(&event)),
                            Some("input_audio_buffer.commit") => model.listen(&mut line).await,
                            Some("response.create") => misbehave(&mut line, how).await,
                            Some(_) => {}
                        }
                    }
                }
            })
            .await
        };
        let (end, story, asked) = call(&lines, &studio, Persona::Interested).await;
        assert!(asked > 0, "{how}\n{story}");
        assert_eq!(
            end.disposition,
            Disposition::Completed,
            "{how}\n{story}\n{:?}",
            end.results
        );
        assert!(!story.contains("hunter"), "{story}");
        lines.open_is(0).await;
    }
}

async fn misbehave(line: &mut Line, how: usize) {
    line.tell(json!({ "type": "response.created", "response": { "id": "a" } }))
        .await;
    let sound = |loud: i16| {
        let bytes: Vec<u8> = (0..24_000).flat_map(|_| loud.to_le_bytes()).collect();
        json!({ "type": "response.output_audio.delta", "response_id": "a", "delta": STANDARD.encode(bytes) })
    };
    let words = json!({ "type": "response.output_audio_transcript.delta", "response_id": "a", "delta": "hunter" });
    match how {
        // A voice whose words nobody can write down.
        0 => {
            for _ in 0..20 {
                line.tell(sound(2_000)).await;
            }
        }
        // Words and silence.
        1 => {
            line.tell(words).await;
            line.tell(sound(0)).await;
            line.tell(json!({ "type": "response.done", "response": { "id": "a", "status": "completed" } }))
                .await;
        }
        2 => line.raw(Message::text("{}")).await,
        3 => {
            let error = json!({ "type": "server_error", "message": "hunter2" });
            line.tell(json!({ "type": "error", "error": error })).await;
        }
        _ => line.raw(Message::binary(vec![7; 9])).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_want_to_be_called_is_never_answered_by_the_model() {
    let studio = tones();
    let lines = lines_of_a_model(&studio, usize::MAX).await;
    let (end, story, _) = call(&lines, &studio, Persona::StopCalling).await;
    assert_eq!(end.disposition, Disposition::OptedOut, "{story}");
    lines.open_is(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_hangs_up_leaves_no_connection_open() {
    let studio = tones();
    let lines = lines_of_a_model(&studio, usize::MAX).await;
    let (end, story, _) = call(&lines, &studio, Persona::HangsUp).await;
    let known = [Disposition::HungUp, Disposition::Completed];
    assert!(known.contains(&end.disposition), "{:?} {story}", end.disposition);
    lines.open_is(0).await;
}
