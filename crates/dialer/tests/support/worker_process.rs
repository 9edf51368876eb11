//! Workers in processes of their own, to be killed: the test binary itself, started again to run only its ignored test
//! `worker_process`.

use crate::stage::{AlwaysNoon, TestChance, WallClock};
use dialer::{Dialer, DialerConfig};
use domain::WorkerId;
use sqlx::postgres::PgConnectOptions;
use std::{ffi::OsStr, process::Stdio, sync::Arc};
use store::Store;
use telephony::TelephoneNetwork;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;
use voice::ports::Voices;

const DATABASE: &str = "RINGSIDE_TEST_WORKER_DATABASE";
const READY: &str = "the worker begins";

/// Where the database of a test is, for another process.
pub(crate) fn database(connect: &PgConnectOptions) -> String {
    let url = std::env::var("DATABASE_URL").expect("set for tests");
    let (server, _) = url.rsplit_once('/').expect("a path");
    format!("{server}/{}", connect.get_database().expect("a name"))
}

/// Starts a worker and waits until it begins to work.
pub(crate) async fn start(database: &str, variables: &[(&str, &OsStr)]) -> Child {
    let mut worker = Command::new(std::env::current_exe().expect("this binary"))
        .args(["worker_process", "--exact", "--ignored", "--nocapture"])
        .env(DATABASE, database)
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        // Why one cannot begin; of those that are killed nothing comes.
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .expect("a worker");
    let mut said = BufReader::new(worker.stdout.take().expect("piped")).lines();
    while let Some(line) = said.next_line().await.expect("read") {
        if line.contains(READY) {
            return worker;
        }
    }
    panic!("a worker ended before it began");
}

/// What the process does, in `worker_process`, until it is killed. Nothing at all if no test started it.
pub(crate) fn run(
    network: impl FnOnce() -> Arc<dyn TelephoneNetwork>,
    voices: Voices,
    change: impl FnOnce(&mut DialerConfig),
) {
    let Ok(database) = std::env::var(DATABASE) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async move {
        let options: PgConnectOptions = database.parse().expect("a database");
        let store = Store::connect(options, 6).await.expect("connected");
        let clock = WallClock;
        let chance = TestChance::default();
        let worker_id = WorkerId(domain::new_id(domain::Clock::now(&clock), &chance));
        let mut config = DialerConfig::new(worker_id, 1_000, None);
        change(&mut config);
        let dialer = Dialer::new(
            config,
            store,
            network(),
            voices,
            Arc::new(clock),
            Arc::new(chance),
            Arc::new(AlwaysNoon),
        );
        std::io::Write::write_all(&mut std::io::stdout(), format!("{READY}\n").as_bytes()).expect("said");
        dialer.run(CancellationToken::new()).await;
    });
}
