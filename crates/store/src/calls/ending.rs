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
    let mut transaction = store.begin().await?;
    let leased = sqlx::query_scalar!(
        "SELECT campaign_id FROM leases WHERE conversation_id = $1",
        ending.conversation_id.0
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(campaign_id) = leased.map(CampaignId) else {
        return Ok(Ended::NotOurs);
    };
    // First the campaign, as everybody does who changes the status of its leads.
    campaigns::lock(&mut transaction, campaign_id).await?;
    if !give_up_lease(&mut transaction, ending).await? {
        return Ok(Ended::NotOurs);
    }
    let call = facts(&mut transaction, ending).await?;
    if let EndedBy::Finder { may_be_dialled } = ending.by
        && may_be_dialled != call.may_be_dialled
    {
        return Ok(Ended::NotOurs);
    }
    let duration_seconds = write_end(&mut transaction, ending).await?;
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
    let lead_status = move_lead(&mut transaction, ending, &call, campaign_id).await?;
    let campaign_completed = complete_within(&mut transaction, campaign_id, ending.at).await?;

    let mut happenings = vec![Happening::CallEnded {
        outcome: RecentOutcome {
            conversation_id: ending.conversation_id,
            campaign_id,
            campaign_name: call.campaign_name,
            lead_id: call.lead_id,
            lead_name: call.lead_name.into(),
            disposition: ending.disposition,
            ended_at: ending.at,
            duration_seconds,
        },
    }];
    events::in_order(&mut transaction).await?;
    for id in changed {
        happenings.push(Happening::CampaignChanged {
            campaign: campaigns::progress(&mut transaction, id).await?,
        });
    }
    events::append(&mut transaction, ending.at, &happenings).await?;
    transaction.commit().await?;
    Ok(Ended::Ended {
        campaign_id,
        lead_status,
        campaign_completed,
    })
}

/// Deletes the lease if the call may be ended by whoever wants to.
async fn give_up_lease(conn: &mut PgConnection, ending: &Ending) -> Result<bool, StoreError> {
    let (holder, expired) = match ending.by {
        EndedBy::Holder(worker) => (Some(worker.0), false),
        EndedBy::Finder { .. } => (None, true),
    };
    let given_up = sqlx::query!(
        "DELETE FROM leases WHERE conversation_id = $1 AND ($2::uuid IS NULL OR worker_id = $2)
             AND (NOT $3 OR expires_at < clock_timestamp())",
        ending.conversation_id.0,
        holder,
        expired,
    )
    .execute(conn)
    .await?;
    Ok(given_up.rows_affected() == 1)
}

/// What the end of a call depends on.
struct CallFacts {
    lead_id: LeadId,
    lead_name: String,
    number: PhoneNumber,
    listed: bool,
    campaign_name: String,
    content: CampaignContent,
    attempt_number: i32,
    may_be_dialled: bool,
    zones: Vec<String>,
    same_outcome_before: u32,
}

async fn facts(conn: &mut PgConnection, ending: &Ending) -> Result<CallFacts, StoreError> {
    let row = sqlx::query!(
        r#"SELECT leads.id AS lead_id, leads.name AS lead_name, leads.phone_number, campaigns.name AS campaign_name,
                  content AS "content: Json<CampaignContent>", number, dialled_at IS NOT NULL AS "may_be_dialled!",
                  because AS "because: Json<GateEvidence>",
                  EXISTS (SELECT FROM do_not_call WHERE do_not_call.phone_number = leads.phone_number) AS "listed!",
                  (SELECT count(*) FROM attempts AS earlier
                   WHERE earlier.lead_id = leads.id AND earlier.disposition = $2
                     AND earlier.id <> attempts.id) AS "same_outcome_before!"
           FROM attempts
           JOIN leads ON leads.id = attempts.lead_id
           JOIN campaigns ON campaigns.id = attempts.campaign_id
           JOIN campaign_revisions ON campaign_revisions.campaign_id = attempts.campaign_id
                AND campaign_revisions.revision = attempts.revision
           WHERE attempts.conversation_id = $1"#,
        ending.conversation_id.0,
        ending.disposition.as_str(),
    )
    .fetch_one(conn)
    .await?;
    Ok(CallFacts {
        lead_id: LeadId(row.lead_id),
        lead_name: row.lead_name,
        number: phone_number(&row.phone_number)?,
        listed: row.listed,
        campaign_name: row.campaign_name,
        content: row.content.0,
        attempt_number: row.number,
        may_be_dialled: row.may_be_dialled,
        // The decision named every zone of the number; the queue's row, which did too, is gone.
        zones: row.because.0.zones.into_iter().map(|clock| clock.zone).collect(),
        same_outcome_before: u32::try_from(row.same_outcome_before).unwrap_or(0),
    })
}

