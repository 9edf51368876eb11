//! What becomes of recordings after their call: they are moved to the object store, if there is one, and deleted when
//! their time is over.
//!
//! The directory of recordings is the list of what is to be done: each process looks through its own and compares it with
//! the rows. Every step can be taken again, so a process may die between any two.

use crate::Operations;
use domain::{
    CampaignId, ConversationId, UnixMillis,
    recording::{keep_days, kept_long_enough},
};
use std::{collections::HashMap, io, time::Duration};
use store::{
    StoreError,
    recordings::{self, Expired, KnownFile, RecordingFile},
    rehearsal_sounds::{self, SoundToDelete},
};
use tokio_util::sync::CancellationToken;
use vault::{Archive, Kept, Lock, Pieces, VaultError};

/// Between two looks, if there is an object store, and if there is none.
const EVERY_WITH_STORE: Duration = Duration::from_secs(10);
const EVERY: Duration = Duration::from_secs(600);
/// Longest pause after a store that could not be used.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Rows that are read at once.
const BATCH: usize = 500;
/// After so many failures in a row the store is away, and not the recordings at fault.
const FAILURES_IN_A_ROW: u32 = 3;
/// A recording that lies on one machine is deleted by a process of that machine. If none did within this time, there is
/// nothing left to delete, and should the machine come back, it deletes what it still has.
const GRACE: Duration = Duration::from_secs(86_400);

