//! Identifiers. Every row has a UUIDv7 made by the code that creates it, so ids sort by creation time.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

id!(/// One try to reach a lead; also the key by which a network recognises a repeated dial.
    AttemptId);
id!(/// A campaign.
    CampaignId);
id!(/// One call that was dialled, from the first ring to the result. The room of the call bears this id.
    ConversationId);
id!(/// One uploaded list of people.
    ImportId);
id!(/// A person to call.
    LeadId);
id!(/// One rehearsal of a campaign.
    RehearsalId);
id!(/// Somebody who signs in.
    UserId);
id!(/// A process that makes calls.
    WorkerId);
