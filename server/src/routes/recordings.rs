//! `/recordings/{conversation}.ogg`: the recording of a call, with ranges so that players can seek. A further part bears in
//! its name where in the call it begins: `/recordings/{conversation}.{milliseconds}.ogg`. The sound of a rehearsed call is
//! `/rehearsals/{call}.ogg`.

use crate::{
    answer::Refusal,
    state::{SignedIn, WebState},
};
use axum::{
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{ConversationId, ErrorKind, UserError};
use futures::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::ops::Range;
use vault::{Kept, VaultError};

pub(super) async fn send(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (id, starts_ms) = part_of(&file)?;
    let kept = operations::conversations::recording(&state.ops, &signed_in.caller, id, starts_ms).await?;
    answer(&state, id, &file, kept, &headers).await
}

pub(super) async fn send_rehearsed(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    // A rehearsed call has one part.
    let (id, _) = part_of(&file)?;
    let kept = operations::rehearsals::sound(&state.ops, &signed_in.caller, id).await?;
    answer(&state, id, &file, kept, &headers).await
}

async fn answer(
    state: &WebState,
    id: ConversationId,
    file: &str,
    kept: Kept,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    // A recording never changes, so its name says which one it is.
    let tag = format!("\"{file}\"");
    let length = kept.bytes;
    let answer = Response::builder()
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, &tag)
        // A browser may keep it while it seeks, but must ask again whether its user still may.
        .header(header::CACHE_CONTROL, "private, no-cache");
    let says = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if says(header::IF_NONE_MATCH) == Some(&tag) {
        return Ok(finished(answer.status(StatusCode::NOT_MODIFIED), Body::empty()));
    }
    let range = says(header::RANGE).filter(|_| says(header::IF_RANGE).is_none_or(|known| known == tag));
    let (answer, wanted) = match wanted(range, length) {
        Wanted::All => (answer, 0..length),
        Wanted::Part(part) => {
            let words = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            let answer = answer.status(StatusCode::PARTIAL_CONTENT);
            (answer.header(header::CONTENT_RANGE, words), part)
        }
        Wanted::Nothing => {
            let answer = answer.status(StatusCode::RANGE_NOT_SATISFIABLE);
            let answer = answer.header(header::CONTENT_RANGE, format!("bytes */{length}"));
            return Ok(finished(answer, Body::empty()));
        }
    };
    let answer = answer
        .header(header::CONTENT_TYPE, "audio/ogg")
        .header(header::CONTENT_LENGTH, wanted.end - wanted.start);
    let mut sound = state.archive.read(kept, wanted);
    // What cannot be read at all is told before the answer has begun.
    let first = match sound.next().await {
        Some(Err(error)) => return Err(refused(&error, id).into()),
        first => first,
    };
    let sound = stream::iter(first).chain(sound).inspect(move |part| {
        if let Err(error) = part {
            tracing::error!(%error, conversation_id = %id, "a recording broke off while it was sent");
        }
    });
    Ok(finished(answer, Body::from_stream(sound)))
}

/// The conversation, and where in it the part begins.
fn part_of(file: &str) -> Result<(ConversationId, u64), UserError> {
    let name = file.strip_suffix(".ogg").unwrap_or_default();
    let (id, starts_ms) = name.split_once('.').unwrap_or((name, "0"));
    let part = id.parse().ok().zip(starts_ms.parse().ok());
    part.ok_or_else(|| UserError::not_found("recording"))
}

fn finished(answer: http::response::Builder, body: Body) -> Response {
    answer.body(body).map_or_else(
        |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        IntoResponse::into_response,
    )
}

fn refused(error: &VaultError, id: ConversationId) -> UserError {
    tracing::error!(%error, conversation_id = %id, "a recording cannot be read");
    let sentence = match error {
        VaultError::Missing => return UserError::not_found("recording"),
        VaultError::UnknownKey(_) => {
            "This recording is locked with a key that the server does not have. An administrator can add it to \
             RINGSIDE_RECORDINGS_OLD_KEYS."
        }
        VaultError::Damaged => "This recording was damaged and cannot be played.",
        VaultError::NoStore => {
            "This recording lies in an object store, and the server has none configured. An administrator can set \
             RINGSIDE_RECORDINGS_STORE."
        }
        VaultError::Store(_) | VaultError::File(_) => return UserError::unavailable(),
    };
    UserError::new(ErrorKind::Unavailable, sentence)
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part(Range<u64>),
    /// Only what is not there.
    Nothing,
}

/// What a `Range` header asks for. Several ranges at once, and what is no range, may be answered with all of it (RFC 9110,
/// section 14.2).
fn wanted(range: Option<&str>, length: u64) -> Wanted {
    let Some(Ok(ranges)) = range.map(http_range_header::parse_range_header) else {
        return Wanted::All;
    };
    match ranges.validate(length).as_deref() {
        Ok([one]) => Wanted::Part(*one.start()..*one.end() + 1),
        Ok(_) => Wanted::All,
        Err(_) => Wanted::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (range, expected) in [
            (None, Wanted::All),
            (Some("bytes=0-3"), Wanted::Part(0..4)),
            (Some("bytes=5-"), Wanted::Part(5..100)),
            (Some("bytes=-7"), Wanted::Part(93..100)),
            (Some("bytes=90-1000"), Wanted::Part(90..100)),
            (Some("bytes=100-"), Wanted::Nothing),
            (Some("bytes=0-3,9-10"), Wanted::All),
            (Some("seconds=1-2"), Wanted::All),
            (Some("bytes=x-y"), Wanted::All),
        ] {
            assert_eq!(wanted(range, 100), expected, "{range:?}");
        }
    }
}
