//! Handing out leads to workers.
//!
//! One short transaction hands a worker a batch of one campaign. Transactions that claim come one after the other (an
//! advisory lock): that is what makes concurrency and calls per second exact however many workers there are. Leads that
//! somebody else holds at that moment are skipped. Whether a lead may be called is the caller's decision; this file
//! gives it what it rests on and writes down what came of it, in the same transaction.

mod budgets;
mod completing;
mod pacing;
mod places;

pub use completing::complete;
pub(crate) use places::{one_at_a_time, places};

use crate::{Store, StoreError, campaigns, conversations::phone_number, events, from_sql, seconds, settings, to_sql};
use domain::{
    AttemptId, CampaignId, ConversationId, Direction, LeadId, Personal, PhoneNumber, UnixMillis, WorkerId,
    agent_state::AgentState,
    budget::Charges,
    calling_hours::{GateEvidence, GateReason},
    campaign::{CampaignContent, CampaignStatus},
    conversation::ConversationStatus,
    lead::LeadStatus,
    live::{Happening, LiveCall},
};
use pacing::Pace;
use sqlx::{PgConnection, types::Json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use uuid::Uuid;

/// A gate that is closed for many leads is walked through in batches of this size.
const WALK: u32 = 100;

/// A running campaign, as far as it matters to whoever looks for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningCampaign {
    pub campaign_id: CampaignId,
    /// Calls in progress.
    pub calls: u32,
    /// When the first waiting lead is due; `None` if none waits.
    pub next_due: Option<UnixMillis>,
}

/// What there is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// An administrator holds all dialling.
    pub paused: bool,
    /// Calls in progress of all campaigns, running or not, on all workers.
    pub calls: u32,
    pub campaigns: Vec<RunningCampaign>,
}

/// What a worker asks for.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    pub campaign_id: CampaignId,
    pub worker_id: WorkerId,
    /// By this clock leads are due.
    pub at: UnixMillis,
    /// Calls to hand out at most.
    pub most: u32,
    /// Calls at the same time in the whole installation.
    pub global_concurrency: u32,
    /// How long the lease on each call lasts before its first renewal.
    pub lease: Duration,
    /// What of a call costs something here.
    pub charges: Charges,
    /// How far ahead of their time calls may be handed out; each waits for its own ([`ClaimedCall::start_after`]).
    pub look_ahead: Duration,
}

/// A lead whose turn has come.
#[derive(Clone, Debug)]
pub struct WaitingLead {
    pub lead_id: LeadId,
    pub phone_number: PhoneNumber,
    pub name: Personal,
    pub email: Personal,
    pub variables: BTreeMap<String, String>,
    /// Every zone the number could be in; empty if unknown.
    pub zones: Vec<String>,
    /// Calls made so far.
    pub calls_made: u32,
    pub on_do_not_call_list: bool,
}

/// What is to become of a waiting lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    Call,
    /// Not now; not before this time.
    Later(UnixMillis),
    /// Not at all: its status from now on, and a sentence that says why.
    Never(LeadStatus, String),
}

/// A decision and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub reason: GateReason,
    pub evidence: GateEvidence,
    pub turn: Turn,
}

/// A call that is now the worker's.
#[derive(Clone, Debug)]
pub struct ClaimedCall {
    pub conversation_id: ConversationId,
    pub attempt_id: AttemptId,
    pub direction: Direction,
    pub lead: WaitingLead,
    /// When it may start, counted from the claim: this keeps the campaign's calls per second.
    pub start_after: Duration,
}

/// When to ask for this campaign again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskAgain {
    /// There may be more at once.
    Now,
    /// The pace allows no further call before this span has passed.
    After(Duration),
    /// When a call has ended or something else has changed.
    WhenChanged,
}

/// What a claim brought.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub calls: Vec<ClaimedCall>,
    /// Why leads were not called.
    pub refused: Vec<GateReason>,
    /// The campaign as it stood, if it was running.
    pub content: Option<Arc<CampaignContent>>,
    pub ask_again: AskAgain,
    /// Somebody would have been called, but for the budget.
    pub held_by_budget: bool,
}

impl Claimed {
    const fn nothing(ask_again: AskAgain) -> Self {
        Self {
            calls: Vec::new(),
            refused: Vec::new(),
            content: None,
            ask_again,
            held_by_budget: false,
        }
    }
}

