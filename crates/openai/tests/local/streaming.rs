use crate::{
    line::{Line, Lines},
    vendor::NoChance,
};
use axum::extract::ws::Message;
use openai::{
    StreamingSpeechToText, http_client,
    settings::{SpokenLanguage, TranscriptionMode, TranscriptionSettings},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use telephony::{FRAME_SAMPLES, Frame};
use voice::ports::{SpeechToText, Utterance, VoiceError};

fn ears(lines: &Lines, language: SpokenLanguage) -> StreamingSpeechToText {
    let settings = TranscriptionSettings {
        service: lines.service(Some("second")),
        mode: TranscriptionMode::Streaming,
        language,
    };
    StreamingSpeechToText::new(&settings, http_client().expect("a client"), Arc::new(NoChance)).expect("set up")
}

/// So many frames; gives the texts that were told meanwhile.
async fn speak(utterance: &mut Box<dyn Utterance>, frames: usize) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..frames {
        let text = utterance.hear(&Frame::new([1_000; FRAME_SAMPLES]));
        told.extend(text.map(|text| text.reveal().to_owned()));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    told
}

async fn finish(utterance: Box<dyn Utterance>) -> Result<String, VoiceError> {
    let text = tokio::time::timeout(Duration::from_secs(20), utterance.finish());
    Ok(text.await.expect("it ends")?.reveal().to_owned())
}

async fn hear(ears: &StreamingSpeechToText) -> Result<String, VoiceError> {
    let mut utterance = ears.open("de-AT").await?;
    speak(&mut utterance, 30).await;
    finish(utterance).await
}

/// Understands as the vendor does.
async fn understand(mut line: Line) {
    if line.set_up().await.is_none() || line.until("input_audio_buffer.append").await.is_none() {
        return;
    }
    line.heard_so_far("a", "I would ").await;
    line.tell(json!({ "type": "rate_limits.updated", "rate_limits": [] }))
        .await;
    line.heard_so_far("a", "like tow").await;
    if line.until("input_audio_buffer.commit").await.is_some() {
        line.heard("a", "I would like two.\n").await;
        line.next().await;
    }
}

#[tokio::test]
async fn text_grows_while_somebody_speaks_and_is_ready_at_the_end() {
    let lines = Lines::start(understand).await;
    let ears = ears(&lines, SpokenLanguage::Campaign);
    assert!(ears.trouble().is_some(), "nobody is called before it has answered once");
    let mut utterance = ears.open("de-AT").await.expect("opens");
    let told = speak(&mut utterance, 50).await;
    assert_eq!(told.last().map(String::as_str), Some("I would like tow"), "{told:?}");
    assert_eq!(finish(utterance).await.expect("a text"), "I would like two.");
    assert_eq!(ears.trouble(), None);
    let (uri, headers) = lines.asked().remove(0);
    assert_eq!(
        (uri.path(), uri.query()),
        ("/v1/realtime", Some("intent=transcription"))
    );
    assert_eq!(headers["authorization"], "Bearer sk-hunter2");
    let session = lines.events("session.update").remove(0)["session"].take();
    assert_eq!(session["type"], "transcription");
    let input = &session["audio"]["input"];
    assert_eq!(input["format"], json!({ "type": "audio/pcm", "rate": 24_000 }));
    assert_eq!(input["transcription"], json!({ "model": "first", "language": "de" }));
    assert_eq!(input["turn_detection"], Value::Null);
    let sound = lines.sound();
    assert_eq!(sound.len(), 24_000, "a second is a second");
    assert!((990..=1_010).contains(&sound[12_000]));
    lines.open_is(0).await;
}

#[tokio::test]
async fn less_than_a_word_is_not_asked_for_and_the_language_may_stay_open() {
    let lines = Lines::start(understand).await;
    let ears = ears(&lines, SpokenLanguage::Any);
    let mut utterance = ears.open("de-AT").await.expect("opens");
    speak(&mut utterance, 4).await;
    assert_eq!(finish(utterance).await.expect("no text"), "");
    assert!(lines.events("input_audio_buffer.commit").is_empty());
    let session = &lines.events("session.update")[0]["session"];
    assert_eq!(session["audio"]["input"]["transcription"], json!({ "model": "first" }));
    lines.open_is(0).await;
}

#[tokio::test]
async fn an_utterance_whose_connection_fails_is_sent_again_whole() {
    // Breaks off while they speak, tells garbage, stalls at the end.
    for how in 0..3 {
        let lines = Lines::start(move |mut line: Line| async move {
            if line.number != 1 {
                return understand(line).await;
            }
            line.set_up().await;
            line.until("input_audio_buffer.append").await;
            match how {
                0 => {}
                1 => {
                    line.raw(Message::text("{\"type\": \"Ada")).await;
                    line.next().await;
                }
                _ => while line.next().await != Value::Null {},
            }
        })
        .await;
        let ears = ears(&lines, SpokenLanguage::Campaign);
        ears.recover().await;
        assert_eq!(hear(&ears).await.expect("a text"), "I would like two.", "{how}");
        assert_eq!(lines.asked().len(), 3, "{how}");
        assert_eq!(ears.trouble(), None);
        lines.open_is(0).await;
    }
}

#[tokio::test]
async fn nonsense_is_told_without_its_words() {
    let lines = Lines::start(|mut line: Line| async move {
        line.set_up().await;
        match line.number % 4 {
            0 => line.raw(Message::binary(vec![0; 100])).await,
            1 => line.raw(Message::text("\"Ada\"")).await,
            2 => line.heard_so_far("a", &"Ada ".repeat(2_000)).await,
            _ => {
                line.tell(json!({ "type": "error", "error": { "message": "Ada", "type": "x" } }))
                    .await
            }
        }
        while line.next().await != Value::Null {}
    })
    .await;
    let ears = ears(&lines, SpokenLanguage::Campaign);
    for _ in 0..3 {
        let error = hear(&ears).await.expect_err("nonsense");
        assert!(!error.to_string().contains("Ada"), "{error}");
    }
    assert!(ears.trouble().is_some_and(|trouble| !trouble.contains("Ada")));
    lines.open_is(0).await;
}

#[tokio::test]
async fn a_model_that_there_is_not_is_replaced() {
    let lines = Lines::start(|mut line: Line| async move {
        if line.number > 0 {
            return understand(line).await;
        }
        line.until("session.update").await;
        line.tell(json!({ "type": "error", "error": { "code": "model_not_found" } }))
            .await;
        line.next().await;
    })
    .await;
    let ears = ears(&lines, SpokenLanguage::Campaign);
    assert_eq!(hear(&ears).await.expect("a text"), "I would like two.");
    let models: Vec<Value> = lines
        .events("session.update")
        .iter()
        .map(|update| update["session"]["audio"]["input"]["transcription"]["model"].clone())
        .collect();
    assert_eq!(models, ["first", "second"]);
}

#[tokio::test]
async fn a_refused_connection_is_told_as_any_refusal() {
    let lines = Lines::refusing(|_| Some(401), understand).await;
    let ears = ears(&lines, SpokenLanguage::Campaign);
    let error = ears.open("en").await.err().expect("refused").to_string();
    assert!(
        error.contains("HTTP 401") && !error.contains("hunter2") && !error.contains("Ada"),
        "{error}"
    );
    let trouble = ears.trouble().expect("a person has to look");
    assert!(
        trouble.contains("speech to text") && !trouble.contains("hunter2"),
        "{trouble}"
    );
    assert!(ears.open("en").await.is_err());
    assert_eq!(lines.asked().len(), 1, "it is left alone for a while");

    let lines = Lines::refusing(|number| (number < 2).then_some(503), understand).await;
    assert_eq!(
        hear(&self::ears(&lines, SpokenLanguage::Campaign))
            .await
            .expect("a text"),
        "I would like two."
    );
    // Something that answers, but speaks no WebSocket.
    let lines = Lines::refusing(|_| Some(200), understand).await;
    let error = self::ears(&lines, SpokenLanguage::Campaign).open("en").await.err();
    assert!(matches!(error, Some(VoiceError::Nonsense(_))), "{error:?}");
}

#[tokio::test]
async fn who_hangs_up_leaves_no_connection_open() {
    let lines = Lines::start(|mut line: Line| async move {
        line.set_up().await;
        while line.next().await != Value::Null {}
    })
    .await;
    let ears = ears(&lines, SpokenLanguage::Campaign);
    let mut utterance = ears.open("en").await.expect("opens");
    speak(&mut utterance, 20).await;
    lines.open_is(1).await;
    drop(utterance);
    lines.open_is(0).await;
    let hearing = tokio::spawn(async move { hear(&ears).await.map(drop) });
    lines.open_is(1).await;
    hearing.abort();
    lines.open_is(0).await;
}

#[tokio::test]
async fn it_is_tried_before_anybody_is_called() {
    let lines = Lines::start(understand).await;
    let ears = ears(&lines, SpokenLanguage::Campaign);
    ears.recover().await;
    assert_eq!(ears.trouble(), None);
    ears.recover().await;
    assert_eq!(lines.asked().len(), 1);
}
