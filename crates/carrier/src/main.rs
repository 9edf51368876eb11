//! The carrier as a program, for `cargo xtask run --livekit`: simulated people behind LiveKit's SIP API.

use carrier::{Carrier, CarrierOptions, SimulatedPhones};
use clap::Parser;
use livekit_protocol::SipInboundTrunkInfo;
use rand::Rng;
use rehearsal::{RehearsalConfig, Studio, StudioConfig, far_end::People};
use std::{error::Error, io, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

#[derive(Parser)]
#[command(about = "Answers LiveKit's SIP API with simulated people and passes everything else on to a livekit-server")]
struct Options {
    /// Where to listen
    #[arg(long, env = "CARRIER_ADDRESS", default_value = "127.0.0.1:7890")]
    address: SocketAddr,
    /// The livekit-server behind it
    #[arg(long, env = "CARRIER_LIVEKIT_URL", default_value = "ws://127.0.0.1:7880")]
    livekit_url: String,
    /// Its key
    #[arg(long, env = "LIVEKIT_API_KEY")]
    api_key: String,
    /// Its secret
    #[arg(long, env = "LIVEKIT_API_SECRET", hide_env_values = true)]
    api_secret: String,
    /// Id of the SIP trunk that is there from the start
    #[arg(long, env = "LIVEKIT_SIP_TRUNK_ID", default_value = "ST_rehearsal")]
    trunk_id: String,
    /// Id of the SIP trunk through which people call back
    #[arg(long, env = "LIVEKIT_INBOUND_TRUNK_ID", default_value = "ST_rehearsal_in")]
    inbound_trunk_id: String,
    /// Of a hundred people who were not reached, how many call back
    #[arg(long, env = "RINGSIDE_REHEARSAL_CALL_BACKS", default_value_t = 30, value_parser = clap::value_parser!(u8).range(..=100))]
    call_backs: u8,
    /// The number that people see
    #[arg(long, env = "CARRIER_NUMBER", default_value = "+12025550100")]
    number: String,
    /// Where the sound of stock phrases is kept
    #[arg(long, env = "CARRIER_CACHE")]
    cache: Option<PathBuf>,
    /// The folder through which people learn what an agent in another process says
    #[arg(long, env = "RINGSIDE_REHEARSAL_EXCHANGE")]
    exchange: Option<PathBuf>,
    /// What becomes of which call depends on this and on its number
    #[arg(long, env = "RINGSIDE_REHEARSAL_SEED", default_value_t = 1)]
    seed: u64,
    /// End when the standard input does
    #[arg(long)]
    until_input_ends: bool,
}

struct SystemChance;

impl domain::Chance for SystemChance {
    #[expect(clippy::disallowed_methods, reason = "composition: this is where chance comes from")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .with_env_var("RINGSIDE_LOG")
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let studio = Studio::new(StudioConfig {
        cache: options.cache,
        tones_only: false,
    });
    if let Some(folder) = options.exchange {
        let studio = Arc::clone(&studio);
        tokio::spawn(async move {
            if let Err(error) = studio.exchange(&folder).await {
                tracing::warn!(%error, "people do not understand an agent in another process any more");
            }
        });
    }
    let preparing = Arc::clone(&studio);
    tokio::spawn(async move {
        if let Err(error) = preparing.prepare().await {
            tracing::warn!(%error, "not all voices could be prepared; they are made when needed");
        }
    });
    let config = RehearsalConfig {
        seed: options.seed,
        call_backs: options.call_backs,
        ..RehearsalConfig::default()
    };
    let carrier = Carrier::new(
        CarrierOptions {
            inbound_trunks: vec![SipInboundTrunkInfo {
                sip_trunk_id: options.inbound_trunk_id,
                name: "Simulated people who call back".to_owned(),
                numbers: vec![options.number.clone()],
                ..SipInboundTrunkInfo::default()
            }],
            ..CarrierOptions::with_trunk(
                &options.livekit_url,
                &options.api_key,
                &options.api_secret,
                &options.trunk_id,
                &options.number,
            )
        },
        SimulatedPhones::new(People::new(config, studio)),
        Arc::new(SystemChance),
    )?;
    let listener = tokio::net::TcpListener::bind(options.address)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", options.address))?;
    tracing::info!(address = %options.address, "the carrier is ready");
    tokio::select! {
        served = axum::serve(listener, carrier.router()).into_future() => served?,
        () = carrier.let_people_call() => {}
        ended = ended(options.until_input_ends) => ended?,
    }
    carrier.close().await;
    Ok(())
}

/// Until Ctrl-C, SIGTERM, or the end of whoever holds the other end of the standard input.
async fn ended(until_input_ends: bool) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let (input, input_ended) = oneshot::channel();
    if until_input_ends {
        // A thread, because nothing else can read it without keeping the program from ending.
        std::thread::spawn(move || {
            // An error is an end, too, and nobody may be waiting any more.
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            let _ = input.send(());
        });
    }
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
        Ok(()) = input_ended => Ok(()),
    }
}
