//! `/metrics` for Prometheus.

use crate::state::WebState;
use axum::{
    extract::{ConnectInfo, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use std::net::SocketAddr;

/// For this machine, unless it only forwards (a proxy), and for whoever has the token.
pub(super) async fn render(
    State(state): State<WebState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .unwrap_or_default();
    let has_token = state
        .configuration
        .metrics_token
        .as_ref()
        .is_some_and(|token| same_in_constant_time(token.reveal().as_bytes(), given.as_bytes()));
    let from_here = peer.ip().is_loopback() && !headers.contains_key("x-forwarded-for");
    if !(has_token || from_here && state.configuration.metrics_token.is_none()) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response();
    }
    let pool = state.ops.store.pool();
    ::metrics::gauge!("ringside_database_connections").set(f64::from(pool.size()));
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        state.metrics.render(),
    )
        .into_response()
}

fn same_in_constant_time(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
