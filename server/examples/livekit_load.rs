//! What a call through LiveKit costs: CPU and memory of a process that holds CALLS calls at once, whose people are in
//! another process, as is the livekit-server. Recognition, model and speech take a fixed time and do nothing else, so
//! that what is measured is ours. The agent's answers are long: it speaks until it is interrupted.
//!
//! usage: livekit_load URL CALLS SECONDS        prints one line of JSON

mod load;

use async_trait::async_trait;
use domain::{Personal, results::Drawn};
use futures::{StreamExt, stream, stream::BoxStream};
use load::{Failure, Lines, memory_kib};
use std::{io::Write, sync::Arc, time::Duration};
use telephony::{
    FRAME_MILLIS, FRAME_SAMPLES, Frame,
    livekit::{LiveKitNetwork, LiveKitSettings, ParticipantEngine},
};
use voice::ports::{
    LanguageModel, Prompt, ReplyPart, ResultsQuestion, SpeechToText, TextToSpeech, Utterance, VoiceError, Voices,
};

/// From the end of an utterance to its text.
const TRANSCRIPTION: Duration = Duration::from_millis(350);
/// From the question to the model's first words.
const FIRST_WORDS: Duration = Duration::from_millis(375);
/// From the sentence to its first sound.
const FIRST_SOUND: Duration = Duration::from_millis(100);
/// What a character takes to be said.
const CHARACTER_MILLIS: usize = 60;
/// Ten seconds of speech.
const ANSWER: &str = "Of course, and I will tell you all there is to know about it, from its beginning to its end, \
    slowly, and in one long sentence that nobody would want to hear";

struct Ears;

#[async_trait]
impl SpeechToText for Ears {
    async fn open(&self, _language: &str) -> Result<Box<dyn Utterance>, VoiceError> {
        Ok(Box::new(Listening))
    }
}

struct Listening;

#[async_trait]
impl Utterance for Listening {
    fn hear(&mut self, _frame: &Frame) -> Option<Personal> {
        None
    }
    async fn finish(self: Box<Self>) -> Result<Personal, VoiceError> {
        tokio::time::sleep(TRANSCRIPTION).await;
        Ok("Could you tell me more about it?".into())
    }
}

struct Model;

#[async_trait]
impl LanguageModel for Model {
    async fn reply(&self, _prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        tokio::time::sleep(FIRST_WORDS).await;
        Ok(stream::iter([Ok(ReplyPart::Words(ANSWER.to_owned()))]).boxed())
    }
    async fn results(&self, _question: ResultsQuestion) -> Result<Drawn, VoiceError> {
        Ok(Drawn::default())
    }
}

/// Hums for as long as the sentence would take.
struct Hum;

#[async_trait]
impl TextToSpeech for Hum {
    async fn speak(
        &self,
        text: &Personal,
        _language: &str,
    ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
        tokio::time::sleep(FIRST_SOUND).await;
        let frames = text.reveal().len() * CHARACTER_MILLIS / FRAME_MILLIS as usize;
        Ok(stream::iter((0..frames).map(|frame| Ok(hum(frame)))).boxed())
    }
}

/// 300 Hz with overtones, as a voice has them.
#[expect(clippy::cast_possible_truncation, reason = "far below the limits of i16")]
fn hum(frame: usize) -> Frame {
    let tone = |n: usize, times: f64| (std::f64::consts::TAU * 300.0 * times * n as f64 / 16_000.0).sin();
    Frame::new(std::array::from_fn(|n| {
        let n = frame * FRAME_SAMPLES + n;
        (4_000.0 * tone(n, 1.0) + 2_000.0 * tone(n, 2.0) + 1_000.0 * tone(n, 3.0)) as i16
    }))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, calls, seconds] = arguments.as_slice() else {
        return Err("usage: livekit_load URL CALLS SECONDS".into());
    };
    let (calls, seconds): (u64, u64) = (calls.parse()?, seconds.parse()?);
    let settings = LiveKitSettings {
        trunk_id: Some(std::env::var("LIVEKIT_SIP_TRUNK_ID")?),
        ..LiveKitSettings::new(
            url,
            &std::env::var("LIVEKIT_API_KEY")?,
            &std::env::var("LIVEKIT_API_SECRET")?,
        )
    };
    let folder = std::env::temp_dir().join(format!("ringside-livekit-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let voices = Voices {
        speech_to_text: Arc::new(Ears),
        language_model: Arc::new(Model),
        text_to_speech: Arc::new(Hum),
        speech_to_speech: None,
        look_ups: Arc::new(voice::ports::NoLookUps),
    };
    let network = Arc::new(LiveKitNetwork::new(settings, ParticipantEngine::new()));
    let lines = Lines::new(network, voices, folder.clone());
    let idle = memory_kib()?;
    let measured = lines.measure(calls, Duration::from_secs(seconds)).await?;
    std::fs::remove_dir_all(&folder)?;
    let openings: Vec<u128> = measured.openings.iter().map(Duration::as_millis).collect();
    let line = serde_json::json!({
        "calls": calls, "seconds": measured.seconds, "sentences": measured.sentences,
        "cores": measured.cores, "kib": measured.kib, "idle_kib": idle,
        "room_ms": openings,
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
