//! What can go wrong.

/// Why a room could not be joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The server cannot be reached, or refused: a wrong address, a token that is not valid, a room that does not exist.
    #[error("LiveKit's signalling: {0}")]
    Signal(livekit_signaling::SignalError),
    /// Its certificate is from nobody that is trusted, for another name, or out of date. Those who are trusted are the ones
    /// of the web, of this machine, and of the file that `SSL_CERT_FILE` names.
    #[error("the certificate of LiveKit's server is not trusted: {0}")]
    Certificate(String),
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

impl From<livekit_signaling::SignalError> for JoinError {
    fn from(error: livekit_signaling::SignalError) -> Self {
        // What TLS found comes as text only.
        match error {
            livekit_signaling::SignalError::Connection(why) if why.contains("invalid peer certificate") => {
                Self::Certificate(why)
            }
            other => Self::Signal(other),
        }
    }
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