/// Which campaigns run, what they wait for, and how many calls there are.
///
/// # Errors
/// The database's.
pub async fn overview(conn: &mut PgConnection) -> Result<Overview, StoreError> {
    let paused = settings::dialling_paused(conn).await?;
    let calls = count(
        sqlx::query_scalar!(r#"SELECT count(*) AS "calls!" FROM leases"#)
            .fetch_one(&mut *conn)
            .await?,
    );
    let campaigns = sqlx::query!(
        r#"SELECT id, (SELECT count(*) FROM leases WHERE leases.campaign_id = campaigns.id) AS "calls!",
                  (SELECT min(due_at) FROM lead_queue WHERE lead_queue.campaign_id = campaigns.id) AS next_due
           FROM campaigns WHERE status = 'running' ORDER BY id"#
    )
    .fetch_all(conn)
    .await?;
    Ok(Overview {
        paused,
        calls,
        campaigns: campaigns
            .into_iter()
            .map(|row| RunningCampaign {
                campaign_id: CampaignId(row.id),
                calls: count(row.calls),
                next_due: row.next_due.map(from_sql),
            })
            .collect(),
    })
}

/// Hands out leads of one campaign in the order in which they are due. `decide` says what becomes of each; `new_id`
/// makes ids. Everything is committed when it returns.
///
/// # Errors
/// The database's; then nothing was handed out.
pub async fn claim(
    store: &Store,
    request: &ClaimRequest,
    mut decide: impl FnMut(&CampaignContent, &WaitingLead) -> Verdict + Send,
    mut new_id: impl FnMut() -> Uuid + Send,
) -> Result<Claimed, StoreError> {
    let mut transaction = events::begin(store).await?;
    one_at_a_time(&mut transaction).await?;
    let running = match campaigns::lock(&mut transaction, request.campaign_id).await {
        Ok(status) => status == CampaignStatus::Running,
        Err(StoreError::Missing) => false,
        Err(error) => return Err(error),
    };
    if !running || settings::dialling_paused(&mut transaction).await? {
        return Ok(Claimed::nothing(AskAgain::WhenChanged));
    }
    let standing = sqlx::query!(
        r#"SELECT name AS campaign_name, revision, content AS "content: Json<CampaignContent>",
                  (SELECT count(*) FROM leases) AS "all_calls!",
                  (SELECT count(*) FROM leases WHERE leases.campaign_id = campaigns.id) AS "calls!",
                  (SELECT count(*) FROM inbound_calls WHERE inbound_calls.status = 'waiting') AS "callers!",
                  (SELECT next_at FROM campaign_pacing WHERE campaign_pacing.campaign_id = campaigns.id) AS next_at,
                  clock_timestamp() AS "now!"
           FROM campaigns JOIN campaign_revisions ON campaign_revisions.campaign_id = campaigns.id
           WHERE campaigns.id = $1 ORDER BY revision DESC LIMIT 1"#,
        request.campaign_id.0,
    )
    .fetch_one(&mut *transaction)
    .await?;
    let content = Arc::new(standing.content.0);
    // Whoever calls us hears it ring: a line that becomes free is theirs first.
    let callers = count(standing.callers);
    let free = request
        .most
        .min(
            request
                .global_concurrency
                .saturating_sub(count(standing.all_calls) + callers),
        )
        .min(u32::from(content.max_concurrent_calls).saturating_sub(count(standing.calls) + callers));
    if free == 0 {
        return Ok(Claimed::nothing(AskAgain::WhenChanged));
    }
    let budget = budgets::standing(&mut transaction, request, &content).await?;
    let fits = budget.as_ref().map_or(u32::MAX, |budget| budget.standing.more_calls());
    if let Some(budget) = budget.as_ref().filter(|_| fits == 0) {
        let waiting = waiting(&mut transaction, request, 1).await?;
        if !waiting.is_empty() {
            budgets::wait(&mut transaction, request, budget).await?;
            events::commit(store, transaction).await?;
        }
        return Ok(Claimed {
            held_by_budget: !waiting.is_empty(),
            ..Claimed::nothing(AskAgain::WhenChanged)
        });
    }
    let waited = budgets::go_on(&mut transaction, request.campaign_id).await?;
    let free = free.min(fits);
    let pace = Pace::new(content.calls_per_ten_seconds, standing.next_at, standing.now);
    let slots = pace.slots(request.look_ahead).min(free);
    if slots == 0 {
        return Ok(Claimed::nothing(AskAgain::After(pace.wait(0, request.look_ahead))));
    }

    let batch = slots.max(WALK);
    let waiting = waiting(&mut transaction, request, batch).await?;
    let seen = waiting.len();
    let mut written = Decisions::default();
    let mut calls = Vec::new();
    for lead in waiting {
        if calls.len() >= slots as usize {
            break;
        }
        let mut verdict = decide(&content, &lead);
        verdict.evidence.budget = budget.as_ref().map(|budget| budget.standing.clone());
        let attempt_id = AttemptId(new_id());
        let called = (verdict.turn == Turn::Call).then(|| ConversationId(new_id()));
        written.add(&lead, attempt_id, called, verdict);
        if let Some(conversation_id) = called {
            calls.push(ClaimedCall {
                conversation_id,
                attempt_id,
                direction: Direction::Outbound,
                start_after: pace.start_after(u32::try_from(calls.len()).unwrap_or(u32::MAX)),
                lead,
            });
        }
    }
    let handed_out = u32::try_from(calls.len()).unwrap_or(u32::MAX);
    if !written.attempts.is_empty() {
        let next_at = (handed_out > 0).then(|| pace.next_at(handed_out));
        written
            .write(&mut transaction, request, standing.revision, next_at)
            .await?;
        let mut happenings: Vec<Happening> = calls
            .iter()
            .map(|call| Happening::CallStarted {
                call: LiveCall {
                    conversation_id: call.conversation_id,
                    campaign_id: request.campaign_id,
                    lead_id: call.lead.lead_id,
                    campaign_name: standing.campaign_name.clone(),
                    lead_name: call.lead.name.clone(),
                    phone_number: call.lead.phone_number.masked(),
                    direction: Direction::Outbound,
                    status: ConversationStatus::Dialing,
                    started_at: request.at,
                    answered_at: None,
                    agent_state: AgentState::Waiting,
                    last_line: None,
                },
            })
            .collect();
        happenings.extend(written.refusals(request.campaign_id));
        if waited || written.statuses.iter().any(Option::is_some) {
            events::in_order(&mut transaction).await?;
            happenings.push(Happening::CampaignChanged {
                campaign: campaigns::progress(&mut transaction, request.campaign_id).await?,
            });
        }
        events::append(&mut transaction, request.at, &happenings).await?;
    } else if waited {
        campaigns::announce(&mut transaction, request.at, &[request.campaign_id]).await?;
    }
    events::commit(store, transaction).await?;
    let ask_again = if handed_out >= slots {
        if slots < free {
            AskAgain::After(pace.wait(handed_out, request.look_ahead))
        } else {
            AskAgain::WhenChanged
        }
    } else if seen >= batch as usize {
        AskAgain::Now
    } else {
        AskAgain::WhenChanged
    };
    Ok(Claimed {
        calls,
        refused: written.refused,
        content: Some(content),
        ask_again,
        held_by_budget: false,
    })
}

/// The leads that are due, locked, without those that somebody else holds.
async fn waiting(conn: &mut PgConnection, request: &ClaimRequest, limit: u32) -> Result<Vec<WaitingLead>, StoreError> {
    // The do-not-call list is joined: for an EXISTS PostgreSQL would read all of it, however long it is.
    let rows = sqlx::query!(
        r#"SELECT lead_queue.lead_id, attempts, zones, leads.phone_number, name, email,
                  variables AS "variables?: Json<BTreeMap<String, String>>",
                  do_not_call.phone_number IS NOT NULL AS "listed!"
           FROM lead_queue
           JOIN leads ON leads.id = lead_queue.lead_id
           LEFT JOIN lead_variables ON lead_variables.lead_id = lead_queue.lead_id
           LEFT JOIN do_not_call ON do_not_call.phone_number = leads.phone_number
           WHERE lead_queue.campaign_id = $1 AND due_at <= $2
           ORDER BY due_at, lead_queue.lead_id LIMIT $3
           FOR UPDATE OF lead_queue SKIP LOCKED"#,
        request.campaign_id.0,
        to_sql(request.at),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(WaitingLead {
                lead_id: LeadId(row.lead_id),
                phone_number: phone_number(&row.phone_number)?,
                name: row.name.into(),
                email: row.email.into(),
                variables: row.variables.map(|variables| variables.0).unwrap_or_default(),
                zones: row.zones,
                calls_made: u32::try_from(row.attempts).unwrap_or(0),
                on_do_not_call_list: row.listed,
            })
        })
        .collect()
}

