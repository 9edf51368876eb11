//! Claiming, on a real database: nothing twice, never too many, never too fast, and never through a closed gate.

#[path = "support/claims.rs"]
mod requests;
#[path = "support/stage.rs"]
mod stage;

use dialer::IanaClock;
use domain::{
    UnixMillis,
    calling_hours::{GateReason, WeeklyHours},
    campaign::CampaignContent,
};
use requests::{MORNING, chance_of_this_process, claim, claim_by, clock, request};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use store::{
    PgPool, Store, campaigns,
    claims::{self, AskAgain, ClaimRequest},
};

#[sqlx::test(migrations = "../../migrations")]
async fn three_claimers_never_exceed_concurrency_nor_pace_and_share_nothing(pool: PgPool) {
    let content = CampaignContent {
        max_concurrent_calls: 100,
        calls_per_ten_seconds: 200,
        ..stage::content("Fast")
    };
    let campaign = stage::campaign(&pool, &clock(), &content, 0, 300).await;
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (pool, worker) = (pool.clone(), stage::worker(&pool).await);
        tasks.spawn(async move {
            let mut leads = Vec::new();
            while began.elapsed() < Duration::from_secs(3) {
                let claimed = claim(&pool, &request(campaign, worker)).await;
                leads.extend(claimed.calls.iter().map(|call| call.lead.lead_id));
                tokio::time::sleep(Duration::from_millis(7)).await;
            }
            leads
        });
    }
    let claimed: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    let passed = began.elapsed().as_secs_f64();
    let different: BTreeSet<_> = claimed.iter().collect();
    assert_eq!(different.len(), claimed.len(), "a lead was claimed twice");
    #[expect(clippy::cast_precision_loss, reason = "few calls")]
    let calls = claimed.len() as f64;
    // 20 a second, handed out 0.4 s ahead, and the first at once.
    assert!(calls <= (passed + 0.4) * 20.0 + 1.0, "{calls} calls in {passed} s");
    assert!(calls >= 40.0, "only {calls} calls in {passed} s");

    let unbraked = CampaignContent {
        max_concurrent_calls: 37,
        ..stage::content("Narrow")
    };
    let narrow = stage::campaign(&pool, &clock(), &unbraked, 1_000, 300).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (pool, worker) = (pool.clone(), stage::worker(&pool).await);
        tasks.spawn(async move {
            for _ in 0..5 {
                let few = ClaimRequest {
                    most: 11,
                    ..request(narrow, worker)
                };
                claim(&pool, &few).await;
            }
        });
    }
    tasks.join_all().await;
    let overview = claims::overview(&mut pool.acquire().await.expect("a connection"))
        .await
        .expect("read");
    let calls_of = |id| {
        overview
            .campaigns
            .iter()
            .find(|found| found.campaign_id == id)
            .expect("runs")
            .calls
    };
    assert_eq!(calls_of(narrow), 37);

    // Globally there is room for three more.
    let worker = stage::worker(&pool).await;
    let other = stage::campaign(&pool, &clock(), &stage::content("Other"), 2_000, 20).await;
    let global = ClaimRequest {
        global_concurrency: overview.calls + 3,
        ..request(other, worker)
    };
    assert_eq!(claim(&pool, &global).await.calls.len(), 3);
    assert_eq!(claim(&pool, &global).await.ask_again, AskAgain::WhenChanged);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_closed_gate_is_written_down_and_the_lead_waits_for_its_opening(pool: PgPool) {
    let content = CampaignContent {
        hours: WeeklyHours::weekdays(15 * 60, 18 * 60),
        ..stage::content("Afternoons")
    };
    let campaign = stage::campaign(&pool, &clock(), &content, 0, 3).await;
    let worker = stage::worker(&pool).await;
    sqlx::query("INSERT INTO do_not_call (phone_number, reason, added_at) VALUES ($1, 'test', now())")
        .bind(stage::number(1).e164())
        .execute(&pool)
        .await
        .expect("listed");
    sqlx::query("UPDATE lead_queue SET zones = '{}' FROM leads WHERE leads.id = lead_id AND phone_number = $1")
        .bind(stage::number(2).e164())
        .execute(&pool)
        .await
        .expect("zones forgotten");
    let chance = chance_of_this_process();
    let claimed = claim_by(&pool, &request(campaign, worker), &IanaClock, chance).await;
    assert!(claimed.calls.is_empty());
    let mut reasons = claimed.refused.clone();
    reasons.sort_by_key(|reason| reason.as_str());
    assert_eq!(
        reasons,
        [
            GateReason::DoNotCall,
            GateReason::OutsideCallingHours,
            GateReason::UnknownTimeZone
        ]
    );
    // 15:00 in Berlin is 14:00 UTC, four hours later.
    let due: Vec<(i64, i32)> =
        sqlx::query_as("SELECT (extract(epoch FROM due_at) * 1000)::bigint, attempts FROM lead_queue")
            .fetch_all(&pool)
            .await
            .expect("the queue");
    assert_eq!(due, [(MORNING.0 + 4 * 3_600_000, 0)]);
    let leads: Vec<(String, Option<String>)> =
        sqlx::query_as("SELECT status, error_reason FROM leads ORDER BY phone_number")
            .fetch_all(&pool)
            .await
            .expect("leads");
    assert_eq!(
        leads.iter().map(|(status, _)| status.as_str()).collect::<Vec<_>>(),
        ["pending", "do_not_call", "failed"]
    );
    assert!(leads[1].1.is_some() && leads[2].1.is_some());
    let evidence: Vec<(String, i32, String)> = sqlx::query_as(
        "SELECT reason, number, coalesce(because #>> '{zones,0,local}', '-') FROM attempts ORDER BY reason",
    )
    .fetch_all(&pool)
    .await
    .expect("attempts");
    assert_eq!(
        evidence[1],
        ("outside_calling_hours".to_owned(), 1, "Tue 11:00".to_owned())
    );
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM events WHERE kind = 'lead_refused'").await,
        3
    );
    // When the gate opens, the lead is called.
    let later = ClaimRequest {
        at: UnixMillis(MORNING.0 + 4 * 3_600_000),
        ..request(campaign, worker)
    };
    let claimed = claim_by(&pool, &later, &IanaClock, chance).await;
    assert_eq!(claimed.calls.len(), 1);
    assert_eq!(
        stage::count(
            &pool,
            "SELECT count(*) FROM attempts WHERE reason = 'allowed' AND number = 1"
        )
        .await,
        1
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn nothing_is_claimed_while_paused_or_stopped(pool: PgPool) {
    let campaign = stage::campaign(&pool, &clock(), &stage::content("Paused"), 0, 5).await;
    let worker = stage::worker(&pool).await;
    sqlx::query("INSERT INTO settings (key, value, updated_at) VALUES ('dialling_paused', 'true', now())")
        .execute(&pool)
        .await
        .expect("paused");
    assert!(claim(&pool, &request(campaign, worker)).await.calls.is_empty());
    sqlx::query("UPDATE settings SET value = 'false'")
        .execute(&pool)
        .await
        .expect("resumed");
    sqlx::query("UPDATE campaigns SET status = 'paused'")
        .execute(&pool)
        .await
        .expect("paused");
    assert!(claim(&pool, &request(campaign, worker)).await.calls.is_empty());
    sqlx::query("UPDATE campaigns SET status = 'running'")
        .execute(&pool)
        .await
        .expect("resumed");
    assert_eq!(claim(&pool, &request(campaign, worker)).await.calls.len(), 5);
}

#[sqlx::test(migrations = "../../migrations")]
async fn new_hours_let_a_lead_be_called_that_the_gate_held_back(pool: PgPool) {
    let afternoons = CampaignContent {
        hours: WeeklyHours::weekdays(15 * 60, 18 * 60),
        ..stage::content("Hours")
    };
    let campaign = stage::campaign(&pool, &clock(), &afternoons, 0, 2).await;
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    let chance = chance_of_this_process();
    let save = async |number, content: &CampaignContent| {
        let mia: uuid::Uuid = sqlx::query_scalar("SELECT id FROM users")
            .fetch_one(&pool)
            .await
            .expect("mia");
        let mut transaction = store.begin().await.expect("a transaction");
        campaigns::save_revision(
            &mut transaction,
            campaign,
            number,
            content,
            domain::UserId(mia),
            MORNING,
        )
        .await
        .expect("saved");
        transaction.commit().await.expect("committed");
        claim_by(&pool, &request(campaign, worker), &IanaClock, chance).await
    };
    // One lead waits for a retry in an hour; it has nothing to do with the gate.
    sqlx::query("UPDATE lead_queue SET due_at = due_at + interval '1 hour' WHERE lead_id = (SELECT max(lead_id::text)::uuid FROM lead_queue)")
        .execute(&pool)
        .await
        .expect("postponed");
    let refused = claim_by(&pool, &request(campaign, worker), &IanaClock, chance)
        .await
        .refused;
    assert_eq!(refused, [GateReason::OutsideCallingHours]);
    let renamed = CampaignContent {
        name: "Renamed".to_owned(),
        ..afternoons.clone()
    };
    let still = save(2, &renamed).await;
    assert!(
        still.calls.is_empty() && still.refused.is_empty(),
        "judged again although the hours are the same"
    );
    let all_day = CampaignContent {
        hours: WeeklyHours::weekdays(9 * 60, 18 * 60),
        ..renamed
    };
    assert_eq!(save(3, &all_day).await.calls.len(), 1);
}
