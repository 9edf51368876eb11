//! What the load programs share: lines that call one person after the other, and what the process takes for it.

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
use server::ambient::{SystemChance, SystemClock};
use std::{
    error::Error,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use telephony::TelephoneNetwork;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;
use voice::{ports::Voices, recording::OggOpusRecorder};

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Counts instead of writing.
#[derive(Default)]
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

/// Lines of a busy campaign: each calls one person after the other.
#[derive(Clone)]
pub(crate) struct Lines {
    network: Arc<dyn TelephoneNetwork>,
    voices: Voices,
    /// Where recordings go.
    folder: PathBuf,
    scribe: Arc<Counting>,
    openings: Arc<Mutex<Vec<Duration>>>,
    stop: CancellationToken,
}

/// What lines and process did in a stretch of time.
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    /// CPU time of the process over time.
    pub(crate) cores: f64,
    pub(crate) kib: u64,
    /// Sentences that were said and written down.
    pub(crate) sentences: u64,
    /// What opening each room took, the agent's coming in included; quickest first.
    pub(crate) openings: Vec<Duration>,
}

impl Lines {
    pub(crate) fn new(network: Arc<dyn TelephoneNetwork>, voices: Voices, folder: PathBuf) -> Self {
        Self {
            network,
            voices,
            folder,
            scribe: Arc::default(),
            openings: Arc::default(),
            stop: CancellationToken::new(),
        }
    }

    /// Lets `calls` lines call; after a while, in which everybody gets to talk, measures for `span`, and ends them.
    pub(crate) async fn measure(&self, calls: u64, span: Duration) -> Result<Measured, Failure> {
        let mut running = JoinSet::new();
        for line in 0..calls {
            running.spawn(self.clone().keep_calling(line));
        }
        // Everybody is on the phone, and the sentences are rendered: what is measured is conversation.
        tokio::time::sleep(Duration::from_secs(10)).await;
        let said = || self.scribe.sentences.load(Ordering::Relaxed);
        let (cpu, before, begun) = (cpu_seconds()?, said(), Instant::now());
        tokio::time::sleep(span).await;
        let seconds = begun.elapsed().as_secs_f64();
        let mut measured = Measured {
            seconds,
            cores: (cpu_seconds()? - cpu) / seconds,
            kib: memory_kib()?,
            sentences: said() - before,
            openings: Vec::new(),
        };
        self.stop.cancel();
        while let Some(line) = running.join_next().await {
            line??;
        }
        measured.openings = self.openings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        measured.openings.sort();
        Ok(measured)
    }

    async fn keep_calling(self, line: u64) -> Result<(), Failure> {
        for call in 0_u64.. {
            if self.stop.is_cancelled() {
                break;
            }
            self.call(line * 100 + call).await?;
        }
        Ok(())
    }

    async fn call(&self, number: u64) -> Result<(), Failure> {
        let id = new_id(SystemClock.now(), &SystemChance);
        let begun = Instant::now();
        let seat = self.network.open_room(ConversationId(id)).await?;
        let opening = begun.elapsed();
        self.openings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(opening);
        let (recorder, recording) = OggOpusRecorder::create(&self.folder.join(format!("{id}.ogg")))?;
        let content = CampaignContent::template();
        let (_commands, orders) = mpsc::channel(1);
        let agent = CampaignAgent {
            brief: CallBrief {
                conversation_id: ConversationId(id),
                attempt_id: AttemptId(id),
                direction: domain::Direction::Outbound,
                number: format!("+1415{:07}", 5_550_000 + number).parse()?,
                script: content.script.into(),
                opening: "Hello, this is the AI assistant of Example Company. Do you have a minute?".into(),
                voicemail_message: content.voicemail_message.into(),
                voicemail_policy: VoicemailPolicy::HangUp,
                recording: domain::recording::RecordingRule::Always,
                recording_announcement: domain::recording::ANNOUNCEMENT.into(),
                result_fields: content.result_fields,
                language: "en-US".to_owned(),
                tools: content.tools,
                clock: None,
                day: None,
                ringing_timeout: Duration::from_secs(30),
                longest_call: Duration::from_secs(300),
            },
            seat,
            voices: self.voices.clone(),
            scribe: Arc::clone(&self.scribe) as Arc<dyn CallScribe>,
            commands: orders,
            recorder: Some(Box::new(recorder)),
            stop: self.stop.clone(),
        };
        agent.run().await;
        // How the recording went is another test's business.
        drop(recording.finish().await);
        Ok(())
    }
}

/// Proportional set size of this process, KiB.
pub(crate) fn memory_kib() -> Result<u64, Failure> {
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
