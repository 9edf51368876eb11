//! `cargo xtask run --livekit`: the product on a real livekit-server, with simulated people who come into its rooms as
//! phones (`crates/carrier`).

use crate::{
    build, setup,
    shell::{Outcome, command, run, say, target},
};
use local_livekit::{API_KEY, API_SECRET, LocalLiveKit, Options};
use std::{
    fs,
    net::Ipv4Addr,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    net::TcpStream,
    signal::unix::{SignalKind, signal},
};

/// Not LiveKit's own: somebody may be running one already.
const LIVEKIT_PORT: u16 = 17_880;
const CARRIER_PORT: u16 = 17_890;
const TRUNK: &str = "ST_rehearsal";
const INBOUND_TRUNK: &str = "ST_rehearsal_in";
/// Starting takes no longer.
const STARTING: Duration = Duration::from_secs(30);
/// The product ends its calls first; the carrier has little to do.
const PRODUCT_ENDS: Duration = Duration::from_secs(60);
const CARRIER_ENDS: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Runs livekit-server, carrier and product until Ctrl-C or until one of the latter ends.
pub(crate) fn run_all(release: bool, arguments: &[String]) -> Outcome {
    setup::for_building()?;
    setup::livekit_server()?;
    let server = build::all(release)?;
    let carrier = build_carrier(release)?;
    let livekit = LocalLiveKit::start(&Options {
        port: Some(LIVEKIT_PORT),
        log: Some(target().join("livekit-server.log")),
        apart: true,
        ..Options::default()
    })
    .map_err(|error| error.to_string())?;

    let address = format!("127.0.0.1:{CARRIER_PORT}");
    let livekit_url = livekit.url();
    let cache = target().join("carrier-sounds");
    let mut phones = command(&carrier, &["--until-input-ends", "--address", &address]);
    phones.args(["--livekit-url", &livekit_url, "--trunk-id", TRUNK, "--api-key", API_KEY]);
    phones.args(["--inbound-trunk-id", INBOUND_TRUNK]);
    let exchange = target().join("carrier-exchange");
    // Somebody who was killed may have left what was said in their call.
    drop(fs::remove_dir_all(&exchange));
    phones.arg("--cache").arg(cache).arg("--exchange").arg(&exchange);
    // It ends with this process, whatever becomes of it.
    phones.env("LIVEKIT_API_SECRET", API_SECRET).stdin(Stdio::piped());

    let url = format!("ws://{address}");
    let mut product = command(&server.to_string_lossy(), &[]);
    product
        .env("RINGSIDE_SITE_DIR", build::site())
        .env("LIVEKIT_URL", &url)
        .env("LIVEKIT_PUBLIC_URL", &url)
        .env("LIVEKIT_API_KEY", API_KEY)
        .env("LIVEKIT_API_SECRET", API_SECRET)
        .env("LIVEKIT_SIP_TRUNK_ID", TRUNK)
        .env("LIVEKIT_INBOUND_TRUNK_ID", INBOUND_TRUNK)
        .env("RINGSIDE_REHEARSAL_EXCHANGE", &exchange)
        .args(arguments)
        .stdin(Stdio::null());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("starting: {error}"))?;
    say(&format!(
        "livekit-server listens on {livekit_url}; the carrier, which is what the product knows as LIVEKIT_URL, on {url}"
    ));
    let part = |name, command, port, patience| Part {
        name,
        command,
        port,
        patience,
    };
    runtime.block_on(together(vec![
        part("the carrier", phones, Some(CARRIER_PORT), CARRIER_ENDS),
        part("the product", product, None, PRODUCT_ENDS),
    ]))
}

fn build_carrier(release: bool) -> Outcome<String> {
    let mut cargo = command("cargo", &["build", "--locked", "--package", "carrier"]);
    if release {
        cargo.arg("--release");
    }
    run(cargo)?;
    let folder = target().join(if release { "release" } else { "debug" });
    Ok(folder.join("carrier").to_string_lossy().into_owned())
}

/// Starts one after the other, each as soon as the one before listens, and waits until Ctrl-C or until one of them ends.
/// Then none is left.
async fn together(parts: Vec<Part>) -> Outcome {
    let cannot = |error| format!("Ctrl-C cannot be waited for: {error}");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut running = Vec::new();
    let mut outcome = tokio::select! {
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        ended = start_and_watch(parts, &mut running) => ended,
    };
    // Whoever needs another was started after it.
    while let Some(part) = running.pop() {
        outcome = outcome.and(part.end().await);
    }
    outcome
}

async fn start_and_watch(parts: Vec<Part>, running: &mut Vec<Running>) -> Outcome {
    for part in parts {
        let (name, port) = (part.name, part.port);
        running.push(Running::start(part)?);
        let begun = Instant::now();
        while let Some(port) = port
            && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err()
        {
            if let Some(ended) = first_end(running) {
                return ended;
            }
            if begun.elapsed() > STARTING {
                return Err(format!("{name} did not start within {} s", STARTING.as_secs()));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    loop {
        if let Some(ended) = first_end(running) {
            return ended;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// How the first of them ended, if one has.
fn first_end(running: &mut [Running]) -> Option<Outcome> {
    running.iter_mut().find_map(|part| match part.child.try_wait() {
        Ok(None) => None,
        Ok(Some(status)) if status.success() => Some(Ok(())),
        Ok(Some(status)) => Some(Err(format!("{} has ended ({status})", part.name))),
        Err(error) => Some(Err(format!("watching {}: {error}", part.name))),
    })
}

/// A program to start.
struct Part {
    name: &'static str,
    command: Command,
    /// Where it listens once it is ready.
    port: Option<u16>,
    /// How long it may take to end.
    patience: Duration,
}

/// One that was started. Dropping it kills it.
struct Running {
    name: &'static str,
    child: Child,
    patience: Duration,
}

impl Running {
    fn start(part: Part) -> Outcome<Self> {
        let Part {
            name,
            mut command,
            patience,
            ..
        } = part;
        // Ctrl-C reaches only us, and we end them in their order.
        let child = command.process_group(0).spawn();
        Ok(Self {
            name,
            child: child.map_err(|error| format!("cannot start {name}: {error}"))?,
            patience,
        })
    }

    async fn end(mut self) -> Outcome {
        if let Ok(None) = self.child.try_wait() {
            run(command("kill", &["-TERM", &self.child.id().to_string()]))?;
        }
        let begun = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if begun.elapsed() > self.patience {
                return Err(format!(
                    "{} was killed, because it did not end within {} s",
                    self.name,
                    self.patience.as_secs()
                ));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
