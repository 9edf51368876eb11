//! Whether the process lives, and whether it should get requests.

use crate::state::WebState;
use axum::{Json, extract::State, response::IntoResponse};
use http::StatusCode;
use std::time::Duration;

/// The process answers; nothing else is looked at, or a restart would follow on every hiccup of the database.
pub(super) async fn live() -> impl IntoResponse {
    Json(serde_json::json!({ "live": true }))
}

/// Ready if it was not told to stop, the database answers, and its schema is the one of this release.
pub(super) async fn ready(State(state): State<WebState>) -> impl IntoResponse {
    let stopping = state.stopping.asked.is_cancelled();
    let schema = tokio::time::timeout(Duration::from_secs(2), state.ops.store.is_migrated()).await;
    let database = matches!(schema, Ok(Ok(_)));
    let migrated = matches!(schema, Ok(Ok(true)));
    let events = state.feed.is_alive();
    let ready = !stopping && database && migrated && events;
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let parts = serde_json::json!({
        "voices": state.ops.voices_trouble.get().unwrap_or_else(|| "usable".to_owned()),
        "telephone_network": state.ops.network_trouble.get().unwrap_or_else(|| "usable".to_owned()),
        "ready": ready, "database": database, "migrated": migrated, "events": events, "stopping": stopping,
    });
    (status, Json(parts))
}
