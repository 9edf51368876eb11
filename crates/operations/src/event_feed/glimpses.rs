//! Glimpses between two messages: only the newest of each kind is worth sending.

use domain::{ConversationId, conversation::Speaker, live::Glimpse};
use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    AgentState,
    Floor,
    Colleague,
    PartialText(Speaker),
    Levels,
}

impl Kind {
    const fn of(glimpse: &Glimpse) -> Self {
        match glimpse {
            Glimpse::AgentState { .. } => Self::AgentState,
            Glimpse::Floor { .. } => Self::Floor,
            Glimpse::Colleague { .. } => Self::Colleague,
            Glimpse::PartialText { speaker, .. } => Self::PartialText(*speaker),
            Glimpse::Levels { .. } => Self::Levels,
        }
    }
}

/// The newest glimpse of each call and kind since the last [`Pending::take`].
#[derive(Debug, Default)]
pub(super) struct Pending(HashMap<(ConversationId, Kind), Glimpse>);

impl Pending {
    pub(super) fn add(&mut self, glimpse: Glimpse) {
        self.0.insert((glimpse.conversation(), Kind::of(&glimpse)), glimpse);
    }

    /// A sentence was written down: what was known of it before is stale.
    pub(super) fn sentence_is_final(&mut self, conversation: ConversationId, speaker: Speaker) {
        self.0.remove(&(conversation, Kind::PartialText(speaker)));
    }

    /// The call is over.
    pub(super) fn call_ended(&mut self, conversation: ConversationId) {
        self.0.retain(|(pending, _), _| *pending != conversation);
    }

    /// All of them, by call.
    pub(super) fn take(&mut self) -> HashMap<ConversationId, Vec<Glimpse>> {
        let mut by_call: HashMap<ConversationId, Vec<Glimpse>> = HashMap::new();
        for ((conversation, _), glimpse) in self.0.drain() {
            by_call.entry(conversation).or_default().push(glimpse);
        }
        by_call
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn only_the_newest_of_each_kind_is_kept() {
        let call = ConversationId(Uuid::from_u128(1));
        let levels = |agent| Glimpse::Levels {
            conversation_id: call,
            agent,
            person: 0,
        };
        let partial = |speaker, text: &str| Glimpse::PartialText {
            conversation_id: call,
            speaker,
            text: text.into(),
        };
        let mut pending = Pending::default();
        pending.add(levels(1));
        pending.add(partial(Speaker::Agent, "Hel"));
        pending.add(partial(Speaker::Person, "Y"));
        pending.add(levels(2));
        pending.sentence_is_final(call, Speaker::Agent);
        let taken = pending.take().remove(&call).expect("the call has glimpses");
        assert_eq!(taken.len(), 2);
        assert!(taken.contains(&levels(2)) && taken.contains(&partial(Speaker::Person, "Y")));
        pending.add(levels(3));
        pending.call_ended(call);
        assert!(pending.take().is_empty());
    }
}
