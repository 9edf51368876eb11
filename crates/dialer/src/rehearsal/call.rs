//! One call of a rehearsal.

use super::{NotPlayed, Played, Rehearsal, recording_seat::RecordingSeat};
use crate::{brief, recorder};
use agent::{
    call::{CallEnd, CallScribe, NotWritten, SaidAloud},
    campaign_agent::CampaignAgent,
};
use async_trait::async_trait;
use domain::{
    AttemptId, Clock, ConversationId, PhoneNumber,
    conversation::{ConversationStatus, Disposition, TranscriptSegment},
    live::Glimpse,
    new_id,
    rehearsal::{CallStory, RehearsedCall, Scenario, check},
    results::ConversationResults,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;

/// Longest time that a call may take by the wall clock: more than its own limit allows at the pace of people.
const LONGEST: Duration = Duration::from_secs(75 * 60);

/// The number behind which a person of this repetition lives: from the range that is kept free of subscribers, so the
/// same person answers in every rehearsal.
fn number(repetition: u8) -> PhoneNumber {
    format!("+120255501{:02}", repetition % 100)
        .parse()
        .expect("a number in E.164 form")
}

/// Plays one call. `None` if it was stopped.
pub(super) async fn play(
    rehearsal: Arc<Rehearsal>,
    position: u32,
    scenario: Scenario,
    repetition: u8,
) -> Result<Option<Played>, NotPlayed> {
    let id = ConversationId(new_id(rehearsal.clock.now(), &*rehearsal.chance));
    let network = rehearsal.cast.network(scenario.who).map_err(NotPlayed)?;
    let seat = network.open_room(id).await.map_err(|error| {
        tracing::error!(%error, "a rehearsal has no room");
        NotPlayed("There is no room for the call.".to_owned())
    })?;
    let recording = rehearsal
        .archive
        .as_ref()
        .map(|archive| recorder::begin_in(archive.clone(), &*rehearsal.chance, id, 0));
    let (seat, recording) = match recording {
        Some((recorder, recording)) => (RecordingSeat::boxed(seat, recorder), Some(recording)),
        None => (seat, None),
    };
    let notebook = Arc::new(Notebook {
        clock: Arc::clone(&rehearsal.clock),
        lines: Mutex::default(),
        opted_out: AtomicBool::new(false),
    });
    let agent = CampaignAgent {
        brief: brief::filled_in(
            &rehearsal.content,
            &BTreeMap::new(),
            id,
            AttemptId(id.0),
            number(repetition),
        ),
        seat,
        voices: rehearsal.cast.voices().with_engine(rehearsal.content.engine),
        scribe: Arc::clone(&notebook) as Arc<dyn CallScribe>,
        commands: mpsc::channel(1).1,
        recorder: None,
        stop: rehearsal.stop.clone(),
    };
    let end = tokio::time::timeout(LONGEST, Box::pin(agent.run())).await;
    let sound = match recording {
        Some(recording) => recording.finish().await,
        None => None,
    };
    if rehearsal.stop.is_cancelled() {
        if let Some((archive, sound)) = rehearsal.archive.as_ref().zip(sound)
            && let Err(error) = archive.delete_here(&sound.file_name).await
        {
            tracing::warn!(%error, "the sound of a stopped rehearsal could not be deleted");
        }
        return Ok(None);
    }
    let story = notebook.story(end.unwrap_or_else(|_| CallEnd {
        disposition: Disposition::Failed,
        results: ConversationResults::default(),
        not_drawn: None,
        duration: LONGEST,
    }));
    let verdicts = scenario.expect.iter().map(|expected| check(expected, &story)).collect();
    let call = RehearsedCall {
        id,
        scenario: scenario.name,
        who: scenario.who,
        repetition,
        story,
        verdicts,
    };
    Ok(Some(Played { position, call, sound }))
}

/// Keeps what happens in memory.
struct Notebook {
    clock: Arc<dyn Clock>,
    lines: Mutex<Vec<TranscriptSegment>>,
    opted_out: AtomicBool,
}

impl Notebook {
    fn story(&self, mut end: CallEnd) -> CallStory {
        // Nobody draws them later: a rehearsal is over when its calls are.
        if let Some(why) = end.not_drawn {
            let said = format!("The results could not be drawn. {why}");
            end.results.reason.get_or_insert(said);
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        CallStory {
            disposition: end.disposition,
            results: end.results,
            duration_ms: u32::try_from(end.duration.as_millis()).unwrap_or(u32::MAX),
            opted_out: self.opted_out.load(Ordering::Acquire),
            lines: std::mem::take(&mut lines),
        }
    }
}

#[async_trait]
impl CallScribe for Notebook {
    async fn about_to_dial(&self) -> Result<(), NotWritten> {
        Ok(())
    }

    async fn stage(&self, _: ConversationStatus) -> Result<(), NotWritten> {
        Ok(())
    }

    async fn sentence(&self, said: SaidAloud) -> Result<(), NotWritten> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let position = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        lines.push(TranscriptSegment {
            position,
            speaker: said.speaker,
            text: said.text,
            start_ms: said.start_ms,
            end_ms: said.end_ms,
            interrupted: said.interrupted,
            at: self.clock.now(),
        });
        Ok(())
    }

    /// Only noted: there is no number to put on a list.
    async fn opted_out(&self) -> Result<(), NotWritten> {
        self.opted_out.store(true, Ordering::Release);
        Ok(())
    }

    fn glimpse(&self, _: Glimpse) {}
}
