//! What rooms and the people in them are called: ids only, never a name or number.

use domain::{AttemptId, ConversationId};

/// Rooms of ours begin with this; others on the same LiveKit are none of our business.
const ROOM_PREFIX: &str = "call-";
/// The agent in every room.
pub(crate) const AGENT: &str = "agent";
const PERSON_PREFIX: &str = "person-";

/// The room of a call.
#[must_use]
pub fn room_of(conversation: ConversationId) -> String {
    format!("{ROOM_PREFIX}{conversation}")
}

/// The call of a room; `None` if the room is none of ours.
#[must_use]
pub fn conversation_of(room: &str) -> Option<ConversationId> {
    room.strip_prefix(ROOM_PREFIX)?.parse().ok()
}

/// The person of a call: one participant for each attempt, so that LiveKit itself refuses a second one.
pub(crate) fn person_of(attempt: AttemptId) -> String {
    format!("{PERSON_PREFIX}{attempt}")
}

/// Whether this is the person of a call.
pub(crate) fn is_person(identity: &str) -> bool {
    identity.starts_with(PERSON_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_leads_back_to_its_call() {
        let conversation: ConversationId = "01900000-0000-7000-8000-000000000000".parse().expect("an id");
        assert_eq!(conversation_of(&room_of(conversation)), Some(conversation));
        assert_eq!(conversation_of("somebody's meeting"), None);
        assert_eq!(conversation_of("call-me"), None);
    }
}
