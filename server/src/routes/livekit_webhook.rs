//! `POST /livekit/webhook`: what LiveKit tells by itself. Calls do not depend on it: whoever holds a call sees what happens
//! in its room. It corrects what nobody sees any more: a call whose worker died, and a phone that is in a room although its
//! call is over. And it is the first to know of people who call back.

use crate::state::WebState;
use axum::{
    Extension, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    routing::post,
};
use domain::{ConversationId, new_id};
use http::{HeaderMap, StatusCode, header};
use store::{
    StoreError,
    inbound::{self, NewCall},
    webhooks::{self, Standing},
};
use telephony::{
    CallRoom,
    livekit::{RoomNews, WebhookRefused, WebhookVerifier},
};

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
            match act(&state, &news).await {
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
async fn act(state: &WebState, news: &RoomNews) -> Result<&'static str, ActError> {
    let store = &state.ops.store;
    {
        let mut conn = store.connection().await?;
        if !webhooks::remember(&mut conn, &news.id, state.ops.clock.now()).await? {
            return Ok("repeated");
        }
    }
    let acted = correct(state, news).await;
    if acted.is_err() {
        let mut conn = store.connection().await?;
        webhooks::forget(&mut conn, &news.id).await?;
    }
    Ok(if acted? { "acted upon" } else { "taken" })
}

/// True if there was something to do.
async fn correct(state: &WebState, news: &RoomNews) -> Result<bool, ActError> {
    let store = &state.ops.store;
    if arrives_or_leaves(state, news).await? {
        return Ok(true);
    }
    let Some(room) = room_of(state, news).await? else {
        return Ok(false);
    };
    let conversation = room.conversation;
    let standing = webhooks::standing(&mut *store.connection().await?, conversation).await?;
    match standing {
        Standing::Abandoned => webhooks::announce_lost_calls(store).await?,
        // Somebody came into the room of a call that is over: a phone that answered when everybody had gone.
        Standing::Ended if !news.somebody_went() => {
            tracing::info!(conversation_id = %conversation, "closes a room whose call is over");
            state.network.end_orphan(&room).await?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Writes down that somebody calls, or that they have hung up before anybody answered. True if that is what happened.
async fn arrives_or_leaves(state: &WebState, news: &RoomNews) -> Result<bool, ActError> {
    let (store, at) = (&state.ops.store, state.ops.clock.now());
    if let Some(arrival) = &news.arrival {
        let call = NewCall {
            id: ConversationId(new_id(at, &*state.ops.chance)),
            room: arrival.room.clone(),
            caller: arrival.caller.clone(),
            phone_number: arrival.number.clone(),
            at,
        };
        return Ok(inbound::arrive(store, &call).await?);
    }
    match &news.came_in {
        Some(room) if news.somebody_went() => {
            let mut conn = store.connection().await?;
            Ok(inbound::hung_up(&mut conn, room, at).await?)
        }
        _ => Ok(false),
    }
}

/// The room that an event is about, if there is or was a call in it.
async fn room_of(state: &WebState, news: &RoomNews) -> Result<Option<CallRoom>, ActError> {
    let Some(room) = &news.came_in else {
        return Ok(news.conversation.map(CallRoom::from));
    };
    let mut conn = state.ops.store.connection().await?;
    let conversation = inbound::call_in(&mut conn, room).await?;
    Ok(conversation.map(|conversation| CallRoom {
        conversation,
        came_in: Some(room.clone()),
    }))
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
enum ActError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Network(#[from] telephony::TelephonyError),
}