/// Writes the end on conversation and attempt; answers with the seconds that the call lasted.
async fn write_end(conn: &mut PgConnection, ending: &Ending) -> Result<u32, StoreError> {
    let seconds = match ending.duration {
        Some(duration) => i32::try_from(duration.as_secs()).unwrap_or(i32::MAX),
        None => {
            sqlx::query_scalar!(
                r#"SELECT coalesce(max(end_ms), 0) / 1000 AS "seconds!" FROM transcript_segments
                   WHERE conversation_id = $1"#,
                ending.conversation_id.0,
            )
            .fetch_one(&mut *conn)
            .await?
        }
    };
    let ended = sqlx::query!(
        "UPDATE conversations SET status = $2, call_end_time = $3, duration = $4, results = $5
         WHERE id = $1 AND call_end_time IS NULL",
        ending.conversation_id.0,
        ending.disposition.as_str(),
        to_sql(ending.at),
        seconds.max(0),
        Json(&ending.results) as Json<&ConversationResults>,
    )
    .execute(&mut *conn)
    .await?;
    if ended.rows_affected() != 1 {
        return Err(StoreError::Missing);
    }
    sqlx::query!(
        "UPDATE attempts SET disposition = $2, ended_at = $3 WHERE conversation_id = $1",
        ending.conversation_id.0,
        ending.disposition.as_str(),
        to_sql(ending.at),
    )
    .execute(conn)
    .await?;
    Ok(u32::try_from(seconds).unwrap_or(0))
}

/// Moves the lead on: to its last status, or back into the queue.
async fn move_lead(
    conn: &mut PgConnection,
    ending: &Ending,
    call: &CallFacts,
    campaign_id: CampaignId,
) -> Result<LeadStatus, StoreError> {
    let set_aside = || (LeadStatus::DoNotCall, Some(ON_DO_NOT_CALL_LIST.to_owned()), None);
    let (status, why, again) = match after_call(&call.content.retries, ending.disposition, call.same_outcome_before) {
        AfterCall::Finished(LeadStatus::DoNotCall) => set_aside(),
        AfterCall::Again(_) if call.listed => set_aside(),
        AfterCall::Finished(LeadStatus::Failed) => {
            (LeadStatus::Failed, Some(ending.disposition.label().to_owned()), None)
        }
        AfterCall::Finished(status) => (status, None, None),
        AfterCall::Again(delay) => (LeadStatus::Pending, None, Some(delay.max(ending.not_again_before))),
    };
    sqlx::query!(
        "UPDATE leads SET status = $2, error_reason = $3 WHERE id = $1",
        call.lead_id.0,
        status.as_str(),
        why,
    )
    .execute(&mut *conn)
    .await?;
    if let Some(delay) = again {
        // A call that we cancelled does not count.
        let calls_made = call.attempt_number - i32::from(ending.disposition == Disposition::Cancelled);
        sqlx::query!(
            "INSERT INTO lead_queue (lead_id, campaign_id, due_at, attempts, zones) VALUES ($1, $2, $3, $4, $5)",
            call.lead_id.0,
            campaign_id.0,
            to_sql(ending.at.plus(delay)),
            calls_made,
            &call.zones,
        )
        .execute(conn)
        .await?;
    }
    Ok(status)
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
