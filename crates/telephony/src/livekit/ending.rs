//! The end of a call on LiveKit: the phone leg really ends, whatever else goes wrong.

use super::{api::Api, caller_ids::CallerId, participant::Room, progress::DialFailure};
use domain::ConversationId;
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// Pauses between the tries to close a room, about a minute in all. LiveKit's own limits (an empty room, the longest
/// call) end what is still there after that.
const PAUSES_MS: [u64; 9] = [100, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/// As long as a request to dial is on its way, the phone may still come into the room.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What is left of a call when the agent takes its leave.
pub(crate) struct Remains {
    pub(crate) api: Arc<Api>,
    pub(crate) conversation: ConversationId,
    pub(crate) room_name: String,
    pub(crate) room: Arc<dyn Room>,
    /// Phones in the room.
    pub(crate) phones: Vec<String>,
    /// Tells what came of the request to dial, if that is not known yet.
    pub(crate) request: Option<oneshot::Receiver<Result<(), DialFailure>>>,
    /// In use until the phone leg has ended.
    pub(crate) caller_id: Option<CallerId>,
}

impl Remains {
    /// Puts everybody out and closes the room.
    pub(crate) async fn clear(mut self) {
        self.close().await;
        self.room.leave().await;
        if let Some(mut request) = self.request.take() {
            loop {
                match tokio::time::timeout(LOOK_AGAIN, &mut request).await {
                    Ok(Ok(Err(DialFailure::NotAnswered(_))) | Err(_)) => break,
                    Ok(Ok(Ok(()) | Err(DialFailure::Unclear))) => {
                        self.close().await;
                        break;
                    }
                    Err(_) => self.close().await,
                }
            }
        }
        drop(self.caller_id);
    }

    /// Puts the phones out and closes the room, trying again for a while. The room's name may be personal, so it is not
    /// told.
    async fn close(&self) {
        let (api, room, conversation_id) = (&self.api, &self.room_name, self.conversation);
        for pause in PAUSES_MS {
            // Closing the room ends phones too; asking for both is for the one that fails.
            let mut done = true;
            for phone in &self.phones {
                done &= api.remove(room, phone).await.is_ok();
            }
            match api.delete_room(room).await {
                Ok(()) if done => return,
                Ok(()) => {}
                Err(error) => tracing::debug!(%error, %conversation_id, "a room could not be closed yet"),
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        tracing::error!(
            %conversation_id,
            "a room could not be closed; LiveKit's own limits will end the call"
        );
    }
}

/// Closes a room that nobody was dialled into; if that fails, it is empty and closes by itself.
pub(crate) async fn give_up(api: &Api, room: &str) {
    if let Err(error) = api.delete_room(room).await {
        tracing::debug!(%error, room, "a room that was not used is left to close by itself");
    }
}
