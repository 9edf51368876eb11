//! Rehearsals of campaigns: asked for, looked at, cancelled. They are played by the dialer's job, without calling anybody.

use crate::{
    Caller, Operations,
    failure::{internal, missing},
    recordings::kept,
};
use domain::{
    CampaignId, ConversationId, RehearsalId, UserError,
    access::Permission,
    new_id,
    rehearsal::{RehearsalRow, RehearsalStatus, RehearsalView, RehearsalsView, RehearsedCallView, Scenario, changes},
    views::RecordingView,
};
use store::{PgConnection, StoreError, audit, campaigns, rehearsal_sounds, rehearsals, rehearsals::NewRehearsal};
use vault::Kept;

const CAMPAIGN: &str = "campaign";
const REHEARSAL: &str = "rehearsal";

/// The rehearsals of a campaign, and one of them whole: `shown`, or the newest.
///
/// # Errors
/// The caller may not edit campaigns, or there is no such campaign or rehearsal of it.
pub async fn view(
    ops: &Operations,
    caller: &Caller,
    campaign: CampaignId,
    shown: Option<RehearsalId>,
) -> Result<RehearsalsView, UserError> {
    caller.may(Permission::EditCampaigns)?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let latest = campaigns::latest(&mut conn, campaign)
        .await
        .map_err(missing(CAMPAIGN))?;
    let runs = rehearsals::list(&mut conn, campaign).await.map_err(internal)?;
    let scenarios = rehearsals::newest_scenarios(&mut conn, campaign)
        .await
        .map_err(internal)?
        .unwrap_or_else(|| Scenario::template(&latest.content));
    let place = match shown {
        Some(id) => Some(
            runs.iter()
                .position(|run| run.id == id)
                .ok_or_else(|| UserError::not_found(REHEARSAL))?,
        ),
        None => (!runs.is_empty()).then_some(0),
    };
    let shown = match place {
        Some(place) => Some(whole(&mut conn, &runs[place..]).await.map_err(internal)?),
        None => None,
    };
    Ok(RehearsalsView {
        campaign_id: campaign,
        campaign_name: latest.content.name,
        revision: latest.number,
        scenarios,
        runs,
        shown,
    })
}

/// The first of `runs`, with what became different since the last completed one after it in the list.
async fn whole(conn: &mut PgConnection, runs: &[RehearsalRow]) -> Result<RehearsalView, StoreError> {
    let (row, earlier) = runs.split_first().ok_or(StoreError::Missing)?;
    let calls = rehearsals::calls(conn, row.id).await?;
    let before = earlier.iter().find(|run| run.status == RehearsalStatus::Completed);
    let changes = match before {
        Some(before) => changes(&rehearsals::calls(conn, before.id).await?, &calls),
        None => Vec::new(),
    };
    let mut sounds = rehearsal_sounds::of(conn, row.id).await?;
    let calls = calls.into_iter().map(|call| RehearsedCallView {
        recording: sounds.remove(&call.id).map(|sound| RecordingView {
            url: format!("/rehearsals/{}.ogg", call.id),
            starts_ms: 0,
            duration_ms: sound.duration_ms,
            peaks: sound.peaks,
            deleted_at: sound.deleted_at,
        }),
        call,
    });
    Ok(RehearsalView {
        row: row.clone(),
        calls: calls.collect(),
        before: before.cloned(),
        changes,
    })
}

/// Asks for a rehearsal of the campaign as it is saved now. It begins in the background.
///
/// # Errors
/// The caller may not, there is no such campaign, a scenario is wrong, or another rehearsal of it has not ended.
pub async fn start(
    ops: &Operations,
    caller: &Caller,
    campaign: CampaignId,
    mut scenarios: Vec<Scenario>,
) -> Result<RehearsalId, UserError> {
    caller.may(Permission::EditCampaigns)?;
    for scenario in &mut scenarios {
        scenario.name = scenario.name.trim().to_owned();
    }
    Scenario::validate_all(&scenarios)?;
    let now = ops.clock.now();
    let id = RehearsalId(new_id(now, &*ops.chance));
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let latest = campaigns::latest(&mut transaction, campaign)
        .await
        .map_err(missing(CAMPAIGN))?;
    let new = NewRehearsal {
        id,
        campaign_id: campaign,
        revision: latest.number,
        scenarios: &scenarios,
        started_by: caller.user_id(),
        at: now,
    };
    rehearsals::insert(&mut transaction, &new).await.map_err(|error| {
        if error.is_constraint(rehearsals::ONE_AT_A_TIME) {
            return UserError::conflict(
                "A rehearsal of this campaign is going on already. Wait until it has ended, or cancel it.",
            );
        }
        internal(error)
    })?;
    finish(ops, caller, transaction, "rehearsed campaign", &latest.content.name).await?;
    Ok(id)
}

/// Ends a rehearsal. The calls that were made stay. Gives its campaign.
///
/// # Errors
/// The caller may not, there is no such rehearsal, or it has ended already.
pub async fn cancel(ops: &Operations, caller: &Caller, id: RehearsalId) -> Result<CampaignId, UserError> {
    caller.may(Permission::EditCampaigns)?;
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let campaign = rehearsals::campaign_of(&mut transaction, id)
        .await
        .map_err(missing(REHEARSAL))?;
    let ended = rehearsals::end(&mut transaction, id, RehearsalStatus::Cancelled, None)
        .await
        .map_err(internal)?;
    if !ended {
        return Err(UserError::conflict(
            "This rehearsal has ended already. Reload the page to see how.",
        ));
    }
    let latest = campaigns::latest(&mut transaction, campaign)
        .await
        .map_err(missing(CAMPAIGN))?;
    let action = "cancelled rehearsal of campaign";
    finish(ops, caller, transaction, action, &latest.content.name).await?;
    Ok(campaign)
}

async fn finish(
    ops: &Operations,
    caller: &Caller,
    mut transaction: store::Transaction,
    action: &str,
    campaign_name: &str,
) -> Result<(), UserError> {
    audit::record(
        &mut transaction,
        ops.clock.now(),
        Some(caller.user_id()),
        action,
        campaign_name,
    )
    .await
    .map_err(internal)?;
    transaction.commit().await.map_err(|error| internal(error.into()))
}

/// What is to be read of the sound of a rehearsed call.
///
/// # Errors
/// The role does not include it (403), or there is no such sound (404).
pub async fn sound(ops: &Operations, caller: &Caller, call: ConversationId) -> Result<Kept, UserError> {
    caller.may(Permission::EditCampaigns)?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let found = rehearsal_sounds::file(&mut conn, call).await.map_err(internal)?;
    found.map(kept).ok_or_else(|| UserError::not_found("recording"))
}

#[cfg(test)]
mod tests;
