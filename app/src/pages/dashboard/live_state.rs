//! The dashboard's state in fine grains: what an event does not touch is not drawn again, so that hundreds of calls with
//! several events a second each stay fluid.

use crate::components::Now;
use domain::{
    ConversationId,
    conversation::ConversationStatus,
    live::{CampaignProgress, Happening, LiveBatch, LiveCall, LiveState, RecentOutcome, Tiles},
};
use leptos::prelude::*;
use std::collections::{BTreeSet, HashMap, VecDeque};

/// The signals that the parts of the dashboard read, kept current from one [`LiveState`].
#[derive(Clone, Copy)]
pub(super) struct LiveSignals {
    state: StoredValue<LiveState>,
    pub(super) tiles: RwSignal<Tiles>,
    pub(super) calls_now: RwSignal<usize>,
    pub(super) campaigns: RwSignal<Vec<CampaignProgress>>,
    pub(super) recent: RwSignal<VecDeque<RecentOutcome>>,
    pub(super) dialling_paused: RwSignal<bool>,
    /// The rows of the table, oldest call first.
    pub(super) rows: RwSignal<Vec<ConversationId>>,
    /// True while the pointer or the focus is in the table: then no row moves or leaves.
    pub(super) held: RwSignal<bool>,
    calls: StoredValue<HashMap<ConversationId, ArcRwSignal<LiveCall>>>,
}

impl LiveSignals {
    pub(super) fn new(state: LiveState) -> Self {
        Self {
            tiles: RwSignal::new(state.tiles.clone()),
            calls_now: RwSignal::new(state.calls.len()),
            campaigns: RwSignal::new(state.campaigns.values().cloned().collect()),
            recent: RwSignal::new(state.recent.clone()),
            dialling_paused: RwSignal::new(state.dialling_paused),
            rows: RwSignal::new(state.calls.keys().copied().collect()),
            held: RwSignal::new(false),
            calls: StoredValue::new(
                state
                    .calls
                    .iter()
                    .map(|(id, call)| (*id, ArcRwSignal::new(call.clone())))
                    .collect(),
            ),
            state: StoredValue::new(state),
        }
    }

    /// The signal of one row.
    pub(super) fn call(self, id: ConversationId) -> Option<ArcRwSignal<LiveCall>> {
        self.calls.with_value(|calls| calls.get(&id).cloned())
    }

    /// Takes in what came since the last frame.
    pub(super) fn take_in(self, batches: &[LiveBatch]) {
        let mut touched = Touched::default();
        let applied = self.state.try_update_value(|state| {
            for batch in batches {
                for event in &batch.events {
                    state.apply(event);
                    touched.note(&event.happened);
                }
                for glimpse in &batch.glimpses {
                    state.glimpse(glimpse);
                    touched.calls.insert(glimpse.conversation());
                }
            }
        });
        if applied.is_some() {
            self.show(touched);
        }
    }

    fn show(self, touched: Touched) {
        self.state.with_value(|state| {
            self.calls.update_value(|calls| {
                for id in &touched.calls {
                    let ended = touched.ended.get(id);
                    match (state.calls.get(id), calls.get(id), ended) {
                        (Some(call), Some(row), _) => {
                            if row.with_untracked(|shown| shown != call) {
                                row.set(call.clone());
                            }
                        }
                        (Some(call), None, _) => {
                            calls.insert(*id, ArcRwSignal::new(call.clone()));
                        }
                        (None, Some(row), Some(status)) => row.update(|call| call.status = *status),
                        (None, ..) => {}
                    }
                }
            });
            if self.tiles.with_untracked(|shown| *shown != state.tiles) {
                self.tiles.set(state.tiles.clone());
            }
            if self.calls_now.get_untracked() != state.calls.len() {
                self.calls_now.set(state.calls.len());
            }
            if touched.campaigns {
                self.campaigns.set(state.campaigns.values().cloned().collect());
            }
            if !touched.ended.is_empty() {
                self.recent.set(state.recent.clone());
            }
            if self.dialling_paused.get_untracked() != state.dialling_paused {
                self.dialling_paused.set(state.dialling_paused);
            }
        });
        if touched.rows {
            self.arrange();
        }
    }

    /// Lets the table hold still, or catch up with what happened meanwhile.
    pub(super) fn hold(self, held: bool) {
        if self.held.get_untracked() != held {
            self.held.set(held);
            if !held {
                self.arrange();
            }
        }
    }

