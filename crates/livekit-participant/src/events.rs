//! What happens in a room, and who is in it.

use crate::RemoteAudioTrack;
use livekit_protocol as proto;
use std::collections::BTreeMap;

/// Something that happened in the room.
#[derive(Debug)]
pub enum RoomEvent {
    /// Whoever is there already when we join is told first.
    ParticipantJoined(ParticipantInfo),
    /// Its attributes, metadata or name.
    ParticipantChanged(ParticipantInfo),
    ParticipantLeft {
        participant: ParticipantInfo,
        reason: LeaveReason,
    },
    TrackPublished {
        identity: String,
        track: TrackInfo,
    },
    TrackUnpublished {
        identity: String,
        sid: String,
    },
    TrackMuted {
        identity: String,
        sid: String,
        muted: bool,
    },
    /// Its sound can be pulled from now on.
    TrackSubscribed(RemoteAudioTrack),
    TrackUnsubscribed {
        sid: String,
    },
    /// No packet for 1.5 s, or packets again. Not a fault by itself: a silent sender may send nothing.
    TrackPaused {
        sid: String,
        paused: bool,
    },
    /// A data packet.
    Data {
        /// Blank if the sender is hidden.
        from: String,
        topic: Option<String>,
        payload: Vec<u8>,
    },
    /// A text stream that has come whole.
    Text {
        from: String,
        topic: String,
        text: String,
    },
    /// A key of a phone's keypad.
    Dtmf {
        from: String,
        digit: char,
    },
    /// A piece of a transcript.
    Transcription {
        /// Whose words they are.
        speaker: String,
        segment: String,
        text: String,
        is_final: bool,
    },
    /// Those whose level changed.
    Speakers(Vec<SpeakerLevel>),
    ConnectionQuality(Vec<ConnectionQuality>),
    RoomMetadataChanged(String),
    /// The connection is lost; a new one is being made.
    Reconnecting,
    /// There is a new connection. Changes in the meantime were told as events before this.
    Reconnected,
    /// The last event, said again for ever.
    Disconnected(LeaveReason),
}

/// Somebody in the room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParticipantInfo {
    /// New for every session of the same identity.
    pub sid: String,
    pub identity: String,
    pub name: String,
    pub metadata: String,
    pub kind: ParticipantKind,
    pub attributes: BTreeMap<String, String>,
    pub tracks: Vec<TrackInfo>,
}

/// What a participant is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParticipantKind {
    #[default]
    Standard,
    Ingress,
    Egress,
    /// A telephone.
    Sip,
    Agent,
    Other,
}

/// A track that somebody publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackInfo {
    pub sid: String,
    pub name: String,
    pub muted: bool,
    /// Only sound can be pulled here.
    pub is_audio: bool,
}

/// Why somebody is not in the room any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveReason {
    ClientInitiated,
    /// Somebody else joined under the same identity.
    DuplicateIdentity,
    ServerShutdown,
    ParticipantRemoved,
    RoomDeleted,
    /// Nobody else was in the room for a while.
    RoomClosed,
    UserUnavailable,
    UserRejected,
    SipTrunkFailure,
    ConnectionTimeout,
    Other,
}

impl LeaveReason {
    pub(crate) fn from_proto(reason: i32) -> Self {
        use proto::DisconnectReason as Reason;
        match Reason::try_from(reason).unwrap_or(Reason::UnknownReason) {
            Reason::ClientInitiated => Self::ClientInitiated,
            Reason::DuplicateIdentity => Self::DuplicateIdentity,
            Reason::ServerShutdown => Self::ServerShutdown,
            Reason::ParticipantRemoved => Self::ParticipantRemoved,
            Reason::RoomDeleted => Self::RoomDeleted,
            Reason::RoomClosed => Self::RoomClosed,
            Reason::UserUnavailable => Self::UserUnavailable,
            Reason::UserRejected => Self::UserRejected,
            Reason::SipTrunkFailure => Self::SipTrunkFailure,
            Reason::ConnectionTimeout => Self::ConnectionTimeout,
            _ => Self::Other,
        }
    }

    /// As somebody who leaves may tell it.
    pub(crate) fn to_proto(self) -> proto::DisconnectReason {
        match self {
            Self::UserUnavailable => proto::DisconnectReason::UserUnavailable,
            Self::UserRejected => proto::DisconnectReason::UserRejected,
            _ => proto::DisconnectReason::ClientInitiated,
        }
    }

    /// Whether somebody meant it, so that coming back would be wrong.
    pub(crate) fn is_meant(self) -> bool {
        matches!(
            self,
            Self::ClientInitiated
                | Self::DuplicateIdentity
                | Self::ParticipantRemoved
                | Self::RoomDeleted
                | Self::RoomClosed
                | Self::UserUnavailable
                | Self::UserRejected
        )
    }
}

/// How loud somebody speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeakerLevel {
    pub identity: String,
    /// 0 to 1.
    pub level: f32,
    pub active: bool,
}

/// How well somebody is connected, as the server sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionQuality {
    pub identity: String,
    pub quality: Quality,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    Poor,
    Good,
    Excellent,
    Lost,
}

impl From<proto::ConnectionQuality> for Quality {
    fn from(quality: proto::ConnectionQuality) -> Self {
        match quality {
            proto::ConnectionQuality::Poor => Self::Poor,
            proto::ConnectionQuality::Good => Self::Good,
            proto::ConnectionQuality::Excellent => Self::Excellent,
            proto::ConnectionQuality::Lost => Self::Lost,
        }
    }
}

impl From<&proto::ParticipantInfo> for ParticipantInfo {
    fn from(info: &proto::ParticipantInfo) -> Self {
        use proto::participant_info::Kind;
        Self {
            sid: info.sid.clone(),
            identity: info.identity.clone(),
            name: info.name.clone(),
            metadata: info.metadata.clone(),
            kind: match Kind::try_from(info.kind) {
                Ok(Kind::Standard) => ParticipantKind::Standard,
                Ok(Kind::Ingress) => ParticipantKind::Ingress,
                Ok(Kind::Egress) => ParticipantKind::Egress,
                Ok(Kind::Sip) => ParticipantKind::Sip,
                Ok(Kind::Agent) => ParticipantKind::Agent,
                _ => ParticipantKind::Other,
            },
            attributes: info.attributes.clone().into_iter().collect(),
            tracks: info.tracks.iter().map(TrackInfo::from).collect(),
        }
    }
}

impl From<&proto::TrackInfo> for TrackInfo {
    fn from(track: &proto::TrackInfo) -> Self {
        Self {
            sid: track.sid.clone(),
            name: track.name.clone(),
            muted: track.muted,
            is_audio: track.r#type == proto::TrackType::Audio as i32,
        }
    }
}
