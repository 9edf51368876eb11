//! Both sides of a call, kept as one stereo Ogg Opus file: the agent on the left, the person on the right.
//!
//! [`OggOpusRecorder`] is what a call holds: it hands a second of sound at a time to a task of its own, which encodes
//! and writes on threads that may block. If that task cannot keep up, sound is left out (as silence of the same
//! length), never the call delayed. The other half, [`RecordingInProgress`], stays with whoever wants to know what was
//! written: it resolves when the recorder has been dropped and the file is complete.
//!
//! Every second is a page of the file, so a process that dies loses at most the last second or two; what was written
//! plays, knows its length, and can be sought in.

mod left_behind;
mod ogg_file;
mod peaks;

pub use left_behind::left_behind;

use ogg_file::OggFile;
use std::{fs::File, io, io::Write, mem, path::Path};
use telephony::{FRAME_MILLIS, Frame};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_util::task::AbortOnDropHandle;

/// Gets both sides of every tick of a call, from the answer to the end. Dropping it ends the recording.
pub trait CallRecorder: Send {
    /// The next 20 ms. Never blocks: it is called in the rhythm of the call.
    fn tick(&mut self, agent: &Frame, person: &Frame);

    /// So much of the call was not recorded; it becomes silence, so that the rest stands where it belongs.
    fn leave_out(&mut self, ticks: usize);
}

/// Where a recording is written, whole pages at a time.
pub trait RecordingFile: Send {
    /// Adds `pages`. After the `last` ones nothing follows: when this returns, everything is on the disk.
    ///
    /// # Errors
    /// The disk's. Nothing is added after one.
    fn add(&mut self, pages: &[u8], last: bool) -> io::Result<()>;
}

impl RecordingFile for File {
    fn add(&mut self, pages: &[u8], last: bool) -> io::Result<()> {
        self.write_all(pages)?;
        if last { self.sync_data() } else { Ok(()) }
    }
}

/// What a finished recording is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingSummary {
    /// Length of the sound as an Ogg Opus file.
    pub bytes: u64,
    /// Lengths of what was added to the file each time, bytes; together they are `bytes`. Empty if it was read back.
    pub pieces: Vec<u32>,
    pub duration_ms: u64,
    /// Loudest sample of each slice of the call, (agent, person), 0 to 100. At most [`MOST_PEAKS`] slices of the same
    /// length, which together cover the call.
    pub peaks: Vec<(u8, u8)>,
}

/// Slices in [`RecordingSummary::peaks`].
pub const MOST_PEAKS: usize = 600;

/// Ticks that are handed over at once: a second.
const BATCH_TICKS: usize = 1_000 / FRAME_MILLIS as usize;
/// Batches that may wait to be written. Beyond them sound is left out.
const MOST_WAITING: usize = 30;

/// What is handed over at once. A gap has no place of its own in the queue: with only one place free each second it
/// would take it from the sound, and nothing would be recorded any more.
struct Piece {
    /// Ticks before the sound that were left out because the disk was too slow.
    missed: usize,
    sound: Vec<(Frame, Frame)>,
}

/// Writes a call as it goes. See the [module](self).
pub struct OggOpusRecorder {
    batch: Vec<(Frame, Frame)>,
    missed: usize,
    pieces: mpsc::Sender<Piece>,
}

/// The file that an [`OggOpusRecorder`] is writing. Dropping it gives the recording up where it is.
pub struct RecordingInProgress {
    writing: AbortOnDropHandle<io::Result<RecordingSummary>>,
}

impl OggOpusRecorder {
    /// Creates a plain file, and the folders that lead to it. Needs a Tokio runtime.
    ///
    /// # Errors
    /// The file cannot be created; it must not exist yet.
    pub fn create(path: &Path) -> io::Result<(Self, RecordingInProgress)> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = File::create_new(path)?;
        Ok(Self::begin(move || Ok(Box::new(file))))
    }

    /// Opens the file when there is something to write. If there never is, nothing was recorded: the summary is empty.
    /// Needs a Tokio runtime.
    pub fn begin(
        open: impl FnOnce() -> io::Result<Box<dyn RecordingFile>> + Send + 'static,
    ) -> (Self, RecordingInProgress) {
        let (pieces, received) = mpsc::channel(MOST_WAITING);
        let recorder = Self {
            batch: Vec::with_capacity(BATCH_TICKS),
            missed: 0,
            pieces,
        };
        let writing = AbortOnDropHandle::new(tokio::spawn(write(open, received)));
        (recorder, RecordingInProgress { writing })
    }

    fn hand_over(&mut self) {
        let piece = Piece {
            missed: mem::take(&mut self.missed),
            sound: mem::replace(&mut self.batch, Vec::with_capacity(BATCH_TICKS)),
        };
        if let Err(TrySendError::Full(piece) | TrySendError::Closed(piece)) = self.pieces.try_send(piece) {
            self.missed = piece.missed + piece.sound.len();
        }
    }
}

impl CallRecorder for OggOpusRecorder {
    fn tick(&mut self, agent: &Frame, person: &Frame) {
        self.batch.push((agent.clone(), person.clone()));
        if self.batch.len() >= BATCH_TICKS {
            self.hand_over();
        }
    }

    fn leave_out(&mut self, ticks: usize) {
        self.missed += ticks;
    }
}

impl Drop for OggOpusRecorder {
    fn drop(&mut self) {
        if !self.batch.is_empty() || self.missed > 0 {
            self.hand_over();
        }
    }
}

impl RecordingInProgress {
    /// Waits until the recorder has been dropped and everything is on disk.
    ///
    /// # Errors
    /// The disk is full, or something else went wrong while writing; what was written before is still there.
    pub async fn finish(self) -> io::Result<RecordingSummary> {
        self.writing.await.map_err(io::Error::other)?
    }
}

async fn write(
    open: impl FnOnce() -> io::Result<Box<dyn RecordingFile>> + Send + 'static,
    mut pieces: mpsc::Receiver<Piece>,
) -> io::Result<RecordingSummary> {
    let mut next = pieces.recv().await;
    if next.is_none() {
        return Ok(RecordingSummary::default());
    }
    let mut file = off_the_loop(move || OggFile::begin(open()?)).await?;
    while let Some(piece) = next {
        file = off_the_loop(move || {
            let silence = Frame::silence();
            (0..piece.missed).try_for_each(|_| file.add(&silence, &silence))?;
            piece
                .sound
                .iter()
                .try_for_each(|(agent, person)| file.add(agent, person))?;
            Ok(file)
        })
        .await?;
        next = pieces.recv().await;
    }
    off_the_loop(move || file.finish()).await
}

async fn off_the_loop<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests;
