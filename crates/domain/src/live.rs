//! Live updates: what happened, and the one fold that turns it into what the dashboard shows.
//!
//! Two kinds of news travel to the browser. A [`LiveEvent`] is a row in the database: nothing that matters is told any
//! other way, and a browser that was away resumes from the last id it saw. A [`Glimpse`] (sound level, partial text,
//! what the agent is doing) is worthless a second later, so it is never stored and may be dropped.

use crate::{
    CampaignId, ConversationId, Direction, LeadId, Personal, UnixMillis,
    agent_state::AgentState,
    budget::BudgetWait,
    call_command::{CallFloor, Colleague},
    calling_hours::GateReason,
    campaign::CampaignStatus,
    conversation::{ConversationStatus, Disposition, Speaker, TranscriptSegment},
    import::ImportProgress,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Something that happened, in the order in which it was committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveEvent {
    /// Position in the log: grows with every event, with gaps.
    pub id: i64,
    pub at: UnixMillis,
    #[serde(flatten)]
    pub happened: Happening,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happening {
    /// A lead was claimed and is about to be dialled, or called us and is about to be answered.
    CallStarted {
        call: LiveCall,
    },
    /// The phone rings, or was answered.
    CallStageChanged {
        conversation_id: ConversationId,
        campaign_id: CampaignId,
        status: ConversationStatus,
    },
    /// A sentence was said aloud and written down.
    SentenceSpoken {
        conversation_id: ConversationId,
        campaign_id: CampaignId,
        segment: TranscriptSegment,
    },
    /// The one end of a call.
    CallEnded {
        outcome: RecentOutcome,
    },
    /// The gate did not let a lead be called.
    LeadRefused {
        campaign_id: CampaignId,
        lead_id: LeadId,
        reason: GateReason,
    },
    /// Status, name or numbers of a campaign changed; holds all of them.
    CampaignChanged {
        campaign: CampaignProgress,
    },
    /// A campaign was deleted.
    CampaignDeleted {
        campaign_id: CampaignId,
    },
    ImportMoved {
        import: ImportProgress,
    },
    /// All dialling was paused, or goes on.
    DiallingPaused {
        paused: bool,
    },
}

impl Happening {
    /// The word stored in the database and used as the event's tag in JSON.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CallStarted { .. } => "call_started",
            Self::CallStageChanged { .. } => "call_stage_changed",
            Self::SentenceSpoken { .. } => "sentence_spoken",
            Self::CallEnded { .. } => "call_ended",
            Self::LeadRefused { .. } => "lead_refused",
            Self::CampaignChanged { .. } => "campaign_changed",
            Self::CampaignDeleted { .. } => "campaign_deleted",
            Self::ImportMoved { .. } => "import_moved",
            Self::DiallingPaused { .. } => "dialling_paused",
        }
    }

    /// The call it belongs to.
    #[must_use]
    pub const fn conversation(&self) -> Option<ConversationId> {
        match self {
            Self::CallStarted { call } => Some(call.conversation_id),
            Self::CallStageChanged { conversation_id, .. } | Self::SentenceSpoken { conversation_id, .. } => {
                Some(*conversation_id)
            }
            Self::CallEnded { outcome } => Some(outcome.conversation_id),
            _ => None,
        }
    }

    /// The campaign it belongs to.
    #[must_use]
    pub const fn campaign(&self) -> Option<CampaignId> {
        match self {
            Self::CallStarted { call } => Some(call.campaign_id),
            Self::CallStageChanged { campaign_id, .. }
            | Self::SentenceSpoken { campaign_id, .. }
            | Self::LeadRefused { campaign_id, .. }
            | Self::CampaignDeleted { campaign_id } => Some(*campaign_id),
            Self::CallEnded { outcome } => Some(outcome.campaign_id),
            Self::CampaignChanged { campaign } => Some(campaign.campaign_id),
            Self::ImportMoved { import } => Some(import.campaign_id),
            Self::DiallingPaused { .. } => None,
        }
    }
}

