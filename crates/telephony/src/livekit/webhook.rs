//! What LiveKit tells by itself. Believed only with its signature over the very bytes, and only for five minutes.

use super::{arrivals, names};
use crate::Arrival;
use domain::{ConversationId, Personal, UnixMillis};
use livekit_api::{
    access_token::TokenVerifier,
    webhooks::{WebhookError, WebhookReceiver},
};
use serde::Deserialize;
use std::collections::HashMap;

/// An event may be this much older or newer than our clock, milliseconds.
const WINDOW_MS: i64 = 5 * 60 * 1_000;
/// Longest id and name of an event that is taken, bytes.
const LONGEST_WORD: usize = 200;

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefused {
    /// Not signed with our key, or not these bytes.
    #[error("the signature is not LiveKit's")]
    Forged,
    /// Too old, or from a clock that is wrong.
    #[error("the event is not of the last five minutes")]
    Stale,
    /// Signed, but no event.
    #[error("the body is no event")]
    Unreadable,
}

/// One event, as far as it concerns calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomNews {
    /// The same for every time that LiveKit sends it.
    pub id: String,
    /// `participant_left`, `room_finished`, …; words that are new in a later LiveKit are let through.
    pub event: String,
    /// The call it is about; `None` if the room is none of ours.
    pub conversation: Option<ConversationId>,
    /// Or the room of a call that came in.
    pub came_in: Option<Personal>,
    /// A phone came into it.
    pub arrival: Option<Arrival>,
}

impl RoomNews {
    /// It may mean that a call is over, or that its worker is gone.
    #[must_use]
    pub fn somebody_went(&self) -> bool {
        matches!(
            self.event.as_str(),
            "participant_left" | "participant_connection_aborted" | "room_finished"
        )
    }
}

/// Checks webhooks.
#[derive(Clone, Debug)]
pub struct WebhookVerifier(WebhookReceiver);

/// The little that is read. Unlike LiveKit's own type it takes words of later releases.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    id: String,
    event: String,
    created_at: Seconds,
    room: Option<Room>,
    participant: Option<Participant>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Participant {
    identity: String,
    kind: String,
    attributes: HashMap<String, String>,
}

#[derive(Default, Deserialize)]
struct Room {
    #[serde(default)]
    name: String,
}

/// 64-bit numbers travel as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(i64),
    Text(String),
}

impl WebhookVerifier {
    /// `None` with an empty key or secret: everybody could sign with it.
    #[must_use]
    pub fn new(api_key: &str, api_secret: &str) -> Option<Self> {
        (!api_key.is_empty() && !api_secret.is_empty())
            .then(|| Self(WebhookReceiver::new(TokenVerifier::with_api_key(api_key, api_secret))))
    }

