#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use super::*;
use crate::testing::{operations, person};
use domain::ErrorKind;
use store::PgPool;

async fn with_password(pool: &PgPool, caller: &Caller) {
    sqlx::query("UPDATE users SET password_hash = 'x' WHERE id = $1")
        .bind(caller.user_id.0)
        .execute(pool)
        .await
        .unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_last_administrator_stays(pool: PgPool) {
    let ops = operations(&pool);
    let ada = person(&pool, Role::Administrator, "ada").await;
    let bob = person(&pool, Role::Administrator, "bob").await;
    with_password(&pool, &ada).await;
    // Bob never chose a password: he does not count.
    let refused = set_role(&ops, &ada, ada.user_id, Role::Viewer).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert_eq!(
        set_locked(&ops, &bob, ada.user_id, true).await.unwrap_err().kind,
        ErrorKind::Conflict
    );
    assert_eq!(
        set_locked(&ops, &ada, ada.user_id, true).await.unwrap_err().kind,
        ErrorKind::Conflict
    );
    assert_eq!(
        reset_password(&ops, &ada, ada.user_id).await.unwrap_err().kind,
        ErrorKind::Conflict
    );
    with_password(&pool, &bob).await;
    // Each removes the other at the same moment: one stays.
    let (one, other) = tokio::join!(
        set_role(&ops, &ada, bob.user_id, Role::Viewer),
        set_role(&ops, &bob, ada.user_id, Role::Viewer)
    );
    assert_ne!(one.is_ok(), other.is_ok());
}

#[sqlx::test(migrations = "../../migrations")]
async fn wrong_input_gets_a_sentence(pool: PgPool) {
    let ops = operations(&pool);
    let ada = person(&pool, Role::Administrator, "ada").await;
    let kind = async |name: &str, email: &str| {
        invite(&ops, &ada, name, email, Role::Viewer)
            .await
            .map(|_| ())
            .map_err(|error| error.kind)
    };
    assert_eq!(kind("Eve", "ADA@example.com").await, Err(ErrorKind::Conflict));
    assert_eq!(kind("", "eve@example.com").await, Err(ErrorKind::Invalid));
    assert_eq!(kind("E\0ve", "eve@example.com").await, Err(ErrorKind::Invalid));
    assert_eq!(kind("Eve", "eve@exam\0ple.com").await, Err(ErrorKind::Invalid));
    assert_eq!(kind(&"x".repeat(121), "eve@example.com").await, Err(ErrorKind::Invalid));
    assert_eq!(kind("Eve", "eve@example.com").await, Ok(()));
    let nobody = UserId(uuid::Uuid::nil());
    for answer in [
        set_role(&ops, &ada, nobody, Role::Viewer).await,
        set_locked(&ops, &ada, nobody, true).await,
        reset_password(&ops, &ada, nobody).await.map(|_| ()),
    ] {
        assert_eq!(answer.unwrap_err().kind, ErrorKind::NotFound);
    }
    let names: Vec<String> = list(&ops, &ada)
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(names, ["ada", "Eve"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn only_administrators_manage_users(pool: PgPool) {
    let ops = operations(&pool);
    for role in [Role::Viewer, Role::Supervisor, Role::Manager] {
        let caller = person(&pool, role, "x").await;
        let user = caller.user_id;
        for answer in [
            list(&ops, &caller).await.map(|_| ()),
            invite(&ops, &caller, "Eve", "eve@example.com", Role::Viewer)
                .await
                .map(|_| ()),
            set_role(&ops, &caller, user, Role::Administrator).await,
            set_locked(&ops, &caller, user, true).await,
            reset_password(&ops, &caller, user).await.map(|_| ()),
        ] {
            assert_eq!(answer.unwrap_err().kind, ErrorKind::Forbidden);
        }
        sqlx::query("DELETE FROM users").execute(&pool).await.unwrap();
    }
}
