//! What rooms and the people in them are called: ids only, never a name or number. Only the rooms of calls that come in are
//! named by LiveKit, after the caller: those names are personal.

use crate::{CallRoom, SUPERVISOR_PREFIX};
use domain::{AttemptId, ConversationId};

/// Rooms of ours begin with this; others on the same LiveKit are none of our business.
const ROOM_PREFIX: &str = "call-";
/// The agent in every room.
pub(crate) const AGENT: &str = "agent";
const PERSON_PREFIX: &str = "person-";

/// The room prefix of the dispatch rule through which calls come in. LiveKit puts an underscore behind it.
pub const ARRIVAL_PREFIX: &str = "ringside-inbound";

/// The room of a call.
#[must_use]
pub fn room_of(room: &CallRoom) -> String {
    match &room.came_in {
        Some(name) => name.reveal().to_owned(),
        None => format!("{ROOM_PREFIX}{}", room.conversation),
    }
}

/// Whether calls come in into rooms of this name.
pub(crate) fn came_in(room: &str) -> bool {
    room.strip_prefix(ARRIVAL_PREFIX)
        .is_some_and(|rest| rest.starts_with('_'))
}

/// The call of a room that we made; `None` if the room is none of ours.
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

/// Whether this may be somebody who called us: not we, nor any of our side.
pub(crate) fn may_be_a_caller(identity: &str) -> bool {
    identity != AGENT && !identity.starts_with(SUPERVISOR_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_leads_back_to_its_call() {
        let conversation: ConversationId = "01900000-0000-7000-8000-000000000000".parse().expect("an id");
        assert_eq!(conversation_of(&room_of(&conversation.into())), Some(conversation));
        assert_eq!(conversation_of("somebody's meeting"), None);
        assert_eq!(conversation_of("call-me"), None);
    }
}
