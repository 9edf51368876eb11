//! The file of a call's recording, from its creation to its row.

use crate::worker::Worker;
use domain::{Chance, ConversationId};
use std::io;
use store::{calls::NewRecording, recordings::RecordingLock};
use vault::{Archive, Lock, NewFile, Pieces, SALT_BYTES, VaultError};
use voice::recording::{CallRecorder, OggOpusRecorder, RecordingFile, RecordingInProgress, RecordingSummary};

/// What a process that died recorded of a call, if its files are on this machine.
pub(crate) async fn left_behind(archive: Option<&Archive>, conversation: ConversationId) -> Option<NewRecording> {
    let archive = archive?.clone();
    let read = tokio::task::spawn_blocking(move || read_back(&archive, conversation)).await;
    match read.map_err(io::Error::other) {
        Ok(Ok(recording)) => recording,
        Ok(Err(error)) => {
            tracing::error!(%error, "an unfinished recording cannot be read");
            None
        }
        Err(error) => {
            tracing::error!(%error, "an unfinished recording cannot be read");
            None
        }
    }
}

/// A file that nobody finished, as far as it goes.
fn read_back(archive: &Archive, conversation: ConversationId) -> Result<Option<NewRecording>, VaultError> {
    let Some(found) = archive.left_behind(&conversation.to_string())? else {
        return Ok(None);
    };
    let summary = voice::recording::left_behind(&found.contents)?;
    Ok(new_recording(found.file_name, found.lock, summary))
}

/// `None` if there is nothing to hear.
fn new_recording(file_name: String, lock: Option<Lock>, summary: RecordingSummary) -> Option<NewRecording> {
    (summary.duration_ms > 0).then_some(NewRecording {
        file_name,
        bytes: summary.bytes,
        lock: lock.map(|lock| RecordingLock {
            key_id: lock.key_id,
            pieces: lock.pieces.to_bytes(),
        }),
        duration_ms: summary.duration_ms,
        peaks: summary.peaks,
    })
}

struct Locked(NewFile);

impl RecordingFile for Locked {
    fn add(&mut self, pages: &[u8], last: bool) -> io::Result<()> {
        self.0.add(pages, last)
    }
}

/// A recording that is being written.
pub(crate) struct Recording {
    archive: Archive,
    conversation: ConversationId,
    file_name: String,
    key_id: Option<String>,
    in_progress: RecordingInProgress,
}

/// Prepares the recording of a call. Its file is opened when there is something to record; a call that cannot be recorded is
/// still made.
pub(crate) fn begin(worker: &Worker, conversation: ConversationId) -> Option<(Box<dyn CallRecorder>, Recording)> {
    let archive = worker.config.recordings.clone()?;
    Some(begin_in(archive, &*worker.chance, conversation))
}

/// Prepares a recording in `archive`.
pub(crate) fn begin_in(
    archive: Archive,
    chance: &dyn Chance,
    conversation: ConversationId,
) -> (Box<dyn CallRecorder>, Recording) {
    let mut salt = [0; SALT_BYTES];
    chance.fill(&mut salt);
    let name = conversation.to_string();
    let (file_name, opening) = (archive.file_name(&name), archive.clone());
    let (recorder, in_progress) = OggOpusRecorder::begin(move || Ok(Box::new(Locked(opening.create(&name, &salt)?))));
    let recording = Recording {
        file_name,
        key_id: archive.current_key_id(),
        archive,
        conversation,
        in_progress,
    };
    (Box::new(recorder), recording)
}

impl Recording {
    /// Waits until all is written. `None` if nothing was recorded or can be read back. To be called when the recorder has
    /// been dropped.
    pub(crate) async fn finish(self) -> Option<NewRecording> {
        match self.in_progress.finish().await {
            Ok(summary) => {
                let pieces = Pieces(summary.pieces.clone());
                let lock = self.key_id.map(|key_id| Lock { key_id, pieces });
                new_recording(self.file_name, lock, summary)
            }
            Err(error) => {
                tracing::error!(%error, "a recording could not be finished; what is on disk is kept");
                left_behind(Some(&self.archive), self.conversation).await
            }
        }
    }
}
