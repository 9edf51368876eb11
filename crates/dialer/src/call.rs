//! One call, from its claim to its end in the database.

use crate::{
    appointment, brief, fenced_seat::FencedSeat, leases::Hold, metric, recorder, scribe::StoreScribe, worker::Worker,
};
use agent::{
    call::{CallEnd, SaidAloud, TakenOver},
    campaign_agent::CampaignAgent,
};
use domain::{
    CampaignId, Personal,
    call_command::IssuedCommand,
    campaign::CampaignContent,
    conversation::{Disposition, TranscriptSegment},
    cost::Usage,
    recording::RecordingRule,
    results::ConversationResults,
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use store::{
    calls::{Ended, EndedBy, Ending, NewRecording},
    claims::ClaimedCall,
    inbound::TakenCall,
    taking_over::CallToGoOn,
};
use telephony::{AgentSeat, CallRoom};
use tokio::{
    sync::{Mutex, mpsc},
    time::Instant,
};
use tracing::Instrument;
use voice::meter::{UsageMeter, metered};

/// Commands that may wait for one call.
const WAITING_COMMANDS: usize = 32;
/// A lead whose call could not even begin waits at least this long.
pub(crate) const NETWORK_PAUSE: Duration = Duration::from_secs(5);
/// Between two tries to write down the end of a call.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What came of a call, before it is written down.
struct Outcome {
    end: CallEnd,
    recordings: Vec<NewRecording>,
    /// A lead that is put back waits at least this long.
    not_again_before: Duration,
}

/// Why there is nothing to write down.
struct TakenAway;

/// How a call begins here.
enum Beginning {
    /// By dialling, not before this moment.
    Dial(Instant),
    /// By answering this caller.
    Answer(CallRoom, Personal),
    /// In the middle, in this seat.
    GoOn(Box<dyn AgentSeat>, TakenOver),
}

/// Takes up a claimed call. It runs on its own from here on. The lease counts from when it was asked for at the earliest,
/// the call's moment from when it was handed out.
pub(crate) fn begin(
    worker: &Arc<Worker>,
    campaign_id: CampaignId,
    content: Arc<CampaignContent>,
    claimed: ClaimedCall,
    asked_at: Instant,
    claimed_at: Instant,
) {
    metric::call_started();
    let beginning = Beginning::Dial(claimed_at + claimed.start_after);
    hold(worker, campaign_id, content, claimed, 0, asked_at, beginning);
}

/// Answers a call that came in.
pub(crate) fn answer(worker: &Arc<Worker>, taken: TakenCall, room: CallRoom, caller: Personal, asked_at: Instant) {
    let TakenCall {
        campaign_id,
        content,
        call,
    } = taken;
    let beginning = Beginning::Answer(room, caller);
    hold(worker, campaign_id, content, call, 0, asked_at, beginning);
}

/// Goes on with an answered call whose worker died, in `seat`.
pub(crate) fn go_on(worker: &Arc<Worker>, call: CallToGoOn, seat: Box<dyn AgentSeat>, asked_at: Instant) {
    let next_position = call.transcript.iter().map(|line| line.position + 1).max();
    let since_answer = worker.clock.now().0.saturating_sub(call.answered_at.0);
    let earlier = TakenOver {
        said: call.transcript.into_iter().map(said_aloud).collect(),
        since_answer_ms: u32::try_from(since_answer).unwrap_or(0),
        opted_out: call.opted_out,
        recording_began: call.recording_began,
    };
    hold(
        worker,
        call.campaign_id,
        Arc::new(call.content),
        call.call,
        next_position.unwrap_or(0),
        asked_at,
        Beginning::GoOn(seat, earlier),
    );
}

fn said_aloud(line: TranscriptSegment) -> SaidAloud {
    SaidAloud {
        speaker: line.speaker,
        text: line.text,
        start_ms: line.start_ms,
        end_ms: line.end_ms,
        interrupted: line.interrupted,
    }
}

fn hold(
    worker: &Arc<Worker>,
    campaign_id: CampaignId,
    content: Arc<CampaignContent>,
    claimed: ClaimedCall,
    next_position: u32,
    asked_at: Instant,
    beginning: Beginning,
) {
    let hold = Arc::new(Hold::new(asked_at + worker.config.leases.length));
    let (sender, commands) = mpsc::channel(WAITING_COMMANDS);
    let conversation_id = claimed.conversation_id;
    worker.calls.add(conversation_id, sender, Arc::clone(&hold));
    let span = tracing::info_span!("call", %conversation_id, %campaign_id);
    let call = Call {
        worker: Arc::clone(worker),
        campaign_id,
        content,
        claimed,
        next_position,
        hold,
        meter: UsageMeter::default(),
    };
    worker.tasks.spawn(call.run(beginning, commands).instrument(span));
}

struct Call {
    worker: Arc<Worker>,
    campaign_id: CampaignId,
    content: Arc<CampaignContent>,
    claimed: ClaimedCall,
    /// Position of the next sentence in the transcript.
    next_position: u32,
    hold: Arc<Hold>,
    /// What it uses.
    meter: UsageMeter,
}

impl Call {
    async fn run(self, beginning: Beginning, commands: mpsc::Receiver<IssuedCommand>) {
        tracing::info!(attempt_id = %self.claimed.attempt_id, "call taken up");
        if let Ok(outcome) = self.converse(beginning, commands).await {
            self.write_end(outcome).await;
        } else {
            tracing::warn!("call ended without being written down: it was taken away");
        }
        self.worker.calls.remove(self.claimed.conversation_id);
        self.worker.wake.notify_one();
    }

    async fn converse(
        &self,
        beginning: Beginning,
        commands: mpsc::Receiver<IssuedCommand>,
    ) -> Result<Outcome, TakenAway> {
        let (seat, earlier) = match beginning {
            Beginning::GoOn(seat, earlier) => (seat, Some(earlier)),
            Beginning::Answer(room, caller) => match self.seat_beside(&room, &caller).await {
                Ok(seat) => (seat, None),
                Err(outcome) => return Ok(outcome),
            },
            Beginning::Dial(start) => match self.room(start).await? {
                Ok(seat) => (seat, None),
                Err(outcome) => return Ok(outcome),
            },
        };
        let (seat, fenced_off) = FencedSeat::new(seat, Arc::clone(&self.hold));
        let (recorder, recording) = if self.content.recording == RecordingRule::Never {
            (None, None)
        } else {
            let starts_ms = earlier.as_ref().map_or(0, |earlier| earlier.since_answer_ms);
            recorder::begin(&self.worker, self.claimed.conversation_id, starts_ms).unzip()
        };
        let goes_on = earlier.is_some();
        self.meter.add(Usage {
            partial: goes_on && self.worker.voices.charges(),
            ..Usage::default()
        });
        let agent = CampaignAgent {
            brief: brief::of(&self.content, &self.claimed, self.worker.clock.now()),
            seat: Box::new(seat),
            voices: metered(&self.worker.voices.with_engine(self.content.engine), &self.meter),
            scribe: Arc::new(self.scribe()),
            commands,
            recorder,
            stop: self.worker.end_calls.clone(),
        };
        let came_in = self.claimed.direction.is_inbound();
        // A task of its own: a bug in there must not leave a call without an end.
        let talking = async move {
            match earlier {
                Some(earlier) => agent.run_on(&earlier).await,
                None if came_in => agent.answer().await,
                None => agent.run().await,
            }
        };
        let mut running = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(talking.in_current_span()));
        let end = tokio::select! {
            end = &mut running => end,
            () = self.hold.gone.cancelled() => return Err(TakenAway),
        };
        let mut end = end.unwrap_or_else(|error| {
            tracing::error!(%error, "the agent of a call broke down");
            CallEnd {
                disposition: Disposition::Failed,
                results: because("The agent broke down."),
                not_drawn: Some("The agent broke down before they could be drawn.".to_owned()),
                duration: Duration::ZERO,
            }
        });
        if fenced_off.load(Ordering::Acquire) {
            end = cancelled("The right to make this call had expired.", Duration::ZERO).end;
        }
        let recordings = self.recordings(recording, goes_on).await;
        let refused = end.disposition == Disposition::Cancelled && !self.worker.end_calls.is_cancelled();
        if refused {
            self.worker.network_failed();
        } else {
            self.worker.network_worked();
        }
        let not_again_before = if refused { NETWORK_PAUSE } else { Duration::ZERO };
        Ok(Outcome {
            end,
            recordings,
            not_again_before,
        })
    }

    /// What was recorded here, and before by those who held the call, as far as their files are on this machine.
    async fn recordings(&self, recording: Option<recorder::Recording>, goes_on: bool) -> Vec<NewRecording> {
        let (archive, id) = (self.worker.config.recordings.as_ref(), self.claimed.conversation_id);
        let own = recording.as_ref().map(|recording| recording.file_name().to_owned());
        let mut all = if goes_on {
            recorder::left_behind(archive, id, own).await
        } else {
            Vec::new()
        };
        if let Some(recording) = recording {
            all.extend(recording.finish().await);
        }
        all
    }

    /// Waits for the call's moment and opens its room.
    async fn room(&self, start: Instant) -> Result<Result<Box<dyn AgentSeat>, Outcome>, TakenAway> {
        tokio::select! {
            () = tokio::time::sleep_until(start) => {}
            () = self.worker.end_calls.cancelled() => {
                return Ok(Err(cancelled("The system was being stopped.", Duration::ZERO)));
            }
            () = self.hold.gone.cancelled() => return Err(TakenAway),
        }
        // It may have stopped working between claim and dial. Nothing has rung.
        if self.worker.voices.trouble().is_some() {
            return Ok(Err(cancelled("The agent could not have spoken.", NETWORK_PAUSE)));
        }
        let opened = self.worker.network.open_room(self.claimed.conversation_id).await;
        Ok(opened.map_err(|error| {
            tracing::warn!(%error, "no room for the call");
            self.worker.network_failed();
            cancelled("The telephone network could not be used.", NETWORK_PAUSE)
        }))
    }

    /// The agent's seat in the room of somebody who called.
    async fn seat_beside(&self, room: &CallRoom, caller: &Personal) -> Result<Box<dyn AgentSeat>, Outcome> {
        let nobody = |disposition, reason: &str| without_a_word(disposition, reason, Duration::ZERO);
        match self.worker.network.answer(room, caller.reveal()).await {
            Ok(Some(seat)) => Ok(seat),
            Ok(None) => Err(nobody(
                Disposition::NoAnswer,
                "They hung up before the agent had answered.",
            )),
            Err(error) => {
                tracing::warn!(%error, "the agent could not come to a caller");
                if let Err(error) = self.worker.network.end_orphan(room).await {
                    tracing::warn!(%error, "the room of a caller could not be closed");
                }
                Err(nobody(Disposition::Failed, "The telephone network could not be used."))
            }
        }
    }

    fn scribe(&self) -> StoreScribe {
        StoreScribe {
            store: self.worker.store.clone(),
            clock: Arc::clone(&self.worker.clock),
            worker_id: self.worker.config.worker_id,
            campaign_id: self.campaign_id,
            conversation_id: self.claimed.conversation_id,
            number: self.claimed.lead.phone_number.clone(),
            hold: Arc::clone(&self.hold),
            glimpses: self.worker.glimpses.clone(),
            next_position: Mutex::new(self.next_position),
        }
    }

    /// Tries until the database took it or says that the call is not ours any more.
    async fn write_end(&self, outcome: Outcome) {
        let duration = outcome.end.duration;
        let disposition = outcome.end.disposition;
        let now = self.worker.clock.now();
        let named = outcome.end.results.call_back_at.as_deref();
        let (zones, hours) = (&self.claimed.lead.zones, &self.content.hours);
        let call_back_at = named.and_then(|said| appointment::due(said, zones, hours, &*self.worker.zones, now));
        let mut ending = Ending {
            call_back_at,
            conversation_id: self.claimed.conversation_id,
            by: EndedBy::Holder(self.worker.config.worker_id),
            disposition,
            results: outcome.end.results,
            not_drawn: outcome.end.not_drawn,
            usage: self.meter.usage(),
            charged_by_minute: self.worker.network.charges(),
            duration: Some(duration),
            recordings: outcome.recordings,
            not_again_before: outcome.not_again_before,
            at: now,
        };
        let mut pause = Duration::from_millis(100);
        loop {
            match self.worker.endings.end(&ending).await {
                Ok(Ended::Ended { campaign_completed, .. }) => {
                    tracing::info!(
                        disposition = disposition.as_str(),
                        seconds = duration.as_secs(),
                        "call ended"
                    );
                    metric::call_ended(self.claimed.direction, disposition, duration);
                    if ending.not_drawn.is_some() {
                        metric::results("pending");
                    }
                    if campaign_completed {
                        tracing::info!("campaign completed");
                    }
                    return;
                }
                Ok(Ended::NotOurs) => {
                    tracing::warn!(
                        disposition = disposition.as_str(),
                        "the call was closed by somebody else"
                    );
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, "the end of a call could not be written down; trying again");
                    // A recording must not be what keeps a call from ending.
                    if matches!(error, store::StoreError::Constraint(_)) {
                        ending.recordings.clear();
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn because(reason: &str) -> ConversationResults {
    ConversationResults {
        reason: Some(reason.to_owned()),
        ..ConversationResults::default()
    }
}

fn cancelled(reason: &str, not_again_before: Duration) -> Outcome {
    without_a_word(Disposition::Cancelled, reason, not_again_before)
}

/// A call in which no agent came to speak.
fn without_a_word(disposition: Disposition, reason: &str, not_again_before: Duration) -> Outcome {
    Outcome {
        end: CallEnd {
            disposition,
            results: because(reason),
            not_drawn: None,
            duration: Duration::ZERO,
        },
        recordings: Vec::new(),
        not_again_before,
    }
}
