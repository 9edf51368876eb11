//! What single screens read: plain types of the wire between server functions and pages.

use crate::{
    AttemptId, CampaignId, ConversationId, Direction, LeadId, Personal, UnixMillis, UserId,
    access::Role,
    calling_hours::GateReason,
    campaign::{CampaignCommand, CampaignContent},
    campaign_merge::MergeConflict,
    conversation::{ConversationStatus, Disposition, TranscriptSegment},
    cost::{CallCost, CostSum},
    lead::LeadStatus,
    live::CampaignProgress,
    recording::RecordingRule,
    results::{ConversationResults, ResultField, ResultsState},
    turn_times::{TurnSummary, TurnTimes},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who is signed in, for the frame around every page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    pub user_id: UserId,
    pub name: String,
    pub role: Role,
}

/// What is connected and what is simulated, for banner and settings page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationView {
    pub version: String,
    /// “rehearsal” or “livekit”.
    pub telephone_network: String,
    /// Sentences that a supervisor should know: “No real phone is called: …”, “Voices are plain tones: …”.
    pub notices: Vec<String>,
    /// Version of the table from number to time zone.
    pub zone_data_version: String,
    /// (setting, its value in words); never a secret.
    pub settings: Vec<(String, String)>,
    /// A model is connected that holds conversations by itself.
    pub speech_to_speech: bool,
    /// Hosts that campaigns may let their agents ask.
    #[serde(default)]
    pub look_up_hosts: Vec<String>,
    /// True in development builds, where the component gallery is shown.
    pub development: bool,
}

/// A row of the list of campaigns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignRow {
    pub progress: CampaignProgress,
    pub created_at: UnixMillis,
    pub updated_at: UnixMillis,
}

/// A campaign's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignView {
    pub row: CampaignRow,
    pub content: CampaignContent,
    /// The revision that `content` is; sent back when saving.
    pub revision: i64,
    /// What can be done with it now, given its status and the caller's role.
    pub commands: Vec<CampaignCommand>,
    /// Calls were made or attempted: it can no longer be deleted.
    pub has_history: bool,
    /// How calls ended so far, most frequent first.
    pub outcomes: Vec<(Disposition, u64)>,
    /// Refusals of the gate so far.
    pub refusals: Vec<(GateReason, u64)>,
    /// Variables of the script that some leads lack: (variable, number of leads without it).
    pub missing_variables: Vec<(String, u64)>,
    /// How quick the agent was in the last turns.
    #[serde(default)]
    pub turns: TurnSummary,
    /// Conversations whose results are not drawn yet, and those of which they could not be.
    #[serde(default)]
    pub results_pending: u64,
    #[serde(default)]
    pub results_failed: u64,
    /// What its calls cost, one for each currency in which they were reckoned.
    #[serde(default)]
    pub costs: Vec<CostSum>,
}

/// What became of an attempt to save a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveOutcome {
    Saved {
        revision: i64,
    },
    /// Saved, together with what somebody else saved meanwhile.
    Merged {
        revision: i64,
        saved_by: String,
        content: Box<CampaignContent>,
    },
    /// Not saved: both changed the same fields. Choose, then save with this revision.
    Conflict {
        revision: i64,
        saved_by: String,
        conflicts: Vec<MergeConflict>,
        theirs: Box<CampaignContent>,
    },
}

/// The script as one lead would hear it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScriptPreview {
    /// Name of the lead whose data was used; “Ada Example” if there are no leads yet.
    pub lead_name: Personal,
    pub opening: Personal,
    pub script: Personal,
    pub voicemail_message: Personal,
    /// All that a language model is told before the conversation.
    #[serde(default)]
    pub prompt: Personal,
    /// All variables that the leads have.
    pub known_variables: Vec<String>,
    /// Variables used in the texts: (name, number of leads without a value, number of leads).
    pub used_variables: Vec<(String, u64, u64)>,
}

/// A row of a campaign's list of leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadRow {
    pub lead_id: LeadId,
    pub name: Personal,
    pub phone_number: String,
    pub email: Personal,
    pub status: LeadStatus,
    pub error_reason: Option<String>,
    /// When it may be called next, if it waits.
    pub due_at: Option<UnixMillis>,
    pub attempts: u32,
    pub created_at: UnixMillis,
}

/// What to list of a campaign's leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadFilter {
    #[serde(default)]
    pub status: Option<LeadStatus>,
    /// Part of a name or number.
    #[serde(default)]
    pub search: Option<String>,
    #[serde(default)]
    pub after: Option<String>,
}

/// One lead, typed in by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLead {
    pub name: String,
    pub phone_number: String,
    #[serde(default)]
    pub email: String,
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
}

