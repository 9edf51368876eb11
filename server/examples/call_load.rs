//! What a rehearsal call costs: CPU and memory of a process that holds CALLS calls at once, the simulated people, voices
//! and recordings included, the database left out.
//!
//! usage: call_load CALLS SECONDS        prints one line of JSON

mod load;

use load::{Failure, Lines, memory_kib};
use rehearsal::{Odds, Outcome, Persona, RehearsalConfig, RehearsalNetwork, Studio, StudioConfig};
use server::ambient::SystemClock;
use std::{io::Write, sync::Arc, time::Duration};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [calls, seconds] = arguments.as_slice() else {
        return Err("usage: call_load CALLS SECONDS".into());
    };
    let (calls, seconds): (u64, u64) = (calls.parse()?, seconds.parse()?);
    let folder = std::env::temp_dir().join(format!("ringside-call-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let studio = Studio::new(StudioConfig {
        cache: Some(folder.join("voices")),
        ..StudioConfig::default()
    });
    studio.prepare().await?;
    let talkative =
        [Persona::Interested, Persona::Curious, Persona::Sceptical].map(|persona| (Outcome::Person(persona), 1));
    let config = RehearsalConfig {
        ringing: Duration::from_millis(200)..=Duration::from_millis(400),
        odds: Odds::new(talkative),
        ..RehearsalConfig::default()
    };
    let network = RehearsalNetwork::new(config, Arc::clone(&studio), Arc::new(SystemClock))?;
    let lines = Lines::new(Arc::new(network), rehearsal::voices(&studio, 1.0), folder.clone());
    let idle = memory_kib()?;
    let measured = lines.measure(calls, Duration::from_secs(seconds)).await?;
    std::fs::remove_dir_all(&folder)?;
    let line = serde_json::json!({
        "calls": calls, "rooms": measured.openings.len(), "seconds": measured.seconds, "sentences": measured.sentences,
        "cores": measured.cores, "cores_per_call": measured.cores / calls as f64,
        "idle_mib": idle as f64 / 1024.0, "mib": measured.kib as f64 / 1024.0,
        "mib_per_call": measured.kib.saturating_sub(idle) as f64 / 1024.0 / calls as f64,
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
