//! The file of a call's recording, from its creation to its row.

use crate::worker::Worker;
use domain::{Chance, ConversationId};
use std::io;
use store::{calls::NewRecording, recordings::RecordingLock};
use vault::{Archive, Lock, NewFile, Pieces, SALT_BYTES, VaultError};
use voice::recording::{CallRecorder, OggOpusRecorder, RecordingFile, RecordingInProgress, RecordingSummary};

/// What processes that died recorded of a call, as far as their files are on this machine. `except` is not theirs.
pub(crate) async fn left_behind(
    archive: Option<&Archive>,
    conversation: ConversationId,
    except: Option<String>,
) -> Vec<NewRecording> {
    let Some(archive) = archive.cloned() else {
        return Vec::new();
    };
    let read = tokio::task::spawn_blocking(move || {
        let names = archive.parts_here(&conversation.to_string())?;
        let others = names.into_iter().filter(|name| Some(name) != except.as_ref());
        // One that cannot be read must not take the others along.
        let read = others.filter_map(|name| read_back(&archive, &name).unwrap_or_else(unreadable));
        Ok::<_, VaultError>(read.collect())
    });
    match read.await.map_err(io::Error::other) {
        Ok(Ok(recordings)) => recordings,
        Ok(Err(error)) => unreadable(error),
        Err(error) => unreadable(error),
    }
}

fn unreadable<T: Default>(error: impl std::fmt::Display) -> T {
    tracing::error!(%error, "an unfinished recording cannot be read");
    T::default()
}

/// A file that nobody finished, as far as it goes.
fn read_back(archive: &Archive, file_name: &str) -> Result<Option<NewRecording>, VaultError> {
    let Some(found) = archive.left_behind(file_name)? else {
        return Ok(None);
    };
    let summary = voice::recording::left_behind(&found.contents)?;
    let starts_ms = starts_ms(file_name);
    Ok(new_recording(starts_ms, found.file_name, found.lock, summary))
}

/// What the file of a part is called, without its ending. The first one bears the conversation's id alone.
fn part_name(conversation: ConversationId, starts_ms: u32) -> String {
    if starts_ms == 0 {
        conversation.to_string()
    } else {
        format!("{conversation}.{starts_ms}")
    }
}

/// Where in the call the file of a part begins, by its name.
fn starts_ms(file_name: &str) -> u64 {
    let mut words = file_name.split('.').skip(1);
    words.next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// `None` if there is nothing to hear.
fn new_recording(
    starts_ms: u64,
    file_name: String,
    lock: Option<Lock>,
    summary: RecordingSummary,
) -> Option<NewRecording> {
    (summary.duration_ms > 0).then_some(NewRecording {
        starts_ms,
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
    starts_ms: u32,
    file_name: String,
    key_id: Option<String>,
    in_progress: RecordingInProgress,
}

/// Prepares the recording of a call from `starts_ms` after the answer on. Its file is opened when there is something to record; a call that cannot be recorded is
/// still made.
pub(crate) fn begin(
    worker: &Worker,
    conversation: ConversationId,
    starts_ms: u32,
) -> Option<(Box<dyn CallRecorder>, Recording)> {
    let archive = worker.config.recordings.clone()?;
    Some(begin_in(archive, &*worker.chance, conversation, starts_ms))
}

/// Prepares a recording in `archive`.
pub(crate) fn begin_in(
    archive: Archive,
    chance: &dyn Chance,
    conversation: ConversationId,
    starts_ms: u32,
) -> (Box<dyn CallRecorder>, Recording) {
    let mut salt = [0; SALT_BYTES];
    chance.fill(&mut salt);
    let name = part_name(conversation, starts_ms);
    let (file_name, opening) = (archive.file_name(&name), archive.clone());
    let (recorder, in_progress) = OggOpusRecorder::begin(move || Ok(Box::new(Locked(opening.create(&name, &salt)?))));
    let recording = Recording {
        file_name,
        key_id: archive.current_key_id(),
        archive,
        starts_ms,
        in_progress,
    };
    (Box::new(recorder), recording)
}

impl Recording {
    /// Of the file that is being written.
    pub(crate) fn file_name(&self) -> &str {
        &self.file_name
    }

    /// Waits until all is written. `None` if nothing was recorded or can be read back. To be called when the recorder has
    /// been dropped.
    pub(crate) async fn finish(self) -> Option<NewRecording> {
        match self.in_progress.finish().await {
            Ok(summary) => {
                let pieces = Pieces(summary.pieces.clone());
                let lock = self.key_id.map(|key_id| Lock { key_id, pieces });
                new_recording(u64::from(self.starts_ms), self.file_name, lock, summary)
            }
            Err(error) => {
                tracing::error!(%error, "a recording could not be finished; what is on disk is kept");
                let (archive, name) = (self.archive, self.file_name);
                let read = tokio::task::spawn_blocking(move || read_back(&archive, &name)).await;
                read.map_or_else(unreadable, |read| read.unwrap_or_else(unreadable))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_part_says_where_it_begins() {
        let id: ConversationId = "01900000-0000-7000-8000-000000000001".parse().expect("an id");
        for (at, ending) in [(0, ".sealed"), (0, ".ogg"), (61_540, ".sealed")] {
            let name = format!("{}{ending}", part_name(id, at));
            assert_eq!(starts_ms(&name), u64::from(at), "{name}");
            // Whoever looks through the directory finds the conversation in it.
            assert_eq!(
                name.split_once('.').map(|(stem, _)| stem),
                Some(id.to_string().as_str())
            );
        }
    }
}
