//! The job that plays the rehearsals that wait in the database: takes one by lease, writes each call down, ends it.

use super::{Cast, NotPlayed, Played, Rehearsal};
use domain::{
    Chance, Clock, RehearsalId,
    rehearsal::{RehearsalStatus, with_sample},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use store::{Store, StoreError, rehearsal_sounds, rehearsals, rehearsals::RehearsalWork};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::Instrument;
use vault::Archive;

/// How long a rehearsal belongs to a process that says nothing.
const LEASE: Duration = Duration::from_secs(30);
/// How often it says that it is alive, and asks whether the rehearsal was cancelled.
const RENEW: Duration = Duration::from_secs(1);
/// How often to look for work.
const PAUSE: Duration = Duration::from_secs(1);

const STOPPED: &str = "The system was being stopped. Start the rehearsal again.";
const ABANDONED: &str = "The process that played it ended. Start the rehearsal again.";

/// Plays what waits in a database. One runs in each process that makes calls.
pub struct Rehearser {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    /// Where the sound is kept.
    pub archive: Archive,
    pub cast: Arc<dyn Cast>,
}

impl Rehearser {
    /// Plays rehearsals, one after the other, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let played = match self.play_next(&stop).await {
                Ok(played) => played,
                Err(error) => {
                    tracing::error!(%error, "a rehearsal stumbled");
                    false
                }
            };
            if !played {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }

    /// Plays one rehearsal, if one waits; false if none does.
    ///
    /// # Errors
    /// The database's.
    pub async fn play_next(&self, stop: &CancellationToken) -> Result<bool, StoreError> {
        let work = {
            let mut conn = self.store.connection().await?;
            rehearsals::end_abandoned(&mut conn, ABANDONED).await?;
            rehearsals::take(&mut conn, LEASE).await?
        };
        let Some(work) = work else {
            return Ok(false);
        };
        let id = work.id;
        let span = tracing::info_span!("rehearsal", rehearsal_id = %id);
        let outcome = Box::pin(self.play(work, stop)).instrument(span).await?;
        let (status, failure) = match outcome {
            Ok(()) if stop.is_cancelled() => (RehearsalStatus::Failed, Some(STOPPED.to_owned())),
            Ok(()) => (RehearsalStatus::Completed, None),
            Err(NotPlayed(why)) => (RehearsalStatus::Failed, Some(why)),
        };
        let mut conn = self.store.connection().await?;
        // One that was cancelled has ended already.
        rehearsals::end(&mut conn, id, status, failure.as_deref()).await?;
        Ok(true)
    }

    async fn play(&self, work: RehearsalWork, stop: &CancellationToken) -> Result<Result<(), NotPlayed>, StoreError> {
        let stop = stop.child_token();
        let rehearsal = Rehearsal {
            content: with_sample(&work.content, &BTreeMap::new()),
            scenarios: work.scenarios,
            cast: Arc::clone(&self.cast),
            clock: Arc::clone(&self.clock),
            chance: Arc::clone(&self.chance),
            archive: Some(self.archive.clone()),
            stop: stop.clone(),
        };
        let (tell, mut told) = mpsc::channel(1);
        let playing = AbortOnDropHandle::new(tokio::spawn(rehearsal.play(tell).in_current_span()));
        let mut every = tokio::time::interval(RENEW);
        loop {
            tokio::select! {
                played = told.recv() => match played {
                    Some(played) => self.write_down(work.id, played).await?,
                    None => break,
                },
                _ = every.tick() => {
                    let mut conn = self.store.connection().await?;
                    if !rehearsals::renew(&mut conn, work.id, LEASE).await? {
                        stop.cancel();
                    }
                }
            }
        }
        Ok(playing.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a rehearsal broke down");
            Err(NotPlayed("The rehearsal broke down.".to_owned()))
        }))
    }

    async fn write_down(&self, id: RehearsalId, played: Played) -> Result<(), StoreError> {
        let Played { position, call, sound } = played;
        let stored = match &sound {
            Some(sound) => self.put_in_store(&sound.file_name).await,
            None => false,
        };
        let mut transaction = self.store.begin().await?;
        rehearsals::add_call(&mut transaction, id, position, &call).await?;
        if let Some(sound) = sound {
            // Also if the rehearsal is gone: the row is what the file is deleted by.
            rehearsal_sounds::insert(&mut transaction, id, call.id, &sound, stored, self.clock.now()).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Moves a file to the object store, if there is one; false if it stays here.
    async fn put_in_store(&self, file_name: &str) -> bool {
        if !self.archive.has_store() {
            return false;
        }
        if let Err(error) = self.archive.copy_to_store(file_name).await {
            tracing::warn!(%error, "the sound of a rehearsal stays on this machine");
            return false;
        }
        if let Err(error) = self.archive.delete_here(file_name).await {
            tracing::warn!(%error, "the sound of a rehearsal is in two places");
        }
        true
    }
}
