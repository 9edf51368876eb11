//! `POST /livekit/webhook`: what LiveKit tells by itself. Calls do not depend on it: whoever holds a call sees what happens
//! in its room. It corrects what nobody sees any more: a call whose worker died, and a phone that is in a room although its
//! call is over.

use crate::state::WebState;
use axum::{
    Extension, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    routing::post,
};
use domain::ConversationId;
use http::{HeaderMap, StatusCode, header};
use store::{
    StoreError,
    webhooks::{self, Standing},
};
use telephony::livekit::{WebhookRefused, WebhookVerifier};

/// Events are below 10 kB; a room with hundreds of tracks may need more.
const LARGEST: usize = 128 * 1024;

/// The route, if there is a key to check signatures with.
pub(super) fn routes(state: &WebState) -> Router<WebState> {
    let verifier = state
        .configuration
        .livekit
        .as_ref()
        .and_then(|livekit| WebhookVerifier::new(&livekit.api_key, livekit.api_secret.reveal()));
    match verifier {
        Some(verifier) => Router::new()
            .route("/livekit/webhook", post(receive))
            .layer(DefaultBodyLimit::max(LARGEST))
            .layer(Extension(verifier)),
        None => Router::new(),
    }
}

async fn receive(
    State(state): State<WebState>,
    Extension(verifier): Extension<WebhookVerifier>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let signature = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (status, outcome) = match verifier.verify(&body, signature, state.ops.clock.now()) {
        Err(WebhookRefused::Unreadable) => (StatusCode::BAD_REQUEST, "unreadable"),
        Err(WebhookRefused::Forged) => (StatusCode::UNAUTHORIZED, "forged"),
        Err(WebhookRefused::Stale) => (StatusCode::UNAUTHORIZED, "stale"),
        Ok(news) => {
            let somebody_went = news.somebody_went();
            match act(&state, &news.id, news.conversation, somebody_went).await {
                Ok(outcome) => (StatusCode::NO_CONTENT, outcome),
                // LiveKit sends it again.
                Err(error) => {
                    tracing::warn!(%error, event = news.event, "a webhook could not be acted upon");
                    (StatusCode::SERVICE_UNAVAILABLE, "failed")
                }
            }
        }
    };
    metrics::counter!("ringside_webhooks_total", "outcome" => outcome).increment(1);
    status
}

/// Does what an event asks for, once.
async fn act(
    state: &WebState,
    event: &str,
    conversation: Option<ConversationId>,
    somebody_went: bool,
) -> Result<&'static str, ActError> {
    let store = &state.ops.store;
    let standing = {
        let mut conn = store.connection().await?;
        if !webhooks::remember(&mut conn, event, state.ops.clock.now()).await? {
            return Ok("repeated");
        }
        match conversation {
            Some(conversation) => webhooks::standing(&mut conn, conversation).await?,
            None => Standing::Unknown,
        }
    };
    let acted = match (standing, conversation) {
        (Standing::Abandoned, _) => webhooks::announce_lost_calls(store).await.map_err(ActError::from),
        // Somebody came into the room of a call that is over: a phone that answered when everybody had gone.
        (Standing::Ended, Some(conversation)) if !somebody_went => {
            tracing::info!(conversation_id = %conversation, "closes a room whose call is over");
            state.network.end_orphan(conversation).await.map_err(ActError::from)
        }
        _ => return Ok("taken"),
    };
    if acted.is_err() {
        let mut conn = store.connection().await?;
        webhooks::forget(&mut conn, event).await?;
    }
    acted.map(|()| "acted upon")
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
enum ActError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Network(#[from] telephony::TelephonyError),
}
