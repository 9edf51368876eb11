//! Claiming, on a real database: nothing twice, never too many, never too fast, and never through a closed gate.

#[path = "support/stage.rs"]
mod stage;

use dialer::{IanaClock, gate::Gate};
use domain::{
    CampaignId, UnixMillis, WorkerId,
    calling_hours::{GateReason, WeeklyHours},
    conversation::Disposition,
    new_id,
    results::ConversationResults,
};
use stage::{AlwaysNoon, SetClock, TestChance};
use std::{
    collections::BTreeSet,
    sync::atomic::AtomicI64,
    time::{Duration, Instant},
};
use store::{
    PgPool, Store,
    calls::{self, Ended, EndedBy, Ending},
    claims::{self, AskAgain, ClaimRequest, Claimed},
    leases,
};

/// Tuesday 2026-11-24, 10:00 UTC, 11:00 in Berlin.
const MORNING: UnixMillis = UnixMillis(1_795_514_400_000);

fn clock() -> SetClock {
    SetClock(AtomicI64::new(MORNING.0))
}

fn request(campaign_id: CampaignId, worker_id: WorkerId) -> ClaimRequest {
    ClaimRequest {
        campaign_id,
        worker_id,
        at: MORNING,
        most: 50,
        global_concurrency: 1_000,
        lease: Duration::from_secs(30),
        look_ahead: Duration::from_millis(400),
    }
}

async fn claim_by(
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

async fn claim(pool: &PgPool, request: &ClaimRequest) -> Claimed {
    claim_by(pool, request, &AlwaysNoon, chance_of_this_process()).await
}

fn chance_of_this_process() -> &'static TestChance {
    static CHANCE: std::sync::OnceLock<TestChance> = std::sync::OnceLock::new();
    CHANCE.get_or_init(TestChance::default)
}

