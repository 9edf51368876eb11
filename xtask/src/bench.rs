//! Figures, each made in one run with what it is compared to. They tell about the machine they were made on: quote them
//! with it.

mod livekit;

use crate::{
    build,
    postgres::TestPostgres,
    shell::{Outcome, command, exists, output, root, run, say, target},
    test,
};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

/// What can be measured.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Bench {
    /// Leads claimed and completed per second, beside pg-boss on the same database
    Claims,
    /// CPU and memory of a rehearsal call, at 10, 50 and 100 calls at once
    Calls,
    /// CPU, memory and delays of calls through a real livekit-server, at 1, 4, 8 and 16 calls at once
    Livekit,
    /// Commit of an event to its arrival at 1,000 viewers
    Events,
    /// What the agent takes for a person, a voicemail, a menu, call screening, a fax, noise or a network, and how soon
    Answers,
    /// Size of WASM and first page over the wire, time to interactive and fluidity in Chromium
    Web,
}

/// Runs one of them, or all.
pub(crate) fn bench(which: Option<Bench>) -> Outcome {
    machine();
    let all = [
        Bench::Claims,
        Bench::Calls,
        Bench::Livekit,
        Bench::Events,
        Bench::Answers,
        Bench::Web,
    ];
    for bench in all
        .into_iter()
        .filter(|bench| which.is_none_or(|which| which as u8 == *bench as u8))
    {
        match bench {
            Bench::Claims => claims()?,
            Bench::Calls => calls()?,
            Bench::Livekit => livekit::bench()?,
            Bench::Events => events()?,
            Bench::Answers => answers()?,
            Bench::Web => web()?,
        }
    }
    Ok(())
}

fn machine() {
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find(|line| line.starts_with("model name"))
        .unwrap_or("model name: unknown")
        .to_owned();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    say(&format!(
        "machine: {cores} cores, {}",
        model.split(':').nth(1).unwrap_or("").trim()
    ));
}

/// An optimised example of one of our crates.
fn example(package: &str, name: &str) -> Outcome<PathBuf> {
    let mut cargo = command(
        "cargo",
        &["build", "--release", "--package", package, "--example", name],
    );
    cargo.env("SQLX_OFFLINE", "true");
    run(cargo)?;
    Ok(target().join("release/examples").join(name))
}

fn program(path: &Path, arguments: &[&str]) -> std::process::Command {
    command(&path.to_string_lossy(), arguments)
}

fn claims() -> Outcome {
    const LEADS: &str = "10000";
    let server = build::server(true)?;
    let ours = example("dialer", "claim_bench")?;
    let postgres = TestPostgres::start(&server)?;
    let folder = root().join("xtask/bench");
    if !exists("npm") {
        return Err("Node is needed for the peer, pg-boss".to_owned());
    }
    let mut install = command("npm", &["ci", "--no-audit", "--no-fund", "--silent"]);
    install.current_dir(&folder);
    run(install)?;
    say("claims: leads claimed and completed per second, gate inside the transaction");
    for round in 1..=3 {
        let mut bench = program(&ours, &[LEADS]);
        bench.env("DATABASE_URL", &postgres.url);
        say(&format!("  round {round}  ringside  {}", output(bench)?.trim()));
        let mut peer = command("node", &["pg_boss.mjs", &postgres.url, LEADS, "50", "4"]);
        peer.current_dir(&folder);
        say(&format!("  round {round}  pg-boss   {}", output(peer)?.trim()));
    }
    Ok(())
}

fn calls() -> Outcome {
    let load = example("server", "call_load")?;
    say("calls: CPU and memory of a rehearsal call, simulated person and recording included, 30 s each");
    for calls in ["10", "50", "100"] {
        say(&format!("  {}", output(program(&load, &[calls, "30"]))?.trim()));
    }
    Ok(())
}

fn events() -> Outcome {
    let viewers = example("server", "event_viewers")?;
    let server = build::all(true)?;
    let running = Product::start(&server)?;
    let mut bench = program(&viewers, &[running.address(), &running.pid(), "1000", "100"]);
    bench.env("DATABASE_URL", &running.postgres.url);
    say("events: commit to arrival at 1,000 viewers of the event stream, 10 events a second");
    say(&format!("  {}", output(bench)?.trim()));
    Ok(())
}

fn answers() -> Outcome {
    let who_answered = example("rehearsal", "who_answered")?;
    say("answers: who answered, by the agent that makes real calls");
    run(program(&who_answered, &[]))
}

fn web() -> Outcome {
    let server = build::all(true)?;
    say("web: bytes of the built files (limit for the WASM: 250,000 brotli)");
    let package = build::site().join("pkg");
    let mut files: Vec<PathBuf> = fs::read_dir(&package)
        .map_err(|error| format!("reading {}: {error}", package.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    for file in files {
        let bytes = fs::metadata(&file)
            .map_err(|error| format!("{}: {error}", file.display()))?
            .len();
        say(&format!(
            "  {bytes:>9}  {}",
            file.file_name().unwrap_or_default().to_string_lossy()
        ));
    }
    let running = Product::start(&server)?;
    let folder = test::install_browser_tests()?;
    let mut chromium = command("node", &["support/web_bench.mjs", &running.first_link()?]);
    chromium.current_dir(folder);
    say("web: the dashboard in Chromium: from an empty cache, medians; then with 500 calls that change");
    for line in output(chromium)?.lines() {
        say(&format!("  {line}"));
    }
    Ok(())
}

/// The product, on a fresh embedded database of its own. Stopped when this is dropped.
struct Product {
    server: Child,
    first_link: mpsc::Receiver<String>,
    postgres: TestPostgres,
    folder: PathBuf,
}

impl Product {
    const ADDRESS: &str = "127.0.0.1:3999";

    fn start(server: &Path) -> Outcome<Self> {
        let postgres = TestPostgres::start(server)?;
        let folder = target().join("bench-data");
        let mut command = program(server, &[]);
        command
            .env("DATABASE_URL", &postgres.url)
            .env("RINGSIDE_ADDRESS", Self::ADDRESS)
            .env("RINGSIDE_SITE_DIR", build::site())
            .env("RINGSIDE_DATA_DIR", &folder)
            .env("RINGSIDE_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut server = command
            .spawn()
            .map_err(|error| format!("cannot start the server: {error}"))?;
        let begun = Instant::now();
        while std::net::TcpStream::connect(Self::ADDRESS).is_err() {
            if begun.elapsed() > Duration::from_secs(60) {
                return Err("the server did not start within a minute".to_owned());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let (found, first_link) = mpsc::channel();
        if let Some(stdout) = server.stdout.take() {
            // Read to the end in the background, so that the server never waits for us.
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let link = line.split_whitespace().find(|word| word.contains("/welcome?token="));
                    // Nobody waits for the link in most benches.
                    drop(link.map(|link| found.send(link.to_owned())));
                }
            });
        }
        Ok(Self {
            server,
            first_link,
            postgres,
            folder,
        })
    }

    const fn address(&self) -> &'static str {
        Self::ADDRESS
    }

    /// The one-time link of the first administrator.
    fn first_link(&self) -> Outcome<String> {
        self.first_link
            .recv_timeout(Duration::from_secs(60))
            .map_err(|_| "the server printed no link for the first administrator".to_owned())
    }

    fn pid(&self) -> String {
        self.server.id().to_string()
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        // What cannot be stopped or removed any more needs no stopping or removing.
        drop(command("kill", &["-TERM", &self.pid()]).status());
        drop(self.server.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}
