//! What a rehearsal call costs: CPU and memory of a process that holds CALLS calls at once, the simulated people, voices
//! and recordings included, the database left out.
//!
//! usage: call_load CALLS SECONDS        prints one line of JSON

use agent::{
    call::{CallBrief, CallScribe, NotWritten, SaidAloud},
    campaign_agent::CampaignAgent,
};
use async_trait::async_trait;
use domain::{
    AttemptId, Clock, ConversationId,
    campaign::{CampaignContent, VoicemailPolicy},
    conversation::ConversationStatus,
    live::Glimpse,
    new_id,
};
use rehearsal::{Odds, Outcome, Persona, RehearsalConfig, RehearsalNetwork, Studio, StudioConfig};
use server::ambient::{SystemChance, SystemClock};
use std::{
    error::Error,
    io::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use telephony::TelephoneNetwork;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use voice::{ports::Voices, recording::OggOpusRecorder};

type Failure = Box<dyn Error + Send + Sync>;

/// Counts instead of writing.
struct Counting {
    sentences: AtomicU64,
}

#[async_trait]
impl CallScribe for Counting {
    async fn about_to_dial(&self) -> Result<(), NotWritten> {
        Ok(())
    }
    async fn stage(&self, _: ConversationStatus) -> Result<(), NotWritten> {
        Ok(())
    }
    async fn sentence(&self, _: SaidAloud) -> Result<(), NotWritten> {
        self.sentences.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
    async fn opted_out(&self) -> Result<(), NotWritten> {
        Ok(())
    }
    fn glimpse(&self, _: Glimpse) {}
}

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
    let network: Arc<dyn TelephoneNetwork> = Arc::new(RehearsalNetwork::new(
        config,
        Arc::clone(&studio),
        Arc::new(SystemClock),
    )?);
    let voices = rehearsal::voices(&studio, 1.0);
    let scribe = Arc::new(Counting {
        sentences: AtomicU64::new(0),
    });
    let stop = CancellationToken::new();
    let idle = memory_kib()?;

    let lines: Vec<_> = (0..calls)
        .map(|line| {
            let (network, voices) = (Arc::clone(&network), voices.clone());
            tokio::spawn(keep_calling(
                line,
                network,
                voices,
                Arc::clone(&scribe),
                folder.clone(),
                stop.clone(),
            ))
        })
        .collect();
    // Everybody is on the phone, and the sentences are rendered: what is measured is conversation.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (cpu, said, begun) = (cpu_seconds()?, scribe.sentences.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let elapsed = begun.elapsed().as_secs_f64();
    let cores = (cpu_seconds()? - cpu) / elapsed;
    let memory = memory_kib()?;
    let said = scribe.sentences.load(Ordering::Relaxed) - said;
    stop.cancel();
    for line in lines {
        line.await?;
    }
    std::fs::remove_dir_all(&folder)?;
    let line = serde_json::json!({
        "calls": calls, "seconds": elapsed, "sentences": said,
        "cores": cores, "cores_per_call": cores / calls as f64,
        "idle_mib": idle as f64 / 1024.0, "mib": memory as f64 / 1024.0,
        "mib_per_call": memory.saturating_sub(idle) as f64 / 1024.0 / calls as f64,
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// One call after the other, as one line of a busy campaign.
async fn keep_calling(
    line: u64,
    network: Arc<dyn TelephoneNetwork>,
    voices: Voices,
    scribe: Arc<Counting>,
    folder: impl AsRef<Path>,
    stop: CancellationToken,
) {
    for call in 0_u64.. {
        if stop.is_cancelled() {
            return;
        }
        let id = new_id(SystemClock.now(), &SystemChance);
        let file = folder.as_ref().join(format!("{id}.ogg"));
        let Ok(seat) = network.open_room(ConversationId(id)).await else {
            return;
        };
        let Ok((recorder, recording)) = OggOpusRecorder::create(&file) else {
            return;
        };
        let content = CampaignContent::template();
        let Ok(number) = format!("+1415{:07}", 5_550_000 + line * 100 + call).parse() else {
            return;
        };
        let (_commands, orders) = mpsc::channel(1);
        let agent = CampaignAgent {
            brief: CallBrief {
                direction: domain::Direction::Outbound,
                conversation_id: ConversationId(id),
                attempt_id: AttemptId(id),
                number,
                script: content.script.into(),
                opening: "Hello, this is the AI assistant of Example Company. Do you have a minute?".into(),
                voicemail_message: content.voicemail_message.into(),
                voicemail_policy: VoicemailPolicy::HangUp,
                recording: domain::recording::RecordingRule::Always,
                recording_announcement: domain::recording::ANNOUNCEMENT.into(),
                result_fields: content.result_fields,
                language: "en-US".to_owned(),
                ringing_timeout: Duration::from_secs(30),
                longest_call: Duration::from_secs(300),
            },
            seat,
            voices: voices.clone(),
            scribe: Arc::clone(&scribe) as Arc<dyn CallScribe>,
            commands: orders,
            recorder: Some(Box::new(recorder)),
            stop: stop.clone(),
        };
        agent.run().await;
        // How the recording went is another test's business.
        drop(recording.finish().await);
    }
}

/// Proportional set size of this process, KiB.
fn memory_kib() -> Result<u64, Failure> {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = rollup
        .lines()
        .find(|line| line.starts_with("Pss:"))
        .ok_or("no Pss line")?;
    Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse()?)
}

/// CPU time of this process so far (user and system), in seconds of 100 ticks.
fn cpu_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(") ").next().ok_or("no fields")?;
    let mut times = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
    let ticks = times.next().ok_or("no user time")?? + times.next().ok_or("no system time")??;
    Ok(ticks as f64 / 100.0)
}