/// News that is not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Glimpse {
    AgentState {
        conversation_id: ConversationId,
        state: AgentState,
    },
    /// What somebody is saying, so far; replaces the partial text before it, and is empty when the sentence is final.
    PartialText {
        conversation_id: ConversationId,
        speaker: Speaker,
        text: Personal,
    },
    /// Whom the person hears. Repeated every second while it has ever been somebody other than the agent.
    Floor {
        conversation_id: ConversationId,
        floor: CallFloor,
    },
    /// Where it stands with a colleague who is called in. Repeated every second once there was one.
    Colleague {
        conversation_id: ConversationId,
        colleague: Colleague,
    },
    /// Loudness of both sides in the last fifth of a second, 0 (silence) to 100 (full scale).
    Levels {
        conversation_id: ConversationId,
        agent: u8,
        person: u8,
    },
}

impl Glimpse {
    #[must_use]
    pub const fn conversation(&self) -> ConversationId {
        match self {
            Self::AgentState { conversation_id, .. }
            | Self::Floor { conversation_id, .. }
            | Self::Colleague { conversation_id, .. }
            | Self::PartialText { conversation_id, .. }
            | Self::Levels { conversation_id, .. } => *conversation_id,
        }
    }
}

/// One message of the event stream: everything since the message before it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LiveBatch {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<LiveEvent>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub glimpses: Vec<Glimpse>,
}

/// A call in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveCall {
    pub conversation_id: ConversationId,
    pub campaign_id: CampaignId,
    pub lead_id: LeadId,
    pub campaign_name: String,
    pub lead_name: Personal,
    /// Masked, for example +14•••••••23.
    pub phone_number: String,
    #[serde(default)]
    pub direction: Direction,
    pub status: ConversationStatus,
    pub started_at: UnixMillis,
    pub answered_at: Option<UnixMillis>,
    #[serde(default)]
    pub agent_state: AgentState,
    /// The last sentence that was said, and by whom.
    #[serde(default)]
    pub last_line: Option<(Speaker, Personal)>,
}

/// A call that ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecentOutcome {
    pub conversation_id: ConversationId,
    pub campaign_id: CampaignId,
    pub campaign_name: String,
    pub lead_id: LeadId,
    pub lead_name: Personal,
    #[serde(default)]
    pub direction: Direction,
    pub disposition: Disposition,
    pub ended_at: UnixMillis,
    /// Seconds from the answer to the end; 0 if nobody answered.
    pub duration_seconds: u32,
}

/// A campaign's numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignProgress {
    pub campaign_id: CampaignId,
    pub name: String,
    pub status: CampaignStatus,
    /// Leads in all, and by where they stand.
    pub leads: u64,
    pub pending: u64,
    pub calling: u64,
    pub done: u64,
    pub failed: u64,
    pub do_not_call: u64,
    /// It starts no call because of its budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_wait: Option<BudgetWait>,
}

/// Numbers since midnight UTC, kept by [`LiveState::apply`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tiles {
    /// Day the numbers belong to: days since 1970, UTC.
    pub day: i64,
    /// Calls of ours that a person answered.
    pub answered: u64,
    /// Conversations with people who called us. They are no answers to calls of ours.
    #[serde(default)]
    pub called_back: u64,
    /// Calls that ended with [`Disposition::Completed`] or [`Disposition::CallBack`], whoever called.
    pub completed: u64,
    /// Decisions of the gate not to call.
    pub refused: u64,
    /// Calls of ours that ended, however.
    pub ended: u64,
    /// Calls of ours started in each of the last [`RATE_MINUTES`] minutes, oldest first; the last is the current minute.
    pub started_per_minute: VecDeque<u32>,
    /// The minute to which the last entry of `started_per_minute` belongs ([`UnixMillis::minute`]).
    pub minute: i64,
}

/// How many minutes the rate's sparkline covers.
pub const RATE_MINUTES: usize = 30;
/// How many outcomes the dashboard lists.
pub const RECENT_OUTCOMES: usize = 20;
const DAY_MILLIS: i64 = 86_400_000;

