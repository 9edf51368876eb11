//! Who is in the room: what the server says again and again, turned into what has changed. Pure.

use crate::{LeaveReason, ParticipantInfo, RoomEvent};
use livekit_protocol as proto;
use std::collections::BTreeMap;

/// Everybody but us, by session.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    present: BTreeMap<String, ParticipantInfo>,
}

impl Roster {
    pub(crate) fn everybody(&self) -> Vec<ParticipantInfo> {
        self.present.values().cloned().collect()
    }

    pub(crate) fn identity(&self, sid: &str) -> Option<&str> {
        self.present.get(sid).map(|participant| participant.identity.as_str())
    }

    /// Who publishes a track of sound.
    pub(crate) fn publisher(&self, track: &str) -> Option<&str> {
        let publishes = |participant: &&ParticipantInfo| {
            participant
                .tracks
                .iter()
                .any(|published| published.is_audio && published.sid == track)
        };
        self.present
            .values()
            .find(publishes)
            .map(|participant| participant.identity.as_str())
    }

    /// After a new connection: whoever is not told of any more has left meanwhile.
    pub(crate) fn rejoined(&mut self, us: &str, others: &[proto::ParticipantInfo]) -> Vec<RoomEvent> {
        let gone = |sid: &String| !others.iter().any(|other| other.sid == *sid);
        let left: Vec<String> = self.present.keys().filter(|sid| gone(sid)).cloned().collect();
        let mut events: Vec<_> = left
            .iter()
            .flat_map(|sid| self.leave(sid, LeaveReason::Other))
            .collect();
        events.extend(self.update(us, others));
        events
    }

    /// Takes news about participants in; they may come twice.
    pub(crate) fn update(&mut self, us: &str, news: &[proto::ParticipantInfo]) -> Vec<RoomEvent> {
        let mut events = Vec::new();
        for info in news.iter().filter(|info| info.identity != us) {
            if info.state == proto::participant_info::State::Disconnected as i32 {
                events.extend(self.leave(&info.sid, LeaveReason::from_proto(info.disconnect_reason)));
                continue;
            }
            // The same identity in a new session: the server says nothing more of the old one.
            let replaced: Vec<String> = (self.present.values())
                .filter(|known| known.identity == info.identity && known.sid != info.sid)
                .map(|known| known.sid.clone())
                .collect();
            events.extend(
                replaced
                    .iter()
                    .flat_map(|sid| self.leave(sid, LeaveReason::DuplicateIdentity)),
            );
            events.extend(self.take_in(ParticipantInfo::from(info)));
        }
        events
    }

    fn take_in(&mut self, new: ParticipantInfo) -> Vec<RoomEvent> {
        let mut events = Vec::new();
        let known = self.present.insert(new.sid.clone(), new.clone());
        let before = match &known {
            None => {
                events.push(RoomEvent::ParticipantJoined(new.clone()));
                &[][..]
            }
            Some(old) => {
                if (&old.name, &old.metadata, &old.attributes) != (&new.name, &new.metadata, &new.attributes) {
                    events.push(RoomEvent::ParticipantChanged(new.clone()));
                }
                &old.tracks[..]
            }
        };
        for track in &new.tracks {
            match before.iter().find(|old| old.sid == track.sid) {
                None => {
                    events.push(RoomEvent::TrackPublished {
                        identity: new.identity.clone(),
                        track: track.clone(),
                    });
                }
                Some(old) if old.muted != track.muted => events.push(RoomEvent::TrackMuted {
                    identity: new.identity.clone(),
                    sid: track.sid.clone(),
                    muted: track.muted,
                }),
                Some(_) => {}
            }
        }
        for track in before
            .iter()
            .filter(|old| !new.tracks.iter().any(|track| track.sid == old.sid))
        {
            events.push(RoomEvent::TrackUnpublished {
                identity: new.identity.clone(),
                sid: track.sid.clone(),
            });
        }
        events
    }

    fn leave(&mut self, sid: &str, reason: LeaveReason) -> Vec<RoomEvent> {
        let Some(participant) = self.present.remove(sid) else {
            return Vec::new();
        };
        let unpublished = participant.tracks.iter().map(|track| RoomEvent::TrackUnpublished {
            identity: participant.identity.clone(),
            sid: track.sid.clone(),
        });
        let mut events: Vec<_> = unpublished.collect();
        events.push(RoomEvent::ParticipantLeft { participant, reason });
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::participant_info::State;

    fn somebody(sid: &str, identity: &str, state: State) -> proto::ParticipantInfo {
        proto::ParticipantInfo {
            sid: sid.into(),
            identity: identity.into(),
            state: state as i32,
            ..Default::default()
        }
    }

    fn track(sid: &str, muted: bool) -> proto::TrackInfo {
        proto::TrackInfo {
            sid: sid.into(),
            muted,
            ..Default::default()
        }
    }

    fn told(events: &[RoomEvent]) -> Vec<String> {
        let tell = |event: &RoomEvent| match event {
            RoomEvent::ParticipantJoined(who) => format!("+{}", who.sid),
            RoomEvent::ParticipantChanged(who) => format!("~{}", who.sid),
            RoomEvent::ParticipantLeft { participant, reason } => format!("-{} {reason:?}", participant.sid),
            RoomEvent::TrackPublished { track, .. } => format!("+{}", track.sid),
            RoomEvent::TrackUnpublished { sid, .. } => format!("-{sid}"),
            RoomEvent::TrackMuted { sid, muted, .. } => format!("{sid} {muted}"),
            other => format!("{other:?}"),
        };
        events.iter().map(tell).collect()
    }

    #[test]
    fn news_that_come_twice_are_told_once() {
        let mut roster = Roster::default();
        let mut phone = somebody("PA_1", "phone", State::Joined);
        phone.tracks = vec![track("TR_1", false)];
        assert_eq!(
            told(&roster.update("me", &[phone.clone(), somebody("PA_0", "me", State::Active)])),
            ["+PA_1", "+TR_1"]
        );
        assert!(roster.update("me", &[phone.clone()]).is_empty());
        assert_eq!(roster.publisher("TR_1"), Some("phone"));

        phone.attributes.insert("sip.callStatus".into(), "active".into());
        phone.tracks = vec![track("TR_1", true)];
        assert_eq!(told(&roster.update("me", &[phone.clone()])), ["~PA_1", "TR_1 true"]);

        phone.state = State::Disconnected as i32;
        phone.disconnect_reason = proto::DisconnectReason::UserRejected as i32;
        assert_eq!(
            told(&roster.update("me", &[phone.clone()])),
            ["-TR_1", "-PA_1 UserRejected"]
        );
        assert!(roster.update("me", &[phone]).is_empty());
    }

    #[test]
    fn the_same_identity_in_a_new_session_ends_the_old_one() {
        let mut roster = Roster::default();
        roster.update("me", &[somebody("PA_1", "phone", State::Active)]);
        let events = roster.update("me", &[somebody("PA_2", "phone", State::Active)]);
        assert_eq!(told(&events), ["-PA_1 DuplicateIdentity", "+PA_2"]);
    }

    #[test]
    fn who_left_while_we_were_away_is_told_afterwards() {
        let mut roster = Roster::default();
        roster.update(
            "me",
            &[
                somebody("PA_1", "a", State::Active),
                somebody("PA_2", "b", State::Active),
            ],
        );
        let events = roster.rejoined(
            "me",
            &[
                somebody("PA_2", "b", State::Active),
                somebody("PA_3", "c", State::Active),
            ],
        );
        assert_eq!(told(&events), ["-PA_1 Other", "+PA_3"]);
    }
}
