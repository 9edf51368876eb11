//! Draws the results of conversations of which they could not be drawn when the call ended. One runs in each process that
//! makes calls; they share the work by leases.

use crate::{brief::script_of, metric, zone_clock::day_in};
use domain::results::{Drawn, TranscriptLine};
use std::{sync::Arc, time::Duration};
use store::{
    Store, StoreError, costs,
    result_jobs::{self, ResultsWork},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use voice::{
    meter::UsageMeter,
    ports::{LanguageModel, ResultsQuestion},
};

/// How long a conversation belongs to a process that draws its results: longer than it takes.
const LEASE: Duration = Duration::from_secs(150);
/// One try takes no longer than this.
const ONE_TRY: Duration = Duration::from_secs(90);
/// How often to look for work.
const PAUSE: Duration = Duration::from_secs(2);

/// Draws what is left for later.
pub struct ResultsReader {
    pub store: Store,
    pub model: Arc<dyn LanguageModel>,
}

impl ResultsReader {
    /// Draws results, one conversation after the other, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let worked = tokio::select! {
                // What was begun belongs to whoever comes after the lease.
                () = stop.cancelled() => return,
                worked = self.read_next() => worked,
            };
            let pause = match worked {
                Ok(true) => Duration::ZERO,
                Ok(false) => PAUSE,
                Err(error) => {
                    tracing::error!(%error, "drawing results stumbled");
                    PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Tries one conversation, if one is due; false if none is.
    ///
    /// # Errors
    /// The database's.
    pub async fn read_next(&self) -> Result<bool, StoreError> {
        let work = {
            let mut conn = self.store.connection().await?;
            result_jobs::take(&mut conn, LEASE).await?
        };
        let Some(work) = work else { return Ok(false) };
        let (id, number) = (work.conversation_id, work.number);
        let wanted = work.content.result_fields.clone();
        let question = question(work);
        let meter = question.meter.clone();
        let transcript = question.transcript.clone();
        let answer = self.ask(question).await;
        // Also a try that brings nothing is paid for.
        costs::add(&self.store, id, meter.usage()).await?;
        match answer {
            Ok(drawn) => {
                let results = drawn.checked(&wanted, &transcript).writable();
                if result_jobs::drawn(&self.store, id, number, results).await? {
                    tracing::info!(conversation_id = %id, number, "results drawn later");
                    metric::results("drawn");
                }
            }
            Err(reason) => {
                let mut conn = self.store.connection().await?;
                let again = result_jobs::not_drawn(&mut conn, id, number, &reason).await?;
                tracing::warn!(conversation_id = %id, number, ?again, reason, "results could not be drawn");
                if again == Some(false) {
                    metric::results("failed");
                }
            }
        }
        Ok(true)
    }

    /// What the model draws, or why it does not, without a word of what was said.
    async fn ask(&self, question: ResultsQuestion) -> Result<Drawn, String> {
        let model = Arc::clone(&self.model);
        // A task of its own: an adapter that panics must not end the job.
        let asking = AbortOnDropHandle::new(tokio::spawn(async move { model.results(question).await }));
        match tokio::time::timeout(ONE_TRY, asking).await {
            Ok(Ok(Ok(drawn))) => Ok(drawn),
            Ok(Ok(Err(error))) => Err(format!("The language model did not draw them: {error}.")),
            Ok(Err(_)) => Err("Drawing them broke down.".to_owned()),
            Err(_) => Err("The language model was too slow.".to_owned()),
        }
    }
}

fn question(work: ResultsWork) -> ResultsQuestion {
    let lines = work.transcript.into_iter().map(|line| TranscriptLine {
        position: line.position,
        speaker: line.speaker,
        text: line.text,
    });
    ResultsQuestion {
        script: script_of(
            &work.content,
            &work.lead_name,
            &work.lead_email,
            &work.phone_number,
            &work.variables,
        ),
        transcript: lines.collect(),
        language: work.content.language,
        day: work.zone.zip(work.answered_at).and_then(|(zone, at)| day_in(&zone, at)),
        result_fields: work.content.result_fields,
        unhurried: true,
        meter: UsageMeter::default(),
    }
}