impl Tiles {
    /// Moves the numbers on to `now`: a new day begins at 0, and passed minutes leave the sparkline.
    pub fn advance(&mut self, now: UnixMillis) {
        let day = now.0.div_euclid(DAY_MILLIS);
        if day > self.day {
            *self = Self {
                day,
                minute: self.minute,
                started_per_minute: std::mem::take(&mut self.started_per_minute),
                ..Self::default()
            };
        }
        let passed = usize::try_from(now.minute() - self.minute).unwrap_or(0);
        for _ in 0..passed.min(RATE_MINUTES) {
            self.started_per_minute.push_back(0);
        }
        self.minute = self.minute.max(now.minute());
        while self.started_per_minute.len() < RATE_MINUTES {
            self.started_per_minute.push_front(0);
        }
        while self.started_per_minute.len() > RATE_MINUTES {
            self.started_per_minute.pop_front();
        }
    }

    /// Counts a call that ended.
    pub fn count(&mut self, direction: Direction, disposition: Disposition, calls: u64) {
        let by_person = u64::from(disposition.answered_by_person()) * calls;
        match direction {
            Direction::Outbound => {
                self.ended += calls;
                self.answered += by_person;
            }
            Direction::Inbound => self.called_back += by_person,
        }
        if matches!(disposition, Disposition::Completed | Disposition::CallBack) {
            self.completed += calls;
        }
    }

    /// Calls started in the last whole minute, or in the current one so far if those are more already: a campaign that has
    /// just begun is seen at once.
    #[must_use]
    pub fn calls_a_minute(&self) -> u32 {
        self.started_per_minute.iter().rev().take(2).copied().max().unwrap_or(0)
    }
}

/// What the dashboard shows. Made once from the database, then kept current by [`LiveState::apply`], on the server in
/// tests and in the browser alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LiveState {
    /// Id of the last event that is part of this state: where the event stream goes on.
    pub cursor: i64,
    pub tiles: Tiles,
    /// Calls in progress, oldest first (ids are UUIDv7).
    pub calls: BTreeMap<ConversationId, LiveCall>,
    /// Campaigns that are running or paused.
    pub campaigns: BTreeMap<CampaignId, CampaignProgress>,
    /// Newest first, at most [`RECENT_OUTCOMES`].
    pub recent: VecDeque<RecentOutcome>,
    /// True while an administrator holds all dialling.
    pub dialling_paused: bool,
}

impl LiveState {
    /// Takes an event in. An event that is already part of the state changes nothing, so a replay is harmless.
    pub fn apply(&mut self, event: &LiveEvent) {
        if event.id <= self.cursor {
            return;
        }
        self.cursor = event.id;
        self.tiles.advance(event.at);
        // An event of yesterday that was committed after midnight is none of today's numbers.
        let today = event.at.0.div_euclid(DAY_MILLIS) == self.tiles.day;
        match &event.happened {
            Happening::CallStarted { call } => {
                // A state that was restored from a later day must not count yesterday's calls.
                let age = usize::try_from(self.tiles.minute - call.started_at.minute()).unwrap_or(0);
                if let Some(index) = RATE_MINUTES
                    .checked_sub(1 + age)
                    .filter(|_| !call.direction.is_inbound())
                {
                    self.tiles.started_per_minute[index] += 1;
                }
                self.calls.insert(call.conversation_id, call.clone());
            }
            Happening::CallStageChanged {
                conversation_id,
                status,
                ..
            } => {
                if let Some(call) = self.calls.get_mut(conversation_id) {
                    call.status = *status;
                    if *status == ConversationStatus::Live {
                        call.answered_at.get_or_insert(event.at);
                    }
                }
            }
            Happening::SentenceSpoken {
                conversation_id,
                segment,
                ..
            } => {
                if let Some(call) = self.calls.get_mut(conversation_id) {
                    call.last_line = Some((segment.speaker, segment.text.clone()));
                }
            }
            Happening::CallEnded { outcome } => {
                self.calls.remove(&outcome.conversation_id);
                if today {
                    self.tiles.count(outcome.direction, outcome.disposition, 1);
                }
                // By the end of the call, not by the commit, so that a snapshot lists the same ones.
                let key = |outcome: &RecentOutcome| (outcome.ended_at, outcome.conversation_id);
                let place = self.recent.partition_point(|newer| key(newer) > key(outcome));
                self.recent.insert(place, outcome.clone());
                self.recent.truncate(RECENT_OUTCOMES);
            }
            Happening::LeadRefused { .. } => self.tiles.refused += u64::from(today),
            Happening::CampaignChanged { campaign } => {
                let renamed = |id: CampaignId, name: &String| id == campaign.campaign_id && *name != campaign.name;
                for call in self
                    .calls
                    .values_mut()
                    .filter(|call| renamed(call.campaign_id, &call.campaign_name))
                {
                    call.campaign_name.clone_from(&campaign.name);
                }
                for outcome in &mut self.recent {
                    if renamed(outcome.campaign_id, &outcome.campaign_name) {
                        outcome.campaign_name.clone_from(&campaign.name);
                    }
                }
                if matches!(campaign.status, CampaignStatus::Running | CampaignStatus::Paused) {
                    self.campaigns.insert(campaign.campaign_id, campaign.clone());
                } else {
                    self.campaigns.remove(&campaign.campaign_id);
                }
            }
            Happening::CampaignDeleted { campaign_id } => {
                self.campaigns.remove(campaign_id);
            }
            Happening::ImportMoved { .. } => {}
            Happening::DiallingPaused { paused } => self.dialling_paused = *paused,
        }
    }