    /// Brings the rows up to date. A held table only grows at its end.
    fn arrange(self) {
        let rows: Vec<_> = self.state.with_value(|state| {
            if self.held.get_untracked() {
                let mut rows = self.rows.get_untracked();
                let known: BTreeSet<_> = rows.iter().copied().collect();
                rows.extend(state.calls.keys().filter(|id| !known.contains(id)));
                rows
            } else {
                state.calls.keys().copied().collect()
            }
        });
        let shown: BTreeSet<_> = rows.iter().copied().collect();
        if self.rows.with_untracked(|before| *before != rows) {
            self.rows.set(rows);
        }
        self.calls
            .update_value(|calls| calls.retain(|id, _| shown.contains(id)));
    }

    /// Keeps the rate honest when nothing happens: minutes pass without events.
    pub(super) fn move_on_with_the_clock(self) {
        let Some(Now(now)) = use_context::<Now>() else { return };
        let minute = Memo::new(move |_| now.get().minute());
        Effect::new(move || {
            minute.track();
            self.state
                .update_value(|state| state.tiles.advance(now.get_untracked()));
            self.show(Touched::default());
        });
    }
}

/// What a batch touched.
#[derive(Default)]
struct Touched {
    calls: BTreeSet<ConversationId>,
    ended: HashMap<ConversationId, ConversationStatus>,
    campaigns: bool,
    /// Calls began or ended.
    rows: bool,
}

impl Touched {
    fn note(&mut self, happened: &Happening) {
        self.calls.extend(happened.conversation());
        match happened {
            Happening::CallStarted { .. } => self.rows = true,
            Happening::CallEnded { outcome } => {
                self.rows = true;
                self.ended
                    .insert(outcome.conversation_id, ConversationStatus::Ended(outcome.disposition));
            }
            Happening::CampaignChanged { .. } | Happening::CampaignDeleted { .. } => self.campaigns = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CampaignId, LeadId, UnixMillis, agent_state::AgentState, conversation::Disposition, live::LiveEvent};
    use uuid::Uuid;

    fn id(number: u128) -> ConversationId {
        ConversationId(Uuid::from_u128(number))
    }

    fn started(event: i64, number: u128) -> LiveEvent {
        LiveEvent {
            id: event,
            at: UnixMillis(60_000),
            happened: Happening::CallStarted {
                call: LiveCall {
                    conversation_id: id(number),
                    campaign_id: CampaignId(Uuid::nil()),
                    lead_id: LeadId(Uuid::nil()),
                    campaign_name: "Spring".to_owned(),
                    lead_name: "Ada".into(),
                    phone_number: "+14•••••••23".to_owned(),
                    direction: domain::Direction::Outbound,
                    status: ConversationStatus::Live,
                    started_at: UnixMillis(60_000),
                    answered_at: None,
                    agent_state: AgentState::Waiting,
                    last_line: None,
                },
            },
        }
    }

    fn ended(event: i64, number: u128) -> LiveEvent {
        LiveEvent {
            id: event,
            at: UnixMillis(61_000),
            happened: Happening::CallEnded {
                outcome: RecentOutcome {
                    conversation_id: id(number),
                    campaign_id: CampaignId(Uuid::nil()),
                    campaign_name: "Spring".to_owned(),
                    lead_id: LeadId(Uuid::nil()),
                    lead_name: "Ada".into(),
                    direction: domain::Direction::Outbound,
                    disposition: Disposition::Completed,
                    ended_at: UnixMillis(61_000),
                    duration_seconds: 1,
                },
            },
        }
    }

    fn batch(events: Vec<LiveEvent>) -> [LiveBatch; 1] {
        [LiveBatch {
            events,
            glimpses: Vec::new(),
        }]
    }

    #[test]
    fn rows_stay_where_they_are_while_the_table_is_held_and_leave_when_it_is_let_go() {
        let owner = Owner::new();
        owner.set();
        let signals = LiveSignals::new(LiveState::default());
        signals.take_in(&batch(vec![started(1, 1), started(2, 2)]));
        signals.hold(true);
        signals.take_in(&batch(vec![ended(3, 1), started(4, 3)]));
        assert_eq!(signals.rows.get_untracked(), [id(1), id(2), id(3)]);
        assert_eq!(signals.calls_now.get_untracked(), 2);
        let first = signals.call(id(1)).expect("still shown").get_untracked();
        assert_eq!(first.status, ConversationStatus::Ended(Disposition::Completed));
        signals.hold(false);
        assert_eq!(signals.rows.get_untracked(), [id(2), id(3)]);
        assert!(signals.call(id(1)).is_none());
        assert_eq!(signals.recent.with_untracked(VecDeque::len), 1);
    }

    #[test]
    fn a_call_that_came_and_went_between_two_frames_leaves_no_row() {
        let owner = Owner::new();
        owner.set();
        let signals = LiveSignals::new(LiveState::default());
        signals.take_in(&batch(vec![started(1, 1), ended(2, 1)]));
        assert!(signals.rows.with_untracked(Vec::is_empty));
        assert_eq!(signals.tiles.with_untracked(|tiles| tiles.completed), 1);
    }
}
