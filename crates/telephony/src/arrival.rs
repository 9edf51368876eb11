//! Calls that come in, and where calls take place.

use domain::{ConversationId, Personal, PhoneNumber};

/// Where a call takes place. The room of a call that we make bears the call's id. That of a call that came in was named by
/// the network, perhaps after the caller: such a name is personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRoom {
    pub conversation: ConversationId,
    /// The room's name, if the call came in.
    pub came_in: Option<Personal>,
}

impl From<ConversationId> for CallRoom {
    /// The room of a call that we make.
    fn from(conversation: ConversationId) -> Self {
        Self {
            conversation,
            came_in: None,
        }
    }
}

/// A call that came in. Somebody hears it ring until an agent answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The room's name, the same whenever and wherever this call is told of.
    pub room: Personal,
    /// The caller's participant in it.
    pub caller: Personal,
    /// What the network says the caller's number is; callers can forge it. `None` if it tells none, or nonsense.
    pub number: Option<PhoneNumber>,
}
