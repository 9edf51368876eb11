//! Budgets, on a real database: whoever claims, together or one after the other, the day's budget is not passed.

#[path = "support/claims.rs"]
mod requests;
#[path = "support/stage.rs"]
mod stage;

use domain::{
    CampaignId, UnixMillis, UserId, WorkerId,
    budget::Charges,
    campaign::CampaignContent,
    conversation::Disposition,
    cost::{PriceTable, Usage},
};
use requests::{MORNING, claim, clock, ending, request};
use std::time::Duration;
use store::{
    PgPool, Store,
    calls::{self, EndedBy, Ending},
    campaigns,
    claims::{ClaimRequest, Claimed},
    settings,
};

const HOUR: i64 = 3_600_000;
/// Of a call of at most a minute, the next one begun: what is set aside for it.
const PER_CALL: u64 = 2 * MINUTE;
const MINUTE: u64 = 10_000;

async fn set_prices(pool: &PgPool) {
    let by = uuid::Uuid::from_u128(1);
    sqlx::query(
        "INSERT INTO users (id, email, name, role, created_at) VALUES ($1, 'a@example.com', 'Ada', 'administrator', now())",
    )
    .bind(by)
    .execute(pool)
    .await
    .expect("a user");
    let prices = PriceTable {
        telephone_minute: MINUTE,
        ..PriceTable::default()
    };
    let mut conn = pool.acquire().await.expect("a connection");
    settings::set_prices(&mut conn, MORNING, UserId(by), &prices)
        .await
        .expect("set");
}

async fn campaign(pool: &PgPool, daily_budget: u64, leads: usize) -> CampaignId {
    let content = CampaignContent {
        daily_budget: Some(daily_budget),
        max_call_seconds: 60,
        max_concurrent_calls: 500,
        calls_per_ten_seconds: 500,
        ..stage::content("Thrift")
    };
    stage::campaign(pool, &clock(), &content, 0, leads).await
}

fn charged(campaign: CampaignId, worker: WorkerId, at: UnixMillis) -> ClaimRequest {
    ClaimRequest {
        at,
        charges: Charges {
            telephone: true,
            ..Charges::default()
        },
        look_ahead: Duration::from_secs(10),
        ..request(campaign, worker)
    }
}

async fn end(pool: &PgPool, worker: WorkerId, claimed: &Claimed, seconds: u64, at: UnixMillis) {
    let store = Store::from_pool(pool.clone());
    for call in &claimed.calls {
        let done = Ending {
            usage: Usage::default(),
            charged_by_minute: true,
            duration: Some(Duration::from_secs(seconds)),
            at,
            ..ending(call.conversation_id, EndedBy::Holder(worker), Disposition::Completed)
        };
        calls::end(&store, &done).await.expect("ended");
    }
}

/// What is shown of it. By the clock of these tests it is another day than by that of the database.
async fn waits(pool: &PgPool, campaign: CampaignId) -> Option<domain::budget::BudgetWait> {
    let mut conn = pool.acquire().await.expect("a connection");
    sqlx::query("UPDATE budget_waits SET until = until + interval '1000 years' WHERE until < now()")
        .execute(&mut *conn)
        .await
        .expect("moved");
    campaigns::progress(&mut conn, campaign)
        .await
        .expect("progress")
        .budget_wait
}

#[sqlx::test(migrations = "../../migrations")]
async fn workers_that_claim_at_once_do_not_pass_it(pool: PgPool) {
    set_prices(&pool).await;
    let campaign = campaign(&pool, 7 * PER_CALL + PER_CALL / 2, 60).await;
    let mut workers = Vec::new();
    for _ in 0..6 {
        workers.push(stage::worker(&pool).await);
    }
    let requests: Vec<ClaimRequest> = workers
        .iter()
        .map(|worker| ClaimRequest {
            most: 3,
            ..charged(campaign, *worker, MORNING)
        })
        .collect();
    let claimed = futures::future::join_all(requests.iter().map(|request| claim(&pool, request))).await;
    let calls: usize = claimed.iter().map(|claimed| claimed.calls.len()).sum();
    assert_eq!(calls, 7);
    let because: serde_json::Value = sqlx::query_scalar("SELECT because FROM attempts LIMIT 1")
        .fetch_one(&pool)
        .await
        .expect("an attempt");
    assert_eq!(because["budget"]["per_call"], PER_CALL);
}

#[sqlx::test(migrations = "../../migrations")]
async fn it_waits_goes_on_when_a_call_was_cheap_and_waits_for_the_next_day(pool: PgPool) {
    set_prices(&pool).await;
    let campaign = campaign(&pool, 3 * PER_CALL, 20).await;
    let worker = stage::worker(&pool).await;
    let now = charged(campaign, worker, MORNING);
    let first = claim(&pool, &now).await;
    assert_eq!((first.calls.len(), first.held_by_budget), (3, false));
    let held = claim(&pool, &now).await;
    assert!(held.calls.is_empty() && held.held_by_budget);
    let wait = waits(&pool, campaign).await.expect("it is said that it waits");
    assert_eq!((wait.standing.calls, wait.standing.spent), (3, 0));
    let until = stage::count(
        &pool,
        "SELECT (extract(epoch FROM until - interval '1000 years') * 1000)::bigint FROM budget_waits",
    );
    assert_eq!(until.await, MORNING.0 + 14 * HOUR);
    assert!(wait.until.is_some());
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM leads WHERE status = 'pending'").await,
        17,
        "no lead is lost"
    );
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM attempts").await, 3);

    // Three calls of a minute each cost half of what was set aside: one more fits.
    end(&pool, worker, &first, 60, MORNING).await;
    let second = claim(&pool, &now).await;
    assert_eq!(second.calls.len(), 1);
    assert_eq!(waits(&pool, campaign).await, None);
    end(&pool, worker, &second, 90, MORNING).await;
    assert!(claim(&pool, &now).await.held_by_budget);
    let spent = stage::count(&pool, "SELECT sum(micros)::bigint FROM call_costs").await;
    assert!(u64::try_from(spent).is_ok_and(|spent| spent <= 3 * PER_CALL), "{spent}");

    let tomorrow = charged(campaign, worker, UnixMillis(MORNING.0 + 15 * HOUR));
    assert_eq!(claim(&pool, &tomorrow).await.calls.len(), 3);
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_costs_nothing_is_not_held_and_what_cannot_be_reckoned_is(pool: PgPool) {
    let campaign = campaign(&pool, 3 * PER_CALL, 20).await;
    let worker = stage::worker(&pool).await;
    let held = claim(&pool, &charged(campaign, worker, MORNING)).await;
    assert!(held.held_by_budget && held.calls.is_empty());
    let wait = waits(&pool, campaign).await.expect("it waits");
    assert!(wait.standing.no_prices && wait.until.is_none());
    let free = ClaimRequest {
        charges: Charges::default(),
        ..charged(campaign, worker, MORNING)
    };
    assert_eq!(claim(&pool, &free).await.calls.len(), 20);
    assert_eq!(waits(&pool, campaign).await, None);
}
