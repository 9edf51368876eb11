//! Workers are killed at random moments, hundreds of times, while a campaign runs. Nobody may be lost and nobody may be
//! rung twice; the network's own ledger is the witness.
//!
//! The workers are processes of their own (`support/worker_process.rs`).

#![expect(clippy::expect_used, reason = "a test that fails may panic")]

#[path = "support/stage.rs"]
mod stage;
#[path = "support/worker_process.rs"]
mod worker_process;

use rehearsal::{
    Odds, Outcome, Persona, RehearsalConfig, RehearsalNetwork, Studio, StudioConfig,
    ledger::{self, NumberMark},
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use stage::WallClock;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use store::PgPool;
use tokio::process::Child;

const LEDGER: &str = "RINGSIDE_KILL_TEST_LEDGER";
const KILLS: u32 = 300;
/// More than can be called between the kills, so that each kill hits somebody at work.
const LEADS: usize = 2_500;
/// Calls of killed workers; lines that the network lost are another matter.
const LOST: &str = "SELECT count(*) FROM conversations WHERE status = 'lost' AND results ->> 'reason' LIKE '%died%'";
/// Changes which moments are hit.
const SEED: u64 = 0x5269_6e67;

/// People who take up little of a processor, on phones that ring fifty times as fast.
fn network(ledger: PathBuf) -> RehearsalNetwork {
    let studio = Studio::new(StudioConfig {
        cache: None,
        tones_only: true,
    });
    let config = RehearsalConfig {
        seed: SEED,
        speed: 50.0,
        ringing: Duration::from_secs(1)..=Duration::from_secs(5),
        lost_after: Duration::from_secs(1)..=Duration::from_secs(5),
        odds: Odds::new([
            (Outcome::Busy, 2),
            (Outcome::Unreachable, 1),
            (Outcome::Rejected, 1),
            (Outcome::NoAnswer, 2),
            (Outcome::Lost, 3),
            (Outcome::Person(Persona::HangsUp), 1),
        ]),
        ledger: Some(ledger),
        line_noise: false,
        ..RehearsalConfig::default()
    };
    RehearsalNetwork::new(config, studio, Arc::new(WallClock)).expect("a ledger")
}

/// What a killed process does. Not a test: without the environment of the other one it does nothing.
#[test]
#[ignore = "started by the test below"]
fn worker_process() {
    let Some(ledger) = std::env::var_os(LEDGER) else { return };
    worker_process::run(
        || Arc::new(network(PathBuf::from(ledger))),
        stage::voices(),
        |config| {
            // Calls of the dead count until their leases expire: they must not keep the living from calling.
            config.worker_concurrency = 10;
            config.leases.length = Duration::from_millis(1_200);
            config.leases.renewal = Duration::from_millis(300);
            config.leases.search = Duration::from_millis(150);
        },
    );
}

/// Starts a worker and waits until it begins to work.
async fn start(database: &str, ledger: &Path) -> Child {
    worker_process::start(database, &[(LEDGER, ledger.as_os_str())]).await
}

/// The next of a row of numbers that only looks random.
fn next(seed: &mut u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

/// Starts and kills workers, one after the other, until enough of them were killed.
async fn start_and_kill(database: &str, ledger: &Path, kills: &AtomicU32, mut seed: u64) {
    while kills.fetch_add(1, Ordering::Relaxed) < KILLS {
        let mut worker = start(database, ledger).await;
        // One half early, where claims and first dials are; the other at any time, in the midst of calls.
        let (early, one, other) = (
            next(&mut seed).is_multiple_of(2),
            next(&mut seed) % 25,
            next(&mut seed) % 25,
        );
        let micros = if early {
            (one * 25 + other) * 60
        } else {
            one * other * 1_000
        };
        tokio::time::sleep(Duration::from_micros(micros)).await;
        assert!(worker.try_wait().expect("asked").is_none(), "a worker ended by itself");
        worker.kill().await.expect("killed");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn killed_workers_lose_nobody_and_ring_nobody_twice(options: PgPoolOptions, connect: PgConnectOptions) {
    let pool: PgPool = options.connect_with(connect.clone()).await.expect("connected");
    let database = worker_process::database(&connect);
    let ledger = std::env::temp_dir().join(format!(
        "ringside-kill-{}.ledger",
        connect.get_database().expect("a name")
    ));
    let _ = std::fs::remove_file(&ledger);
    let content = domain::campaign::CampaignContent {
        ring_seconds: 15,
        ..stage::content("Kill")
    };
    stage::campaign(&pool, &WallClock, &content, 0, LEADS).await;

    let kills = AtomicU32::new(0);
    tokio::join!(
        start_and_kill(&database, &ledger, &kills, SEED),
        start_and_kill(&database, &ledger, &kills, !SEED),
    );
    let dialled_meanwhile = ledger::read(&ledger).expect("the ledger").len();
    let ended_meanwhile = stage::count(
        &pool,
        "SELECT count(*) FROM attempts WHERE disposition NOT IN ('lost', 'cancelled')",
    )
    .await;
    let lost_meanwhile = stage::count(&pool, LOST).await;

    // What is left is done by workers that live.
    let workers = [start(&database, &ledger).await, start(&database, &ledger).await];
    let patience = Instant::now() + Duration::from_secs(120);
    while stage::count(&pool, "SELECT count(*) FROM campaigns WHERE status = 'completed'").await == 0 {
        assert!(Instant::now() < patience, "the campaign does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for mut worker in workers {
        worker.kill().await.expect("killed");
    }

    let dialled = ledger::read(&ledger).expect("the ledger");
    let attempts: BTreeSet<_> = dialled.iter().map(|line| line.attempt).collect();
    assert_eq!(attempts.len(), dialled.len(), "an attempt was dialled twice");
    let mut rings: BTreeMap<NumberMark, u32> = BTreeMap::new();
    for line in &dialled {
        *rings.entry(line.number).or_default() += 1;
    }
    let leads: BTreeSet<NumberMark> = (0..LEADS).map(|index| NumberMark::of(&stage::number(index))).collect();
    let twice = rings.values().filter(|rings| **rings > 1).count();
    assert_eq!(twice, 0, "numbers were rung twice");
    assert!(
        rings.into_keys().eq(leads),
        "somebody was never rung, or somebody else was"
    );
    for (what, sql) in [
        (
            "leads without an end",
            "SELECT count(*) FROM leads WHERE status NOT IN ('done', 'failed')",
        ),
        ("waiting", "SELECT count(*) FROM lead_queue"),
        ("leases", "SELECT count(*) FROM leases"),
        (
            "open calls",
            "SELECT count(*) FROM conversations WHERE call_end_time IS NULL",
        ),
        (
            "leads with more than one call that counts",
            "SELECT count(*) FROM (SELECT lead_id FROM conversations WHERE status <> 'cancelled'
             GROUP BY lead_id HAVING count(*) <> 1) AS wrong",
        ),
    ] {
        assert_eq!(stage::count(&pool, sql).await, 0, "{what}");
    }
    // Everything the database calls dialled was dialled, and the other way round.
    let recorded: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM attempts WHERE disposition <> 'cancelled' ORDER BY id")
            .fetch_all(&pool)
            .await
            .expect("attempts");
    assert!(
        recorded.iter().copied().eq(attempts.iter().map(|id| id.0)),
        "ledger and database differ"
    );
    let lost = stage::count(&pool, LOST).await;
    let returned = stage::count(&pool, "SELECT count(*) FROM conversations WHERE status = 'cancelled'").await;
    assert!(
        lost > 0 && returned > 0 && ended_meanwhile > 0,
        "the kills hit too little or too much: {lost} lost, {returned} put back, {ended_meanwhile} ended by themselves"
    );
    assert!(
        (50..LEADS).contains(&dialled_meanwhile),
        "{dialled_meanwhile} dials while killing: too few, or nobody was left to call"
    );
    std::fs::remove_file(&ledger).expect("removed");
    let report = format!(
        "{KILLS} kills: {} dials, {dialled_meanwhile} of them while killing, when {ended_meanwhile} calls ended by \
         themselves and {lost_meanwhile} were found lost; in all {lost} lost, {returned} put back\n",
        dialled.len()
    );
    std::io::Write::write_all(&mut std::io::stderr(), report.as_bytes()).expect("written");
    pool.close().await;
}
