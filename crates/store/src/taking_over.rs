//! Calls that go on with another worker.

use crate::{
    StoreError,
    calls::zones_of,
    campaigns,
    claims::{ClaimedCall, WaitingLead},
    conversations::{direction, phone_number, segments},
    from_sql, seconds,
};
use domain::{
    AttemptId, CampaignId, ConversationId, LeadId, UnixMillis, WorkerId, calling_hours::GateEvidence,
    campaign::CampaignContent, conversation::TranscriptSegment,
};
use sqlx::{PgConnection, types::Json};
use std::{collections::BTreeMap, time::Duration};

/// An answered call with all that its next worker needs to know.
#[derive(Clone, Debug)]
pub struct CallToGoOn {
    pub campaign_id: CampaignId,
    /// The campaign as it stood when the call began.
    pub content: CampaignContent,
    pub call: ClaimedCall,
    pub answered_at: UnixMillis,
    pub transcript: Vec<TranscriptSegment>,
    /// The person has asked during this call not to be called again.
    pub opted_out: bool,
    /// The call was being recorded.
    pub recording_began: bool,
}

/// Makes an answered call whose lease has expired `worker`'s. `None`: it has a holder again, is over, or was never
/// answered.
///
/// # Errors
/// The database's.
pub async fn take_over(
    conn: &mut PgConnection,
    conversation: ConversationId,
    worker: WorkerId,
    length: Duration,
) -> Result<Option<CallToGoOn>, StoreError> {
    let taken = sqlx::query!(
        "UPDATE leases SET worker_id = $2, expires_at = clock_timestamp() + make_interval(secs => $3)
         FROM conversations
         WHERE leases.conversation_id = $1 AND conversations.id = $1 AND conversations.status = 'live'
           AND leases.expires_at < clock_timestamp()",
        conversation.0,
        worker.0,
        seconds(length),
    )
    .execute(&mut *conn)
    .await?;
    if taken.rows_affected() == 0 {
        return Ok(None);
    }
    let row = sqlx::query!(
        r#"SELECT conversations.campaign_id, call_start_time AS "answered_at!",
                  inbound_calls.id IS NOT NULL AS "inbound!", coalesce(attempts.id, conversations.id) AS "attempt_id!",
                  coalesce(attempts.number, calls_made) AS "number!",
                  coalesce(attempts.revision, inbound_calls.revision) AS "revision!", leads.id AS lead_id, leads.phone_number, leads.name, leads.email,
                  variables AS "variables?: Json<BTreeMap<String, String>>",
                  EXISTS (SELECT FROM do_not_call WHERE do_not_call.conversation_id = conversations.id) AS "opted_out!",
                  recording_began, because AS "because?: Json<GateEvidence>", inbound_calls.zones
           FROM conversations
           LEFT JOIN attempts ON attempts.conversation_id = conversations.id
           LEFT JOIN inbound_calls ON inbound_calls.id = conversations.id
           JOIN leads ON leads.id = conversations.lead_id
           JOIN leases ON leases.conversation_id = conversations.id
           LEFT JOIN lead_variables ON lead_variables.lead_id = leads.id
           WHERE conversations.id = $1"#,
        conversation.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let campaign_id = CampaignId(row.campaign_id);
    let lead = WaitingLead {
        lead_id: LeadId(row.lead_id),
        phone_number: phone_number(&row.phone_number)?,
        name: row.name.into(),
        email: row.email.into(),
        variables: row.variables.map(|variables| variables.0).unwrap_or_default(),
        zones: zones_of(row.because, row.zones),
        calls_made: u32::try_from(row.number).unwrap_or(1),
        on_do_not_call_list: row.opted_out,
    };
    Ok(Some(CallToGoOn {
        campaign_id,
        content: campaigns::content_at(&mut *conn, campaign_id, row.revision).await?,
        call: ClaimedCall {
            conversation_id: conversation,
            attempt_id: AttemptId(row.attempt_id),
            direction: direction(row.inbound),
            lead,
            start_after: Duration::ZERO,
        },
        answered_at: from_sql(row.answered_at),
        transcript: segments(conn, conversation).await?,
        opted_out: row.opted_out,
        recording_began: row.recording_began,
    }))
}