fn ending(conversation_id: domain::ConversationId, by: EndedBy, disposition: Disposition) -> Ending {
    Ending {
        conversation_id,
        by,
        disposition,
        results: ConversationResults::default(),
        duration: Some(Duration::from_secs(7)),
        recording: None,
        not_again_before: Duration::ZERO,
        at: MORNING,
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn three_claimers_never_exceed_concurrency_nor_pace_and_share_nothing(pool: PgPool) {
    let content = domain::campaign::CampaignContent {
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

    let unbraked = domain::campaign::CampaignContent {
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
    let content = domain::campaign::CampaignContent {
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
async fn a_call_is_retried_as_the_campaign_says_and_the_campaign_then_completes(pool: PgPool) {
    let content = domain::campaign::CampaignContent {
        retries: vec![domain::retry::RetryRule {
            after: Disposition::Busy,
            times: 1,
            delay_minutes: 30,
        }],
        ..stage::content("Retry")
    };
    let campaign = stage::campaign(&pool, &clock(), &content, 0, 1).await;
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    let first = claim(&pool, &request(campaign, worker)).await;
    let by = EndedBy::Holder(worker);
    let busy = ending(first.calls[0].conversation_id, by, Disposition::Busy);
    let ended = calls::end(&store, &busy).await.expect("ended");
    assert!(
        matches!(
            ended,
            Ended::Ended {
                campaign_completed: false,
                ..
            }
        ),
        "{ended:?}"
    );
    assert_eq!(
        calls::end(&store, &busy).await.expect("asked"),
        Ended::NotOurs,
        "a call ends once"
    );
    assert!(
        claim(&pool, &request(campaign, worker)).await.calls.is_empty(),
        "half an hour has not passed"
    );
    let later = ClaimRequest {
        at: UnixMillis(MORNING.0 + 30 * 60_000),
        ..request(campaign, worker)
    };
    let second = claim(&pool, &later).await;
    assert_eq!(second.calls[0].lead.zones, ["Europe/Berlin"]);
    assert_eq!(second.calls[0].lead.calls_made, 1);
    let busy = ending(second.calls[0].conversation_id, by, Disposition::Busy);
    let ended = calls::end(&store, &busy).await.expect("ended");
    assert_eq!(
        ended,
        Ended::Ended {
            campaign_id: campaign,
            lead_status: domain::lead::LeadStatus::Failed,
            campaign_completed: true
        }
    );
    let kinds: Vec<String> = sqlx::query_scalar("SELECT kind FROM events ORDER BY id")
        .fetch_all(&pool)
        .await
        .expect("events");
    let one = ["call_started", "campaign_changed", "call_ended", "campaign_changed"];
    assert_eq!(kinds, [one, one].concat());
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM leads WHERE error_reason = 'Busy'").await,
        1
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn two_last_calls_that_end_at_once_complete_the_campaign_once(pool: PgPool) {
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    for round in 0..10 {
        let campaign = stage::campaign(&pool, &clock(), &stage::content("Pair"), round * 10, 2).await;
        let claimed = claim(&pool, &request(campaign, worker)).await;
        let end = |index: usize| {
            let done = ending(
                claimed.calls[index].conversation_id,
                EndedBy::Holder(worker),
                Disposition::Completed,
            );
            let store = store.clone();
            async move { calls::end(&store, &done).await.expect("ended") }
        };
        let (one, other) = tokio::join!(end(0), end(1));
        let by_a_call = [one, other]
            .into_iter()
            .filter(|ended| {
                matches!(
                    ended,
                    Ended::Ended {
                        campaign_completed: true,
                        ..
                    }
                )
            })
            .count();
        // Each may have seen the other; the dialer, which looks every second, then does it.
        let by_looking = claims::complete(&store, campaign, MORNING).await.expect("looked");
        assert_eq!(by_a_call + usize::from(by_looking), 1);
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn who_opts_out_is_called_by_no_campaign(pool: PgPool) {
    let one = stage::campaign(&pool, &clock(), &stage::content("One"), 0, 1).await;
    let _other = stage::campaign(&pool, &clock(), &stage::content("Other"), 0, 2).await;
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    let claimed = claim(&pool, &request(one, worker)).await;
    let call = &claimed.calls[0];
    calls::opted_out(&store, call.conversation_id, &call.lead.phone_number, MORNING)
        .await
        .expect("on the list");
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM lead_queue").await, 1);
    let end = ending(call.conversation_id, EndedBy::Holder(worker), Disposition::OptedOut);
    calls::end(&store, &end).await.expect("ended");
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM leads WHERE status = 'do_not_call'").await,
        2
    );
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM do_not_call").await, 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_lost_lease_is_lost_for_good(pool: PgPool) {
    let campaign = stage::campaign(&pool, &clock(), &stage::content("Lost"), 0, 2).await;
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    let short = ClaimRequest {
        lease: Duration::from_millis(50),
        ..request(campaign, worker)
    };
    let claimed = claim(&pool, &short).await;
    let [first, second] = [claimed.calls[0].conversation_id, claimed.calls[1].conversation_id];
    let mut conn = store.connection().await.expect("a connection");
    assert!(
        calls::about_to_dial(&mut conn, first, worker, MORNING)
            .await
            .expect("asked")
    );
    assert!(
        !calls::about_to_dial(&mut conn, first, worker, MORNING)
            .await
            .expect("asked"),
        "nobody dials an attempt twice"
    );
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert!(
        !calls::about_to_dial(&mut conn, second, worker, MORNING)
            .await
            .expect("asked")
    );
    let expired = leases::expired(&mut conn, 10).await.expect("read");
    let dialled: Vec<_> = expired
        .iter()
        .map(|lease| (lease.conversation_id, lease.may_be_dialled))
        .collect();
    assert!(
        dialled.contains(&(first, true)) && dialled.contains(&(second, false)),
        "{dialled:?}"
    );
    // Whoever decided on what is no longer so decides nothing.
    let stale = ending(first, EndedBy::Finder { may_be_dialled: false }, Disposition::Cancelled);
    assert_eq!(calls::end(&store, &stale).await.expect("asked"), Ended::NotOurs);
    let lost = ending(first, EndedBy::Finder { may_be_dialled: true }, Disposition::Lost);
    assert!(matches!(
        calls::end(&store, &lost).await.expect("ended"),
        Ended::Ended { .. }
    ));
    let back = ending(
        second,
        EndedBy::Finder { may_be_dialled: false },
        Disposition::Cancelled,
    );
    assert!(matches!(
        calls::end(&store, &back).await.expect("ended"),
        Ended::Ended { .. }
    ));
    let held = leases::renew(&mut conn, worker, &[first, second], Duration::from_secs(5))
        .await
        .expect("asked");
    assert!(held.is_empty());
    assert_eq!(
        stage::count(&pool, "SELECT attempts::bigint FROM lead_queue").await,
        0,
        "no call was made"
    );
}
