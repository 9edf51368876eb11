#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use super::*;
use crate::testing::{campaign, count, operations, person};
use domain::{ErrorKind, access::Role, results::ResultsState};
use store::PgPool;
use uuid::Uuid;

/// A call that has ended, whose results could not be drawn.
async fn without_results(pool: &PgPool, campaign: Uuid) -> ConversationId {
    let id = Uuid::from_u128(7);
    for sql in [
        "INSERT INTO leads (id, phone_number, status, campaign_id, created_at) VALUES ($1, '+14155550123', 'done', $2, now())",
        "INSERT INTO conversations (id, lead_id, campaign_id, status, call_end_time, created_at)
         VALUES ($1, $1, $2, 'completed', now(), now())",
        "INSERT INTO result_jobs (conversation_id, campaign_id, status, tries, due_at, reason)
         VALUES ($1, $2, 'failed', 6, now(), 'The language model was too slow.')",
    ] {
        sqlx::query(sql).bind(id).bind(campaign).execute(pool).await.unwrap();
    }
    ConversationId(id)
}

#[sqlx::test(migrations = "../../migrations")]
async fn managers_have_results_drawn_again_and_it_is_written_down(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "mia").await;
    let supervisor = person(&pool, Role::Supervisor, "sue").await;
    let id = without_results(&pool, campaign(&ops, &manager).await.0).await;
    let view = get(&ops, &supervisor, id).await.unwrap();
    assert!(matches!(view.row.results_state, ResultsState::Failed { .. }));
    let refused = draw_results_again(&ops, &supervisor, id).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Forbidden);
    draw_results_again(&ops, &manager, id).await.unwrap();
    let listed = list(&ops, &supervisor, ConversationFilter::default()).await.unwrap();
    assert!(matches!(listed.rows[0].results_state, ResultsState::Pending { .. }));
    let audited = count(
        &pool,
        "SELECT count(*) FROM audit_log WHERE action = 'asked again for the results of call'",
    );
    assert_eq!(audited.await, 1);

    sqlx::query("DELETE FROM result_jobs").execute(&pool).await.unwrap();
    let nothing_to_do = draw_results_again(&ops, &manager, id).await.unwrap_err();
    assert_eq!(nothing_to_do.kind, ErrorKind::Conflict);
    let nobody = draw_results_again(&ops, &manager, ConversationId(Uuid::from_u128(8))).await;
    assert_eq!(nobody.unwrap_err().kind, ErrorKind::NotFound);
}
