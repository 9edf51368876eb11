//! The built files. Names with a hash may be kept for ever; everything else is asked for anew.

use crate::{answer::Refusal, state::WebState};
use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use domain::ErrorKind;
use http::{HeaderValue, Method, header};
use tower::ServiceExt;
use tower_http::services::ServeDir;

pub(super) async fn file_or_not_found(State(state): State<WebState>, request: Request) -> Response {
    // Longer names are no file's, and asking the file system for one is an error there.
    let nameless = request.uri().path().split('/').any(|name| name.len() > 255);
    if nameless || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Refusal::from(ErrorKind::NotFound).into_response();
    }
    let hashed = request.uri().path().starts_with("/pkg/");
    let wants_page = app::caller::wants_page(request.headers());
    let (parts, body) = request.into_parts();
    let again = Request::from_parts(parts.clone(), Body::empty());
    let files = ServeDir::new(&state.configuration.site_dir)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    let found = files
        .oneshot(Request::from_parts(parts, body))
        .await
        .map_err(|never| match never {});
    let mut response = match found {
        Ok(response) => response.map(Body::new).into_response(),
        Err(response) => return response,
    };
    if response.status().is_success() || response.status() == http::StatusCode::NOT_MODIFIED {
        let keep = if hashed {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
        return response;
    }
    if !wants_page {
        return Refusal::from(ErrorKind::NotFound).into_response();
    }
    let mut page = super::pages::page(&state)(again).await;
    *page.status_mut() = http::StatusCode::NOT_FOUND;
    page
}