/// A row of the list of conversations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationRow {
    pub conversation_id: ConversationId,
    pub campaign_id: CampaignId,
    pub campaign_name: String,
    pub lead_name: Personal,
    /// Masked.
    pub phone_number: String,
    #[serde(default)]
    pub direction: Direction,
    pub status: ConversationStatus,
    pub call_start_time: Option<UnixMillis>,
    pub duration_seconds: u32,
    pub has_recording: bool,
    #[serde(default)]
    pub results_state: ResultsState,
}

/// What to list of the conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationFilter {
    #[serde(default)]
    pub campaign_id: Option<CampaignId>,
    #[serde(default)]
    pub lead_id: Option<LeadId>,
    #[serde(default)]
    pub status: Option<ConversationStatus>,
    #[serde(default)]
    pub direction: Option<Direction>,
    #[serde(default)]
    pub after: Option<String>,
}

/// A call that came in and that no agent answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnansweredCallRow {
    /// Masked; `None` if the network told none.
    pub phone_number: Option<String>,
    pub arrived_at: UnixMillis,
    /// Why, in words.
    pub reason: String,
}

/// The decision that stands before a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptView {
    pub attempt_id: AttemptId,
    /// 1 for the lead's first attempt.
    pub number: u32,
    pub reason: GateReason,
    pub decided_at: UnixMillis,
    /// What the decision rests on, in words: zones and local times, the window, the do-not-call check.
    pub because: String,
    pub disposition: Option<Disposition>,
    pub conversation_id: Option<ConversationId>,
}

/// Where a recording can be heard and what it looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingView {
    /// Address of the sound file on this server.
    pub url: String,
    /// Where in the call it begins, milliseconds since the answer.
    #[serde(default)]
    pub starts_ms: u64,
    pub duration_ms: u64,
    /// Loudest value per slice of equal length, 0 to 100: (agent, person).
    pub peaks: Vec<(u8, u8)>,
    /// There is nothing to hear any more since then.
    #[serde(default)]
    pub deleted_at: Option<UnixMillis>,
}

/// What is wrong with what every campaign needs: sentences that say what to do. Nothing while all is well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleView {
    /// The agent could not hear, think or speak: no call is started.
    pub voices: Option<String>,
    /// The telephone network cannot be used.
    pub network: Option<String>,
}

/// A finished (or running) conversation's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationView {
    pub row: ConversationRow,
    pub lead_id: LeadId,
    /// In full.
    pub phone_number: String,
    pub call_end_time: Option<UnixMillis>,
    pub results: ConversationResults,
    /// The fields the campaign wanted, in its order.
    pub result_fields: Vec<ResultField>,
    pub attempt: Option<AttemptView>,
    pub segments: Vec<TranscriptSegment>,
    /// How long the parts of the turns took, in their order.
    #[serde(default)]
    pub turns: Vec<TurnTimes>,
    /// Its parts in their order: more than one if another worker went on with the call. None for those who may not listen.
    #[serde(default)]
    pub recordings: Vec<RecordingView>,
    /// By which rule the call was made.
    #[serde(default)]
    pub recording_rule: RecordingRule,
    /// What it used and cost; `None` if that was not counted, or it has not ended.
    #[serde(default)]
    pub cost: Option<CallCost>,
}

/// The table of prices as it is typed: amounts as “0.15”.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricesForm {
    pub currency: String,
    pub input_tokens: String,
    pub output_tokens: String,
    pub characters: String,
    pub recognition_minute: String,
    pub telephone_minute: String,
    pub zone: String,
}

/// The table of prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricesView {
    pub form: PricesForm,
    /// False until somebody has set them for the first time.
    pub are_set: bool,
}

/// A user in the list of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    pub user_id: UserId,
    pub name: String,
    pub email: String,
    pub role: Role,
    /// May not sign in.
    pub locked: bool,
    pub created_at: UnixMillis,
    pub last_seen_at: Option<UnixMillis>,
}

/// A link by which somebody signs in once and chooses a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationLink {
    /// Path and query, without host.
    pub path: String,
    pub expires_at: UnixMillis,
}

/// One of a user's sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    pub created_at: UnixMillis,
    pub last_seen_at: UnixMillis,
    /// The browser, as it calls itself, shortened.
    pub browser: String,
    pub current: bool,
}

/// A number that nobody may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoNotCallRow {
    pub phone_number: String,
    /// Why: “asked during a call”, or what was written by hand.
    pub reason: String,
    pub added_at: UnixMillis,
    /// Who added it; `None` if code did, during a call.
    pub added_by: Option<String>,
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub at: UnixMillis,
    /// Who; `None` for the system itself.
    pub actor: Option<String>,
    /// What, in the past tense: “started campaign”.
    pub action: String,
    /// On what: a name or an id.
    pub subject: String,
}
