//! From the commit of an event to its arrival at every viewer of the event stream.
//!
//! usage: event_viewers ADDRESS SERVER_PID VIEWERS EVENTS      with DATABASE_URL of that (fresh) server
//!
//! Signs in as the first administrator, opens VIEWERS streams of the dashboard, commits EVENTS events ten times a
//! second, and prints one line of JSON. Commit and arrival are read from one clock, in this process.

use domain::{CampaignId, live::Happening, new_id};
use operations::Operations;
use server::ambient::{SystemChance, SystemClock};
use std::{
    error::Error,
    io::Write,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use store::Store;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::{Barrier, mpsc},
};

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, pid, viewers, events] = arguments.as_slice() else {
        return Err("usage: event_viewers ADDRESS SERVER_PID VIEWERS EVENTS".into());
    };
    let (viewers, events): (usize, usize) = (viewers.parse()?, events.parse()?);
    let store = Store::connect(std::env::var("DATABASE_URL")?.parse()?, 4).await?;
    let cookie = sign_in(&store).await?;
    let before = memory_kib(pid)?;

    let committed: Arc<Mutex<Vec<(String, Instant)>>> = Arc::default();
    let (arrivals, mut arrived) = mpsc::unbounded_channel::<(String, Instant)>();
    let ready = Arc::new(Barrier::new(viewers + 1));
    for _ in 0..viewers {
        let stream = open(address, &cookie).await?;
        tokio::spawn(watch(stream, arrivals.clone(), Arc::clone(&ready)));
    }
    drop(arrivals);
    ready.wait().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = memory_kib(pid)?;

    let clock = SystemClock;
    for _ in 0..events {
        let id = new_id(domain::Clock::now(&clock), &SystemChance);
        let mut transaction = store.pool().begin().await?;
        let happened = [Happening::CampaignDeleted {
            campaign_id: CampaignId(id),
        }];
        store::events::append(&mut transaction, domain::Clock::now(&clock), &happened).await?;
        transaction.commit().await?;
        committed
            .lock()
            .map_err(|_| "poisoned")?
            .push((id.to_string(), Instant::now()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let expected = viewers * events;
    let mut waits = Vec::with_capacity(expected);
    let committed: std::collections::HashMap<String, Instant> =
        committed.lock().map_err(|_| "poisoned")?.iter().cloned().collect();
    while waits.len() < expected {
        match tokio::time::timeout(Duration::from_secs(5), arrived.recv()).await {
            Ok(Some((id, at))) => {
                if let Some(commit) = committed.get(&id) {
                    waits.push(at.saturating_duration_since(*commit).as_secs_f64() * 1_000.0);
                }
            }
            _ => break,
        }
    }
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| {
        waits
            .get(((waits.len() as f64 - 1.0) * share) as usize)
            .copied()
            .unwrap_or(f64::NAN)
    };
    let line = serde_json::json!({
        "viewers": viewers, "events": events, "arrived": waits.len(), "expected": expected,
        "p50_ms": at(0.5), "p99_ms": at(0.99),
        "kib_per_viewer": after.saturating_sub(before) as f64 / viewers as f64,
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

async fn sign_in(store: &Store) -> Result<String, Failure> {
    let ops = Operations {
        store: store.clone(),
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        installation: Arc::default(),
        network_trouble: operations::Trouble::default(),
        voices_trouble: operations::Trouble::default(),
        throttle_key: [0; 32],
    };
    let link = operations::sign_in::ensure_first_invitation(&ops)
        .await?
        .ok_or("the database is not fresh")?;
    let token = link.path.split("token=").nth(1).ok_or("no token in the link")?;
    let (name, email, password) = ("Bench", "bench@example.com", "a password for the bench");
    let session = operations::sign_in::accept_invitation(&ops, token, name, email, password, "bench").await?;
    Ok(session.cookie_value)
}

async fn open(address: &str, cookie: &str) -> Result<TcpStream, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET /events?topic=dashboard HTTP/1.1\r\nHost: {address}\r\nCookie: ringside={cookie}\r\nAccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

/// Reads a stream and tells which event arrived when. The barrier opens when every viewer has its headers.
async fn watch(stream: TcpStream, arrivals: mpsc::UnboundedSender<(String, Instant)>, ready: Arc<Barrier>) {
    let mut lines = BufReader::with_capacity(1024, stream).lines();
    let mut waiting = Some(ready);
    while let Ok(Some(line)) = lines.next_line().await {
        if line.is_empty()
            && let Some(ready) = waiting.take()
        {
            ready.wait().await;
        }
        let now = Instant::now();
        for part in line.split("\"campaign_deleted\",\"campaign_id\":\"").skip(1) {
            let sent = arrivals.send((part.chars().take(36).collect(), now));
            if sent.is_err() {
                return;
            }
        }
    }
}

/// Proportional set size of a process, KiB.
fn memory_kib(pid: &str) -> Result<u64, Failure> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = rollup
        .lines()
        .find(|line| line.starts_with("Pss:"))
        .ok_or("no Pss line")?;
    Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse()?)
}
