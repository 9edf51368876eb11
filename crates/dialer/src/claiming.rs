//! Looks for leads whose turn has come.
//!
//! Free places are shared among the campaigns that have somebody to call: whoever has the fewest calls comes first, and
//! nobody takes more than an equal share of what is free as long as others wait.

use crate::{call, gate::Gate, metric, worker::Worker};
use domain::{CampaignId, UnixMillis, budget::Charges, new_id};
use std::{sync::Arc, time::Duration};
use store::{
    StoreError,
    claims::{self, AskAgain, ClaimRequest, Claimed, Overview, RunningCampaign},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// However quiet it is, somebody looks this often.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// News of all kinds wakes the claiming; a flood of it must not make it spin.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
/// Calls are claimed this long before their moment at most.
const LOOK_AHEAD: Duration = Duration::from_millis(400);
/// Calls in one claim at most: keeps the transaction short.
const BATCH: u32 = 50;

/// Claims until `stop`.
pub(crate) async fn keep_claiming(worker: Arc<Worker>, stop: CancellationToken) {
    let mut turn = 0_usize;
    loop {
        let began = Instant::now();
        turn = turn.wrapping_add(1);
        let wait = match look(&worker, turn, &stop).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "leads could not be claimed");
                LONGEST_WAIT
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait.min(LONGEST_WAIT)) => {}
            () = async {
                worker.wake.notified().await;
                tokio::time::sleep_until(began + SHORTEST_WAIT).await;
            } => {}
        }
    }
}

/// Looks once, claims what can be claimed, and answers how long nothing can change by itself.
async fn look(worker: &Arc<Worker>, turn: usize, stop: &CancellationToken) -> Result<Duration, StoreError> {
    if let Some(pause) = worker.claiming_paused_for() {
        return Ok(pause);
    }
    // Nobody is called by an agent that cannot speak. Calls in progress go on as well as they can.
    if worker.voices.trouble().is_some() {
        return Ok(LONGEST_WAIT);
    }
    let overview = {
        let mut conn = worker.store.connection().await?;
        claims::overview(&mut conn).await?
    };
    let now = worker.clock.now();
    for campaign in overview.campaigns.iter().filter(|campaign| is_over(campaign)) {
        if claims::complete(&worker.store, campaign.campaign_id, now).await? {
            tracing::info!(campaign_id = %campaign.campaign_id, "campaign completed");
        }
    }
    if overview.paused {
        return Ok(LONGEST_WAIT);
    }
    let mut wait = LONGEST_WAIT;
    let mut free = free_places(worker, &overview);
    let due = in_turn(&overview, now, turn);
    for (index, campaign_id) in due.iter().enumerate() {
        if stop.is_cancelled() {
            break;
        }
        if free == 0 {
            return Ok(wait);
        }
        let others = u32::try_from(due.len() - index).unwrap_or(u32::MAX);
        let asked_at = Instant::now();
        let claimed = claim(worker, *campaign_id, free.div_ceil(others).min(BATCH)).await?;
        free = free.saturating_sub(u32::try_from(claimed.calls.len()).unwrap_or(u32::MAX));
        let took_a_whole_batch = claimed.calls.len() >= BATCH as usize;
        wait = wait.min(match claimed.ask_again {
            AskAgain::Now => Duration::ZERO,
            AskAgain::After(span) => span,
            AskAgain::WhenChanged if took_a_whole_batch => Duration::ZERO,
            AskAgain::WhenChanged => LONGEST_WAIT,
        });
        take_up(worker, *campaign_id, claimed, asked_at);
    }
    for campaign in &overview.campaigns {
        if let Some(next) = campaign.next_due.filter(|next| *next > now) {
            wait = wait.min(next.since(now));
        }
    }
    // Places that one campaign's pace left free are for the others.
    if free > 0 && wait > SHORTEST_WAIT && due.len() > 1 {
        wait = SHORTEST_WAIT;
    }
    Ok(wait)
}

fn is_over(campaign: &RunningCampaign) -> bool {
    campaign.calls == 0 && campaign.next_due.is_none()
}

fn free_places(worker: &Worker, overview: &Overview) -> u32 {
    let held = u32::try_from(worker.calls.len()).unwrap_or(u32::MAX);
    let here = worker.config.worker_concurrency.saturating_sub(held);
    worker
        .config
        .global_concurrency
        .saturating_sub(overview.calls)
        .min(here)
}

/// Campaigns that have somebody to call, the one with the fewest calls first; among equals another one each turn.
fn in_turn(overview: &Overview, now: UnixMillis, turn: usize) -> Vec<CampaignId> {
    let mut due: Vec<&RunningCampaign> = overview
        .campaigns
        .iter()
        .filter(|campaign| campaign.next_due.is_some_and(|next| next <= now))
        .collect();
    if !due.is_empty() {
        let first = turn % due.len();
        due.rotate_left(first);
    }
    due.sort_by_key(|campaign| campaign.calls);
    due.into_iter().map(|campaign| campaign.campaign_id).collect()
}

async fn claim(worker: &Worker, campaign_id: CampaignId, most: u32) -> Result<Claimed, StoreError> {
    let at = worker.clock.now();
    let request = ClaimRequest {
        campaign_id,
        worker_id: worker.config.worker_id,
        at,
        most,
        global_concurrency: worker.config.global_concurrency,
        lease: worker.config.leases.length,
        charges: Charges {
            language: worker.voices.language_model.charges(),
            speech: worker.voices.text_to_speech.charges(),
            recognition: worker.voices.speech_to_text.charges(),
            telephone: worker.network.charges(),
        },
        look_ahead: LOOK_AHEAD,
    };
    let began = Instant::now();
    let mut gate = Gate::new(&*worker.zones, at);
    let claimed = claims::claim(
        &worker.store,
        &request,
        |content, lead| gate.judge(&content.hours, lead),
        || new_id(at, &*worker.chance),
    )
    .await?;
    metric::claimed(claimed.calls.len(), began.elapsed());
    if claimed.held_by_budget {
        metric::held_by_budget();
    }
    Ok(claimed)
}

fn take_up(worker: &Arc<Worker>, campaign_id: CampaignId, claimed: Claimed, asked_at: Instant) {
    let now = Instant::now();
    for reason in &claimed.refused {
        metric::refused(*reason);
    }
    if !claimed.refused.is_empty() {
        tracing::info!(%campaign_id, leads = claimed.refused.len(), "the gate refused leads");
    }
    let Some(content) = claimed.content else { return };
    for call in claimed.calls {
        call::begin(worker, campaign_id, Arc::clone(&content), call, asked_at, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(id: u128, calls: u32, due: Option<i64>) -> RunningCampaign {
        RunningCampaign {
            campaign_id: CampaignId(uuid::Uuid::from_u128(id)),
            calls,
            next_due: due.map(UnixMillis),
        }
    }

    #[test]
    fn the_campaign_with_the_fewest_calls_comes_first_and_equals_take_turns() {
        let overview = Overview {
            paused: false,
            calls: 7,
            campaigns: vec![
                running(1, 5, Some(0)),
                running(2, 1, Some(0)),
                running(3, 1, Some(5)),
                running(4, 0, Some(11)),
                running(5, 0, None),
            ],
        };
        let ids = |turn| -> Vec<u128> {
            in_turn(&overview, UnixMillis(10), turn)
                .into_iter()
                .map(|id| id.0.as_u128())
                .collect()
        };
        assert_eq!(ids(0), [2, 3, 1]);
        assert_eq!(ids(2), [3, 2, 1]);
    }
}
