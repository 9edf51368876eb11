//! What LiveKit sends by itself: believed only with its signature, acted upon once.

use crate::{installation::Installation, who_may::ID};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::Clock;
use livekit_api::access_token::AccessToken;
use reqwest::{Method, StatusCode};
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::{PgPool, workers::Heard, workers::WorkerListener};

const KEY: &str = "devkey";
const SECRET: &str = "a-secret-of-at-least-thirty-two-characters";
const KEYS: [(&str, &str); 3] = [
    // Nothing listens there: no test of these needs it.
    ("LIVEKIT_URL", "ws://127.0.0.1:9"),
    ("LIVEKIT_API_KEY", KEY),
    ("LIVEKIT_API_SECRET", SECRET),
];

fn event(id: &str, event: &str, age: i64) -> String {
    let now = server::ambient::SystemClock.now().0 / 1_000;
    let created_at = now - age;
    format!(r#"{{"event":"{event}","room":{{"name":"call-{ID}"}},"id":"{id}","createdAt":"{created_at}"}}"#)
}

fn signature(body: &str, secret: &str) -> String {
    AccessToken::with_api_key(KEY, secret)
        .with_ttl(Duration::from_secs(300))
        .with_sha256(&STANDARD.encode(Sha256::digest(body)))
        .to_jwt()
        .expect("signed")
}

async fn send(installation: &Installation, body: &str, signature: &str) -> StatusCode {
    installation
        .request(Method::POST, "/livekit/webhook", None)
        .header("authorization", signature)
        .header("content-type", "application/webhook+json")
        .body(body.to_owned())
        .send()
        .await
        .expect("an answer")
        .status()
}

#[sqlx::test(migrations = "../migrations")]
async fn only_what_livekit_signed_just_now_is_believed(pool: PgPool) {
    let installation = Installation::start_with(pool.clone(), &KEYS).await;
    let good = event("EV_good", "participant_left", 0);
    assert_eq!(
        send(
            &installation,
            &good,
            &signature(&good, "another secret of thirty-two characters")
        )
        .await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(send(&installation, &good, "").await, StatusCode::UNAUTHORIZED);
    let changed = good.replace("EV_good", "EV_evil");
    assert_eq!(
        send(&installation, &changed, &signature(&good, SECRET)).await,
        StatusCode::UNAUTHORIZED
    );
    let stale = event("EV_stale", "participant_left", 301);
    assert_eq!(
        send(&installation, &stale, &signature(&stale, SECRET)).await,
        StatusCode::UNAUTHORIZED
    );
    let large = format!("{good}{}", " ".repeat(128 * 1024));
    assert_eq!(
        send(&installation, &large, &signature(&large, SECRET)).await,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let nonsense = "[1, 2, 3]";
    assert_eq!(
        send(&installation, nonsense, &signature(nonsense, SECRET)).await,
        StatusCode::BAD_REQUEST
    );
    let remembered = || async {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM webhook_events")
            .fetch_one(&pool)
            .await
            .expect("counted")
    };
    assert_eq!(remembered().await, 0, "nothing of that was taken");

    assert_eq!(
        send(&installation, &good, &signature(&good, SECRET)).await,
        StatusCode::NO_CONTENT
    );
    let later = event("EV_later", "a_word_of_tomorrow", 0);
    assert_eq!(
        send(&installation, &later, &signature(&later, SECRET)).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(remembered().await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_abandoned_call_is_told_to_the_workers_once(pool: PgPool) {
    let installation = Installation::start_with(pool.clone(), &KEYS).await;
    let administrator = installation.administrator().await;
    let caller = installation.caller(&administrator).await;
    let campaign = installation.campaign(&caller).await;
    // A call whose worker has not renewed its lease.
    for (sql, bind_campaign) in [
        ("INSERT INTO leads (id, phone_number, name, email, status, campaign_id, created_at)
          VALUES ('01900000-0000-7000-8000-00000000000a', '+14155550123', '', '', 'calling', $1, now())", true),
        ("INSERT INTO conversations (id, lead_id, campaign_id, status, created_at)
          VALUES ('01900000-0000-7000-8000-000000000000', '01900000-0000-7000-8000-00000000000a', $1, 'live', now())", true),
        ("INSERT INTO workers (id, started_at, last_seen_at)
          VALUES ('01900000-0000-7000-8000-00000000000b', now(), now())", false),
        ("INSERT INTO leases (conversation_id, campaign_id, worker_id, expires_at)
          VALUES ('01900000-0000-7000-8000-000000000000', $1, '01900000-0000-7000-8000-00000000000b', now() - interval '1 s')", true),
    ] {
        let query = sqlx::query(sql);
        let query = if bind_campaign { query.bind(campaign.0) } else { query };
        query.execute(&pool).await.expect("written");
    }
    let mut listener = WorkerListener::start(&installation.ops.store).await.expect("listens");
    let left = event("EV_left", "participant_left", 0);
    for _ in 0..3 {
        assert_eq!(
            send(&installation, &left, &signature(&left, SECRET)).await,
            StatusCode::NO_CONTENT
        );
    }
    let told = |heard: Result<Heard, store::StoreError>| heard.expect("the database is there") == Heard::LostCalls;
    let first = tokio::time::timeout(Duration::from_secs(10), listener.next()).await;
    assert!(told(first.expect("told")));
    // The repeated ones say nothing: what comes next is the next event.
    let second = event("EV_finished", "room_finished", 0);
    send(&installation, &second, &signature(&second, SECRET)).await;
    let next = tokio::time::timeout(Duration::from_secs(10), listener.next()).await;
    assert!(told(next.expect("told")));
    let more = tokio::time::timeout(Duration::from_millis(300), listener.next()).await;
    assert!(more.is_err(), "a repeated event was acted upon");
}

#[sqlx::test(migrations = "../migrations")]
async fn without_livekit_there_is_no_such_route(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let good = event("EV_good", "participant_left", 0);
    let status = send(&installation, &good, &signature(&good, SECRET)).await;
    assert!(matches!(status.as_u16(), 404 | 405), "{status}");
}
