//! The one end of a call, in one transaction: conversation, attempt, lead and queue, lease, recording and events. Calls
//! that end at the same moment share it: what it costs (the lock of the event log, the round trips, the disk) is then
//! paid once for all of them.

mod beside;

use crate::{
    Store, StoreError, campaigns, claims,
    conversations::{direction, phone_number},
    events, from_sql,
    inbound::StoodBefore,
    leads::ON_DO_NOT_CALL_LIST,
    recordings::RecordingLock,
    to_sql,
};
use beside::{leave_for_later, write_costs, write_recordings};
use domain::{
    CampaignId, ConversationId, Direction, LeadId, UnixMillis, WorkerId,
    calling_hours::GateEvidence,
    campaign::{CampaignContent, CampaignStatus},
    conversation::Disposition,
    cost::Usage,
    inbound::{AfterInbound, after_inbound},
    lead::LeadStatus,
    live::{CampaignProgress, Happening, RecentOutcome},
    results::ConversationResults,
    retry::{AfterCall, after_call},
};
use sqlx::{PgConnection, types::Json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

/// So often a lead is called back in a row at a time that it named.
const MOST_APPOINTMENTS: u32 = 5;

/// By what right a call is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// By the worker that holds it.
    Holder(WorkerId),
    /// By another one, because its lease has expired. `may_be_dialled` is what the decision rests on
    /// ([`crate::leases::ExpiredLease`]); if it is no longer so, the call is left alone.
    Finder { may_be_dialled: bool },
}

/// The file with both sides of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecording {
    /// Where in the call it begins, milliseconds since the answer.
    pub starts_ms: u64,
    /// Within the recordings directory.
    pub file_name: String,
    /// Length of the sound when it is unlocked.
    pub bytes: u64,
    /// `None` if the file is not locked.
    pub lock: Option<RecordingLock>,
    pub duration_ms: u64,
    /// Loudest value per slice, 0 to 100: (agent, person).
    pub peaks: Vec<(u8, u8)>,
}

/// The one end of a call.
#[derive(Clone, Debug)]
pub struct Ending {
    pub conversation_id: ConversationId,
    pub by: EndedBy,
    pub disposition: Disposition,
    pub results: ConversationResults,
    /// Why they are not drawn yet; they are drawn later then, if the person has said something.
    pub not_drawn: Option<String>,
    /// What it used, but for the telephone.
    pub usage: Usage,
    /// The telephone network charges for its minutes.
    pub charged_by_minute: bool,
    /// From the answer to the end; `None` if unknown, then the transcript tells how long it lasted at least.
    pub duration: Option<Duration>,
    /// Each file of it.
    pub recordings: Vec<NewRecording>,
    /// A lead that is put back waits at least this long.
    pub not_again_before: Duration,
    /// When the person wants to be called back, if they named a time at which they may be.
    pub call_back_at: Option<UnixMillis>,
    pub at: UnixMillis,
}

/// What the end of a call brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Ended {
        campaign_id: CampaignId,
        lead_status: LeadStatus,
        campaign_completed: bool,
    },
    /// Nothing was written: the call is somebody else's, or over.
    NotOurs,
}

/// Ends a call.
///
/// # Errors
/// The database's. It can be tried again: what was written after all is then answered with [`Ended::NotOurs`].
pub async fn end(store: &Store, ending: &Ending) -> Result<Ended, StoreError> {
    let ended = end_all(store, std::slice::from_ref(ending)).await?;
    ended.first().copied().ok_or(StoreError::Missing)
}

