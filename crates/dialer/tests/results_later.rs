//! Results that could not be drawn when the call ended, on a real database.

#[path = "support/claims.rs"]
mod requests;
#[path = "support/stage.rs"]
mod stage;

use async_trait::async_trait;
use dialer::results_reader::ResultsReader;
use domain::{
    ConversationId,
    conversation::{Disposition, Speaker, TranscriptSegment},
    results::{ConversationResults, Drawn, DrawnValue, Evidence, Learned, MOST_TRIES, ResultsState},
};
use futures::stream::BoxStream;
use requests::{MORNING, claim, clock, ending, request};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use store::{
    PgPool, Store,
    calls::{self, EndedBy, Ending},
    conversations::{self, Details},
    result_jobs,
};
use voice::ports::{LanguageModel, Prompt, ReplyPart, ResultsQuestion, VoiceError};

/// Draws what it is told, after half a second.
struct Model {
    asked: AtomicU32,
    last: Mutex<Option<ResultsQuestion>>,
    answer: Result<Drawn, VoiceError>,
}

impl Model {
    fn new(answer: Result<Drawn, VoiceError>) -> Arc<Self> {
        Arc::new(Self {
            asked: AtomicU32::new(0),
            last: Mutex::default(),
            answer,
        })
    }

    fn down() -> Arc<Self> {
        Self::new(Err(VoiceError::Unavailable("it is down".to_owned())))
    }

    fn up() -> Arc<Self> {
        let fields = [
            ("preferred_day", "Friday", vec![1, 9]),
            ("interested", "maybe", vec![1]),
        ];
        let fields = fields.map(|(name, value, lines)| {
            let value = value.into();
            (name.to_owned(), DrawnValue { value, lines })
        });
        Self::new(Ok(Drawn {
            fields: fields.into(),
            summary: Some("They want\0 Friday.".to_owned()),
            summary_lines: vec![1],
            ..Drawn::default()
        }))
    }
}

#[async_trait]
impl LanguageModel for Model {
    async fn reply(&self, _: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError> {
        Err(VoiceError::Unavailable("nobody talks here".to_owned()))
    }

    async fn results(&self, question: ResultsQuestion) -> Result<Drawn, VoiceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        *self.last.lock().expect("unpoisoned") = Some(question);
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.answer.clone()
    }
}

fn reader(pool: &PgPool, model: &Arc<Model>) -> ResultsReader {
    ResultsReader {
        store: Store::from_pool(pool.clone()),
        model: Arc::clone(model) as Arc<dyn LanguageModel>,
    }
}

/// A call of which the results could not be drawn; the person said something in it, or not.
async fn call(pool: &PgPool, person_spoke: bool) -> ConversationId {
    let store = Store::from_pool(pool.clone());
    let campaign = stage::campaign(pool, &clock(), &stage::content("Later"), 0, 1).await;
    let worker = stage::worker(pool).await;
    let id = claim(pool, &request(campaign, worker)).await.calls[0].conversation_id;
    let stages = [domain::conversation::ConversationStatus::Live];
    for status in stages {
        calls::stage(&store, id, status, MORNING).await.expect("answered");
    }
    let speakers = [Speaker::Agent, Speaker::Person];
    for (speaker, position) in speakers.into_iter().zip(0..1 + u32::from(person_spoke)) {
        let segment = TranscriptSegment {
            position,
            speaker,
            text: "Friday is fine.".into(),
            start_ms: 1_000 * position,
            end_ms: 1_000 * position + 900,
            interrupted: false,
            at: MORNING,
        };
        calls::sentence(&store, campaign, id, segment).await.expect("written");
    }
    let evidence = Evidence {
        learned: Learned::DuringCall,
        lines: vec![1],
    };
    let noted = ConversationResults {
        fields: [("interested".to_owned(), true.into())].into(),
        evidence: [("interested".to_owned(), evidence)].into(),
        ..ConversationResults::default()
    };
    let end = Ending {
        results: noted,
        not_drawn: Some("The language model was too slow.".to_owned()),
        ..ending(id, EndedBy::Holder(worker), Disposition::Completed)
    };
    calls::end(&store, &end).await.expect("ended");
    id
}

async fn details(pool: &PgPool, id: ConversationId) -> Details {
    let mut conn = pool.acquire().await.expect("a connection");
    conversations::details(&mut conn, id).await.expect("a conversation")
}

async fn run(pool: &PgPool, sql: &'static str) {
    sqlx::query(sql).execute(pool).await.expect("done");
}

const DUE: &str = "UPDATE result_jobs SET due_at = now() - interval '1 second'";

