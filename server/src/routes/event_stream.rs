//! `/events?topic=…`: live events as server-sent events, resumable by `Last-Event-ID` or `?after=`.

use crate::{
    answer::Refusal,
    state::{SignedIn, Stopping, WebState},
};
use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use domain::{UserError, access::Permission};
use futures::{Stream, StreamExt};
use operations::event_feed::{FeedMessage, Topic};
use serde::Deserialize;
use std::{convert::Infallible, time::Duration};

/// How often it is asked whether whoever watches still may.
const SESSION_CHECK: Duration = Duration::from_secs(30);

/// What is followed, and from where on.
#[derive(Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    topic: String,
    after: Option<String>,
}

pub(super) async fn follow(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    signed_in.caller.may(Permission::Read)?;
    let topic = topic(&wish.topic)?;
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned)
        .or(wish.after);
    let after = last
        .map(|id| id.parse::<i64>().map_err(|_| malformed("after")))
        .transpose()?;
    let messages = state.feed.subscribe(topic, after);
    ::metrics::gauge!("ringside_event_stream_viewers").increment(1.0);
    let until = end(state, signed_in);
    let events = counted(messages).map(to_event).take_until(until);
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    // Proxies must not collect an event stream.
    response
        .headers_mut()
        .insert("x-accel-buffering", http::HeaderValue::from_static("no"));
    Ok(response)
}

async fn end(state: WebState, signed_in: SignedIn) {
    let Stopping { closing, .. } = state.stopping;
    tokio::select! {
        () = closing.cancelled() => {}
        () = signed_in.until_no_longer(state.ops, SESSION_CHECK, |caller| caller.role().may(Permission::Read)) => {}
    }
}

fn to_event(message: FeedMessage) -> Result<Event, Infallible> {
    let event = Event::default().data(&*message.data);
    Ok(match message.id {
        Some(id) => event.id(id.to_string()),
        None => event,
    })
}

/// Counts the viewer out when the stream is dropped, however it ends.
fn counted<S: Stream>(stream: S) -> impl Stream<Item = S::Item> {
    struct Viewer;
    impl Drop for Viewer {
        fn drop(&mut self) {
            ::metrics::gauge!("ringside_event_stream_viewers").decrement(1.0);
        }
    }
    let viewer = Viewer;
    stream.inspect(move |_| {
        let _ = &viewer;
    })
}

fn malformed(field: &str) -> UserError {
    UserError {
        kind: domain::ErrorKind::Malformed,
        ..UserError::field(field, "The server did not understand this request. Reload the page.")
    }
}

fn topic(text: &str) -> Result<Topic, UserError> {
    let wrong = || malformed("topic");
    match text.split_once(':') {
        None if text == "dashboard" => Ok(Topic::Dashboard),
        Some(("conversation", id)) => id.parse().map(Topic::Conversation).map_err(|_| wrong()),
        Some(("import", id)) => id.parse().map(Topic::Import).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}
