//! espeak-ng, a process for each sentence.

use super::StudioError;
use crate::voice_of::SpeakerVoice;
use std::{process::Stdio, sync::OnceLock, time::Duration};
use tokio::{io::AsyncWriteExt, process::Command};

const PROGRAM: &str = "espeak-ng";
/// A sentence takes some 20 ms; a machine under load, longer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn is_installed() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    *INSTALLED.get_or_init(|| {
        std::process::Command::new(PROGRAM)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })
}

/// Samples and their rate.
pub(super) async fn speak(voice: SpeakerVoice, text: &str) -> Result<(Vec<i16>, u32), StudioError> {
    let mut child = Command::new(PROGRAM)
        .args(["-v", voice.name])
        .args(["-p", &voice.pitch.to_string()])
        .args(["-s", &voice.words_a_minute.to_string()])
        .args(["--stdin", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(StudioError::Speaker)?;
    let mut stdin = child
        .stdin
        .take()
        .ok_or_else(|| StudioError::NoSound("it takes no text".to_owned()))?;
    let speaking = async {
        stdin.write_all(text.as_bytes()).await?;
        drop(stdin);
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(PATIENCE, speaking)
        .await
        .map_err(|_| StudioError::TooSlow)?
        .map_err(StudioError::Speaker)?;
    if !output.status.success() {
        return Err(StudioError::NoSound(output.status.to_string()));
    }
    samples_of(&output.stdout).ok_or_else(|| StudioError::NoSound("what it wrote is no sound".to_owned()))
}

/// Reads a WAV stream. Its lengths are not those of the sound, for it was begun before the end was known.
fn samples_of(wav: &[u8]) -> Option<(Vec<i16>, u32)> {
    let rate = u32::from_le_bytes(wav.get(24..28)?.try_into().ok()?);
    let data = wav.windows(4).position(|four| four == b"data")? + 8;
    let samples: Vec<i16> = wav
        .get(data..)?
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    (!samples.is_empty() && (8_000..=48_000).contains(&rate)).then_some((samples, rate))
}
