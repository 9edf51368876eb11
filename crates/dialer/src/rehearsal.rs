//! A campaign's script against simulated people: the same agent and the same sound as in calls, on networks that have no
//! telephones. No lead, no statistic; what is kept is the rehearsal itself.
//!
//! [`Rehearsal`] plays scenarios and needs no database; [`Rehearser`] plays those that wait in one. Who the people are is
//! behind [`Cast`], so that this crate does not depend on simulated ones.

mod call;
mod job;
mod recording_seat;

pub use job::Rehearser;

use domain::{
    Chance, Clock,
    campaign::{CampaignContent, Engine},
    rehearsal::{RehearsedCall, Scenario, WhoAnswers},
};
use std::sync::Arc;
use store::calls::NewRecording;
use telephony::TelephoneNetwork;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use vault::Archive;
use voice::ports::Voices;

/// Calls of one rehearsal at the same time: they run faster than people speak, so each costs as much as several calls.
const AT_ONCE: usize = 3;

/// Those who answer in rehearsals, and the voices with which they can be talked to.
pub trait Cast: Send + Sync {
    /// A network on which `who` answers every call. The same number is the same person each time.
    ///
    /// # Errors
    /// A sentence that says why they cannot be played.
    fn network(&self, who: WhoAnswers) -> Result<Arc<dyn TelephoneNetwork>, String>;

    /// The agent's, at the pace of those networks.
    fn voices(&self) -> Voices;
}

/// Why a rehearsal could not be played, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotPlayed(pub String);

/// Scenarios that are about to be played.
pub struct Rehearsal {
    /// Its texts as they are to be said ([`domain::rehearsal::with_sample`]).
    pub content: CampaignContent,
    pub scenarios: Vec<Scenario>,
    pub cast: Arc<dyn Cast>,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    /// Where the sound is kept; none if nobody wants to hear it.
    pub archive: Option<Archive>,
    /// Ends it; calls that are going on are not told any more.
    pub stop: CancellationToken,
}

/// A call that was played.
#[derive(Clone, Debug)]
pub struct Played {
    /// Its place in the order of the scenarios, from 0.
    pub position: u32,
    pub call: RehearsedCall,
    pub sound: Option<NewRecording>,
}

impl Rehearsal {
    /// Plays all scenarios, a few calls at a time, and tells each call when it is over.
    ///
    /// # Errors
    /// Something that is needed does not work; no further call is played.
    pub async fn play(self, played: mpsc::Sender<Played>) -> Result<(), NotPlayed> {
        let voices = self.cast.voices();
        if let Some(trouble) = voices.trouble() {
            return Err(NotPlayed(trouble));
        }
        if self.content.engine == Engine::Realtime && voices.speech_to_speech.is_none() {
            let none = "The campaign is to be held by a model that hears and speaks by itself, and none is connected.";
            return Err(NotPlayed(none.to_owned()));
        }
        let mut waiting = Vec::new();
        for scenario in &self.scenarios {
            waiting.extend((1..=scenario.times).map(|repetition| (scenario.clone(), repetition)));
        }
        let mut waiting = (0..).zip(waiting);
        let rehearsal = Arc::new(self);
        let mut running = JoinSet::new();
        loop {
            while running.len() < AT_ONCE && !rehearsal.stop.is_cancelled() {
                let Some((position, (scenario, repetition))) = waiting.next() else {
                    break;
                };
                let call = call::play(Arc::clone(&rehearsal), position, scenario, repetition);
                running.spawn(call.in_current_span());
            }
            let Some(ended) = running.join_next().await else {
                return Ok(());
            };
            let ended = ended.map_err(|error| {
                tracing::error!(%error, "the agent of a rehearsed call broke down");
                NotPlayed("The agent broke down.".to_owned())
            })??;
            // Whoever stopped it is told nothing any more.
            if let Some(ended) = ended
                && played.send(ended).await.is_err()
            {
                return Ok(());
            }
        }
    }
}
