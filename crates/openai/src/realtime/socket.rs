//! One connection. Dropping it closes it.

use super::{
    PATH,
    events::{ServerEvent, failure_of},
};
use crate::{endpoint::Endpoint, failure::Failure};
use futures::{SinkExt, StreamExt};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

/// No event is longer than this, bytes: a second of sound has 64 KiB.
const LONGEST_EVENT: usize = 2 << 20;
/// What is sent gets away within this time, or the other side has stopped reading.
const SENDING: Duration = Duration::from_secs(4);
/// How long the other side may take to accept what a session shall be.
const SETTING_UP: Duration = Duration::from_secs(3);
/// Events that may come before it has.
const MOST_BEFORE: usize = 50;

pub(super) struct Socket(WebSocketStream<reqwest::Upgraded>);

impl Socket {
    /// Connects, and makes the session what `update` says.
    pub(super) async fn open(endpoint: &Endpoint, query: &[(&str, &str)], session: Value) -> Result<Self, Failure> {
        let key = generate_key();
        let headers = HeaderMap::from_iter([
            (CONNECTION, HeaderValue::from_static("Upgrade")),
            (UPGRADE, HeaderValue::from_static("websocket")),
            (SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
            (SEC_WEBSOCKET_KEY, HeaderValue::from_str(&key).map_err(|_| NO_SOCKET)?),
        ]);
        let response = endpoint.upgrade(PATH, query, headers).await?;
        let accepted = response.headers().get(SEC_WEBSOCKET_ACCEPT);
        let agreed = response.status() == StatusCode::SWITCHING_PROTOCOLS
            && accepted.is_some_and(|accepted| accepted.as_bytes() == derive_accept_key(key.as_bytes()).as_bytes());
        if !agreed {
            return Err(NO_SOCKET);
        }
        let upgraded = response.upgrade().await.map_err(|error| Failure::of_http(&error))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(LONGEST_EVENT))
            .max_frame_size(Some(LONGEST_EVENT));
        let stream = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        let mut socket = Self(stream);
        socket
            .send(&serde_json::json!({ "type": "session.update", "session": session }))
            .await?;
        timeout(SETTING_UP, socket.until_set_up())
            .await
            .map_err(|_| Failure::TooSlow)??;
        Ok(socket)
    }

    async fn until_set_up(&mut self) -> Result<(), Failure> {
        for _ in 0..MOST_BEFORE {
            match self.next().await? {
                ServerEvent::SessionUpdated => return Ok(()),
                ServerEvent::Error { error } => return Err(failure_of(&error)),
                _ => {}
            }
        }
        Err(Failure::Nonsense("without setting the session up"))
    }

    pub(super) async fn send(&mut self, event: &Value) -> Result<(), Failure> {
        let sending = self.0.send(Message::text(event.to_string()));
        let sent = timeout(SENDING, sending).await.map_err(|_| Failure::TooSlow)?;
        sent.map_err(|_| Failure::BrokeOff)
    }

    /// The next event. Cancelling it loses nothing.
    pub(super) async fn next(&mut self) -> Result<ServerEvent, Failure> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text)
                        .map_err(|_| Failure::Nonsense("something that is not the JSON of this interface"));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_) | Message::Frame(_))) => {
                    return Err(Failure::Nonsense("in something else than text"));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Failure::BrokeOff),
            }
        }
    }
}

const NO_SOCKET: Failure = Failure::Nonsense("without opening a connection for both sides");
