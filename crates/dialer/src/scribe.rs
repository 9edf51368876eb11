//! Writes down what happens in one call.

use crate::{glimpses::GlimpseSender, leases::Hold, metric};
use agent::{
    call::{CallScribe, NotWritten, SaidAloud},
    flow::AnsweredBy,
};
use async_trait::async_trait;
use domain::{
    CampaignId, Clock, ConversationId, PhoneNumber, WorkerId,
    conversation::{ConversationStatus, TranscriptSegment},
    live::Glimpse,
    turn_times::TurnTimes,
};
use std::{sync::Arc, time::Duration};
use store::{Store, StoreError, calls, turns};
use tokio::sync::Mutex;

/// The scribe of one call.
pub(crate) struct StoreScribe {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) worker_id: WorkerId,
    pub(crate) campaign_id: CampaignId,
    pub(crate) conversation_id: ConversationId,
    pub(crate) number: PhoneNumber,
    pub(crate) hold: Arc<Hold>,
    pub(crate) glimpses: GlimpseSender,
    /// Position of the next sentence; locked while one is written, so that they stay in their order.
    pub(crate) next_position: Mutex<u32>,
}

fn written(what: &'static str, outcome: Result<(), StoreError>) -> Result<(), NotWritten> {
    outcome.map_err(|error| {
        tracing::error!(%error, what, "a call could not be written down");
        NotWritten
    })
}

#[async_trait]
impl CallScribe for StoreScribe {
    async fn about_to_dial(&self) -> Result<(), NotWritten> {
        if !self.hold.is_valid() {
            return Err(NotWritten);
        }
        let outcome = async {
            let mut conn = self.store.connection().await?;
            calls::about_to_dial(&mut conn, self.conversation_id, self.worker_id, self.clock.now()).await
        };
        match outcome.await {
            Ok(true) => Ok(()),
            Ok(false) => {
                tracing::warn!("the lease was lost before dialling");
                Err(NotWritten)
            }
            Err(error) => written("about to dial", Err(error)),
        }
    }

    async fn stage(&self, status: ConversationStatus) -> Result<(), NotWritten> {
        let outcome = calls::stage(&self.store, self.conversation_id, status, self.clock.now()).await;
        written("stage", outcome)
    }

    async fn sentence(&self, said: SaidAloud) -> Result<(), NotWritten> {
        let mut position = self.next_position.lock().await;
        let segment = TranscriptSegment {
            position: *position,
            speaker: said.speaker,
            // The one character that a database cannot hold.
            text: if said.text.reveal().contains('\0') {
                said.text.reveal().replace('\0', "").into()
            } else {
                said.text
            },
            start_ms: said.start_ms,
            end_ms: said.end_ms,
            interrupted: said.interrupted,
            at: self.clock.now(),
        };
        let outcome = calls::sentence(&self.store, self.campaign_id, self.conversation_id, segment).await;
        if outcome.is_ok() {
            *position += 1;
        }
        written("sentence", outcome)
    }

    async fn opted_out(&self) -> Result<(), NotWritten> {
        let outcome = calls::opted_out(&self.store, self.conversation_id, &self.number, self.clock.now()).await;
        written("opt-out", outcome)
    }

    async fn recording_began(&self) -> Result<(), NotWritten> {
        let outcome = async {
            let mut conn = self.store.connection().await?;
            calls::recording_began(&mut conn, self.conversation_id).await
        };
        written("beginning of the recording", outcome.await)
    }

    fn answered_by(&self, who: AnsweredBy, after: Duration) {
        metric::answered_by(who, after);
    }

    /// A turn whose times are lost is no reason to end a call.
    async fn turn(&self, turn: TurnTimes) {
        metric::turn(&turn);
        let outcome = async {
            let mut conn = self.store.connection().await?;
            turns::add(&mut conn, self.campaign_id, self.conversation_id, &turn).await
        };
        if let Err(error) = outcome.await {
            tracing::warn!(%error, "the times of a turn could not be kept");
        }
    }

    fn glimpse(&self, glimpse: Glimpse) {
        self.glimpses.send(glimpse);
    }
}
