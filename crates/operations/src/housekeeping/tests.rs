#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use super::*;
use crate::{
    sign_in,
    testing::{count, operations},
};
use domain::live::Happening;
use store::{PgPool, events};

#[sqlx::test(migrations = "../../migrations")]
async fn what_is_old_goes_and_the_newest_event_stays(pool: PgPool) {
    let ops = operations(&pool);
    let now = ops.clock.now();
    let tell = async |age: Duration| {
        let mut transaction = ops.store.begin().await.unwrap();
        let happened = Happening::DiallingPaused { paused: true };
        events::append(&mut transaction, before(now, age), &[happened])
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    };
    let day = Duration::from_secs(86_400);
    for age in [day * 9, day * 8, day * 8] {
        tell(age).await;
    }
    once(&ops, &CancellationToken::new()).await.unwrap();
    assert_eq!(
        count(&pool, "SELECT count(*) FROM events").await,
        1,
        "snapshots go on after the newest"
    );
    for age in [day * 6, day * 8, Duration::ZERO] {
        tell(age).await;
    }
    once(&ops, &CancellationToken::new()).await.unwrap();
    // The one of eight days lies behind a younger one: the log has no holes.
    assert_eq!(count(&pool, "SELECT count(*) FROM events").await, 3);

    sign_in::sign_in(&ops, "eve@example.com", "wrong", "192.0.2.1", "")
        .await
        .unwrap_err();
    sign_in::ensure_first_invitation(&ops).await.unwrap().unwrap();
    once(&ops, &CancellationToken::new()).await.unwrap();
    assert_eq!(count(&pool, "SELECT count(*) FROM sign_in_failures").await, 2);
    sqlx::query("UPDATE sign_in_failures SET at = at - interval '2 hours'")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("UPDATE invitations SET expires_at = expires_at - interval '2 days'")
        .execute(&pool)
        .await
        .unwrap();
    once(&ops, &CancellationToken::new()).await.unwrap();
    assert_eq!(count(&pool, "SELECT count(*) FROM sign_in_failures").await, 0);
    assert_eq!(count(&pool, "SELECT count(*) FROM invitations").await, 0);
}

#[sqlx::test(migrations = "../../migrations")]
async fn it_stops_when_told(pool: PgPool) {
    let stop = CancellationToken::new();
    stop.cancel();
    run(&operations(&pool), stop).await;
}
