//! Claiming and ending without a worker.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use crate::stage::{AlwaysNoon, SetClock, TestChance};
use dialer::gate::Gate;
use domain::{CampaignId, UnixMillis, WorkerId, conversation::Disposition, new_id, results::ConversationResults};
use std::{sync::atomic::AtomicI64, time::Duration};
use store::{
    PgPool, Store,
    calls::{EndedBy, Ending},
    claims::{self, ClaimRequest, Claimed},
};

/// Tuesday 2026-11-24, 10:00 UTC, 11:00 in Berlin.
pub const MORNING: UnixMillis = UnixMillis(1_795_514_400_000);

pub fn clock() -> SetClock {
    SetClock(AtomicI64::new(MORNING.0))
}

pub fn request(campaign_id: CampaignId, worker_id: WorkerId) -> ClaimRequest {
    ClaimRequest {
        campaign_id,
        worker_id,
        at: MORNING,
        most: 50,
        global_concurrency: 1_000,
        lease: Duration::from_secs(30),
        charges: domain::budget::Charges::default(),
        look_ahead: Duration::from_millis(400),
    }
}

pub async fn claim_by(
    pool: &PgPool,
    request: &ClaimRequest,
    clocks: &dyn dialer::ZoneClock,
    chance: &TestChance,
) -> Claimed {
    let store = Store::from_pool(pool.clone());
    let mut gate = Gate::new(clocks, request.at);
    claims::claim(
        &store,
        request,
        |content, lead| gate.judge(&content.hours, lead),
        || new_id(request.at, chance),
    )
    .await
    .expect("claimed")
}

pub async fn claim(pool: &PgPool, request: &ClaimRequest) -> Claimed {
    claim_by(pool, request, &AlwaysNoon, chance_of_this_process()).await
}

pub fn chance_of_this_process() -> &'static TestChance {
    static CHANCE: std::sync::OnceLock<TestChance> = std::sync::OnceLock::new();
    CHANCE.get_or_init(TestChance::default)
}

pub fn ending(conversation_id: domain::ConversationId, by: EndedBy, disposition: Disposition) -> Ending {
    Ending {
        call_back_at: None,
        conversation_id,
        by,
        disposition,
        results: ConversationResults::default(),
        not_drawn: None,
        usage: domain::cost::Usage::default(),
        charged_by_minute: false,
        duration: Some(Duration::from_secs(7)),
        recordings: Vec::new(),
        not_again_before: Duration::ZERO,
        at: MORNING,
    }
}
