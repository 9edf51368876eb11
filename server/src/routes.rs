//! Every HTTP route: the pages and server functions of `app`, and those that are neither.

mod event_stream;
mod health;
mod import_upload;
mod listening;
mod livekit_webhook;
mod metrics;
mod pages;
mod recordings;
mod refused_rows;
mod site;
mod trial;

pub use pages::page_paths;

use crate::{middleware, state::WebState};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{any, get, post},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

/// Bodies of everything but the import upload, in bytes.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// The routes that are neither pages nor server functions, for the test that walks them all.
pub const OTHER_ROUTES: &[&str] = &[
    "/events",
    "/listen/{id}",
    "/try/{id}",
    "/recordings/{file}",
    "/rehearsals/{file}",
    "/campaigns/{id}/import",
    "/imports/{id}/refused.csv",
    "/livekit/webhook",
    "/health/live",
    "/health/ready",
    "/metrics",
];

/// What tells those who watch over processes how this one is.
fn for_observers() -> Router<WebState> {
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::render))
}

/// All that a process without pages answers: a worker's health and metrics.
pub fn from_outside(state: WebState) -> Router {
    for_observers()
        .layer(axum::middleware::from_fn(middleware::observe))
        .with_state(state)
}

/// The whole web server.
pub fn router(state: WebState) -> Router {
    let streams = Router::new()
        .route("/events", get(event_stream::follow))
        .route("/listen/{id}", any(listening::listen))
        .route("/try/{id}", any(trial::converse))
        .route("/recordings/{file}", get(recordings::send))
        .route("/rehearsals/{file}", get(recordings::send_rehearsed));
    let others = Router::new()
        .route(
            "/campaigns/{id}/import",
            post(import_upload::receive).layer(DefaultBodyLimit::disable()),
        )
        .route("/imports/{id}/refused.csv", get(refused_rows::download));
    let others = others.merge(for_observers()).merge(livekit_webhook::routes(&state));
    pages::routes(Router::new(), &state)
        .merge(others)
        .fallback(site::file_or_not_found)
        // Sound is compressed already, and an event stream must not wait for a full block.
        .layer(CompressionLayer::new())
        .merge(streams)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(middleware::after_a_panic))
        .layer(axum::middleware::from_fn_with_state(state.clone(), middleware::guard))
        .layer(axum::middleware::from_fn(middleware::observe))
        .with_state(state)
}
