//! The one end of a call, in one transaction: conversation, attempt, lead and queue, lease, recording, events, and the
//! campaign if that was its last call.

use super::ASKED_DURING_A_CALL;
use crate::{
    Store, StoreError, campaigns, claims::complete_within, conversations::phone_number, do_not_call, events,
    leads::ON_DO_NOT_CALL_LIST, to_sql,
};
use domain::{
    CampaignId, ConversationId, LeadId, PhoneNumber, UnixMillis, WorkerId,
    calling_hours::GateEvidence,
    campaign::CampaignContent,
    conversation::Disposition,
    lead::LeadStatus,
    live::{Happening, RecentOutcome},
    results::ConversationResults,
    retry::{AfterCall, after_call},
};
use sqlx::{PgConnection, types::Json};
use std::time::Duration;

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
    /// Within the recordings directory.
    pub file_name: String,
    pub bytes: u64,
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
    /// From the answer to the end; `None` if unknown, then the transcript tells how long it lasted at least.
    pub duration: Option<Duration>,
    pub recording: Option<NewRecording>,
    /// A lead that is put back waits at least this long.
    pub not_again_before: Duration,
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
/// The database's; then nothing was written and it can be tried again.
pub async fn end(store: &Store, ending: &Ending) -> Result<Ended, StoreError> {
    // Read before the transaction, since others wait while it lasts. Nobody but this call changes what is read here.
    let mut conn = store.connection().await?;
    let Some(call) = facts(&mut conn, ending).await? else {
        return Ok(Ended::NotOurs);
    };
    drop(conn);
    let after = after(ending, &call);
    let campaign_id = call.campaign_id;
    let mut transaction = store.begin().await?;
    let Some(written) = write_end(&mut transaction, ending, &call, &after).await? else {
        return Ok(Ended::NotOurs);
    };
    // The lease is locked and gone: only now is it certain whether its holder was about to dial.
    if let EndedBy::Finder { may_be_dialled } = ending.by
        && may_be_dialled != is_marked_as_dialled(&mut transaction, ending.conversation_id).await?
    {
        return Ok(Ended::NotOurs);
    }
    if let Some(recording) = &ending.recording {
        write_recording(&mut transaction, ending, recording).await?;
    }
    let mut changed = vec![campaign_id];
    if ending.disposition == Disposition::OptedOut && !call.listed {
        let by_call = Some(ending.conversation_id);
        let others = do_not_call::add(
            &mut transaction,
            &call.number,
            ASKED_DURING_A_CALL,
            None,
            by_call,
            ending.at,
        )
        .await?;
        changed.extend(others.into_iter().filter(|other| *other != campaign_id));
    }
    // Two last calls that end at the same time each see the other; then the dialer, which looks every second, completes
    // the campaign.
    let campaign_completed = written.was_last && after.again.is_none() && {
        campaigns::lock(&mut transaction, campaign_id).await?;
        complete_within(&mut transaction, campaign_id, ending.at).await?
    };

    let mut happenings = vec![Happening::CallEnded {
        outcome: RecentOutcome {
            conversation_id: ending.conversation_id,
            campaign_id,
            campaign_name: call.campaign_name,
            lead_id: call.lead_id,
            lead_name: call.lead_name.into(),
            disposition: ending.disposition,
            ended_at: ending.at,
            duration_seconds: written.seconds,
        },
    }];
    events::in_order(&mut transaction).await?;
    for id in changed {
        happenings.push(Happening::CampaignChanged {
            campaign: campaigns::progress(&mut transaction, id).await?,
        });
    }
    events::append(&mut transaction, ending.at, &happenings).await?;
    events::commit(store, transaction).await?;
    Ok(Ended::Ended {
        campaign_id,
        lead_status: after.status,
        campaign_completed,
    })
}

/// What the end of a call depends on.
struct CallFacts {
    campaign_id: CampaignId,
    campaign_name: String,
    lead_id: LeadId,
    lead_name: String,
    number: PhoneNumber,
    listed: bool,
    content: CampaignContent,
    attempt_number: i32,
    zones: Vec<String>,
    same_outcome_before: u32,
}

/// `None` if nobody holds the call.
async fn facts(conn: &mut PgConnection, ending: &Ending) -> Result<Option<CallFacts>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT leads.id AS lead_id, leads.name AS lead_name, leads.phone_number, leads.campaign_id,
                  campaigns.name AS campaign_name, content AS "content: Json<CampaignContent>", number,
                  because AS "because: Json<GateEvidence>",
                  EXISTS (SELECT FROM do_not_call WHERE do_not_call.phone_number = leads.phone_number) AS "listed!",
                  (SELECT count(*) FROM attempts AS earlier
                   WHERE earlier.lead_id = leads.id AND earlier.disposition = $2
                     AND earlier.id <> attempts.id) AS "same_outcome_before!"
           FROM leases
           JOIN attempts ON attempts.conversation_id = leases.conversation_id
           JOIN leads ON leads.id = attempts.lead_id
           JOIN campaigns ON campaigns.id = attempts.campaign_id
           JOIN campaign_revisions ON campaign_revisions.campaign_id = attempts.campaign_id
                AND campaign_revisions.revision = attempts.revision
           WHERE leases.conversation_id = $1"#,
        ending.conversation_id.0,
        ending.disposition.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(CallFacts {
            campaign_id: CampaignId(row.campaign_id),
            campaign_name: row.campaign_name,
            lead_id: LeadId(row.lead_id),
            lead_name: row.lead_name,
            number: phone_number(&row.phone_number)?,
            listed: row.listed,
            content: row.content.0,
            attempt_number: row.number,
            // The decision named every zone of the number; the queue's row, which did too, is gone.
            zones: row.because.0.zones.into_iter().map(|clock| clock.zone).collect(),
            same_outcome_before: u32::try_from(row.same_outcome_before).unwrap_or(0),
        })
    })
    .transpose()
}

