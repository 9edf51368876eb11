//! Who may do what in which room, for how long.

use super::names;
use crate::{BrowserSeat, CallRoom, TelephonyError};
use livekit_api::access_token::{AccessToken, VideoGrants};
use std::time::Duration;

/// A token opens the door once it is shown; who is in stays. The agent shows it at once, and again after a lost connection
/// with a new one.
const AGENT_TTL: Duration = Duration::from_secs(120);
/// A browser shows it as soon as its page has loaded LiveKit's script.
pub(crate) const BROWSER_TTL: Duration = Duration::from_secs(300);

/// LiveKit's key. Its secret never shows itself.
#[derive(Clone)]
pub(crate) struct ApiKey {
    pub(crate) key: String,
    pub(crate) secret: String,
}

impl ApiKey {
    /// For the agent of a call.
    pub(crate) fn agent(&self, call: &CallRoom) -> Result<String, TelephonyError> {
        let grants = VideoGrants {
            agent: true,
            can_update_own_metadata: Some(true),
            ..room(call)
        };
        let token = self.token(AGENT_TTL).with_identity(names::AGENT).with_kind("agent");
        signed(token.with_grants(grants))
    }

    /// For a browser.
    pub(crate) fn browser(&self, call: &CallRoom, seat: &BrowserSeat) -> Result<String, TelephonyError> {
        let (identity, grants) = match seat {
            BrowserSeat::Listen { identity } => {
                let grants = VideoGrants {
                    hidden: true,
                    can_publish: Some(false),
                    can_publish_data: Some(false),
                    ..room(call)
                };
                (identity, grants)
            }
            BrowserSeat::Speak { identity, .. } => {
                let grants = VideoGrants {
                    can_publish_sources: vec!["microphone".to_owned()],
                    can_publish_data: Some(false),
                    ..room(call)
                };
                (identity, grants)
            }
        };
        let mut token = self.token(BROWSER_TTL).with_identity(identity).with_grants(grants);
        if let BrowserSeat::Speak { name, .. } = seat {
            token = token.with_name(name.reveal());
        }
        signed(token)
    }

    fn token(&self, ttl: Duration) -> AccessToken {
        AccessToken::with_api_key(&self.key, &self.secret).with_ttl(ttl)
    }
}

fn room(call: &CallRoom) -> VideoGrants {
    VideoGrants {
        room_join: true,
        room: names::room_of(call),
        ..VideoGrants::default()
    }
}

fn signed(token: AccessToken) -> Result<String, TelephonyError> {
    token
        .to_jwt()
        .map_err(|_| TelephonyError::Unavailable("a token could not be signed with LIVEKIT_API_SECRET".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ConversationId;
    use livekit_api::access_token::{Claims, TokenVerifier};

    const CALL: &str = "01900000-0000-7000-8000-000000000000";

    fn key() -> ApiKey {
        ApiKey {
            key: "devkey".to_owned(),
            secret: "a secret of at least thirty-two characters".to_owned(),
        }
    }

    fn read(token: &str) -> Claims {
        let key = key();
        TokenVerifier::with_api_key(&key.key, &key.secret)
            .verify(token)
            .expect("ours")
    }

    #[test]
    fn everybody_gets_into_one_room_for_minutes_and_no_further() {
        let call = CallRoom::from(CALL.parse::<ConversationId>().expect("an id"));
        let identity = || "supervisor-1".to_owned();
        let listen = BrowserSeat::Listen { identity: identity() };
        let speak = BrowserSeat::Speak {
            identity: identity(),
            name: "Ada".to_owned().into(),
        };
        let tokens = [
            key().agent(&call).expect("signed"),
            key().browser(&call, &listen).expect("signed"),
            key().browser(&call, &speak).expect("signed"),
        ];
        let [agent, listener, speaker] = tokens.each_ref().map(|token| read(token));
        for claims in [&agent, &listener, &speaker] {
            assert_eq!(claims.video.room, format!("call-{CALL}"));
            assert!(claims.exp - claims.nbf <= 300);
            let video = &claims.video;
            assert!(
                !video.room_admin && !video.room_create && !video.room_list && !claims.sip.admin && !claims.sip.call
            );
        }
        assert_eq!(agent.kind, "agent");
        assert!(listener.video.hidden && !listener.video.can_publish());
        assert!(!speaker.video.hidden && speaker.video.can_publish_sources == ["microphone"]);
        assert_eq!((speaker.name.as_str(), listener.name.as_str()), ("Ada", ""));
    }
}
