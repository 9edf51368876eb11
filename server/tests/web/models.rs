//! A campaign with a language model behind OpenAI's interface: while the service refuses, nobody is called and the pages say
//! why; when it works, it holds the calls, and their turns are measured.

use crate::installation::Installation;
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use domain::{campaign::CampaignCommand, views::NewLead};
use operations::{campaigns, leads};
use serde_json::{Value, json};
use server::{composition, trouble_watch};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store::PgPool;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

const KEY: &str = "sk-hunter2";

async fn complete(State(works): State<Arc<AtomicBool>>, Json(request): Json<Value>) -> Response {
    if !works.load(Ordering::SeqCst) {
        return (StatusCode::UNAUTHORIZED, KEY).into_response();
    }
    if request["stream"] != true {
        let results = json!({ "fields": {}, "summary": "A pelican was mentioned.", "call_back": null });
        return Json(json!({ "choices": [{ "message": { "content": results.to_string() } }] })).into_response();
    }
    let tool = json!({ "index": 0, "id": "a", "function": { "name": "end_call", "arguments": "{}" } });
    let delta = json!({ "content": "We sell pelicans. Goodbye.", "tool_calls": [tool] });
    let chunk = json!({ "choices": [{ "delta": delta, "finish_reason": "stop" }] });
    (
        [(header::CONTENT_TYPE, "text/event-stream")],
        format!("data: {chunk}\n\ndata: [DONE]\n\n"),
    )
        .into_response()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_service_that_refuses_stops_calls_and_one_that_works_holds_them(pool: PgPool) {
    let works = Arc::new(AtomicBool::new(false));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let router = Router::new()
        .route("/v1/chat/completions", post(complete))
        .with_state(Arc::clone(&works));
    let _serving = AbortOnDropHandle::new(tokio::spawn(async move { axum::serve(listener, router).await }));
    let installation = Installation::start_with(
        pool,
        &[
            ("OPENAI_CHAT_BASE_URL", &format!("http://{address}/v1")),
            ("OPENAI_CHAT_API_KEY", KEY),
            ("OPENAI_CHAT_MODEL", "pelican-1"),
            ("RINGSIDE_REHEARSAL_SPEED", "20"),
            ("RINGSIDE_REHEARSAL_ODDS", "interested:1"),
            ("RINGSIDE_REHEARSAL_RINGING", "0.1-0.2"),
        ],
    )
    .await;
    let cookie = installation.administrator().await;
    let caller = installation.caller(&cookie).await;
    let campaign = installation.campaign(&caller).await;
    let lead = NewLead {
        name: "Ada".to_owned(),
        phone_number: "+12125550131".to_owned(),
        email: String::new(),
        variables: [("first_name".to_owned(), "Ada".to_owned())].into(),
    };
    leads::add(&installation.ops, &caller, campaign, lead)
        .await
        .expect("a valid lead");
    campaigns::command(&installation.ops, &caller, campaign, CampaignCommand::Start)
        .await
        .expect("it can start");

    let look = || trouble_watch::look_at_voices(&installation.adapters.voices, &installation.ops.voices_trouble);
    look().await;
    let stop = CancellationToken::new();
    let dialer = composition::dialer(&installation.configuration, &installation.ops, &installation.adapters);
    let dialling = tokio::spawn(dialer.run(stop.clone()));
    let page = installation
        .get("/settings", Some(&cookie))
        .await
        .text()
        .await
        .expect("a page");
    assert!(
        page.contains("the language model cannot be used, it refuses the key"),
        "{page}"
    );
    assert!(page.contains("pelican-1 at 127.0.0.1") && !page.contains(KEY));
    let health = installation
        .get("/health/ready", None)
        .await
        .text()
        .await
        .expect("a body");
    assert!(health.contains("refuses the key") && !health.contains(KEY), "{health}");

    // Longer than the dialer waits between two looks.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let calls = || async {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM conversations")
            .fetch_one(installation.ops.store.pool())
            .await
            .expect("the database is there")
    };
    assert_eq!(calls().await, 0, "nobody is called");
    works.store(true, Ordering::SeqCst);
    let said = "SELECT count(*) FROM transcript_segments WHERE text = 'We sell pelicans.'";
    let mut heard: i64 = 0;
    for _ in 0..300 {
        look().await;
        heard = sqlx::query_scalar(said)
            .fetch_one(installation.ops.store.pool())
            .await
            .expect("the database is there");
        let ended = installation.ops.voices_trouble.get().is_none() && heard > 0;
        if ended {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(heard, 1, "the model's words were said");
    let summary = "SELECT count(*) FROM conversations WHERE results ->> 'summary' = 'A pelican was mentioned.'";
    let mut drawn: i64 = 0;
    for _ in 0..300 {
        drawn = sqlx::query_scalar(summary)
            .fetch_one(installation.ops.store.pool())
            .await
            .expect("the database is there");
        if drawn > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(drawn, 1, "the model's results were written down");
    let metrics = installation.get("/metrics", None).await.text().await.expect("a body");
    for part in ["endpointing", "transcription", "first_words", "first_sound", "response"] {
        assert!(metrics.contains(&format!("turn_{part}_seconds")), "{part}\n{metrics}");
    }
    stop.cancel();
    let _ = tokio::time::timeout(Duration::from_secs(60), dialling).await;
}