/// Where the lead stands after the call.
struct LeadAfter {
    status: LeadStatus,
    why: Option<String>,
    /// When it may be called again.
    again: Option<UnixMillis>,
}

fn after(ending: &Ending, call: &CallFacts) -> LeadAfter {
    let (status, why, again) = match after_call(&call.content.retries, ending.disposition, call.same_outcome_before) {
        AfterCall::Finished(LeadStatus::DoNotCall) => (LeadStatus::DoNotCall, Some(ON_DO_NOT_CALL_LIST), None),
        AfterCall::Again(_) if call.listed => (LeadStatus::DoNotCall, Some(ON_DO_NOT_CALL_LIST), None),
        AfterCall::Finished(LeadStatus::Failed) => (LeadStatus::Failed, Some(ending.disposition.label()), None),
        AfterCall::Finished(status) => (status, None, None),
        AfterCall::Again(delay) => {
            let due = ending.at.plus(delay.max(ending.not_again_before));
            (LeadStatus::Pending, None, Some(due))
        }
    };
    LeadAfter {
        status,
        why: why.map(str::to_owned),
        again,
    }
}

/// What was written.
struct Written {
    seconds: u32,
    /// Nobody waits, and no other call is in progress, as far as could be seen.
    was_last: bool,
}

/// Gives up the lease and moves conversation, attempt, lead and queue on, in one statement. `None` if the call is not to
/// be ended by whoever wants to.
async fn write_end(
    conn: &mut PgConnection,
    ending: &Ending,
    call: &CallFacts,
    after: &LeadAfter,
) -> Result<Option<Written>, StoreError> {
    let (holder, expired) = match ending.by {
        EndedBy::Holder(worker) => (Some(worker.0), false),
        EndedBy::Finder { .. } => (None, true),
    };
    let seconds = ending
        .duration
        .map(|duration| i32::try_from(duration.as_secs()).unwrap_or(i32::MAX));
    // A call that we cancelled does not count.
    let calls_made = call.attempt_number - i32::from(ending.disposition == Disposition::Cancelled);
    let written = sqlx::query!(
        r#"WITH given_up AS (
               DELETE FROM leases WHERE conversation_id = $1 AND ($2::uuid IS NULL OR worker_id = $2)
                   AND (NOT $3::boolean OR expires_at < clock_timestamp())
               RETURNING conversation_id
           ), conversation AS (
               UPDATE conversations SET status = $4, call_end_time = $5, results = $7,
                   duration = coalesce($6::int, (SELECT max(end_ms) / 1000 FROM transcript_segments
                                                 WHERE transcript_segments.conversation_id = $1), 0)
               FROM given_up WHERE id = given_up.conversation_id AND call_end_time IS NULL RETURNING duration
           ), attempt AS (
               UPDATE attempts SET disposition = $4, ended_at = $5
               FROM given_up WHERE attempts.conversation_id = given_up.conversation_id
           ), lead AS (
               UPDATE leads SET status = $9, error_reason = $10 FROM given_up WHERE id = $8
           ), again AS (
               INSERT INTO lead_queue (lead_id, campaign_id, due_at, attempts, zones)
               SELECT $8, $11, $12, $13, $14 FROM given_up WHERE $12::timestamptz IS NOT NULL
           )
           SELECT duration AS "seconds!",
                  NOT EXISTS (SELECT FROM lead_queue WHERE campaign_id = $11)
                  AND NOT EXISTS (SELECT FROM leases WHERE campaign_id = $11 AND conversation_id <> $1) AS "was_last!"
           FROM conversation"#,
        ending.conversation_id.0,
        holder,
        expired,
        ending.disposition.as_str(),
        to_sql(ending.at),
        seconds,
        Json(&ending.results) as Json<&ConversationResults>,
        call.lead_id.0,
        after.status.as_str(),
        after.why.as_deref(),
        call.campaign_id.0,
        after.again.map(to_sql),
        calls_made,
        &call.zones,
    )
    .fetch_optional(conn)
    .await?;
    Ok(written.map(|row| Written {
        seconds: u32::try_from(row.seconds).unwrap_or(0),
        was_last: row.was_last,
    }))
}

async fn is_marked_as_dialled(conn: &mut PgConnection, conversation: ConversationId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT dialled_at IS NOT NULL AS "dialled!" FROM attempts WHERE conversation_id = $1"#,
        conversation.0,
    )
    .fetch_one(conn)
    .await?)
}

async fn write_recording(conn: &mut PgConnection, ending: &Ending, recording: &NewRecording) -> Result<(), StoreError> {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    sqlx::query!(
        "INSERT INTO recordings (conversation_id, file_name, bytes, duration_ms, peaks, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        ending.conversation_id.0,
        recording.file_name,
        whole(recording.bytes),
        whole(recording.duration_ms),
        Json(&recording.peaks) as Json<&Vec<(u8, u8)>>,
        to_sql(ending.at),
    )
    .execute(conn)
    .await?;
    Ok(())
}