/// Ends calls, all in one transaction, and answers in their order.
///
/// # Errors
/// The database's, because of any of them: then none was written, or, if the answer to the commit was lost, all. It can be
/// tried again, together or one by one, as with [`end`].
pub async fn end_all(store: &Store, endings: &[Ending]) -> Result<Vec<Ended>, StoreError> {
    list_who_opted_out(store, endings).await?;
    let mut transaction = events::begin(store).await?;
    let held = lock(&mut transaction, endings).await?;
    let mut facts = facts(&mut transaction, &held, endings).await?;
    let ends: Vec<End<'_>> = endings
        .iter()
        .enumerate()
        .filter_map(|(place, ending)| {
            let call = facts.remove(&ending.conversation_id)?;
            let after = after(ending, &call);
            Some(End {
                place,
                ending,
                call,
                after,
            })
        })
        // The lease is locked: only now is it certain whether its holder was about to dial.
        .filter(|end| match end.ending.by {
            EndedBy::Holder(_) => true,
            EndedBy::Finder { may_be_dialled } => may_be_dialled == end.call.may_be_dialled,
        })
        .collect();
    let mut answers = vec![Ended::NotOurs; endings.len()];
    if ends.is_empty() {
        return Ok(answers);
    }
    let seconds = write(&mut transaction, &ends).await?;
    write_recordings(&mut transaction, &ends).await?;
    leave_for_later(&mut transaction, &ends).await?;
    write_costs(&mut transaction, &ends, &seconds).await?;
    let changed: BTreeSet<CampaignId> = ends.iter().map(|end| end.call.campaign_id).collect();
    let changed: Vec<CampaignId> = changed.into_iter().collect();
    events::in_order(&mut transaction).await?;
    let campaigns = campaigns::progress_of_all(&mut transaction, &changed).await?;
    append_events(&mut transaction, &ends, &seconds, &campaigns).await?;
    events::commit(store, transaction).await?;

    let at = ends.iter().map(|end| end.ending.at).max().unwrap_or_default();
    let completed = complete_if_last(store, &campaigns, at).await;
    for end in ends {
        let campaign_id = end.call.campaign_id;
        answers[end.place] = Ended::Ended {
            campaign_id,
            lead_status: end.after.status,
            campaign_completed: completed.contains(&campaign_id),
        };
    }
    Ok(answers)
}

/// The end of one call with what it rests on and what follows from it.
struct End<'a> {
    /// Among those that were asked for.
    place: usize,
    ending: &'a Ending,
    call: CallFacts,
    after: LeadAfter,
}

/// A number whose owner said so is put on the do-not-call list during the call. Should that have failed, it is done now,
/// in a transaction of its own: it touches other campaigns, which no end of a call does.
async fn list_who_opted_out(store: &Store, endings: &[Ending]) -> Result<(), StoreError> {
    for ending in endings {
        if ending.disposition != Disposition::OptedOut {
            continue;
        }
        let unlisted = {
            let mut conn = store.connection().await?;
            sqlx::query_scalar!(
                "SELECT phone_number FROM conversations JOIN leads ON leads.id = lead_id
                 WHERE conversations.id = $1
                   AND NOT EXISTS (SELECT FROM do_not_call WHERE do_not_call.phone_number = leads.phone_number)",
                ending.conversation_id.0,
            )
            .fetch_optional(&mut *conn)
            .await?
        };
        if let Some(number) = unlisted {
            super::opted_out(store, ending.conversation_id, &phone_number(&number)?, ending.at).await?;
        }
    }
    Ok(())
}

/// Locks the leases of the calls that whoever wants to end them has a right to, and answers which those are.
async fn lock(conn: &mut PgConnection, endings: &[Ending]) -> Result<Vec<uuid::Uuid>, StoreError> {
    let conversations: Vec<uuid::Uuid> = endings.iter().map(|ending| ending.conversation_id.0).collect();
    let holders: Vec<Option<uuid::Uuid>> = endings
        .iter()
        .map(|ending| match ending.by {
            EndedBy::Holder(worker) => Some(worker.0),
            EndedBy::Finder { .. } => None,
        })
        .collect();
    Ok(sqlx::query_scalar!(
        "SELECT leases.conversation_id
         FROM leases JOIN unnest($1::uuid[], $2::uuid[]) AS ending (conversation_id, holder)
              ON ending.conversation_id = leases.conversation_id
         WHERE CASE WHEN holder IS NULL THEN expires_at < clock_timestamp() ELSE worker_id = holder END
         ORDER BY leases.conversation_id FOR UPDATE OF leases",
        &conversations,
        &holders as &[Option<uuid::Uuid>],
    )
    .fetch_all(conn)
    .await?)
}

/// What the end of a call depends on.
struct CallFacts {
    campaign_id: CampaignId,
    lead_id: LeadId,
    lead_name: String,
    /// The number is on the do-not-call list.
    listed: bool,
    content: CampaignContent,
    attempt_number: i32,
    may_be_dialled: bool,
    zones: Vec<String>,
    same_outcome_before: u32,
    /// Only of a call that came in.
    stood_before: Option<StoodBefore>,
}