/// What keeps a look from being complete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Database(#[from] StoreError),
    #[error("the directory of recordings cannot be read: {0}")]
    Directory(#[from] io::Error),
    #[error("recordings could not be moved or deleted: {0}")]
    Archive(#[from] VaultError),
}

/// Takes care of recordings until `stop`. None is kept longer than `longest_days`, if that is set.
pub async fn keep(ops: &Operations, archive: &Archive, longest_days: Option<u16>, stop: CancellationToken) {
    let every = if archive.has_store() { EVERY_WITH_STORE } else { EVERY };
    let mut pause = every;
    loop {
        match look(ops, archive, longest_days, &stop).await {
            Ok(()) => pause = every,
            Err(error) => {
                tracing::warn!(%error, seconds = pause.as_secs(), "recordings are not all where they should be; trying again");
                pause = (pause * 2).min(LONGEST_PAUSE.max(every));
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

pub(crate) async fn look(
    ops: &Operations,
    archive: &Archive,
    longest_days: Option<u16>,
    stop: &CancellationToken,
) -> Result<(), Trouble> {
    let over: HashMap<CampaignId, UnixMillis> = {
        let mut conn = ops.store.connection().await?;
        let wishes = recordings::keep_days(&mut conn).await?;
        let now = ops.clock.now();
        let over = |(campaign, wish)| Some((campaign, kept_long_enough(now, keep_days(wish, longest_days)?)));
        wishes.into_iter().filter_map(over).collect()
    };
    look_here(ops, archive, &over, stop).await?;
    let over: Vec<(CampaignId, UnixMillis)> = over.into_iter().collect();
    delete_rehearsed(ops, archive, &over, stop).await?;
    delete_elsewhere(ops, archive, &over, stop).await
}

/// Goes through the directory.
async fn look_here(
    ops: &Operations,
    archive: &Archive,
    over: &HashMap<CampaignId, UnixMillis>,
    stop: &CancellationToken,
) -> Result<(), Trouble> {
    let here = archive.clone();
    let names = tokio::task::spawn_blocking(move || here.names_here()).await;
    let names = names.map_err(io::Error::other)??;
    let ours: Vec<(ConversationId, String)> = names
        .into_iter()
        .filter_map(|name| Some((name.split_once('.')?.0.parse().ok()?, name)))
        .collect();
    let mut failures = Failures::default();
    for batch in ours.chunks(BATCH) {
        let ids: Vec<ConversationId> = batch.iter().map(|(id, _)| *id).collect();
        let known: HashMap<String, KnownFile> = {
            let mut conn = ops.store.connection().await?;
            let known = recordings::known(&mut conn, &ids).await?;
            known.into_iter().map(|file| (file.file_name.clone(), file)).collect()
        };
        for (_, name) in batch {
            if stop.is_cancelled() {
                return Ok(());
            }
            // A call that is going on has no row yet, and what nobody knows is not ours to delete.
            let Some(file) = known.get(name) else {
                continue;
            };
            let is_over = over
                .get(&file.campaign_id)
                .is_some_and(|moment| file.recorded_at < *moment);
            failures.note(put_in_order(ops, archive, file, is_over).await)?;
        }
    }
    failures.first.map_or(Ok(()), Err)
}

/// What went wrong with single recordings: they do not keep the others from their turn, unless it is the same for all.
#[derive(Default)]
struct Failures {
    first: Option<Trouble>,
    in_a_row: u32,
}

impl Failures {
    fn note(&mut self, done: Result<(), Trouble>) -> Result<(), Trouble> {
        let Err(trouble) = done else {
            self.in_a_row = 0;
            return Ok(());
        };
        self.in_a_row += 1;
        if self.in_a_row >= FAILURES_IN_A_ROW {
            return Err(trouble);
        }
        self.first.get_or_insert(trouble);
        Ok(())
    }
}

async fn put_in_order(ops: &Operations, archive: &Archive, file: &KnownFile, is_over: bool) -> Result<(), Trouble> {
    if is_over && !file.deleted && !file.stored {
        // First the file: the row tells people that it is gone.
        archive.delete_here(&file.file_name).await?;
        let mut conn = ops.store.connection().await?;
        recordings::mark_deleted(&mut conn, file.part, false, ops.clock.now()).await?;
        return Ok(());
    }
    if !file.deleted && !file.stored {
        if !archive.has_store() {
            return Ok(());
        }
        match archive.copy_to_store(&file.file_name).await {
            // Another process with the same directory was quicker.
            Err(VaultError::Missing) => return Ok(()),
            copied => copied?,
        }
        let stored = {
            let mut conn = ops.store.connection().await?;
            recordings::mark_stored(&mut conn, file.part, ops.clock.now()).await?
        };
        if !stored {
            // It was deleted meanwhile, and must not come to life again.
            archive.delete_stored(&file.file_name).await?;
        }
    }
    archive.delete_here(&file.file_name).await?;
    Ok(())
}

/// What is known of a file, as the archive wants to know it.
pub(crate) fn kept(file: RecordingFile) -> Kept {
    Kept {
        file_name: file.file_name,
        bytes: file.bytes,
        lock: file.lock.map(|lock| Lock {
            key_id: lock.key_id,
            pieces: Pieces::from_bytes(&lock.pieces),
        }),
        stored: file.stored,
    }
}

/// Deletes the sounds of rehearsals that are gone, or whose time is over.
async fn delete_rehearsed(
    ops: &Operations,
    archive: &Archive,
    over: &[(CampaignId, UnixMillis)],
    stop: &CancellationToken,
) -> Result<(), Trouble> {
    let sounds = {
        let mut conn = ops.store.connection().await?;
        let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
        rehearsal_sounds::to_delete(&mut conn, over, ops.clock.now(), GRACE, most).await?
    };
    let mut failures = Failures::default();
    for sound in sounds {
        if stop.is_cancelled() {
            return Ok(());
        }
        failures.note(delete_sound(ops, archive, &sound).await)?;
    }
    failures.first.map_or(Ok(()), Err)
}

async fn delete_sound(ops: &Operations, archive: &Archive, sound: &SoundToDelete) -> Result<(), Trouble> {
    if sound.stored {
        archive.delete_stored(&sound.file_name).await?;
    }
    let was_here = archive.delete_here(&sound.file_name).await?;
    // Otherwise it lies on another machine, which looks for itself.
    if was_here || sound.stored || sound.written_off {
        let mut conn = ops.store.connection().await?;
        rehearsal_sounds::delete(&mut conn, sound.call).await?;
    }
    Ok(())
}

/// Deletes what is in the object store, and writes off what is on no machine any more.
async fn delete_elsewhere(
    ops: &Operations,
    archive: &Archive,
    over: &[(CampaignId, UnixMillis)],
    stop: &CancellationToken,
) -> Result<(), Trouble> {
    let expired = {
        let mut conn = ops.store.connection().await?;
        let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
        recordings::expired(&mut conn, over, GRACE, most).await?
    };
    let mut failures = Failures::default();
    for recording in expired {
        if stop.is_cancelled() {
            return Ok(());
        }
        failures.note(delete(ops, archive, &recording).await)?;
    }
    failures.first.map_or(Ok(()), Err)
}

async fn delete(ops: &Operations, archive: &Archive, recording: &Expired) -> Result<(), Trouble> {
    if recording.stored {
        archive.delete_stored(&recording.file_name).await?;
    }
    let mut conn = ops.store.connection().await?;
    recordings::mark_deleted(&mut conn, recording.part, recording.stored, ops.clock.now()).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
