//! A participant in a [LiveKit](https://docs.livekit.io) room, in pure Rust but for Opus: LiveKit's own signalling
//! crates, WebRTC by [str0m](https://docs.rs/str0m), an adaptive jitter buffer. It is made for agents that talk to one
//! or a few people: sound and data both ways, no video.
//!
//! ```no_run
//! # async fn agent(token: String) -> Result<(), Box<dyn std::error::Error>> {
//! use livekit_participant::{Engine, FRAME_SAMPLES, JoinOptions, RoomEvent};
//!
//! let engine = Engine::new();
//! let (room, mut events) = engine.join(JoinOptions::new("ws://127.0.0.1:7880", token)).await?;
//! let voice = room.publish_audio("voice").await?;
//! voice.send(&[0; FRAME_SAMPLES]); // every 20 ms
//! while let event = events.next().await {
//!     match event {
//!         RoomEvent::TrackSubscribed(track) => println!("{} speaks", track.participant()),
//!         RoomEvent::Disconnected(reason) => { println!("{reason:?}"); break; }
//!         _ => {}
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! - Sound is mono, signed 16 bit, [`SAMPLE_RATE_HZ`], in frames of 20 ms ([`FRAME_SAMPLES`]).
//! - Where only signalling is lost, the session is resumed: sound goes on, and nobody in the room hears of it. Otherwise a
//!   lost connection is replaced by a new one under the same identity; what was published is published again, what was
//!   heard goes on in the same [`RemoteAudioTrack`], and sound that could not be sent in time is left out.
//! - A room is one task with two UDP sockets (a server that has one port for all tells its peers apart by their
//!   address). Rooms of an [`Engine`] share the certificate, which is the costly part of a connection.
//! - Media is reached over UDP and IPv4; where that is in vain for half a second, over IPv6 and TCP, and a second later
//!   through the server's relay (TURN over UDP, TCP or TLS). Signalling is `ws` or `wss`, trusting the authorities of the web, of the
//!   machine and of `SSL_CERT_FILE`.

mod data;
mod engine;
mod error;
mod events;
mod jitter;
mod local_track;
mod peer;
mod remote_track;
mod room;
mod room_task;
mod roster;
mod sdp;
mod session;

pub use engine::{Engine, JoinOptions, TokenSource};
pub use error::{JoinError, RoomError};
pub use events::{
    ConnectionQuality, LeaveReason, ParticipantInfo, ParticipantKind, Quality, RoomEvent, SpeakerLevel, TrackInfo,
};
pub use jitter::JitterStats;
pub use local_track::LocalAudioTrack;
pub use remote_track::{Playout, PlayoutKind, RemoteAudioTrack};
pub use room::{OutgoingData, Room, RoomEvents};

/// Samples a second of every frame here.
pub const SAMPLE_RATE_HZ: u32 = 16_000;
/// Length of every frame here.
pub const FRAME_MILLIS: u64 = 20;
/// Samples of a frame.
pub const FRAME_SAMPLES: usize = 320;
/// RTP time of a frame: Opus always counts 48,000 a second (RFC 7587, section 4.1).
pub(crate) const FRAME_TICKS: u64 = 960;
