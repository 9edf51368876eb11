#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use super::*;
use crate::{account, settings, testing, users as accounts};
use domain::{Clock, access::Permission};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use store::PgPool;

const PASSWORD: &str = "correct horse battery";

/// A clock that stands until it is told to go on.
struct StandingClock(AtomicI64);

impl Clock for StandingClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::Relaxed))
    }
}

impl StandingClock {
    fn pass(&self, span: Duration) {
        self.0
            .fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

fn installation(pool: &PgPool) -> (Operations, Arc<StandingClock>) {
    let clock = Arc::new(StandingClock(AtomicI64::new(testing::NOW)));
    let ops = Operations {
        clock: clock.clone(),
        ..testing::operations(pool)
    };
    (ops, clock)
}

fn token(link: &InvitationLink) -> &str {
    link.path.strip_prefix("/welcome?token=").unwrap()
}

/// The first administrator, signed in, and their cookie.
async fn administrator(ops: &Operations) -> (Caller, String) {
    let link = ensure_first_invitation(ops).await.unwrap().unwrap();
    let session = accept_invitation(ops, token(&link), "Ada", "ada@example.com", PASSWORD, "Firefox")
        .await
        .unwrap();
    let caller = authenticate(ops, &session.cookie_value).await.unwrap().unwrap();
    (caller, session.cookie_value)
}

async fn try_to_sign_in(ops: &Operations, email: &str, password: &str, address: &str) -> Result<NewSession, ErrorKind> {
    sign_in(ops, email, password, address, "Firefox")
        .await
        .map_err(|error| error.kind)
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_first_administrator_comes_in_by_a_link_that_works_once(pool: PgPool) {
    let (ops, clock) = installation(&pool);
    let replaced = ensure_first_invitation(&ops).await.unwrap().unwrap();
    let link = ensure_first_invitation(&ops).await.unwrap().unwrap();
    assert_eq!(link.expires_at.since(ops.clock.now()), FIRST_LINK);
    assert_eq!(
        invitation(&ops, token(&replaced)).await.unwrap_err().kind,
        ErrorKind::NotFound
    );
    for garbage in ["", "x", &"A".repeat(43), "🦀", "a\0b", &"A".repeat(1_000_000)] {
        assert_eq!(invitation(&ops, garbage).await.unwrap_err().kind, ErrorKind::NotFound);
    }
    assert!(invitation(&ops, token(&link)).await.unwrap().first);
    for (name, email, password) in [
        ("", "ada@example.com", PASSWORD),
        ("Ada", "nowhere", PASSWORD),
        ("Ada", "ada@example.com", "too short"),
        ("Ada", "ada@example.com", &"x".repeat(201)),
        ("A\0da", "a\0@b", PASSWORD),
    ] {
        let refused = accept_invitation(&ops, token(&link), name, email, password, "")
            .await
            .unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Invalid);
    }
    let session = accept_invitation(&ops, token(&link), " Ada ", "Ada@Example.com", PASSWORD, "Fire\0fox")
        .await
        .unwrap();
    let caller = authenticate(&ops, &session.cookie_value).await.unwrap().unwrap();
    assert_eq!((caller.name(), caller.role()), ("Ada", Role::Administrator));
    let again = accept_invitation(&ops, token(&link), "Eve", "eve@example.com", PASSWORD, "").await;
    assert_eq!(again.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(ensure_first_invitation(&ops).await.unwrap(), None);
    // Nothing that signs in can be read from the database.
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM sessions WHERE encode(token_hash, 'escape') LIKE $1")
        .bind(format!("%{}%", session.cookie_value))
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(stored, 0);
    assert!(!format!("{session:?}").contains(&session.cookie_value));
    clock.pass(DAY);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_link_is_too_old_after_its_time(pool: PgPool) {
    let (ops, clock) = installation(&pool);
    let link = ensure_first_invitation(&ops).await.unwrap().unwrap();
    clock.pass(FIRST_LINK);
    assert_eq!(
        invitation(&ops, token(&link)).await.unwrap_err().kind,
        ErrorKind::NotFound
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn two_who_use_the_same_link_at_once_make_one_administrator(pool: PgPool) {
    let (ops, _) = installation(&pool);
    let link = ensure_first_invitation(&ops).await.unwrap().unwrap();
    let (one, other) = tokio::join!(
        accept_invitation(&ops, token(&link), "Ada", "ada@example.com", PASSWORD, ""),
        accept_invitation(&ops, token(&link), "Eve", "eve@example.com", PASSWORD, ""),
    );
    assert_ne!(one.is_ok(), other.is_ok());
    assert_eq!(testing::count(&pool, "SELECT count(*) FROM users").await, 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_right_password_opens_a_session_and_nothing_else_does(pool: PgPool) {
    let (ops, _) = installation(&pool);
    administrator(&ops).await;
    let session = try_to_sign_in(&ops, " ADA@example.com ", PASSWORD, "192.0.2.1")
        .await
        .unwrap();
    let caller = authenticate(&ops, &session.cookie_value).await.unwrap().unwrap();
    assert_eq!(
        account::sessions(&ops, &caller)
            .await
            .unwrap()
            .iter()
            .filter(|row| row.current)
            .count(),
        1
    );
    for (email, password) in [
        ("ada@example.com", "wrong"),
        ("eve@example.com", PASSWORD),
        ("ada@example.com", &"x".repeat(100_000)),
        ("a\0@b", "\0"),
        ("", ""),
    ] {
        assert_eq!(
            try_to_sign_in(&ops, email, password, "192.0.2.2").await,
            Err(ErrorKind::SignedOut)
        );
    }
    for garbage in [
        "",
        "x",
        "\0",
        &"A".repeat(43),
        &session.cookie_value[1..],
        &"x".repeat(1_000_000),
    ] {
        assert!(authenticate(&ops, garbage).await.unwrap().is_none());
    }
    sign_out(&ops, &caller).await.unwrap();
    assert!(authenticate(&ops, &session.cookie_value).await.unwrap().is_none());
}

#[sqlx::test(migrations = "../../migrations")]
async fn sessions_end_by_themselves(pool: PgPool) {
    let (ops, clock) = installation(&pool);
    let (_, cookie) = administrator(&ops).await;
    // Used now and then: 30 days.
    for _ in 0..3 {
        clock.pass(DAY * 9);
        assert!(authenticate(&ops, &cookie).await.unwrap().is_some());
    }
    clock.pass(DAY * 3);
    assert!(authenticate(&ops, &cookie).await.unwrap().is_none());
    // Not used: 14 days.
    let idle = try_to_sign_in(&ops, "ada@example.com", PASSWORD, "192.0.2.1")
        .await
        .unwrap();
    clock.pass(DAY * 14);
    assert!(authenticate(&ops, &idle.cookie_value).await.unwrap().is_none());
}

#[sqlx::test(migrations = "../../migrations")]
async fn use_of_a_session_is_written_down_once_a_minute(pool: PgPool) {
    let (ops, clock) = installation(&pool);
    let (caller, cookie) = administrator(&ops).await;
    let seen = async || account::sessions(&ops, &caller).await.unwrap()[0].last_seen_at;
    let first = seen().await;
    clock.pass(Duration::from_secs(59));
    authenticate(&ops, &cookie).await.unwrap();
    assert_eq!(seen().await, first);
    clock.pass(Duration::from_secs(1));
    authenticate(&ops, &cookie).await.unwrap();
    assert_eq!(seen().await, ops.clock.now());
}

#[sqlx::test(migrations = "../../migrations")]
async fn guessing_at_one_account_is_stopped_and_allowed_again_after_the_wait(pool: PgPool) {
    let (ops, clock) = installation(&pool);
    administrator(&ops).await;
    for guess in 0..5 {
        // From ever new addresses.
        let refused = try_to_sign_in(&ops, "ada@example.com", "wrong password", &format!("192.0.2.{guess}")).await;
        assert_eq!(refused, Err(ErrorKind::SignedOut));
        clock.pass(Duration::from_secs(60));
    }
    let stopped = sign_in(&ops, "Ada@example.com", PASSWORD, "192.0.2.99", "")
        .await
        .unwrap_err();
    assert_eq!(stopped.kind, ErrorKind::TooMany);
    assert!(stopped.message.contains("Wait 10 minutes"), "{}", stopped.message);
    clock.pass(Duration::from_secs(10 * 60));
    assert!(
        sign_in(&ops, "ada@example.com", PASSWORD, "192.0.2.99", "")
            .await
            .is_ok()
    );
    // Success clears the account.
    assert!(try_to_sign_in(&ops, "ada@example.com", "wrong password", "192.0.2.99").await == Err(ErrorKind::SignedOut));
    assert!(
        sign_in(&ops, "ada@example.com", PASSWORD, "192.0.2.99", "")
            .await
            .is_ok()
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_burst_of_guesses_does_not_slip_through(pool: PgPool) {
    let (ops, _) = installation(&pool);
    administrator(&ops).await;
    let guesses = (0..12).map(|_| try_to_sign_in(&ops, "ada@example.com", "wrong password", "192.0.2.1"));
    let answers = futures::future::join_all(guesses).await;
    assert_eq!(
        answers
            .iter()
            .filter(|answer| **answer == Err(ErrorKind::SignedOut))
            .count(),
        5
    );
    assert_eq!(
        answers
            .iter()
            .filter(|answer| **answer == Err(ErrorKind::TooMany))
            .count(),
        7
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn guessing_from_one_address_is_stopped(pool: PgPool) {
    let (ops, _) = installation(&pool);
    for guess in 0..20 {
        let refused = try_to_sign_in(
            &ops,
            &format!("u{guess}@example.com"),
            "wrong",
            &format!("2001:db8::{guess}"),
        )
        .await;
        assert_eq!(refused, Err(ErrorKind::SignedOut));
    }
    assert_eq!(
        try_to_sign_in(&ops, "new@example.com", "wrong", "2001:db8::1").await,
        Err(ErrorKind::TooMany)
    );
    assert_eq!(
        try_to_sign_in(&ops, "new@example.com", "wrong", "2001:db8:1::1").await,
        Err(ErrorKind::SignedOut)
    );
    let names: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sign_in_failures WHERE subject LIKE '%@%' OR subject LIKE '%:%'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(names, 0, "the table names nobody");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_new_password_ends_the_other_sessions(pool: PgPool) {
    let (ops, _) = installation(&pool);
    let (caller, cookie) = administrator(&ops).await;
    let other = sign_in(&ops, "ada@example.com", PASSWORD, "192.0.2.1", "")
        .await
        .unwrap();
    let kind = async |old: &str, new: &str| {
        account::change_password(&ops, &caller, old, new)
            .await
            .map_err(|e| e.kind)
    };
    assert_eq!(kind("wrong", "a new long password").await, Err(ErrorKind::Invalid));
    assert_eq!(kind(PASSWORD, "short").await, Err(ErrorKind::Invalid));
    assert_eq!(kind(PASSWORD, "a new long password").await, Ok(()));
    assert!(authenticate(&ops, &cookie).await.unwrap().is_some());
    assert!(authenticate(&ops, &other.cookie_value).await.unwrap().is_none());
    assert_eq!(
        try_to_sign_in(&ops, "ada@example.com", PASSWORD, "192.0.2.1").await,
        Err(ErrorKind::SignedOut)
    );
    assert!(
        sign_in(&ops, "ada@example.com", "a new long password", "192.0.2.1", "")
            .await
            .is_ok()
    );
    sign_out_everywhere(&ops, &caller).await.unwrap();
    assert!(authenticate(&ops, &cookie).await.unwrap().is_none());
}

#[sqlx::test(migrations = "../../migrations")]
async fn roles_and_locks_are_in_force_at_the_next_request(pool: PgPool) {
    let (ops, _) = installation(&pool);
    let (ada, _) = administrator(&ops).await;
    let link = accounts::invite(&ops, &ada, "Grace", "grace@example.com", Role::Viewer)
        .await
        .unwrap();
    assert_eq!(invitation(&ops, token(&link)).await.unwrap().email, "grace@example.com");
    let session = accept_invitation(&ops, token(&link), "Grace", "ignored", PASSWORD, "")
        .await
        .unwrap();
    let grace = async || authenticate(&ops, &session.cookie_value).await.unwrap();
    let before = grace().await.unwrap();
    assert!(before.may(Permission::Listen).is_err());
    accounts::set_role(&ops, &ada, before.user_id(), Role::Manager)
        .await
        .unwrap();
    assert!(grace().await.unwrap().may(Permission::EditCampaigns).is_ok());
    accounts::set_locked(&ops, &ada, before.user_id(), true).await.unwrap();
    assert!(grace().await.is_none());
    assert_eq!(
        try_to_sign_in(&ops, "grace@example.com", PASSWORD, "192.0.2.1").await,
        Err(ErrorKind::SignedOut)
    );
    accounts::set_locked(&ops, &ada, before.user_id(), false).await.unwrap();
    assert!(grace().await.is_none(), "an unlocked user signs in anew");
    assert!(
        sign_in(&ops, "grace@example.com", PASSWORD, "192.0.2.1", "")
            .await
            .is_ok()
    );

    let reset = accounts::reset_password(&ops, &ada, before.user_id()).await.unwrap();
    assert_eq!(
        try_to_sign_in(&ops, "grace@example.com", PASSWORD, "192.0.2.1").await,
        Err(ErrorKind::SignedOut)
    );
    accept_invitation(&ops, token(&reset), "Grace H.", "", "another long password", "")
        .await
        .unwrap();
    assert!(
        sign_in(&ops, "grace@example.com", "another long password", "192.0.2.1", "")
            .await
            .is_ok()
    );

    let actions: Vec<String> = settings::audit(&ops, &ada, None)
        .await
        .unwrap()
        .rows
        .into_iter()
        .map(|row| row.action)
        .collect();
    for action in [
        "became the first administrator",
        "invited viewer",
        "made manager",
        "locked",
        "unlocked",
    ] {
        assert!(
            actions.iter().any(|known| known == action),
            "{action} is not in {actions:?}"
        );
    }
}
