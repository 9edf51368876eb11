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

const CALLERS_ROOM: &str = "ringside-inbound_+14155550123_x7";

/// A phone comes in, or goes.
fn phone(id: &str, event: &str, room: &str, attributes: &str) -> String {
    let now = server::ambient::SystemClock.now().0 / 1_000;
    format!(
        r#"{{"event":"{event}","room":{{"name":"{room}"}},"id":"{id}","createdAt":"{now}",
            "participant":{{"identity":"sip_+14155550123","kind":"SIP","attributes":{attributes}}}}}"#
    )
}

#[sqlx::test(migrations = "../migrations")]
async fn somebody_who_calls_waits_once_whatever_is_told_and_by_whom(pool: PgPool) {
    let installation = Installation::start_with(pool.clone(), &KEYS).await;
    let rule = r#"{"sip.ruleID":"SDR_1","sip.phoneNumber":"+14155550123"}"#;
    let long = format!(
        r#"{{"sip.ruleID":"SDR_1","sip.phoneNumber":"+{}"}}"#,
        "9".repeat(60_000)
    );
    let told = async |body: String| send(&installation, &body, &signature(&body, SECRET)).await;
    let waiting = || async {
        sqlx::query_as::<_, (String, Option<String>)>("SELECT status, phone_number FROM inbound_calls ORDER BY room")
            .fetch_all(&pool)
            .await
            .expect("read")
    };
    // The room of a call of ours, another's room, and a phone that was dialled into a room.
    for (id, room, attributes) in [
        ("EV_1", format!("call-{ID}"), rule),
        ("EV_2", "meeting".to_owned(), rule),
        ("EV_3", CALLERS_ROOM.to_owned(), r#"{"sip.phoneNumber":"+14155550123"}"#),
        ("EV_4", format!("ringside-inbound_{}", "9".repeat(300)), rule),
    ] {
        let body = phone(id, "participant_joined", &room, attributes);
        assert_eq!(told(body).await, StatusCode::NO_CONTENT, "{id}");
    }
    assert_eq!(waiting().await, []);
    let forged = phone("EV_5", "participant_joined", CALLERS_ROOM, rule);
    let by_somebody_else = signature(&forged, "another secret of thirty-two characters");
    assert_eq!(
        send(&installation, &forged, &by_somebody_else).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(waiting().await, []);

    // The same event again, and another one about the same room.
    for id in ["EV_6", "EV_6", "EV_7"] {
        let body = phone(id, "participant_joined", CALLERS_ROOM, rule);
        assert_eq!(told(body).await, StatusCode::NO_CONTENT);
    }
    let theirs = ("waiting".to_owned(), Some("+14155550123".to_owned()));
    assert_eq!(waiting().await, [theirs]);
    let other = "ringside-inbound_anonymous_y8";
    told(phone("EV_8", "participant_joined", other, &long)).await;
    assert_eq!(
        waiting().await[1],
        ("waiting".to_owned(), None),
        "nonsense is no number"
    );

    told(phone("EV_9", "participant_left", CALLERS_ROOM, rule)).await;
    let gone = ("missed".to_owned(), Some("+14155550123".to_owned()));
    assert_eq!(waiting().await[0], gone);
    // A late repetition of their coming brings nobody back.
    told(phone("EV_10", "participant_joined", CALLERS_ROOM, rule)).await;
    assert_eq!(waiting().await[0], gone);
}