impl CallFacts {
    const fn direction(&self) -> Direction {
        match self.stood_before {
            None => Direction::Outbound,
            Some(_) => Direction::Inbound,
        }
    }
}

/// The zones of a called number: the decision to call named every one, and a call that came in has its own.
pub(crate) fn zones_of(because: Option<Json<GateEvidence>>, of_inbound: Option<Vec<String>>) -> Vec<String> {
    match because {
        Some(because) => because.0.zones.into_iter().map(|clock| clock.zone).collect(),
        None => of_inbound.unwrap_or_default(),
    }
}

async fn facts(
    conn: &mut PgConnection,
    held: &[uuid::Uuid],
    endings: &[Ending],
) -> Result<HashMap<ConversationId, CallFacts>, StoreError> {
    let (conversations, dispositions): (Vec<uuid::Uuid>, Vec<String>) = endings
        .iter()
        .filter(|ending| held.contains(&ending.conversation_id.0))
        .map(|ending| (ending.conversation_id.0, ending.disposition.as_str().to_owned()))
        .unzip();
    let rows = sqlx::query!(
        // What we missed of calls that came in is no outcome of a try.
        r#"SELECT conversations.id AS "conversation_id!", inbound_calls.id IS NOT NULL AS "inbound!", leads.id AS lead_id, leads.name AS lead_name,
                  leads.campaign_id, content AS "content: Json<CampaignContent>",
                  coalesce(number, calls_made) AS "number!", because AS "because?: Json<GateEvidence>",
                  inbound_calls.zones, lead_status, lead_reason, lead_due_at,
                  (inbound_calls.id IS NOT NULL OR dialled_at IS NOT NULL) AS "may_be_dialled!",
                  do_not_call.phone_number IS NOT NULL AS "listed!",
                  (SELECT count(*) FROM conversations AS earlier
                   WHERE earlier.lead_id = leads.id AND earlier.status = ending.disposition
                     AND earlier.id <> conversations.id
                     AND (earlier.call_start_time IS NOT NULL
                          OR NOT EXISTS (SELECT FROM inbound_calls WHERE inbound_calls.id = earlier.id))) AS "same_outcome_before!"
           FROM unnest($1::uuid[], $2::text[]) AS ending (conversation_id, disposition)
           JOIN conversations ON conversations.id = ending.conversation_id
           JOIN leads ON leads.id = conversations.lead_id
           LEFT JOIN attempts ON attempts.conversation_id = conversations.id
           LEFT JOIN inbound_calls ON inbound_calls.id = conversations.id
           JOIN campaign_revisions ON campaign_revisions.campaign_id = conversations.campaign_id
                AND campaign_revisions.revision = coalesce(attempts.revision, inbound_calls.revision)
           LEFT JOIN do_not_call ON do_not_call.phone_number = leads.phone_number"#,
        &conversations,
        &dispositions,
    )
    .fetch_all(conn)
    .await?;
    let facts = rows.into_iter().map(|row| {
        let stood_before = match direction(row.inbound) {
            Direction::Outbound => None,
            Direction::Inbound => Some(StoodBefore::read(row.lead_status, row.lead_reason, row.lead_due_at)?),
        };
        let call = CallFacts {
            campaign_id: CampaignId(row.campaign_id),
            lead_id: LeadId(row.lead_id),
            lead_name: row.lead_name,
            listed: row.listed,
            content: row.content.0,
            attempt_number: row.number,
            may_be_dialled: row.may_be_dialled,
            zones: zones_of(row.because, row.zones),
            same_outcome_before: u32::try_from(row.same_outcome_before).unwrap_or(0),
            stood_before,
        };
        Ok((ConversationId(row.conversation_id), call))
    });
    facts.collect()
}

/// Where the lead stands after the call.
struct LeadAfter {
    status: LeadStatus,
    why: Option<String>,
    /// When it may be called again.
    again: Option<UnixMillis>,
}