/// What was decided in one claim, column by column: one entry for each lead.
#[derive(Default)]
struct Decisions {
    attempts: Vec<Uuid>,
    leads: Vec<Uuid>,
    numbers: Vec<i32>,
    reasons: Vec<String>,
    evidence: Vec<Json<GateEvidence>>,
    conversations: Vec<Option<Uuid>>,
    /// The lead's new status, and why; without one it goes on waiting.
    statuses: Vec<Option<String>>,
    whys: Vec<Option<String>>,
    /// When a lead that goes on waiting is due.
    due: Vec<Option<time::OffsetDateTime>>,
    /// Only of leads that are not called.
    refused: Vec<GateReason>,
}

impl Decisions {
    fn add(&mut self, lead: &WaitingLead, attempt: AttemptId, conversation: Option<ConversationId>, verdict: Verdict) {
        if conversation.is_none() {
            self.refused.push(verdict.reason);
        }
        self.attempts.push(attempt.0);
        self.leads.push(lead.lead_id.0);
        self.numbers
            .push(i32::try_from(lead.calls_made).unwrap_or(i32::MAX - 1) + 1);
        self.reasons.push(verdict.reason.as_str().to_owned());
        self.evidence.push(Json(verdict.evidence));
        self.conversations.push(conversation.map(|id| id.0));
        let (status, why, due) = match verdict.turn {
            Turn::Call => (Some(LeadStatus::Calling), None, None),
            Turn::Never(status, why) => (Some(status), Some(why), None),
            Turn::Later(due) => (None, None, Some(due)),
        };
        self.statuses.push(status.map(|status| status.as_str().to_owned()));
        self.whys.push(why);
        self.due.push(due.map(to_sql));
    }

