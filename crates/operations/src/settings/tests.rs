#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use super::{audit, *};
use crate::testing::{event_kinds, operations, person};
use domain::{ErrorKind, access::Role};
use store::PgPool;

#[sqlx::test(migrations = "../../migrations")]
async fn dialling_is_paused_once_and_everybody_is_told(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "mia").await;
    let viewer = person(&pool, Role::Viewer, "vic").await;
    assert!(!dialling_paused(&ops, &viewer).await.unwrap());
    assert_eq!(
        set_dialling_paused(&ops, &viewer, true).await.unwrap_err().kind,
        ErrorKind::Forbidden
    );
    set_dialling_paused(&ops, &manager, true).await.unwrap();
    set_dialling_paused(&ops, &manager, true).await.unwrap();
    assert!(dialling_paused(&ops, &viewer).await.unwrap());
    set_dialling_paused(&ops, &manager, false).await.unwrap();
    assert!(!dialling_paused(&ops, &viewer).await.unwrap());
    assert_eq!(event_kinds(&pool).await, ["dialling_paused", "dialling_paused"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_audit_log_is_read_page_by_page(pool: PgPool) {
    let ops = operations(&pool);
    let ada = person(&pool, Role::Administrator, "ada").await;
    let mut conn = ops.store.connection().await.unwrap();
    for number in 0..120 {
        let actor = (number % 2 == 0).then_some(ada.user_id);
        audit::record(&mut conn, ops.clock.now(), actor, "did", &number.to_string())
            .await
            .unwrap();
    }
    let mut subjects = Vec::new();
    let mut after = None;
    loop {
        let page = audit(&ops, &ada, after).await.unwrap();
        subjects.extend(page.rows.iter().map(|row| row.subject.parse::<i32>().unwrap()));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(subjects, (0..120).rev().collect::<Vec<_>>());
    let garbage = audit(&ops, &ada, Some("garbage".to_owned())).await.unwrap_err();
    assert_eq!(garbage.kind, ErrorKind::Invalid);
    let manager = person(&pool, Role::Manager, "mia").await;
    assert_eq!(
        audit(&ops, &manager, None).await.unwrap_err().kind,
        ErrorKind::Forbidden
    );
}