    /// The event in `body`, if `authorization` (the header, as it came) proves that LiveKit sent it just now.
    ///
    /// # Errors
    /// [`WebhookRefused`].
    pub fn verify(&self, body: &[u8], authorization: &str, now: UnixMillis) -> Result<RoomNews, WebhookRefused> {
        let text = std::str::from_utf8(body).map_err(|_| WebhookRefused::Forged)?;
        let token = authorization.strip_prefix("Bearer ").unwrap_or(authorization);
        match self.0.receive(text, token) {
            // The signature is looked at first; an event that only fails to be read was signed.
            Ok(_) | Err(WebhookError::InvalidData(_)) => {}
            Err(_) => return Err(WebhookRefused::Forged),
        }
        let body: Body = serde_json::from_str(text).map_err(|_| WebhookRefused::Unreadable)?;
        let created_at = match body.created_at {
            Seconds::Number(seconds) => seconds,
            Seconds::Text(text) => text.parse().map_err(|_| WebhookRefused::Unreadable)?,
        };
        if body.id.is_empty() || body.id.len() > LONGEST_WORD || body.event.len() > LONGEST_WORD {
            return Err(WebhookRefused::Unreadable);
        }
        let age = now.0.saturating_sub(created_at.saturating_mul(1_000));
        if age.saturating_abs() > WINDOW_MS {
            return Err(WebhookRefused::Stale);
        }
        let room = body.room.unwrap_or_default().name;
        let participant = body.participant.unwrap_or_default();
        let is_phone = participant.kind == "SIP" && body.event == "participant_joined";
        let arrival = is_phone.then(|| {
            arrivals::arrival(&room, &participant.identity, |name| {
                participant.attributes.get(name).cloned()
            })
        });
        Ok(RoomNews {
            id: body.id,
            conversation: names::conversation_of(&room),
            arrival: arrival.flatten(),
            came_in: arrivals::room(&room),
            event: body.event,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};
    use livekit_api::access_token::AccessToken;
    use sha2::{Digest, Sha256};

    const KEY: &str = "devkey";
    const SECRET: &str = "a secret of at least thirty-two characters";
    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
    const CALL: &str = "01900000-0000-7000-8000-000000000000";

    fn body(event: &str, room: &str, created_at: i64) -> String {
        format!(
            r#"{{"event":"{event}","room":{{"sid":"RM_x","name":"{room}"}},"id":"EV_1","createdAt":"{created_at}"}}"#
        )
    }

    fn signature(body: &str, key: &str, secret: &str) -> String {
        AccessToken::with_api_key(key, secret)
            .with_sha256(&STANDARD.encode(Sha256::digest(body)))
            .to_jwt()
            .expect("signed")
    }

    fn verify(body: &str, signature: &str) -> Result<RoomNews, WebhookRefused> {
        let verifier = WebhookVerifier::new(KEY, SECRET).expect("a secret");
        verifier.verify(body.as_bytes(), signature, NOW)
    }

    #[test]
    fn what_livekit_signed_just_now_is_believed() {
        let good = body("participant_left", &format!("call-{CALL}"), 1_800_000_000);
        let news = verify(&good, &signature(&good, KEY, SECRET)).expect("good");
        assert_eq!(news.conversation, CALL.parse().ok());
        assert!(news.somebody_went());
        let bearer = format!("Bearer {}", signature(&good, KEY, SECRET));
        assert!(verify(&good, &bearer).is_ok());
    }

    #[test]
    fn a_phone_that_comes_into_a_room_of_the_rule_is_an_arrival() {
        let body = |event: &str, kind: &str| {
            format!(
                r#"{{"event":"{event}","room":{{"name":"ringside-inbound_+14155550123_x"}},"id":"EV_1","createdAt":1800000000,
                    "participant":{{"identity":"sip_+14155550123","kind":"{kind}",
                                    "attributes":{{"sip.ruleID":"SDR_1","sip.phoneNumber":"+14155550123"}}}}}}"#
            )
        };
        let told = |body: String| verify(&body, &signature(&body, KEY, SECRET)).expect("good");
        let news = told(body("participant_joined", "SIP"));
        assert_eq!(news.conversation, None);
        let arrival = news.arrival.expect("a phone came in");
        assert_eq!(Some(&arrival.room), news.came_in.as_ref());
        assert_eq!(
            arrival.number.map(|number| number.e164().to_owned()).as_deref(),
            Some("+14155550123")
        );
        // A browser that calls itself a phone is none: LiveKit tells the kind.
        assert_eq!(told(body("participant_joined", "STANDARD")).arrival, None);
        let left = told(body("participant_left", "SIP"));
        assert!(left.arrival.is_none() && left.came_in.is_some() && left.somebody_went());
    }

    #[test]
    fn words_of_later_releases_do_not_fail() {
        let later = r#"{"event":"phone_grew_wings","id":"EV_2","createdAt":1800000000,"participant":{"kind":"ROBOT"}}"#;
        let news = verify(later, &signature(later, KEY, SECRET)).expect("good");
        assert_eq!((news.event.as_str(), news.conversation), ("phone_grew_wings", None));
        assert!(!news.somebody_went());
    }

    #[test]
    fn what_is_forged_changed_or_stale_is_refused() {
        let good = body("room_finished", "call-x", 1_800_000_000);
        let forged = signature(&good, KEY, "another secret of thirty-two characters or more");
        assert_eq!(verify(&good, &forged), Err(WebhookRefused::Forged));
        assert_eq!(
            verify(&good, &signature(&good, "other", SECRET)),
            Err(WebhookRefused::Forged)
        );
        assert_eq!(verify(&good, ""), Err(WebhookRefused::Forged));
        let changed = good.replace("room_finished", "room_starting");
        assert_eq!(
            verify(&changed, &signature(&good, KEY, SECRET)),
            Err(WebhookRefused::Forged)
        );
        // A token for a room is signed with the same secret.
        let room_token = AccessToken::with_api_key(KEY, SECRET).to_jwt().expect("signed");
        assert_eq!(verify(&good, &room_token), Err(WebhookRefused::Forged));
        for created_at in [1_800_000_000 - 301, 1_800_000_000 + 301, i64::MIN, i64::MAX] {
            let stale = body("room_finished", "call-x", created_at);
            assert_eq!(
                verify(&stale, &signature(&stale, KEY, SECRET)),
                Err(WebhookRefused::Stale)
            );
        }
        for unreadable in ["", "[]", "{}", r#"{"event":"x","id":"","createdAt":1800000000}"#] {
            let refused = verify(unreadable, &signature(unreadable, KEY, SECRET));
            assert_eq!(refused, Err(WebhookRefused::Unreadable), "{unreadable}");
        }
    }

    #[test]
    fn without_a_secret_nothing_is_believed() {
        assert!(WebhookVerifier::new(KEY, "").is_none());
        assert!(WebhookVerifier::new("", SECRET).is_none());
    }
}
