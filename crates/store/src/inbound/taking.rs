//! Taking a call that came in: exactly one worker does, and everything about it is written in one transaction.

use crate::{
    Store, StoreError, Transaction, campaigns,
    claims::{self, ClaimedCall, WaitingLead},
    conversations::phone_number,
    events, from_sql, seconds, to_sql,
};
use domain::{
    AttemptId, CampaignId, ConversationId, Direction, LeadId, PhoneNumber, UnixMillis, WorkerId,
    agent_state::AgentState,
    call_command::CallCommand,
    calling_hours::GateEvidence,
    campaign::CampaignContent,
    conversation::ConversationStatus,
    inbound::{Answer, LastTry, OtherCall, TurnedAway},
    lead::LeadStatus,
    live::{Happening, LiveCall},
};
use sqlx::{PgConnection, types::Json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use time::OffsetDateTime;

/// Who wants which call.
#[derive(Clone, Copy, Debug)]
pub struct TakeRequest {
    pub id: ConversationId,
    pub worker_id: WorkerId,
    pub at: UnixMillis,
    /// Calls at the same time in the whole installation.
    pub global_concurrency: u32,
    /// How long the lease lasts before its first renewal.
    pub lease: Duration,
}

/// What came of it.
#[derive(Debug)]
pub enum Taken {
    /// The call is the worker's, and its agent is to answer.
    Call(Box<TakenCall>),
    /// It is the worker's task to tell the caller.
    TurnedAway(TurnedAway),
    /// It goes on ringing: no line is free, or a call of ours to the same person has to end first.
    Later,
    /// Somebody else has it, or the caller hung up.
    Gone,
}

/// A call that a worker has taken.
#[derive(Debug)]
pub struct TakenCall {
    pub campaign_id: CampaignId,
    pub content: Arc<CampaignContent>,
    pub call: ClaimedCall,
}

/// Takes a call that waits, if there is room for it. `decide` says who answers, given whether the number is known and what
/// is known of the last try to reach it. Everything is committed when this returns.
///
/// # Errors
/// The database's; then nothing was taken.
pub async fn take(
    store: &Store,
    request: &TakeRequest,
    decide: impl FnOnce(bool, Option<&LastTry>) -> Answer + Send,
) -> Result<Taken, StoreError> {
    let mut transaction = events::begin(store).await?;
    // Whoever hands out leads waits: places are counted exactly, and nobody dials the person who is calling.
    claims::one_at_a_time(&mut transaction).await?;
    let waiting = sqlx::query!(
        "SELECT phone_number FROM inbound_calls WHERE id = $1 AND status = 'waiting' FOR UPDATE SKIP LOCKED",
        request.id.0,
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(waiting) = waiting else {
        return Ok(Taken::Gone);
    };
    let number = waiting.phone_number.as_deref().map(phone_number).transpose()?;
    let found = match &number {
        Some(number) => Found::by_number(&mut transaction, number).await?,
        None => None,
    };
    match decide(number.is_some(), found.as_ref().map(|found| &found.last_try)) {
        Answer::TurnAway(why) => {
            sqlx::query!(
                "UPDATE inbound_calls SET status = 'turned_away', reason = $2 WHERE id = $1",
                request.id.0,
                why.as_str(),
            )
            .execute(&mut *transaction)
            .await?;
            events::commit(store, transaction).await?;
            Ok(Taken::TurnedAway(why))
        }
        Answer::WhenOtherCallEnds => {
            if let Some(other) = found.and_then(|found| found.other_call) {
                give_way(&mut transaction, other, request.at).await?;
                transaction.commit().await?;
            }
            Ok(Taken::Later)
        }
        Answer::Agent => match found {
            Some(found) => answer(store, transaction, request, found).await,
            // Nothing was found, so nobody can answer.
            None => Ok(Taken::Gone),
        },
    }
}

/// The lead that was tried last by a number, locked as those who claim lock it.
struct Found {
    lead_id: LeadId,
    campaign_id: CampaignId,
    last_try: LastTry,
    other_call: Option<ConversationId>,
    /// Of the newest call to the lead.
    number: i32,
    evidence: GateEvidence,
    revision: i64,
    content: CampaignContent,
    campaign_name: String,
}

impl Found {
    async fn by_number(transaction: &mut Transaction, number: &PhoneNumber) -> Result<Option<Self>, StoreError> {
        let tried = sqlx::query!(
            r#"SELECT attempts.lead_id, attempts.campaign_id, attempts.number, dialled_at AS "dialled_at!",
                      because AS "because: Json<GateEvidence>"
               FROM leads JOIN attempts ON attempts.lead_id = leads.id
               WHERE leads.phone_number = $1 AND dialled_at IS NOT NULL
               ORDER BY dialled_at DESC, attempts.id DESC LIMIT 1"#,
            number.e164(),
        )
        .fetch_optional(&mut **transaction)
        .await?;
        let Some(tried) = tried else { return Ok(None) };
        let campaign_id = CampaignId(tried.campaign_id);
        let status = campaigns::lock(transaction, campaign_id).await?;
        let revision = campaigns::latest(transaction, campaign_id).await?;
        // The queue's row first, as those who claim leads do.
        sqlx::query!(
            "SELECT lead_id FROM lead_queue WHERE lead_id = $1 FOR UPDATE",
            tried.lead_id
        )
        .fetch_optional(&mut **transaction)
        .await?;
        sqlx::query!("SELECT id FROM leads WHERE id = $1 FOR UPDATE", tried.lead_id)
            .fetch_one(&mut **transaction)
            .await?;
        let other = sqlx::query!(
            "SELECT id, status FROM conversations WHERE lead_id = $1 AND call_end_time IS NULL",
            tried.lead_id,
        )
        .fetch_optional(&mut **transaction)
        .await?;
        Ok(Some(Self {
            lead_id: LeadId(tried.lead_id),
            campaign_id,
            last_try: LastTry {
                at: from_sql(tried.dialled_at),
                campaign: status,
                answers: revision.content.answer_call_backs,
                other_call: other.as_ref().map(|other| match other.status.as_str() {
                    "live" => OtherCall::Answered,
                    _ => OtherCall::Unanswered,
                }),
            },
            other_call: other.map(|other| ConversationId(other.id)),
            number: tried.number,
            evidence: tried.because.0,
            revision: revision.number,
            campaign_name: revision.content.name.clone(),
            content: revision.content,
        }))
    }
}

/// Asks a call of ours that nobody has answered to end, once.
async fn give_way(conn: &mut PgConnection, other: ConversationId, at: UnixMillis) -> Result<(), StoreError> {
    let command = Json(CallCommand::GiveWay);
    let left = sqlx::query!(
        "INSERT INTO call_commands (conversation_id, command, issued_at)
         SELECT $1, $2, $3
         WHERE NOT EXISTS (SELECT FROM call_commands WHERE conversation_id = $1 AND command = $2)",
        other.0,
        command as Json<CallCommand>,
        to_sql(at),
    )
    .execute(&mut *conn)
    .await?;
    if left.rows_affected() == 1 {
        let channel = crate::call_commands::CHANNEL;
        sqlx::query!("SELECT pg_notify($1, $2)", channel, other.0.to_string())
            .execute(conn)
            .await?;
    }
    Ok(())
}

async fn answer(
    store: &Store,
    mut transaction: Transaction,
    request: &TakeRequest,
    found: Found,
) -> Result<Taken, StoreError> {
    let places = claims::places(&mut transaction, found.campaign_id).await?;
    let free = request
        .global_concurrency
        .saturating_sub(places.all_calls)
        .min(u32::from(found.content.max_concurrent_calls).saturating_sub(places.calls));
    if free == 0 {
        return Ok(Taken::Later);
    }
    let lead = lead(&mut transaction, &found).await?;
    write(&mut transaction, request, &found, &lead).await?;
    let call = LiveCall {
        conversation_id: request.id,
        campaign_id: found.campaign_id,
        lead_id: found.lead_id,
        campaign_name: found.campaign_name,
        lead_name: lead.name.clone(),
        phone_number: lead.phone_number.masked(),
        direction: Direction::Inbound,
        status: ConversationStatus::Ringing,
        started_at: request.at,
        answered_at: None,
        agent_state: AgentState::Waiting,
        last_line: None,
    };
    events::in_order(&mut transaction).await?;
    let campaign = campaigns::progress(&mut transaction, found.campaign_id).await?;
    let happened = [Happening::CallStarted { call }, Happening::CampaignChanged { campaign }];
    events::append(&mut transaction, request.at, &happened).await?;
    events::commit(store, transaction).await?;
    Ok(Taken::Call(Box::new(TakenCall {
        campaign_id: found.campaign_id,
        content: Arc::new(found.content),
        call: ClaimedCall {
            conversation_id: request.id,
            // Nothing was tried: the call is its own key.
            attempt_id: AttemptId(request.id.0),
            direction: Direction::Inbound,
            lead,
            start_after: Duration::ZERO,
        },
    })))
}

async fn lead(conn: &mut PgConnection, found: &Found) -> Result<WaitingLead, StoreError> {
    let row = sqlx::query!(
        r#"SELECT leads.phone_number, name, email, variables AS "variables?: Json<BTreeMap<String, String>>",
                  coalesce(lead_queue.attempts, $2) AS "calls_made!",
                  do_not_call.phone_number IS NOT NULL AS "listed!"
           FROM leads
           LEFT JOIN lead_queue ON lead_queue.lead_id = leads.id
           LEFT JOIN lead_variables ON lead_variables.lead_id = leads.id
           LEFT JOIN do_not_call ON do_not_call.phone_number = leads.phone_number
           WHERE leads.id = $1"#,
        found.lead_id.0,
        found.number,
    )
    .fetch_one(conn)
    .await?;
    Ok(WaitingLead {
        lead_id: found.lead_id,
        phone_number: phone_number(&row.phone_number)?,
        name: row.name.into(),
        email: row.email.into(),
        variables: row.variables.map(|variables| variables.0).unwrap_or_default(),
        zones: found.evidence.zones.iter().map(|clock| clock.zone.clone()).collect(),
        calls_made: u32::try_from(row.calls_made).unwrap_or(0),
        on_do_not_call_list: row.listed,
    })
}

/// In one statement: the lead waits no longer and is on the line, and how it stood before is kept.
async fn write(
    conn: &mut PgConnection,
    request: &TakeRequest,
    found: &Found,
    lead: &WaitingLead,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH before AS (
             SELECT status, error_reason, coalesce(due_but_for_gate, due_at) AS due_at
             FROM leads LEFT JOIN lead_queue ON lead_queue.lead_id = leads.id WHERE leads.id = $2
         ), no_longer_waiting AS (
             DELETE FROM lead_queue WHERE lead_id = $2
         ), lead AS (
             UPDATE leads SET status = $9, error_reason = NULL WHERE id = $2
         ), call AS (
             INSERT INTO conversations (id, lead_id, campaign_id, status, created_at)
             VALUES ($1, $2, $3, 'ringing', $4)
         ), lease AS (
             INSERT INTO leases (conversation_id, campaign_id, worker_id, expires_at)
             VALUES ($1, $3, $5, clock_timestamp() + make_interval(secs => $6))
         )
         UPDATE inbound_calls SET status = 'answered', lead_id = $2, campaign_id = $3, revision = $7, calls_made = $8,
             zones = $10, lead_status = before.status, lead_reason = before.error_reason, lead_due_at = before.due_at
         FROM before WHERE inbound_calls.id = $1",
        request.id.0,
        found.lead_id.0,
        found.campaign_id.0,
        to_sql(request.at),
        request.worker_id.0,
        seconds(request.lease),
        found.revision,
        i32::try_from(lead.calls_made).unwrap_or(i32::MAX),
        LeadStatus::Calling.as_str(),
        &lead.zones,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How a lead stood before it called.
#[derive(Clone, Debug)]
pub(crate) struct StoodBefore {
    pub(crate) status: LeadStatus,
    pub(crate) why: Option<String>,
    /// Only while it waited.
    pub(crate) due: Option<OffsetDateTime>,
}

impl StoodBefore {
    /// As it was kept.
    pub(crate) fn read(
        status: Option<String>,
        why: Option<String>,
        due: Option<OffsetDateTime>,
    ) -> Result<Self, StoreError> {
        let status = status.as_deref().unwrap_or_default().parse();
        Ok(Self {
            status: status.map_err(|cause| StoreError::corrupt("lead status", cause))?,
            why,
            due,
        })
    }
}