    fn refusals(&self, campaign_id: CampaignId) -> impl Iterator<Item = Happening> + '_ {
        let without_call = self
            .leads
            .iter()
            .zip(&self.conversations)
            .filter(|(_, call)| call.is_none());
        without_call
            .zip(&self.refused)
            .map(move |((lead, _), reason)| Happening::LeadRefused {
                campaign_id,
                lead_id: LeadId(*lead),
                reason: *reason,
            })
    }

    /// In one statement. `next_at`: the moment of the campaign's next call, if there are calls.
    async fn write(
        &self,
        conn: &mut PgConnection,
        request: &ClaimRequest,
        revision: i64,
        next_at: Option<time::OffsetDateTime>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "WITH decided AS (
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::jsonb[], $6::uuid[], $7::text[],
                                      $8::text[], $9::timestamptz[])
                      AS decided (id, lead_id, number, reason, because, conversation_id, status, why, due_at)
             ), no_longer_waiting AS (
                 DELETE FROM lead_queue USING decided
                 WHERE lead_queue.lead_id = decided.lead_id AND decided.status IS NOT NULL
             ), waiting_on AS (
                 UPDATE lead_queue SET due_at = decided.due_at,
                     due_but_for_gate = coalesce(due_but_for_gate, lead_queue.due_at)
                 FROM decided WHERE lead_queue.lead_id = decided.lead_id AND decided.due_at IS NOT NULL
             ), lead AS (
                 UPDATE leads SET status = decided.status, error_reason = decided.why
                 FROM decided WHERE leads.id = decided.lead_id AND decided.status IS NOT NULL
             ), call AS (
                 INSERT INTO conversations (id, lead_id, campaign_id, status, created_at)
                 SELECT conversation_id, lead_id, $10, 'dialing', $11 FROM decided WHERE conversation_id IS NOT NULL
             ), lease AS (
                 INSERT INTO leases (conversation_id, campaign_id, worker_id, expires_at)
                 SELECT conversation_id, $10, $12, clock_timestamp() + make_interval(secs => $13)
                 FROM decided WHERE conversation_id IS NOT NULL
             ), pace AS (
                 INSERT INTO campaign_pacing (campaign_id, next_at)
                 SELECT $10, $14 WHERE $14::timestamptz IS NOT NULL
                 ON CONFLICT (campaign_id) DO UPDATE SET next_at = excluded.next_at
             )
             INSERT INTO attempts (id, lead_id, campaign_id, number, revision, reason, because, decided_at,
                                   conversation_id, worker_id)
             SELECT id, lead_id, $10, number, $15, reason, because, $11, conversation_id, $12 FROM decided",
            &self.attempts,
            &self.leads,
            &self.numbers,
            &self.reasons,
            &self.evidence as &[Json<GateEvidence>],
            &self.conversations as &[Option<Uuid>],
            &self.statuses as &[Option<String>],
            &self.whys as &[Option<String>],
            &self.due as &[Option<time::OffsetDateTime>],
            request.campaign_id.0,
            to_sql(request.at),
            request.worker_id.0,
            seconds(request.lease),
            next_at,
            revision,
        )
        .execute(conn)
        .await?;
        Ok(())
    }
}

fn count(rows: i64) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
