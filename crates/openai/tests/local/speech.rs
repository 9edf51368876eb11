use crate::vendor::{Act, End, NoChance, Vendor, answers, odd, refuses};
use futures::StreamExt;
use openai::{
    OpenAiTextToSpeech, http_client,
    settings::{SpeechSettings, VoiceChoice},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use telephony::Frame;
use voice::ports::{TextToSpeech, VoiceError};

fn mouth(vendor: &Vendor) -> OpenAiTextToSpeech {
    let settings = SpeechSettings {
        service: vendor.service(None),
        voice: VoiceChoice {
            usual: "alloy".to_owned(),
            by_language: vec![("de".to_owned(), "onyx".to_owned())],
        },
        sample_rate_hz: 24_000,
    };
    OpenAiTextToSpeech::new(&settings, http_client().expect("a client"), Arc::new(NoChance)).expect("set up")
}

async fn speak(mouth: &OpenAiTextToSpeech) -> Result<Vec<Result<Frame, VoiceError>>, VoiceError> {
    let speaking = async { Ok(mouth.speak(&"Hello.".into(), "de-DE").await?.collect().await) };
    tokio::time::timeout(Duration::from_secs(20), speaking)
        .await
        .expect("it ends")
}

/// A square wave of 24 kHz for so many milliseconds.
fn sound(millis: usize) -> Vec<u8> {
    (0..24 * millis)
        .flat_map(|at| if at % 100 < 50 { 5_000_i16 } else { -5_000 }.to_le_bytes())
        .collect()
}

fn pcm(bytes: &[u8], end: End) -> Act {
    Act::Pieces("audio/pcm", bytes.chunks(1_001).map(<[u8]>::to_vec).collect(), end)
}

#[tokio::test]
async fn raw_sound_becomes_frames() {
    let vendor = Vendor::start(|_, _| pcm(&sound(1_000), End::Whole)).await;
    let mouth = mouth(&vendor);
    let frames = speak(&mouth).await.expect("sound");
    assert_eq!(frames.len(), 50);
    assert!(
        frames
            .iter()
            .all(|frame| frame.as_ref().is_ok_and(|frame| frame.peak() > 3_000))
    );
    let asked = &vendor.asked()[0].json;
    assert_eq!(
        *asked,
        json!({ "model": "first", "voice": "onyx", "input": "Hello.", "response_format": "pcm" })
    );
    assert_eq!(mouth.trouble(), None);
    vendor.all_closed().await;
}

#[tokio::test]
async fn half_a_file_is_spoken_as_far_as_it_goes_and_told() {
    let vendor = Vendor::start(|_, _| pcm(&sound(500), End::BreaksOff)).await;
    let mut frames = speak(&mouth(&vendor)).await.expect("begins");
    assert!(frames.pop().expect("an end").is_err());
    assert!(
        (20..=25).contains(&frames.len()) && frames.iter().all(Result::is_ok),
        "{}",
        frames.len()
    );
}

#[tokio::test]
async fn silence_text_and_compressed_sound_are_no_voice() {
    let vendor = Vendor::start(|_, before| match before {
        0 => pcm(&sound(200), End::Whole),
        1 => answers(&json!({ "error": "Ada" })),
        2 => pcm(&[0; 24_000], End::Whole),
        3 => Act::Pieces("audio/mpeg", odd(b"ID3 and so on"), End::Whole),
        _ => refuses(400),
    })
    .await;
    let mouth = mouth(&vendor);
    mouth.recover().await;
    assert_eq!(mouth.trouble(), None);
    let text = speak(&mouth).await.expect_err("text");
    assert!(matches!(text, VoiceError::Nonsense(_)) && !text.to_string().contains("Ada"));
    for _ in 0..2 {
        let frames = speak(&mouth).await.expect("begins");
        assert!(matches!(frames[..], [Err(VoiceError::Nonsense(_))]), "{frames:?}");
    }
    assert!(mouth.trouble().is_some(), "three in a row");
}

#[tokio::test]
async fn who_interrupts_leaves_no_request_open() {
    let vendor = Vendor::start(|_, _| pcm(&sound(200), End::Stalls)).await;
    let mouth = mouth(&vendor);
    let mut frames = mouth.speak(&"Hello.".into(), "en").await.expect("begins");
    let first = tokio::time::timeout(Duration::from_secs(10), frames.next()).await;
    assert!(first.expect("in time").expect("a frame").is_ok());
    vendor.open_is(1).await;
    drop(frames);
    vendor.all_closed().await;
}
