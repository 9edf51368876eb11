//! The file of a call's recording, from its creation to its row.

use domain::ConversationId;
use std::path::{Path, PathBuf};
use store::calls::NewRecording;
use voice::recording::{CallRecorder, OggOpusRecorder, RecordingInProgress};

/// A recording that is being written.
pub(crate) struct Recording {
    path: PathBuf,
    file_name: String,
    in_progress: RecordingInProgress,
}

/// Begins the recording of a call. A call that cannot be recorded is still made.
pub(crate) fn begin(folder: &Path, conversation: ConversationId) -> Option<(Box<dyn CallRecorder>, Recording)> {
    let file_name = format!("{conversation}.ogg");
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
    /// Waits until all is written. `None` if there is nothing to hear or the file could not be finished. To be called
    /// when the recorder has been dropped.
    pub(crate) async fn finish(self) -> Option<NewRecording> {
        match self.in_progress.finish().await {
            Ok(summary) if summary.duration_ms > 0 => Some(NewRecording {
                file_name: self.file_name,
                bytes: summary.bytes,
                duration_ms: summary.duration_ms,
                peaks: summary.peaks,
            }),
            Ok(_) => {
                if let Err(error) = tokio::fs::remove_file(&self.path).await {
                    tracing::warn!(%error, "an empty recording was left behind");
                }
                None
            }
            Err(error) => {
                tracing::error!(%error, "a recording could not be finished");
                None
            }
        }
    }
}
