//! What we publish in a session.

use super::{Session, SessionEvent};
use crate::local_track::OutgoingSound;
use livekit_protocol::{self as proto, signal_request::Message as Request};
use std::time::{Duration, Instant};
use str0m::{
    format::Codec,
    media::{Direction, MediaKind, Mid},
    rtp::{ExtensionValues, RtpWrite},
};

/// Sound that waited longer is left out: after a stall only the present counts.
const STALE: Duration = Duration::from_millis(200);

/// A track of ours in this session.
pub(crate) struct Published {
    pub(super) cid: String,
    /// As the server has it.
    pub(super) info: proto::TrackInfo,
    pub(super) mid: Option<Mid>,
    pub(super) answered: bool,
    sequence: u64,
}

impl Session {
    /// Asks for a track; [`SessionEvent::Published`] tells when it can be used.
    pub(crate) async fn publish(&mut self, number: u64, name: &str) {
        let cid = cid(number);
        let published = Published {
            cid: cid.clone(),
            info: proto::TrackInfo::default(),
            mid: None,
            answered: false,
            sequence: 0,
        };
        self.tracks.insert(number, published);
        let request = proto::AddTrackRequest {
            cid,
            name: name.to_owned(),
            r#type: proto::TrackType::Audio as i32,
            source: proto::TrackSource::Microphone as i32,
            disable_red: true,
            ..Default::default()
        };
        self.request(Request::AddTrack(request)).await;
    }

    /// The track's number by the name we gave it.
    pub(crate) fn number_of(&self, cid: &str) -> Option<u64> {
        self.tracks
            .iter()
            .find(|(_, track)| track.cid == cid)
            .map(|(number, _)| *number)
    }

    pub(crate) async fn unpublish(&mut self, number: u64) {
        if let Some(mid) = self.tracks.remove(&number).and_then(|track| track.mid) {
            self.to_stop.push(mid);
            if self.negotiate().await.is_err() {
                self.events.push_back(SessionEvent::Ended(None));
            }
        }
    }

    pub(crate) async fn mute(&mut self, number: u64, muted: bool) {
        if let Some(track) = self.tracks.get(&number) {
            let request = proto::MuteTrackRequest {
                sid: track.info.sid.clone(),
                muted,
            };
            self.request(Request::Mute(request)).await;
        }
    }

    pub(super) async fn named(&mut self, published: proto::TrackPublishedResponse) -> Result<(), str0m::RtcError> {
        let Some(number) = self.number_of(&published.cid) else {
            return Ok(());
        };
        if let Some(track) = self.tracks.get_mut(&number) {
            track.info = published.track.unwrap_or_default();
        }
        self.to_offer.push(number);
        self.negotiate().await
    }

    /// Offers what has changed, one offer at a time.
    pub(super) async fn negotiate(&mut self) -> Result<(), str0m::RtcError> {
        // An offer that is lost is never answered.
        if self.resuming.is_some() || self.offered.is_some() || (self.to_offer.is_empty() && self.to_stop.is_empty()) {
            return Ok(());
        }
        let mut sdp = self.publisher.peer.rtc.sdp_api();
        for mid in self.to_stop.drain(..) {
            sdp.set_direction(mid, Direction::Inactive);
        }
        let mut offered = Vec::new();
        for number in self.to_offer.drain(..) {
            if let Some(track) = self.tracks.get_mut(&number) {
                let id = Some(track.cid.clone());
                track.mid = Some(sdp.add_media(MediaKind::Audio, Direction::SendOnly, id.clone(), id, None));
                offered.push(number);
            }
        }
        let changes = sdp.apply();
        self.publisher.peer.drain()?;
        if let Some((offer, pending)) = changes {
            self.send_offer(&offer, pending, offered).await;
        }
        Ok(())
    }

    /// Sends a packet of sound, unless it is too late or the track is not known yet.
    pub(crate) fn send_sound(&mut self, sound: &OutgoingSound) {
        let Some(track) = self.tracks.get_mut(&sound.track).filter(|track| track.answered) else {
            return;
        };
        let Some(mid) = track.mid else { return };
        let peer = &mut self.publisher.peer;
        let now = Instant::now();
        if now.saturating_duration_since(sound.at) > STALE || !peer.rtc.is_connected() {
            return;
        }
        let Some(opus) = peer
            .rtc
            .codec_config()
            .find(|params| params.spec().codec == Codec::Opus)
        else {
            return;
        };
        let payload_type = opus.pt();
        let mut direct = peer.rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(mid, None) else {
            return;
        };
        track.sequence += 1;
        let extensions = ExtensionValues {
            audio_level: Some(sound.level),
            voice_activity: Some(sound.level > -60),
            ..Default::default()
        };
        #[expect(clippy::cast_possible_truncation, reason = "RTP time is the low half")]
        let time = sound.time as u32;
        let packet = RtpWrite::new(payload_type, track.sequence.into(), time, now, &*sound.payload);
        stream.write_rtp(packet.ext_vals(extensions));
        if peer.tick().is_err() {
            self.events.push_back(SessionEvent::Ended(None));
        }
    }
}

/// Our own name of a track, also the second half of its `a=msid`.
fn cid(number: u64) -> String {
    format!("track-{number}")
}