    /// Takes a glimpse in.
    pub fn glimpse(&mut self, glimpse: &Glimpse) {
        if let Glimpse::AgentState { conversation_id, state } = glimpse
            && let Some(call) = self.calls.get_mut(conversation_id)
        {
            call.agent_state = *state;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn started(id: i64, at: i64) -> LiveEvent {
        let call = LiveCall {
            conversation_id: ConversationId(Uuid::from_u128(7)),
            campaign_id: CampaignId(Uuid::from_u128(1)),
            lead_id: LeadId(Uuid::from_u128(2)),
            campaign_name: "Spring".to_owned(),
            lead_name: "Ada".into(),
            phone_number: "+14•••••••23".to_owned(),
            direction: Direction::Outbound,
            status: ConversationStatus::Dialing,
            started_at: UnixMillis(at),
            answered_at: None,
            agent_state: AgentState::Waiting,
            last_line: None,
        };
        LiveEvent {
            id,
            at: UnixMillis(at),
            happened: Happening::CallStarted { call },
        }
    }

    #[test]
    fn a_replayed_event_changes_nothing() {
        let mut state = LiveState::default();
        state.apply(&started(5, 60_000));
        let once = state.clone();
        state.apply(&started(5, 60_000));
        assert_eq!(state, once);
        assert_eq!(state.calls.len(), 1);
        assert_eq!(state.tiles.started_per_minute.back(), Some(&1));
    }

    #[test]
    fn a_minute_later_the_rate_moves_on_and_a_day_later_the_tiles_begin_anew() {
        let mut state = LiveState::default();
        state.apply(&started(5, 60_000));
        state.tiles.ended = 3;
        assert_eq!(state.tiles.calls_a_minute(), 1);
        state.tiles.advance(UnixMillis(120_000));
        assert_eq!((state.tiles.calls_a_minute(), state.tiles.ended), (1, 3));
        state.tiles.advance(UnixMillis(DAY_MILLIS));
        assert_eq!((state.tiles.calls_a_minute(), state.tiles.ended), (0, 0));
    }

    #[test]
    fn a_person_who_calls_back_is_no_answer_to_a_call_of_ours() {
        let mut tiles = Tiles::default();
        tiles.count(Direction::Outbound, Disposition::NoAnswer, 3);
        tiles.count(Direction::Inbound, Disposition::Completed, 1);
        tiles.count(Direction::Inbound, Disposition::NoAnswer, 1);
        assert_eq!((tiles.ended, tiles.answered), (3, 0));
        assert_eq!((tiles.called_back, tiles.completed), (1, 1));
        let mut state = LiveState::default();
        let mut event = started(5, 60_000);
        let Happening::CallStarted { call } = &mut event.happened else {
            panic!("a call starts")
        };
        call.direction = Direction::Inbound;
        state.apply(&event);
        assert_eq!((state.calls.len(), state.tiles.calls_a_minute()), (1, 0));
    }

    #[test]
    fn events_survive_json() {
        let event = started(5, 60_000);
        let json = serde_json::to_string(&event).expect("serialises");
        assert!(json.contains(r#""kind":"call_started""#), "{json}");
        assert_eq!(serde_json::from_str::<LiveEvent>(&json).expect("parses"), event);
    }
}
