//! What happens around every request.

use crate::{
    answer::{Refusal, page},
    routes::BODY_LIMIT,
    security::{headers, origin},
    state::WebState,
};
use app::api::browser_request::ClientAddress;
use axum::{
    body::Body,
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{Chance, ErrorKind};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use std::{any::Any, net::SocketAddr, time::Instant};
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Bodies of the import upload, in bytes. Files have a lower limit of their own; up to this one a sender who is above it is
/// heard out, because a browser that is cut off while it sends does not show the answer.
const UPLOAD_LIMIT: u64 = 1024 * 1024 * 1024;

/// Refuses what comes from other sites or is too large, tells the client's address to those who count sign-ins, and
/// adds the headers every answer bears.
pub(crate) async fn guard(State(state): State<WebState>, mut request: Request, next: Next) -> Response {
    let ours = origin::is_ours(request.headers(), &state.configuration.public_url);
    let changes = !origin::is_safe(request.method()) || request.headers().contains_key(header::UPGRADE);
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let limit = if request.uri().path().ends_with("/import") {
        UPLOAD_LIMIT
    } else {
        BODY_LIMIT as u64
    };
    let mut response = if changes && !ours {
        Refusal::from(ErrorKind::Forbidden).for_sender(request.headers())
    } else if announced.is_some_and(|length| length > limit) {
        Refusal::from(ErrorKind::TooLarge).for_sender(request.headers())
    } else {
        if let Some(address) = client_address(&request, &state) {
            request.extensions_mut().insert(ClientAddress(address));
        }
        let (parts, body) = request.into_parts();
        // Server functions read their bodies themselves, so the limit is put into the body.
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        request = Request::from_parts(parts, Body::new(http_body_util::Limited::new(body, limit)));
        next.run(request).await
    };
    headers::add(response.headers_mut(), state.configuration.is_https());
    response
}

/// The peer's address, or what the one trusted proxy says about it.
fn client_address(request: &Request, state: &WebState) -> Option<String> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>()?.0.ip();
    let told = (state.configuration.trusted_proxy == Some(peer))
        .then(|| request.headers().get_all("x-forwarded-for").iter().next_back())
        .flatten()
        .and_then(|line| {
            line.to_str()
                .ok()?
                .rsplit(',')
                .next()?
                .trim()
                .parse::<std::net::IpAddr>()
                .ok()
        });
    Some(told.unwrap_or(peer).to_string())
}

/// Gives every request an id, logs it by its route, and counts it. Ids, queries and bodies are never logged.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let mut id = [0; 8];
    crate::ambient::SystemChance.fill(&mut id);
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", request_id = %id, %method, %route);
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = started.elapsed();
    let status = response.status();
    let labels = [
        ("method", known_method(&method).to_owned()),
        ("route", route),
        ("status", status.as_u16().to_string()),
    ];
    ::metrics::counter!("ringside_http_requests_total", &labels).increment(1);
    ::metrics::histogram!("ringside_http_request_seconds", &labels[..2]).record(took.as_secs_f64());
    span.in_scope(|| {
        let (status, took_ms) = (status.as_u16(), took.as_millis());
        if status >= 500 {
            tracing::error!(status, took_ms, "answered with an error of ours");
        } else {
            tracing::debug!(status, took_ms, "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The method as a label. Methods that nobody knows share one: each label value stays in memory for ever.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// The answer after a bug. The log has its place; the person gets a sentence.
pub(crate) fn after_a_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    let page = page("Something went wrong on our side", "It was written to the log.");
    (StatusCode::INTERNAL_SERVER_ERROR, page).into_response()
}
