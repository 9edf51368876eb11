//! Writes a call down in the background, in order, so that a slow database never delays a tick.

use crate::call::{CallScribe, NotWritten, SaidAloud};
use crate::flow::Event;
use domain::{conversation::ConversationStatus, turn_times::TurnTimes};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// Waiting times between tries, by the wall clock.
const RETRY_AFTER: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(3),
];
/// A request not to be called again is tried this many more times, at the longest waiting time.
const OPT_OUT_TRIES: usize = 15;
/// How long the end of a call waits for what is not written yet.
const LAST_WRITES: Duration = Duration::from_secs(10);
/// The same if a request not to be called again is among it.
const LAST_OPT_OUT: Duration = Duration::from_secs(60);

enum Entry {
    Stage(ConversationStatus),
    Sentence(SaidAloud),
    OptOut,
    Turn(TurnTimes),
    RecordingBegan,
}

/// The queue to the scribe.
pub(super) struct Writer {
    entries: mpsc::UnboundedSender<Entry>,
    task: AbortOnDropHandle<bool>,
    opted_out: bool,
}

impl Writer {
    /// `failed` is told once if something could not be written at all.
    pub(super) fn start(scribe: Arc<dyn CallScribe>, failed: mpsc::UnboundedSender<Event>) -> Self {
        let (entries, mut queue) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut all_written = true;
            while let Some(entry) = queue.recv().await {
                if write(&*scribe, &entry).await.is_err() && all_written {
                    all_written = false;
                    // Whoever listens may be gone: then the call is over already.
                    let _ = failed.send(Event::ScribeFailed);
                }
            }
            all_written
        });
        Self {
            entries,
            task: AbortOnDropHandle::new(task),
            opted_out: false,
        }
    }

    pub(super) fn stage(&self, status: ConversationStatus) {
        self.add(Entry::Stage(status));
    }

    pub(super) fn sentence(&self, said: SaidAloud) {
        self.add(Entry::Sentence(said));
    }

    pub(super) fn recording_began(&self) {
        self.add(Entry::RecordingBegan);
    }

    pub(super) fn opted_out(&mut self) {
        self.opted_out = true;
        self.add(Entry::OptOut);
    }

    pub(super) fn turn(&self, turn: TurnTimes) {
        self.add(Entry::Turn(turn));
    }

    fn add(&self, entry: Entry) {
        // The task ends only when this sender is dropped.
        let _ = self.entries.send(entry);
    }

    /// Waits until all is written. False if something was lost.
    pub(super) async fn finish(self) -> bool {
        let Self {
            entries,
            task,
            opted_out,
        } = self;
        drop(entries);
        let patience = if opted_out { LAST_OPT_OUT } else { LAST_WRITES };
        matches!(tokio::time::timeout(patience, task).await, Ok(Ok(true)))
    }
}

async fn write(scribe: &dyn CallScribe, entry: &Entry) -> Result<(), NotWritten> {
    let tries = match entry {
        Entry::OptOut => RETRY_AFTER.len() + OPT_OUT_TRIES,
        _ => RETRY_AFTER.len(),
    };
    let mut outcome = write_once(scribe, entry).await;
    for retry in 0..tries {
        if outcome.is_ok() {
            break;
        }
        tokio::time::sleep(RETRY_AFTER[retry.min(RETRY_AFTER.len() - 1)]).await;
        outcome = write_once(scribe, entry).await;
    }
    outcome
}

async fn write_once(scribe: &dyn CallScribe, entry: &Entry) -> Result<(), NotWritten> {
    match entry {
        Entry::Stage(status) => scribe.stage(*status).await,
        Entry::Sentence(said) => scribe.sentence(said.clone()).await,
        Entry::OptOut => scribe.opted_out().await,
        Entry::Turn(turn) => {
            scribe.turn(*turn).await;
            Ok(())
        }
        Entry::RecordingBegan => scribe.recording_began().await,
    }
}