fn after(ending: &Ending, call: &CallFacts) -> LeadAfter {
    if let Some(before) = &call.stood_before {
        return after_it_called(ending, call, before);
    }
    if let Some(due) = appointment(ending, call) {
        return due;
    }
    let (status, why, again) = match after_call(&call.content.retries, ending.disposition, call.same_outcome_before) {
        AfterCall::Finished(LeadStatus::DoNotCall) => {
            (LeadStatus::DoNotCall, Some(ON_DO_NOT_CALL_LIST.to_owned()), None)
        }
        AfterCall::Again(_) if call.listed => (LeadStatus::DoNotCall, Some(ON_DO_NOT_CALL_LIST.to_owned()), None),
        AfterCall::Finished(LeadStatus::Failed) => (LeadStatus::Failed, Some(why_failed(ending)), None),
        AfterCall::Finished(status) => (status, None, None),
        AfterCall::Again(delay) => {
            let due = ending.at.plus(delay.max(ending.not_again_before));
            (LeadStatus::Pending, None, Some(due))
        }
    };
    LeadAfter { status, why, again }
}

/// The person named a time: they are called then, whatever the campaign's rule, unless that goes on without end.
fn appointment(ending: &Ending, call: &CallFacts) -> Option<LeadAfter> {
    let wanted = ending.disposition == Disposition::CallBack && !call.listed;
    let again = ending
        .call_back_at
        .filter(|_| wanted && call.same_outcome_before < MOST_APPOINTMENTS)?;
    Some(LeadAfter {
        status: LeadStatus::Pending,
        why: None,
        again: Some(again),
    })
}

/// The same of a lead that called us.
fn after_it_called(ending: &Ending, call: &CallFacts, before: &StoodBefore) -> LeadAfter {
    if let Some(due) = appointment(ending, call) {
        return due;
    }
    let (retries, disposition) = (&call.content.retries, ending.disposition);
    let (status, why, again) = match after_inbound(
        retries,
        before.status,
        disposition,
        call.same_outcome_before,
        call.listed,
    ) {
        AfterInbound::AsBefore => {
            let waits = before.status == LeadStatus::Pending;
            let due = waits.then(|| before.due.map_or(ending.at, from_sql));
            (before.status, before.why.clone(), due)
        }
        AfterInbound::Finished(LeadStatus::DoNotCall) => {
            (LeadStatus::DoNotCall, Some(ON_DO_NOT_CALL_LIST.to_owned()), None)
        }
        AfterInbound::Finished(status) => (status, None, None),
        AfterInbound::Again(delay) => (LeadStatus::Pending, None, Some(ending.at.plus(delay))),
    };
    LeadAfter { status, why, again }
}

/// The outcome, and where the telephone network said more, what it said: “Busy. The network answered 486.”
fn why_failed(ending: &Ending) -> String {
    use Disposition::{Busy, NoAnswer, Rejected, Unreachable};
    let label = ending.disposition.label();
    match &ending.results.reason {
        Some(reason) if matches!(ending.disposition, NoAnswer | Busy | Rejected | Unreachable) => {
            format!("{label}. {reason}")
        }
        _ => label.to_owned(),
    }
}