#[sqlx::test(migrations = "../../migrations")]
async fn they_are_pending_then_drawn_over_what_was_noted(pool: PgPool) {
    let id = call(&pool, true).await;
    let before = details(&pool, id).await;
    assert!(
        matches!(&before.row.results_state, ResultsState::Pending { reason, .. } if reason.contains("too slow")),
        "{:?}",
        before.row.results_state
    );
    assert_eq!(before.results.summary, None, "nothing is invented");
    let model = Model::up();
    assert!(!reader(&pool, &model).read_next().await.expect("asked"), "not yet due");
    run(&pool, DUE).await;
    assert!(reader(&pool, &model).read_next().await.expect("drawn"));
    let after = details(&pool, id).await;
    assert_eq!(after.row.results_state, ResultsState::Drawn);
    assert_eq!(after.results.summary.as_deref(), Some("They want Friday."));
    assert_eq!(
        after.results.fields["interested"], true,
        "noted during the call, not overwritten by nonsense"
    );
    assert_eq!(after.results.evidence["interested"].learned, Learned::DuringCall);
    let friday = &after.results.evidence["preferred_day"];
    assert_eq!(
        (friday.learned, friday.lines.as_slice()),
        (Learned::AfterCall, &[1][..])
    );
    assert!(
        !reader(&pool, &model).read_next().await.expect("asked"),
        "there is nothing left"
    );
    let asked = model.last.lock().expect("unpoisoned").take().expect("asked");
    assert_eq!(asked.day.as_deref(), Some("Tuesday, 2026-11-24"));
    assert!(asked.unhurried && asked.transcript.len() == 2);
}

#[sqlx::test(migrations = "../../migrations")]
async fn tries_are_bounded_and_somebody_can_ask_again(pool: PgPool) {
    let id = call(&pool, true).await;
    let model = Model::down();
    let mut waits = Vec::new();
    for number in 1..=MOST_TRIES {
        run(&pool, DUE).await;
        assert!(reader(&pool, &model).read_next().await.expect("tried"), "{number}");
        let wait: i64 = sqlx::query_scalar("SELECT extract(epoch FROM due_at - now())::bigint FROM result_jobs")
            .fetch_one(&pool)
            .await
            .expect("a job");
        waits.push(wait);
    }
    assert!(waits[..5].windows(2).all(|two| two[0] < two[1]), "{waits:?}");
    run(&pool, DUE).await;
    assert!(
        !reader(&pool, &model).read_next().await.expect("asked"),
        "it was given up"
    );
    let failed = details(&pool, id).await;
    assert!(matches!(&failed.row.results_state, ResultsState::Failed { reason } if reason.contains("it is down")));
    assert_eq!(failed.results.summary, None);
    let mut conn = pool.acquire().await.expect("a connection");
    assert_eq!(
        result_jobs::counts(&mut conn, failed.row.campaign_id)
            .await
            .expect("counts"),
        (0, 1)
    );
    assert!(result_jobs::again(&mut conn, id).await.expect("asked again"));
    assert!(reader(&pool, &Model::up()).read_next().await.expect("drawn"));
    assert_eq!(details(&pool, id).await.row.results_state, ResultsState::Drawn);
    assert!(
        !result_jobs::again(&mut conn, id).await.expect("asked"),
        "they are there"
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn of_many_workers_one_draws_and_a_late_one_writes_nothing(pool: PgPool) {
    let id = call(&pool, true).await;
    run(&pool, DUE).await;
    let model = Model::up();
    let readers = [(); 4].map(|()| reader(&pool, &model));
    let drawn = futures::future::join_all(readers.iter().map(ResultsReader::read_next)).await;
    let worked = drawn.into_iter().filter(|worked| matches!(worked, Ok(true))).count();
    assert_eq!((worked, model.asked.load(Ordering::SeqCst)), (1, 1));
    let drawn = details(&pool, id).await.results;

    // Taken by one that dies, then by another; the first comes back.
    let mut conn = pool.acquire().await.expect("a connection");
    run(
        &pool,
        "INSERT INTO result_jobs (conversation_id, campaign_id, status, due_at, reason)
         SELECT id, campaign_id, 'pending', now(), '' FROM conversations",
    )
    .await;
    let lease = Duration::from_secs(60);
    let first = result_jobs::take(&mut conn, lease)
        .await
        .expect("asked")
        .expect("taken");
    assert!(result_jobs::take(&mut conn, lease).await.expect("asked").is_none());
    assert!(
        !result_jobs::again(&mut conn, id).await.expect("asked"),
        "it is being drawn"
    );
    run(
        &pool,
        "UPDATE result_jobs SET leased_until = now() - interval '1 second'",
    )
    .await;
    let second = result_jobs::take(&mut conn, lease)
        .await
        .expect("asked")
        .expect("taken");
    assert_eq!((first.number, second.number), (1, 2));
    let store = Store::from_pool(pool.clone());
    let late = result_jobs::drawn(&store, id, first.number, ConversationResults::default()).await;
    assert!(!late.expect("asked"));
    assert_eq!(
        result_jobs::not_drawn(&mut conn, id, first.number, "late")
            .await
            .expect("asked"),
        None
    );
    assert_eq!(details(&pool, id).await.results, drawn);

    // Whoever had the last try never came back.
    run(
        &pool,
        "UPDATE result_jobs SET tries = 6, leased_until = now() - interval '1 second'",
    )
    .await;
    assert!(result_jobs::take(&mut conn, lease).await.expect("asked").is_none());
    assert!(matches!(
        details(&pool, id).await.row.results_state,
        ResultsState::Failed { .. }
    ));
}

#[sqlx::test(migrations = "../../migrations")]
async fn of_a_call_without_a_word_of_the_person_nothing_is_drawn(pool: PgPool) {
    let id = call(&pool, false).await;
    assert_eq!(details(&pool, id).await.row.results_state, ResultsState::Drawn);
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM result_jobs").await, 0);
}
