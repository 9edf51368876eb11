//! Whole workers on a real database, with a small telephone network.

#[path = "support/stage.rs"]
mod stage;

use async_trait::async_trait;
use dialer::{Dialer, DialerConfig};
use domain::{ConversationId, Personal, UserId, call_command::CallCommand, campaign::CampaignContent};
use futures::stream::BoxStream;
use stage::{AlwaysNoon, Play, SmallNetwork, TestChance, WallClock};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use store::{PgPool, Store};
use telephony::Frame;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use vault::{Archive, Key, KeyRing};
use voice::ports::{TextToSpeech, VoiceError, Voices};

fn ledger(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("ringside-running-{}-{name}.ledger", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

async fn dialer(pool: &PgPool, network: &Arc<SmallNetwork>, change: impl FnOnce(&mut DialerConfig)) -> Dialer {
    dialer_with(pool, network, stage::voices(), change).await
}

async fn dialer_with(
    pool: &PgPool,
    network: &Arc<SmallNetwork>,
    voices: Voices,
    change: impl FnOnce(&mut DialerConfig),
) -> Dialer {
    let mut config = DialerConfig::new(stage::worker(pool).await, 100, None);
    config.leases.search = Duration::from_millis(100);
    change(&mut config);
    Dialer::new(
        config,
        Store::from_pool(pool.clone()),
        Arc::clone(network) as Arc<dyn telephony::TelephoneNetwork>,
        voices,
        Arc::new(WallClock),
        Arc::new(TestChance::default()),
        Arc::new(AlwaysNoon),
    )
}

/// Waits until a query answers at least `wanted`.
async fn until(pool: &PgPool, sql: &'static str, wanted: i64) {
    let patience = Instant::now() + Duration::from_secs(40);
    while stage::count(pool, sql).await < wanted {
        assert!(Instant::now() < patience, "{sql} does not become {wanted}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

const COMPLETED: &str = "SELECT count(*) FROM campaigns WHERE status = 'completed'";
const LIVE: &str = "SELECT count(*) FROM conversations WHERE status = 'live'";

#[sqlx::test(migrations = "../../migrations")]
async fn two_workers_finish_two_campaigns_within_their_limits(pool: PgPool) {
    let content = CampaignContent {
        max_concurrent_calls: 4,
        ..stage::content("Narrow")
    };
    stage::campaign(&pool, &WallClock, &content, 0, 30).await;
    stage::campaign(&pool, &WallClock, &content, 100, 30).await;
    let path = ledger("finish");
    let network = Arc::new(SmallNetwork::new(path.clone(), Duration::from_millis(3), |number| {
        if number.e164().ends_with('0') {
            Play::HangsUp(5)
        } else {
            Play::Busy
        }
    }));
    let stop = CancellationToken::new();
    let workers = [
        dialer(&pool, &network, |_| ()).await,
        dialer(&pool, &network, |_| ()).await,
    ];
    let workers = workers.map(|worker| tokio::spawn(worker.run(stop.clone())));
    until(&pool, COMPLETED, 2).await;
    stop.cancel();
    for worker in workers {
        worker.await.expect("ends");
    }
    assert!(network.most_in_use.load(Ordering::SeqCst) <= 8);
    assert_eq!(SmallNetwork::dialled(&path).len(), 60);
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM conversations WHERE status = 'busy'").await,
        54
    );
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM leases").await, 0);
    let numbered = "SELECT leads FROM lead_counts WHERE status = 'failed' ORDER BY leads LIMIT 1";
    assert_eq!(stage::count(&pool, numbered).await, 27);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_network_that_is_down_costs_no_lead(pool: PgPool) {
    stage::campaign(&pool, &WallClock, &stage::content("Down"), 0, 3).await;
    let path = ledger("down");
    let network = Arc::new(SmallNetwork::new(path.clone(), Duration::from_millis(3), |_| {
        Play::Busy
    }));
    network.down.store(true, Ordering::Relaxed);
    let stop = CancellationToken::new();
    let worker = AbortOnDropHandle::new(tokio::spawn(dialer(&pool, &network, |_| ()).await.run(stop.clone())));
    until(
        &pool,
        "SELECT count(*) FROM conversations WHERE status = 'cancelled'",
        3,
    )
    .await;
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM lead_queue WHERE attempts = 0").await,
        3
    );
    network.down.store(false, Ordering::Relaxed);
    until(&pool, COMPLETED, 1).await;
    assert_eq!(SmallNetwork::dialled(&path).len(), 3);
    stop.cancel();
    worker.await.expect("ends");
}

/// A voice that stops working after it was looked at `fine` times, until it is mended.
struct FailingVoice {
    fine: AtomicUsize,
    mended: AtomicBool,
}

#[async_trait]
impl TextToSpeech for FailingVoice {
    async fn speak(
        &self,
        text: &Personal,
        language: &str,
    ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
        stage::CheapVoices.speak(text, language).await
    }

    fn trouble(&self) -> Option<String> {
        let less = |left: usize| left.checked_sub(1);
        let fine = self.fine.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
        (!fine && !self.mended.load(Ordering::SeqCst)).then(|| "It is hoarse.".to_owned())
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn nobody_is_called_by_an_agent_that_cannot_speak(pool: PgPool) {
    stage::campaign(&pool, &WallClock, &stage::content("Hoarse"), 0, 3).await;
    let path = ledger("hoarse");
    let network = Arc::new(SmallNetwork::new(path.clone(), Duration::from_millis(3), |_| {
        Play::Busy
    }));
    // Fine when leads are claimed, and not when they are to be dialled.
    let voice = Arc::new(FailingVoice {
        fine: AtomicUsize::new(1),
        mended: AtomicBool::new(false),
    });
    let voices = Voices {
        text_to_speech: Arc::clone(&voice) as Arc<dyn TextToSpeech>,
        look_ups: Arc::new(voice::ports::NoLookUps),
        ..stage::voices()
    };
    let stop = CancellationToken::new();
    let dialer = dialer_with(&pool, &network, voices, |_| ()).await;
    let worker = AbortOnDropHandle::new(tokio::spawn(dialer.run(stop.clone())));
    until(
        &pool,
        "SELECT count(*) FROM conversations WHERE status = 'cancelled'",
        3,
    )
    .await;
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM lead_queue WHERE attempts = 0").await,
        3,
        "it was no try"
    );
    // The leads are due again, and still nobody is called.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM conversations").await, 3);
    assert!(SmallNetwork::dialled(&path).is_empty());
    voice.mended.store(true, Ordering::SeqCst);
    until(&pool, COMPLETED, 1).await;
    assert_eq!(SmallNetwork::dialled(&path).len(), 3);
    stop.cancel();
    worker.await.expect("ends");
}

#[sqlx::test(migrations = "../../migrations")]
async fn commands_reach_their_call_and_draining_ends_what_is_left(pool: PgPool) {
    stage::campaign(&pool, &WallClock, &stage::content("Live"), 0, 2).await;
    let network = Arc::new(SmallNetwork::new(ledger("commands"), Duration::from_millis(20), |_| {
        Play::Stays
    }));
    let stop = CancellationToken::new();
    let worker = dialer(&pool, &network, |config| {
        config.drain = Duration::from_millis(200);
    });
    let worker = AbortOnDropHandle::new(tokio::spawn(worker.await.run(stop.clone())));
    until(&pool, LIVE, 2).await;
    let first: uuid::Uuid = sqlx::query_scalar("SELECT id FROM conversations ORDER BY id LIMIT 1")
        .fetch_one(&pool)
        .await
        .expect("a call");
    let mia: uuid::Uuid = sqlx::query_scalar("SELECT id FROM users")
        .fetch_one(&pool)
        .await
        .expect("a user");
    let store = Store::from_pool(pool.clone());
    let mut transaction = store.begin().await.expect("a transaction");
    let at = domain::Clock::now(&WallClock);
    let left = store::call_commands::leave(
        &mut transaction,
        at,
        UserId(mia),
        ConversationId(first),
        &CallCommand::End,
    )
    .await;
    assert!(left.expect("left"));
    transaction.commit().await.expect("committed");
    until(
        &pool,
        "SELECT count(*) FROM conversations WHERE status = 'ended_by_supervisor'",
        1,
    )
    .await;
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(15), worker)
        .await
        .expect("in time")
        .expect("ends");
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM conversations WHERE call_end_time IS NULL").await,
        0
    );
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM leases").await, 0);
    assert_eq!(network.in_use.load(Ordering::SeqCst), 0);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_call_whose_lease_is_gone_ends_at_once(pool: PgPool) {
    stage::campaign(&pool, &WallClock, &stage::content("Gone"), 0, 1).await;
    let network = Arc::new(SmallNetwork::new(ledger("gone"), Duration::from_millis(20), |_| {
        Play::Stays
    }));
    let stop = CancellationToken::new();
    let worker = dialer(&pool, &network, |config| {
        config.leases.renewal = Duration::from_millis(100);
    });
    let worker = AbortOnDropHandle::new(tokio::spawn(worker.await.run(stop.clone())));
    until(&pool, LIVE, 1).await;
    sqlx::query("DELETE FROM leases")
        .execute(&pool)
        .await
        .expect("taken away");
    let patience = Instant::now() + Duration::from_secs(5);
    while network.in_use.load(Ordering::SeqCst) > 0 {
        assert!(Instant::now() < patience, "the call goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It was taken away, so it is not this worker's to close.
    assert_eq!(stage::count(&pool, LIVE).await, 1);
    stop.cancel();
    worker.await.expect("ends");
}

/// A worker in a runtime of its own, which can be made to vanish as a killed process does: nothing of it runs any more,
/// and its connections to the database are closed.
struct Mortal(tokio::runtime::Runtime);

impl Mortal {
    async fn start(pool: &PgPool, network: &Arc<SmallNetwork>, recordings: Option<Archive>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let (options, network) = (pool.connect_options(), Arc::clone(network));
        let started = runtime.spawn(async move {
            let own = sqlx::postgres::PgPoolOptions::new().connect_lazy_with((*options).clone());
            let worker = dialer(&own, &network, |config| config.recordings = recordings).await;
            tokio::spawn(worker.run(CancellationToken::new()));
        });
        started.await.expect("started");
        Self(runtime)
    }

    fn die(self) {
        self.0.shutdown_background();
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_call_goes_on_with_another_worker_and_is_ended_by_it(pool: PgPool) {
    stage::campaign(&pool, &WallClock, &stage::content("Goes on"), 0, 3).await;
    let path = ledger("goes-on");
    let mut network = SmallNetwork::new(path.clone(), Duration::from_millis(20), |_| Play::Stays);
    network.survivors = Some(100);
    let network = Arc::new(network);
    let first = Mortal::start(&pool, &network, None).await;
    until(
        &pool,
        "SELECT count(DISTINCT conversation_id) FROM transcript_segments",
        3,
    )
    .await;
    let said = stage::count(&pool, "SELECT count(*) FROM transcript_segments").await;
    let stop = CancellationToken::new();
    // Two find them at the same time.
    let others = [
        dialer(&pool, &network, |_| ()).await,
        dialer(&pool, &network, |_| ()).await,
    ];
    let others = others.map(|other| AbortOnDropHandle::new(tokio::spawn(other.run(stop.clone()))));
    first.die();
    until(&pool, "SELECT count(*) FROM conversations WHERE status = 'hung_up'", 3).await;
    let bridged = "SELECT count(*) FROM transcript_segments WHERE text = 'Sorry, we were cut off for a moment.'";
    assert_eq!(stage::count(&pool, bridged).await, 3);
    assert!(stage::count(&pool, "SELECT count(*) FROM transcript_segments").await >= said + 3);
    assert_eq!(SmallNetwork::dialled(&path).len(), 3, "nobody is rung again");
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM leases").await, 0);
    assert_eq!(
        network.ended_as_orphans.load(Ordering::SeqCst),
        0,
        "nobody hangs up on whoever goes on"
    );
    stop.cancel();
    for other in others {
        other.await.expect("ends");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_call_that_nobody_is_in_any_more_is_closed_as_lost(pool: PgPool) {
    stage::campaign(&pool, &WallClock, &stage::content("Alone"), 0, 1).await;
    let network = Arc::new(SmallNetwork::new(ledger("alone"), Duration::from_millis(20), |_| {
        Play::Stays
    }));
    let folder = std::env::temp_dir().join(format!("ringside-left-behind-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let keys = KeyRing::new(Some(Key::new(&[7; 32])), Vec::new());
    let archive = Archive::new(&folder, keys).expect("a folder");
    let first = Mortal::start(&pool, &network, Some(archive.clone())).await;
    until(&pool, LIVE, 1).await;
    let call: uuid::Uuid = sqlx::query_scalar("SELECT id FROM conversations")
        .fetch_one(&pool)
        .await
        .expect("a call");
    let patience = Instant::now() + Duration::from_secs(20);
    // The head alone is shorter.
    while archive
        .left_behind(&format!("{call}.sealed"))
        .expect("readable")
        .is_none_or(|written| written.contents.len() < 500)
    {
        assert!(Instant::now() < patience, "nothing is recorded");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    first.die();
    let stop = CancellationToken::new();
    let second = dialer(&pool, &network, |config| config.recordings = Some(archive.clone())).await;
    let second = AbortOnDropHandle::new(tokio::spawn(second.run(stop.clone())));
    until(&pool, "SELECT count(*) FROM conversations WHERE status = 'lost'", 1).await;
    // What was recorded before is not lost with it.
    assert_eq!(
        stage::count(
            &pool,
            "SELECT count(*) FROM recordings
             WHERE duration_ms >= 1000 AND bytes > 0 AND key_id IS NOT NULL AND file_name LIKE '%.sealed'"
        )
        .await,
        1
    );
    stop.cancel();
    second.await.expect("ends");
    std::fs::remove_dir_all(&folder).expect("there");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_call_that_goes_on_is_recorded_in_a_further_file(pool: PgPool) {
    let content = CampaignContent {
        recording: domain::recording::RecordingRule::Always,
        ..stage::content("Goes on")
    };
    stage::campaign(&pool, &WallClock, &content, 0, 1).await;
    let mut network = SmallNetwork::new(ledger("recorded-on"), Duration::from_millis(20), |_| Play::Stays);
    network.survivors = Some(150);
    let network = Arc::new(network);
    let folder = std::env::temp_dir().join(format!("ringside-recorded-on-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let keys = KeyRing::new(Some(Key::new(&[7; 32])), Vec::new());
    let archive = Archive::new(&folder, keys).expect("a folder");
    let first = Mortal::start(&pool, &network, Some(archive.clone())).await;
    until(&pool, "SELECT count(*) FROM leases WHERE recording_began", 1).await;
    // Two seconds, of which one is on the disk for certain.
    until(&pool, "SELECT count(*) FROM transcript_segments", 1).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    first.die();
    let stop = CancellationToken::new();
    let second = dialer(&pool, &network, |config| config.recordings = Some(archive.clone())).await;
    let second = AbortOnDropHandle::new(tokio::spawn(second.run(stop.clone())));
    until(&pool, "SELECT count(*) FROM conversations WHERE status = 'hung_up'", 1).await;
    let parts: Vec<(i64, i64, String)> = sqlx::query_as(
        "SELECT starts_ms, duration_ms, file_name FROM recordings WHERE key_id IS NOT NULL ORDER BY starts_ms",
    )
    .fetch_all(&pool)
    .await
    .expect("parts");
    let [(0, before, first_name), (goes_on, after, second_name)] = &parts[..] else {
        panic!("two parts: {parts:?}");
    };
    assert!(*before >= 1_000 && *after >= 2_500, "{parts:?}");
    assert!(goes_on >= before, "the second begins after the first");
    assert!(
        second_name.contains(&format!(".{goes_on}.")) && second_name != first_name,
        "{parts:?}"
    );
    assert_eq!(archive.names_here().expect("readable").len(), 2);
    stop.cancel();
    second.await.expect("ends");
    std::fs::remove_dir_all(&folder).expect("there");
}
