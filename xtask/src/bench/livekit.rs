//! Calls through a real livekit-server, with measuring people in a process of their own: what a call costs ours, and what
//! the person on the phone notices. Beside each figure stands the limit that we set ourselves.

use super::{example, program};
use crate::{
    setup,
    shell::{Outcome, output, say},
};
use local_livekit::{API_KEY, API_SECRET, LocalLiveKit, Options};
use serde_json::Value;
use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const TRUNK: &str = "ST_bench";
/// Calls at once.
const CALLS: [u32; 4] = [1, 4, 8, 16];
/// Each for so long, seconds.
const SPAN: &str = "60";
/// A call more may cost so many cores and KiB.
const MOST_CORES: f64 = 0.02;
const MOST_KIB: f64 = 0.9 * 1024.0;
/// What the load program's recognition, model and speech take by themselves, and what is waited for the person to go on,
/// milliseconds. (`server/examples/livekit_load.rs`, `agent::turns`.)
const MODELS_MS: u64 = 350 + 375 + 100;
const ENDPOINTING_MS: u64 = 600;

/// Runs all of it.
pub(super) fn bench() -> Outcome {
    setup::livekit_server()?;
    let bench = Bench {
        load: example("server", "livekit_load")?,
        phones: example("carrier", "measuring_phones")?,
        livekit: LocalLiveKit::start(&Options::default()).map_err(|error| error.to_string())?,
    };
    say("livekit: our process alone, people and livekit-server in others; people speak 3 s of every 7, 60 s each");
    let mut costs = Vec::new();
    let mut heard = Heard::default();
    for calls in CALLS {
        let (cost, told) = bench.round("talk", calls, SPAN)?;
        let figure = |name: &str| cost[name].as_f64().unwrap_or(f64::NAN);
        say(&format!(
            "  {calls:>2} calls: {:.4} cores, {:.1} MiB, {} sentences; {}",
            figure("cores"),
            figure("kib") / 1024.0,
            cost["sentences"],
            Heard::from(&told)
        ));
        costs.push((f64::from(calls), figure("cores"), figure("kib")));
        heard.add(&told);
    }
    let cores = slope(costs.iter().map(|(calls, cores, _)| (*calls, *cores)));
    let kib = slope(costs.iter().map(|(calls, _, kib)| (*calls, *kib)));
    say(&format!(
        "  a call more: {cores:.4} cores (limit {MOST_CORES}), {kib:.0} KiB (limit {MOST_KIB:.0})"
    ));
    say(&format!("  all together: {heard}"));
    say("  limits: answer 30 and 60 ms on top, interruption 250 and 350 ms");
    let (cost, told) = bench.round("hang-up", 4, "30")?;
    say(&format!(
        "livekit: calls one after the other on 4 lines: room open and agent in it {} ms (limit of p95 300); \
         first word after pick-up {} ms (limit of p95 300)",
        Percentiles::of(&sorted(&cost, "room_ms")),
        Percentiles::of(&sorted(&told, "first_word_ms")),
    ));
    Ok(())
}

struct Bench {
    load: PathBuf,
    phones: PathBuf,
    livekit: LocalLiveKit,
}

impl Bench {
    /// What the load program tells of itself, and the people of what they heard.
    fn round(&self, mode: &str, calls: u32, seconds: &str) -> Outcome<(Value, Value)> {
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        let mut phones = program(&self.phones, &[&address, &self.livekit.url(), mode]);
        let people = People::start(with_keys(&mut phones), port)?;
        let mut load = program(&self.load, &[&format!("ws://{address}"), &calls.to_string(), seconds]);
        with_keys(&mut load);
        let cost = output(load)?;
        Ok((json(&cost)?, json(&people.tell()?)?))
    }
}

fn with_keys(command: &mut Command) -> &mut Command {
    command
        .env("LIVEKIT_API_KEY", API_KEY)
        .env("LIVEKIT_API_SECRET", API_SECRET)
        .env("LIVEKIT_SIP_TRUNK_ID", TRUNK)
}

/// The process of the people. It ends with its standard input, whatever becomes of us.
struct People(Child);

impl People {
    fn start(command: &mut Command, port: u16) -> Outcome<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let cannot = |error| format!("cannot start the people: {error}");
        let people = Self(command.spawn().map_err(cannot)?);
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if begun.elapsed() > Duration::from_secs(30) {
                return Err("the people did not start within 30 s".to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(people)
    }

    fn tell(mut self) -> Outcome<String> {
        drop(self.0.stdin.take());
        let output = self.0.wait_with_output();
        let output = output.map_err(|error| format!("the people told nothing: {error}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn free_port() -> Outcome<u16> {
    let cannot = |error| format!("no port is free: {error}");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(cannot)?;
    Ok(listener.local_addr().map_err(cannot)?.port())
}

fn json(text: &str) -> Outcome<Value> {
    serde_json::from_str(text).map_err(|error| format!("this is no JSON: {error}: {text}"))
}

/// What people heard, in milliseconds.
#[derive(Default)]
struct Heard {
    first_word: Vec<u64>,
    answer: Vec<u64>,
    interruption: Vec<u64>,
    unanswered: u64,
    not_interrupting: u64,
}

impl Heard {
    fn from(told: &Value) -> Self {
        let mut heard = Self::default();
        heard.add(told);
        heard
    }

    fn add(&mut self, told: &Value) {
        let add = |to: &mut Vec<u64>, name| {
            to.extend(sorted(told, name));
            to.sort_unstable();
        };
        add(&mut self.first_word, "first_word_ms");
        add(&mut self.answer, "answer_ms");
        add(&mut self.interruption, "interruption_ms");
        self.unanswered += told["unanswered"].as_u64().unwrap_or(0);
        self.not_interrupting += told["not_interrupting"].as_u64().unwrap_or(0);
    }
}

impl std::fmt::Display for Heard {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let beyond: Vec<u64> = self
            .answer
            .iter()
            .map(|ms| ms.saturating_sub(MODELS_MS + ENDPOINTING_MS))
            .collect();
        write!(
            out,
            "answers {} ms, {} of it on top of {MODELS_MS} for models and {ENDPOINTING_MS} of endpointing; interrupted {} ms; \
             first word {} ms; {} not answered, {} in silence",
            Percentiles::of(&self.answer),
            Percentiles::of(&beyond),
            Percentiles::of(&self.interruption),
            Percentiles::of(&self.first_word),
            self.unanswered,
            self.not_interrupting,
        )
    }
}

/// Median and 95th percentile of sorted figures, and how many there are.
struct Percentiles(Option<(u64, u64)>, usize);

impl Percentiles {
    fn of(sorted: &[u64]) -> Self {
        let at = |percent: usize| {
            sorted
                .get((sorted.len() * percent).div_ceil(100).saturating_sub(1))
                .copied()
        };
        Self(at(50).zip(at(95)), sorted.len())
    }
}

impl std::fmt::Display for Percentiles {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some((p50, p95)) => write!(out, "{p50} / {p95} (n={})", self.1),
            None => write!(out, "- / -"),
        }
    }
}

fn sorted(told: &Value, name: &str) -> Vec<u64> {
    let figures = told[name].as_array().into_iter().flatten();
    figures.filter_map(Value::as_u64).collect()
}

/// Least squares.
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let count = points.clone().count() as f64;
    let (x, y) = points
        .clone()
        .fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let (above, below) = points.fold((0.0, 0.0), |(above, below), point| {
        (above + (point.0 - x) * (point.1 - y), below + (point.0 - x).powi(2))
    });
    above / below
}
