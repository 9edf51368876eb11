//! What calls cost, on a real database.

#[path = "support/claims.rs"]
mod requests;
#[path = "support/stage.rs"]
mod stage;

use domain::{
    CampaignId, ConversationId, UnixMillis, UserId,
    conversation::Disposition,
    cost::{CallCost, CostSum, PriceTable, Usage},
};
use requests::{MORNING, claim, clock, ending, request};
use std::time::Duration;
use store::{
    PgPool, Store,
    calls::{self, EndedBy, Ending},
    costs, settings,
};

const HOUR: i64 = 3_600_000;

fn prices(telephone_minute: u64) -> PriceTable {
    PriceTable {
        currency: "EUR".to_owned(),
        input_tokens: 1_000_000,
        telephone_minute,
        zone: "America/New_York".to_owned(),
        ..PriceTable::default()
    }
}

async fn set(pool: &PgPool, prices: &PriceTable) {
    let by = uuid::Uuid::from_u128(1);
    sqlx::query(
        "INSERT INTO users (id, email, name, role, created_at) VALUES ($1, 'a@example.com', 'Ada', 'administrator', now())
         ON CONFLICT DO NOTHING",
    )
    .bind(by)
    .execute(pool)
    .await
    .expect("a user");
    let mut conn = pool.acquire().await.expect("a connection");
    settings::set_prices(&mut conn, MORNING, UserId(by), prices)
        .await
        .expect("set");
}

/// A call of a minute and a bit with so many tokens read.
async fn call(pool: &PgPool, start: usize, input_tokens: u64, at: UnixMillis) -> (CampaignId, ConversationId) {
    let campaign = stage::campaign(pool, &clock(), &stage::content("Costs"), start, 1).await;
    let worker = stage::worker(pool).await;
    let id = claim(pool, &request(campaign, worker)).await.calls[0].conversation_id;
    let end = Ending {
        usage: Usage {
            input_tokens,
            ..Usage::default()
        },
        charged_by_minute: true,
        duration: Some(Duration::from_millis(60_020)),
        at,
        ..ending(id, EndedBy::Holder(worker), Disposition::Completed)
    };
    calls::end(&Store::from_pool(pool.clone()), &end).await.expect("ended");
    (campaign, id)
}

async fn cost(pool: &PgPool, id: ConversationId) -> CallCost {
    let mut conn = pool.acquire().await.expect("a connection");
    costs::of(&mut conn, id).await.expect("read").expect("counted")
}

fn total(cost: &CallCost) -> Option<u64> {
    cost.parts().map(|parts| parts.total())
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_call_keeps_the_prices_by_which_it_was_reckoned(pool: PgPool) {
    let (_, before) = call(&pool, 0, 500, MORNING).await;
    set(&pool, &prices(20_000)).await;
    let (campaign, cheap) = call(&pool, 10, 500, MORNING).await;
    set(&pool, &prices(90_000)).await;
    let (_, dear) = call(&pool, 20, 0, MORNING).await;
    let unknown = cost(&pool, before).await;
    assert_eq!((total(&unknown), unknown.usage.input_tokens), (None, 500));
    assert_eq!(unknown.usage.telephone_seconds, 61);
    assert_eq!(total(&cost(&pool, cheap).await), Some(500 + 2 * 20_000));
    assert_eq!(total(&cost(&pool, dear).await), Some(2 * 90_000));

    // Results that are drawn later are reckoned by the same prices; those of a call without prices stay unknown.
    let later = Usage {
        input_tokens: 100,
        estimated: true,
        ..Usage::default()
    };
    let store = Store::from_pool(pool.clone());
    for id in [before, cheap] {
        costs::add(&store, id, later).await.expect("added");
    }
    assert_eq!(total(&cost(&pool, before).await), None);
    let cheap = cost(&pool, cheap).await;
    assert_eq!((total(&cheap), cheap.usage.estimated), (Some(600 + 2 * 20_000), true));
    let mut conn = pool.acquire().await.expect("a connection");
    let sums = costs::sums(&mut conn, campaign, MORNING).await.expect("sums");
    let expected = CostSum {
        currency: "EUR".to_owned(),
        micros: 40_600,
        today_micros: 40_600,
    };
    assert_eq!(sums, [expected]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_day_begins_where_the_prices_say(pool: PgPool) {
    set(&pool, &prices(10_000)).await;
    // 10:00 UTC is 5:00 in New York, so the day began at 5:00 UTC.
    let mut conn = pool.acquire().await.expect("a connection");
    let (begins, ends) = costs::day_of(&mut conn, "America/New_York", MORNING)
        .await
        .expect("a day");
    assert_eq!((begins.0, ends.0), (MORNING.0 - 5 * HOUR, MORNING.0 + 19 * HOUR));
    // On 8 March 2026 the clocks go forward: that day has 23 hours.
    let (begins, ends) = costs::day_of(&mut conn, "America/New_York", UnixMillis(1_772_982_000_000))
        .await
        .expect("a day");
    assert_eq!(ends.0 - begins.0, 23 * HOUR);
    let (campaign, _) = call(&pool, 0, 0, UnixMillis(MORNING.0 - 6 * HOUR)).await;
    let sums = costs::sums(&mut conn, campaign, UnixMillis(MORNING.0 - 5 * HOUR)).await;
    assert_eq!(sums.expect("sums")[0].today_micros, 0);
    let sums = costs::sums(&mut conn, campaign, UnixMillis(MORNING.0 - 6 * HOUR)).await;
    assert_eq!(sums.expect("sums")[0].today_micros, 20_000);
    assert!(costs::day_of(&mut conn, "Mars/Olympus", MORNING).await.is_err());
}