/// Gives up the leases and moves conversations, attempts, leads and queue on, in one statement. Answers with the seconds
/// that each call lasted.
async fn write(conn: &mut PgConnection, ends: &[End<'_>]) -> Result<HashMap<ConversationId, u32>, StoreError> {
    fn column<T>(ends: &[End<'_>], of: impl Fn(&End<'_>) -> T) -> Vec<T> {
        ends.iter().map(of).collect()
    }
    let rows = sqlx::query!(
        r#"WITH ended AS (
               SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int[], $5::jsonb[], $6::uuid[],
                                    $7::text[], $8::text[], $9::uuid[], $10::timestamptz[], $11::int[], $12::text[])
                    AS ended (conversation_id, disposition, at, seconds, results, lead_id, lead_status, why,
                              campaign_id, due_at, calls_made, zones)
           ), given_up AS (
               DELETE FROM leases USING ended WHERE leases.conversation_id = ended.conversation_id
           ), attempt AS (
               UPDATE attempts SET disposition = ended.disposition, ended_at = ended.at
               FROM ended WHERE attempts.conversation_id = ended.conversation_id
           ), lead AS (
               UPDATE leads SET status = lead_status, error_reason = why FROM ended WHERE leads.id = ended.lead_id
           ), again AS (
               INSERT INTO lead_queue (lead_id, campaign_id, due_at, attempts, zones)
               SELECT lead_id, campaign_id, due_at, calls_made, string_to_array(zones, '|')
               FROM ended WHERE due_at IS NOT NULL
           )
           UPDATE conversations SET status = ended.disposition, call_end_time = ended.at, results = ended.results,
               duration = coalesce(ended.seconds, (SELECT max(end_ms) / 1000 FROM transcript_segments
                                                   WHERE transcript_segments.conversation_id = conversations.id), 0)
           FROM ended WHERE conversations.id = ended.conversation_id
           RETURNING conversations.id, duration AS "seconds!""#,
        &column(ends, |end| end.ending.conversation_id.0),
        &column(ends, |end| end.ending.disposition.as_str().to_owned()),
        &column(ends, |end| to_sql(end.ending.at)),
        &column(ends, |end| {
            let seconds = end.ending.duration?.as_secs();
            Some(i32::try_from(seconds).unwrap_or(i32::MAX))
        }) as &[Option<i32>],
        &column(ends, |end| Json(end.ending.results.clone())) as &[Json<ConversationResults>],
        &column(ends, |end| end.call.lead_id.0),
        &column(ends, |end| end.after.status.as_str().to_owned()),
        &column(ends, |end| end.after.why.clone()) as &[Option<String>],
        &column(ends, |end| end.call.campaign_id.0),
        &column(ends, |end| end.after.again.map(to_sql)) as &[Option<time::OffsetDateTime>],
        // A call that we cancelled does not count, nor does one that we did not make.
        &column(ends, |end| {
            let counts = end.call.direction().is_inbound() || end.ending.disposition != Disposition::Cancelled;
            end.call.attempt_number - i32::from(!counts)
        }),
        // An array of arrays must be rectangular in PostgreSQL, so zones travel joined.
        &column(ends, |end| end.call.zones.join("|")),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (ConversationId(row.id), u32::try_from(row.seconds).unwrap_or(0)))
        .collect())
}

async fn append_events(
    conn: &mut PgConnection,
    ends: &[End<'_>],
    seconds: &HashMap<ConversationId, u32>,
    campaigns: &[CampaignProgress],
) -> Result<(), StoreError> {
    // Names as they are now that no event can come between: a campaign may have been renamed during the call.
    let names: BTreeMap<CampaignId, &str> = campaigns
        .iter()
        .map(|campaign| (campaign.campaign_id, campaign.name.as_str()))
        .collect();
    let ended = ends.iter().map(|End { ending, call, .. }| {
        let outcome = RecentOutcome {
            conversation_id: ending.conversation_id,
            campaign_id: call.campaign_id,
            campaign_name: names.get(&call.campaign_id).copied().unwrap_or_default().to_owned(),
            lead_id: call.lead_id,
            lead_name: call.lead_name.as_str().into(),
            direction: call.direction(),
            disposition: ending.disposition,
            ended_at: ending.at,
            duration_seconds: seconds.get(&ending.conversation_id).copied().unwrap_or(0),
        };
        (ending.at, Happening::CallEnded { outcome })
    });
    let last = ends.iter().map(|end| end.ending.at).max().unwrap_or_default();
    let changed = campaigns
        .iter()
        .cloned()
        .map(|campaign| (last, Happening::CampaignChanged { campaign }));
    let happened: Vec<(UnixMillis, Happening)> = ended.chain(changed).collect();
    let happened: Vec<(UnixMillis, &Happening)> = happened.iter().map(|(at, happened)| (*at, happened)).collect();
    events::append_each(conn, &happened).await
}

/// Completes the campaigns of which that was the last call. Of two that end in different transactions one sees the other,
/// since their numbers were read in the order of their commits.
async fn complete_if_last(store: &Store, campaigns: &[CampaignProgress], at: UnixMillis) -> BTreeSet<CampaignId> {
    let mut completed = BTreeSet::new();
    for campaign in campaigns {
        if campaign.status != CampaignStatus::Running || campaign.pending + campaign.calling > 0 {
            continue;
        }
        match claims::complete(store, campaign.campaign_id, at).await {
            Ok(true) => {
                completed.insert(campaign.campaign_id);
            }
            Ok(false) => {}
            // The calls have ended all the same, and the dialer, which looks every second, completes the campaign.
            Err(error) => tracing::warn!(%error, "a campaign could not be completed yet"),
        }
    }
    completed
}
