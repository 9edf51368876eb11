//! Where rooms are joined.

use crate::{
    JoinError, Room, RoomEvents,
    room_task::{self, Started},
};
use std::sync::Arc;
use str0m::config::DtlsCert;

/// Joins rooms, any number of them. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) certificate: DtlsCert,
    pub(crate) relay_only: bool,
}

/// How to join a room.
#[derive(Clone)]
pub struct JoinOptions {
    /// Of the server: `ws://`, `wss://`, `http://` or `https://`.
    pub url: String,
    pub tokens: Arc<dyn TokenSource>,
    /// Whether everything that others publish is subscribed to.
    pub auto_subscribe: bool,
}

/// Gives out tokens, one for each connection: one that was used may have expired when the connection is lost.
pub trait TokenSource: Send + Sync {
    /// # Errors
    /// A sentence, if none can be had.
    fn token(&self) -> Result<String, String>;
}

/// A token that lasts.
impl TokenSource for String {
    fn token(&self) -> Result<String, String> {
        Ok(self.clone())
    }
}

impl JoinOptions {
    /// Joins with a token that lasts, and subscribes to everything.
    #[must_use]
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            tokens: Arc::new(token.into()),
            auto_subscribe: true,
        }
    }
}

impl Engine {
    /// Makes the certificate that the rooms share.
    ///
    /// # Panics
    /// Never: the crypto that is compiled in can make certificates.
    #[must_use]
    pub fn new() -> Self {
        let provider = str0m::crypto::from_feature_flags();
        let certificate = provider.dtls_provider.generate_certificate();
        Self {
            certificate: certificate.expect("AWS-LC makes certificates"),
            relay_only: false,
        }
    }

    /// Media passes through a relay (TURN) that the server names, or not at all: for networks that let nothing else out. By
    /// default a relay is the last way that is tried.
    #[must_use]
    pub fn through_relay_only(mut self) -> Self {
        self.relay_only = true;
        self
    }

    /// Joins a room, until media can pass. Needs a Tokio runtime; dropping [`Room`] and [`RoomEvents`] both leaves.
    ///
    /// # Errors
    /// [`JoinError`]; then nobody is in the room.
    pub async fn join(&self, options: JoinOptions) -> Result<(Room, RoomEvents), JoinError> {
        let Started { room, events } = room_task::start(options, self.clone()).await?;
        Ok((room, events))
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}
