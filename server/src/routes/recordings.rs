//! `/recordings/{conversation}.ogg`: the recording of a call, with ranges so that players can seek.

use crate::{
    answer::Refusal,
    state::{SignedIn, WebState},
};
use axum::{
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use domain::{ConversationId, UserError};
use http::{HeaderValue, header};
use tower::ServiceExt;
use tower_http::services::ServeFile;

pub(super) async fn send(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(file): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let missing = || UserError::not_found("recording");
    let id: ConversationId = file
        .strip_suffix(".ogg")
        .and_then(|id| id.parse().ok())
        .ok_or_else(missing)?;
    let name = operations::conversations::recording_file(&state.ops, &signed_in.caller, id).await?;
    // The name comes from our own database; a path in it would be somebody's attempt to leave the directory.
    if name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(missing().into());
    }
    let path = state.configuration.recordings_dir.join(name);
    if !path.is_file() {
        tracing::warn!(conversation_id = %id, "a recording is in the database but not in the directory of recordings");
        return Err(missing().into());
    }
    let ogg = "audio/ogg".parse().expect("a media type");
    let Ok(answer) = ServeFile::new_with_mime(path, &ogg).oneshot(request).await;
    let mut response = answer.map(Body::new).into_response();
    // A browser may keep it while it seeks, but must ask again whether its user still may.
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}
