//! The pages of `app`, and its server functions.

use crate::{
    answer::Refusal,
    security::{headers::content_security_policy, origin},
    state::WebState,
};
use app::{
    app::{App, shell},
    error::AppError,
    session::FrameOfRequest,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use domain::{ErrorKind, UserError};
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use leptos::prelude::provide_context;
use leptos_axum::{AxumRouteListing, LeptosRoutes, ResponseOptions, generate_route_list};
use server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER};
use std::{pin::Pin, sync::LazyLock};

/// Bytes of an address that every browser and proxy takes in a header.
const LONGEST_ADDRESS: usize = 4_000;

/// The paths of all pages, as axum writes them.
#[must_use]
pub fn page_paths() -> Vec<String> {
    listing().iter().map(|route| route.path().to_owned()).collect()
}

/// Every page and server function. Listed once in a process, before the first page is rendered: while Leptos lists them,
/// no resource in the whole process loads, and a page that is being rendered at that moment would wait for its for ever.
fn listing() -> &'static [AxumRouteListing] {
    static LISTING: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));
    &LISTING
}

pub(super) fn routes(router: Router<WebState>, state: &WebState) -> Router<WebState> {
    router
        .route("/api/{*function}", any(server_function))
        .leptos_routes_with_handler(pages_only(), {
            let render = page(state);
            move |request: Request| render(request)
        })
}

/// Renders whichever page the request asks for, whole: every route of `app` is `SsrMode::Async`.
pub(super) fn page(
    state: &WebState,
) -> impl Fn(Request) -> Pin<Box<dyn Future<Output = Response> + Send>> + Clone + Send + Sync + 'static {
    let state = state.clone();
    move |request: Request| {
        let state = state.clone();
        Box::pin(async move {
            let frame = app::caller::frame(&state.ops, state.cookie, request.headers()).await;
            let assets = state.assets.clone();
            let context = move || {
                provide(&state);
                provide_context(FrameOfRequest(frame.clone()));
                allow_the_nonce(&state);
            };
            let render = leptos_axum::render_app_async_with_context(context, move || shell(&assets));
            let mut response = render(request).await;
            // Leptos redirects only those who say that they take HTML. No page is meant for anybody else.
            if response.headers().contains_key(header::LOCATION) && response.status().is_success() {
                *response.status_mut() = StatusCode::FOUND;
            }
            response
        })
    }
}

fn pages_only() -> Vec<AxumRouteListing> {
    let pages = listing().iter().filter(|route| !route.path().starts_with("/api/"));
    pages.cloned().collect()
}

fn provide(state: &WebState) {
    provide_context(state.ops.clone());
    provide_context(state.cookie);
}

/// Puts the nonce of this page's inline script into its content security policy, and where its calls are heard.
fn allow_the_nonce(state: &WebState) {
    let (Some(nonce), Some(response)) = (
        leptos::nonce::use_nonce(),
        leptos::prelude::use_context::<ResponseOptions>(),
    ) else {
        return;
    };
    let rooms = state.configuration.livekit.as_ref();
    let rooms = rooms.map(|livekit| livekit.public_url.as_str());
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(Some(&nonce), rooms)) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Runs a server function. Its error gets the status of its kind, for `leptos_axum` answers every error with 500. A form
/// that a browser without WebAssembly posted is led back to its page, which shows the error; if it is not known where
/// that is, the error is the page.
async fn server_function(State(state): State<WebState>, mut request: Request) -> Response {
    let plain_form = app::caller::wants_page(request.headers());
    let known = server_fn::axum::get_server_fn_service(request.uri().path(), request.method().clone()).is_some();
    if !known {
        return Refusal::from(ErrorKind::NotFound).into_response();
    }
    let headers = request.headers();
    let own = |page: &HeaderValue| {
        page.to_str()
            .is_ok_and(|page| origin::is_own_address(page, headers, &state.configuration.public_url))
    };
    if !headers.get(header::REFERER).is_some_and(own) {
        request.headers_mut().remove(header::REFERER);
    }
    let response = leptos_axum::handle_server_fns_with_context(move || provide(&state), request)
        .await
        .into_response();
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) || (plain_form && leads_to_its_error(&response)) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return Refusal(UserError::unavailable()).into_response();
    };
    let refusal = Refusal(AppError::de(bytes.clone()).0);
    if plain_form {
        let mut page = refusal.into_page();
        let cookies = parts.headers.get_all(header::SET_COOKIE).iter().cloned();
        page.headers_mut()
            .extend(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
        return page;
    }
    parts.status = refusal.status();
    Response::from_parts(parts, Body::from(bytes))
}

/// True if the answer leads back to a page with the error in its address, and the address is not too long for a browser.
fn leads_to_its_error(response: &Response) -> bool {
    let location = response.headers().get(header::LOCATION);
    location
        .and_then(|location| location.to_str().ok())
        .is_some_and(|location| location.contains("__err=") && location.len() < LONGEST_ADDRESS)
}
