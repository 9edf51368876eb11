//! Server-sent events: resuming, and ending when the session does.

use crate::installation::Installation;
use futures::StreamExt;
use operations::settings;
use reqwest::Method;
use std::time::Duration;
use store::PgPool;

/// Reads until the text holds `wanted`, or the stream ends.
async fn read_until(answer: reqwest::Response, wanted: &str) -> String {
    let mut text = String::new();
    let mut bytes = answer.bytes_stream();
    let reading = async {
        while let Some(Ok(piece)) = bytes.next().await {
            text.push_str(&String::from_utf8_lossy(&piece));
            if text.contains(wanted) {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(10), reading).await;
    text
}

#[sqlx::test(migrations = "../migrations")]
async fn resumes_after_the_last_event_that_was_seen(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let cookie = installation.administrator().await;
    let caller = installation.caller(&cookie).await;
    let stream = installation.get("/events?topic=dashboard&after=0", Some(&cookie)).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert!(
        !stream.headers().contains_key("content-encoding"),
        "an event must not wait in a compressor"
    );
    settings::set_dialling_paused(&installation.ops, &caller, true)
        .await
        .expect("allowed");
    let first = read_until(stream, "\"paused\":true").await;
    let id = first
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .expect("an id")
        .to_owned();

    settings::set_dialling_paused(&installation.ops, &caller, false)
        .await
        .expect("allowed");
    let resumed = installation
        .request(Method::GET, "/events?topic=dashboard", Some(&cookie))
        .header("last-event-id", id)
        .send()
        .await
        .expect("an answer");
    let second = read_until(resumed, "\"paused\":false").await;
    assert!(second.contains("\"paused\":false"), "{second}");
    assert!(
        !second.contains("\"paused\":true"),
        "seen events must not come again: {second}"
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn closes_when_the_server_stops(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let cookie = installation.administrator().await;
    let stream = installation.get("/events?topic=dashboard", Some(&cookie)).await;
    installation.stopping.closing.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.bytes()).await;
    assert!(ended.is_ok(), "the stream goes on");
}
