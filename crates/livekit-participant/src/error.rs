//! What can go wrong.

/// Why a room could not be joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The server cannot be reached, or refused: a wrong address, a token that is not valid, a room that does not exist.
    #[error("LiveKit's signalling: {0}")]
    Signal(#[from] livekit_signaling::SignalError),
    /// No token could be had.
    #[error("no token: {0}")]
    Token(String),
    /// The server did not answer in time, or no sound can pass: often a firewall in front of its UDP and TCP ports.
    #[error("no media connection to LiveKit within {0:?}")]
    Media(std::time::Duration),
    /// The server ended the connection while it was made.
    #[error("LiveKit ended the connection while it was made")]
    Ended,
    #[error("WebRTC: {0}")]
    Rtc(#[from] str0m::RtcError),
    #[error("network: {0}")]
    Network(#[from] std::io::Error),
}

/// Why something in a room could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// The participant is not in the room any more.
    #[error("not in the room any more")]
    Left,
    /// The connection is being made anew, or too much is waiting to be sent.
    #[error("the connection cannot take this at the moment")]
    Busy,
    /// The token does not permit it.
    #[error("LiveKit refused: {0}")]
    Refused(String),
    /// The server did not answer.
    #[error("LiveKit did not answer in time")]
    NoAnswer,
    /// The codec cannot be set up.
    #[error("Opus: {0}")]
    Codec(#[from] opus::Error),
}
