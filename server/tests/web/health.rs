//! Health and metrics.

use crate::installation::Installation;
use reqwest::{Method, StatusCode};
use store::PgPool;

#[sqlx::test(migrations = "../migrations")]
async fn ready_until_told_to_stop(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let ready = installation.get("/health/ready", None).await;
    assert_eq!(ready.status(), StatusCode::OK);
    installation.stopping.asked.cancel();
    let ready = installation.get("/health/ready", None).await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let told: serde_json::Value = serde_json::from_str(&ready.text().await.expect("a body")).expect("JSON");
    assert_eq!(told["stopping"], true);
    assert_eq!(told["database"], true);
    assert_eq!(installation.get("/health/live", None).await.status(), StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_worker_tells_its_health_and_nothing_else(pool: PgPool) {
    let worker = Installation::start_worker(pool).await;
    for (path, status) in [
        ("/health/live", StatusCode::OK),
        ("/health/ready", StatusCode::OK),
        ("/metrics", StatusCode::OK),
        ("/", StatusCode::NOT_FOUND),
        ("/sign-in", StatusCode::NOT_FOUND),
        ("/api/campaigns/list", StatusCode::NOT_FOUND),
        ("/events", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(worker.get(path, None).await.status(), status, "{path}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn not_ready_without_a_database(pool: PgPool) {
    let installation = Installation::start(pool.clone()).await;
    pool.close().await;
    assert_eq!(
        installation.get("/health/ready", None).await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(installation.get("/health/live", None).await.status(), StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn metrics_are_for_this_machine_or_the_bearer_of_the_token(pool: PgPool) {
    let installation = Installation::start(pool.clone()).await;
    let _ = installation.get("/health/live", None).await;
    for number in 0..3 {
        let method = Method::from_bytes(format!("MADEUP{number}").as_bytes()).expect("letters");
        let _ = installation.request(method, "/nowhere", None).send().await;
    }
    let answer = installation.get("/metrics", None).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let text = answer.text().await.expect("a body");
    assert!(text.contains("ringside_http_requests_total{"), "{text}");
    assert!(
        text.contains("method=\"other\"") && !text.contains("MADEUP"),
        "strangers must not choose labels: {text}"
    );
    let forwarded = installation
        .request(Method::GET, "/metrics", None)
        .header("x-forwarded-for", "203.0.113.9");
    assert_eq!(
        forwarded.send().await.expect("an answer").status(),
        StatusCode::UNAUTHORIZED
    );

    let token = "a token of some length";
    let guarded = Installation::start_with(pool, &[("RINGSIDE_METRICS_TOKEN", token)]).await;
    assert_eq!(guarded.get("/metrics", None).await.status(), StatusCode::UNAUTHORIZED);
    let bearer = guarded
        .request(Method::GET, "/metrics", None)
        .header("authorization", format!("Bearer {token}"));
    assert_eq!(bearer.send().await.expect("an answer").status(), StatusCode::OK);
}
