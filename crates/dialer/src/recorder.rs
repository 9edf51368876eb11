//! The file of a call's recording, from its creation to its row.

use domain::ConversationId;
use std::{
    io,
    path::{Path, PathBuf},
};
use store::calls::NewRecording;
use voice::recording::{CallRecorder, OggOpusRecorder, RecordingInProgress, RecordingSummary};

/// What a process that died recorded of a call, if its files are on this machine.
pub(crate) async fn left_behind(folder: Option<&Path>, conversation: ConversationId) -> Option<NewRecording> {
    let file_name = file_name(conversation);
    read_back(folder?.join(&file_name), file_name).await
}

/// A file that nobody finished, as far as it goes.
async fn read_back(path: PathBuf, file_name: String) -> Option<NewRecording> {
    let read = tokio::task::spawn_blocking(move || voice::recording::left_behind(&path)).await;
    match read.map_err(io::Error::other).flatten() {
        Ok(summary) => new_recording(file_name, summary),
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::error!(%error, "an unfinished recording cannot be read");
            }
            None
        }
    }
}

fn file_name(conversation: ConversationId) -> String {
    format!("{conversation}.ogg")
}

/// `None` if there is nothing to hear.
fn new_recording(file_name: String, summary: RecordingSummary) -> Option<NewRecording> {
    (summary.duration_ms > 0).then_some(NewRecording {
        file_name,
        bytes: summary.bytes,
        duration_ms: summary.duration_ms,
        peaks: summary.peaks,
    })
}

/// A recording that is being written.
pub(crate) struct Recording {
    path: PathBuf,
    file_name: String,
    in_progress: RecordingInProgress,
}

/// Begins the recording of a call. A call that cannot be recorded is still made.
pub(crate) fn begin(folder: &Path, conversation: ConversationId) -> Option<(Box<dyn CallRecorder>, Recording)> {
    let file_name = file_name(conversation);
    let path = folder.join(&file_name);
    match OggOpusRecorder::create(&path) {
        Ok((recorder, in_progress)) => {
            let recording = Recording {
                path,
                file_name,
                in_progress,
            };
            Some((Box::new(recorder), recording))
        }
        Err(error) => {
            tracing::error!(%error, "the call cannot be recorded");
            None
        }
    }
}

impl Recording {
    /// Waits until all is written. `None` if there is nothing to hear or to read back. To be called
    /// when the recorder has been dropped.
    pub(crate) async fn finish(self) -> Option<NewRecording> {
        match self.in_progress.finish().await {
            Ok(summary) => {
                let recording = new_recording(self.file_name, summary);
                if recording.is_none()
                    && let Err(error) = tokio::fs::remove_file(&self.path).await
                {
                    tracing::warn!(%error, "an empty recording was left behind");
                }
                recording
            }
            Err(error) => {
                tracing::error!(%error, "a recording could not be finished; what is on disk is kept");
                read_back(self.path, self.file_name).await
            }
        }
    }
}
