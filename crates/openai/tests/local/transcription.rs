use crate::vendor::{Act, NoChance, Vendor, answers, refuses};
use openai::{
    OpenAiSpeechToText, http_client,
    settings::{SpokenLanguage, TranscriptionMode, TranscriptionSettings},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use telephony::{FRAME_SAMPLES, Frame};
use voice::ports::{SpeechToText, VoiceError};

fn ears(vendor: &Vendor, language: SpokenLanguage) -> OpenAiSpeechToText {
    let settings = TranscriptionSettings {
        service: vendor.service(Some("second")),
        mode: TranscriptionMode::Whole,
        language,
    };
    OpenAiSpeechToText::new(&settings, http_client().expect("a client"), Arc::new(NoChance)).expect("set up")
}

async fn hear(ears: &OpenAiSpeechToText, frames: usize) -> Result<String, VoiceError> {
    let mut utterance = ears.open("de-AT").await?;
    for at in 0..frames {
        let sample = i16::try_from(at).expect("few");
        assert_eq!(utterance.hear(&Frame::new([sample; FRAME_SAMPLES])), None);
    }
    let text = tokio::time::timeout(Duration::from_secs(20), utterance.finish());
    Ok(text.await.expect("it ends")?.reveal().to_owned())
}

#[tokio::test]
async fn an_utterance_becomes_a_sound_file_and_that_a_text() {
    let vendor = Vendor::start(|_, _| answers(&json!({ "text": " Guten Tag. \n" }))).await;
    let ears = ears(&vendor, SpokenLanguage::Campaign);
    assert_eq!(hear(&ears, 50).await.expect("a text"), "Guten Tag.");
    let asked = vendor.asked().remove(0);
    assert_eq!((asked.model(), asked.fields["language"].as_str()), ("first", "de"));
    assert_eq!(asked.fields["response_format"], "json");
    assert_eq!(asked.file.len(), 44 + 50 * FRAME_SAMPLES * 2);
    assert!(asked.file.starts_with(b"RIFF") && &asked.file[36..40] == b"data");
    assert_eq!(asked.file[24..28], 16_000_u32.to_le_bytes());
    assert_eq!(asked.file.last_chunk::<2>(), Some(&49_i16.to_le_bytes()));
    assert_eq!(
        hear(&ears, 4).await.expect("no text"),
        "",
        "less than 100 ms is no word"
    );
    assert_eq!(vendor.asked().len(), 1);
}

#[tokio::test]
async fn the_language_can_be_fixed_or_left_open() {
    let vendor = Vendor::start(|_, _| answers(&json!({ "text": "" }))).await;
    hear(&ears(&vendor, SpokenLanguage::Any), 20).await.expect("a text");
    hear(&ears(&vendor, SpokenLanguage::Only("fr".to_owned())), 20)
        .await
        .expect("a text");
    let asked = vendor.asked();
    assert_eq!(asked[0].fields.get("language"), None);
    assert_eq!(asked[1].fields["language"], "fr");
}

#[tokio::test]
async fn errors_are_tried_again_and_nonsense_is_told() {
    let vendor = Vendor::start(|asked, before| match before {
        0 | 1 => refuses(502),
        2 => {
            assert_eq!(asked.model(), "second");
            answers(&json!({ "text": "Yes." }))
        }
        3 => answers(&json!({ "text": "x".repeat(7_000) })),
        _ => answers(&json!(["Ada"])),
    })
    .await;
    let ears = ears(&vendor, SpokenLanguage::Campaign);
    assert_eq!(hear(&ears, 20).await.expect("a text"), "Yes.");
    for _ in 0..2 {
        let error = hear(&ears, 20).await.expect_err("nonsense");
        assert!(matches!(error, VoiceError::Nonsense(_)) && !error.to_string().contains("Ada"));
    }
}

#[tokio::test]
async fn who_hangs_up_leaves_no_request_open() {
    let vendor = Vendor::start(|_, _| Act::Silent).await;
    let ears = ears(&vendor, SpokenLanguage::Campaign);
    let hearing = tokio::spawn(async move { hear(&ears, 20).await.map(drop) });
    vendor.open_is(1).await;
    hearing.abort();
    vendor.all_closed().await;
}
