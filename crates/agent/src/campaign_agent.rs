//! Drives a [`ConversationFlow`] with a room, the three voice ports and a scribe.
//!
//! One loop per call, and nothing in it waits: the room's ticks set the pace, models and database work in tasks that
//! tell their news through one inbox and end when the call is dropped. Of the effects only hanging up and the last
//! collection of words ([`Effect::Settle`]) take time, and by then nobody is on the line; what is asked of the room (`room`)
//! takes a moment.

mod ear;
mod glimpses;
mod looking_up;
mod mouth;
mod room;
mod supervisors;
#[cfg(test)]
mod tests;
mod thinker;
mod writer;

use crate::{
    call::{CallBrief, CallEnd, CallScribe, TakenOver},
    flow::{ConversationFlow, Effect, Event, FlowRules},
    hangup_detector::HangupDetector,
    turn_times::TurnClock,
};
use domain::{call_command::IssuedCommand, conversation::Disposition, results::ConversationResults};
use ear::{Ear, Whom};
use glimpses::Glimpses;
use looking_up::LookingUp;
use mouth::Mouth;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use supervisors::Supervisors;
use telephony::{AgentSeat, DialRequest, FRAME_MILLIS, Frame, RoomEvent};
use thinker::Thinker;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use voice::{
    line_sound::LineEar,
    meter::UsageMeter,
    ports::{ResultsQuestion, Voices},
    recording::CallRecorder,
};
use writer::Writer;

/// Asking the network to dial may take this long, by the wall clock.
const DIALLING: Duration = Duration::from_secs(20);
/// Hanging up may take this long, by the wall clock; dropping the seat does it too.
const HANGING_UP: Duration = Duration::from_secs(2);

/// One call, from the dial to its one end.
pub struct CampaignAgent {
    pub brief: CallBrief,
    pub seat: Box<dyn AgentSeat>,
    pub voices: Voices,
    pub scribe: Arc<dyn CallScribe>,
    /// What supervisors want.
    pub commands: mpsc::Receiver<IssuedCommand>,
    /// Gets both sides of every tick from the moment on at which the campaign's rules allow it.
    pub recorder: Option<Box<dyn CallRecorder>>,
    /// Cancelled when the process wants to stop: the call ends politely and quickly.
    pub stop: CancellationToken,
}

impl CampaignAgent {
    /// Makes the call. Always comes to an end, whatever network, models and database do; dropping it hangs up.
    pub async fn run(self) -> CallEnd {
        let mut call = Call::new(self);
        match call.dial().await {
            Ok(()) => call.converse().await,
            Err(end) => end,
        }
    }

    /// Answers a call that came in: the seat is in its room already, so nothing is dialled. Otherwise like [`Self::run`].
    pub async fn answer(self) -> CallEnd {
        Call::new(self).converse().await
    }

    /// Goes on with a call that was answered long ago: nothing is dialled. Otherwise like [`Self::run`].
    pub async fn run_on(self, earlier: &TakenOver) -> CallEnd {
        let mut call = Call::new(self);
        call.take_over(earlier);
        call.converse().await
    }
}

/// The running parts of a call.
struct Call {
    brief: CallBrief,
    seat: Box<dyn AgentSeat>,
    commands: mpsc::Receiver<IssuedCommand>,
    recorder: Option<Box<dyn CallRecorder>>,
    /// The person was told, as far as they must be.
    may_record: bool,
    /// Where in the call the recording's file begins, milliseconds since the answer.
    recording_from_ms: u32,
    stop: CancellationToken,
    scribe: Arc<dyn CallScribe>,
    flow: ConversationFlow,
    hangup: HangupDetector,
    ear: Ear,
    line_ear: LineEar,
    supervisors: Supervisors,
    mouth: Mouth,
    thinker: Thinker,
    looking_up: LookingUp,
    writer: Writer,
    glimpses: Glimpses,
    turn_clock: TurnClock,
    inbox: mpsc::UnboundedReceiver<Event>,
    /// Events that wait to be handled.
    events: VecDeque<Event>,
    /// Effects that take time: hanging up, and collecting the last words.
    slow: VecDeque<Effect>,
    /// Room time, milliseconds since the answer.
    now_ms: u32,
    end: Option<(Disposition, Option<String>)>,
}

/// What woke the loop.
enum Woken {
    Room(RoomEvent),
    RoomSilent,
    News(Event),
    Command(IssuedCommand),
    NoMoreCommands,
    Stop,
}

impl Call {
    fn new(agent: CampaignAgent) -> Self {
        let CampaignAgent {
            brief,
            seat,
            voices,
            scribe,
            commands,
            recorder,
            stop,
        } = agent;
        let (news, inbox) = mpsc::unbounded_channel();
        // What supervisors say is no part of a conversation that a model holds by itself.
        let supervisors = Supervisors::new(Arc::clone(&voices.speech_to_text), brief.language.clone(), news.clone());
        let voices = voices.of_call(&brief.language);
        Self {
            flow: ConversationFlow::new(FlowRules::from(&brief)),
            hangup: HangupDetector::new(brief.ringing_timeout),
            supervisors,
            ear: Ear::new(
                Whom::Person,
                voices.speech_to_text,
                brief.language.clone(),
                news.clone(),
            ),
            line_ear: LineEar::new(),
            mouth: Mouth::new(voices.text_to_speech, brief.language.clone()),
            thinker: Thinker::new(voices.language_model, news.clone()),
            looking_up: LookingUp::new(voices.look_ups, brief.tools.look_up.clone(), news.clone()),
            writer: Writer::start(Arc::clone(&scribe), news),
            glimpses: Glimpses::new(brief.conversation_id, Arc::clone(&scribe)),
            scribe,
            brief,
            seat,
            commands,
            recorder,
            may_record: false,
            recording_from_ms: 0,
            stop,
            turn_clock: TurnClock::default(),
            inbox,
            events: VecDeque::new(),
            slow: VecDeque::new(),
            now_ms: 0,
            end: None,
        }
    }

    fn take_over(&mut self, earlier: &TakenOver) {
        self.now_ms = earlier.since_answer_ms;
        self.recording_from_ms = earlier.since_answer_ms;
        // From here on a room that does not tick is dead.
        self.hangup.observe(Some(&RoomEvent::Answered));
        for effect in self.flow.take_over(earlier) {
            self.carry_out(effect);
        }
    }

    async fn converse(mut self) -> CallEnd {
        self.handle_events().await;
        let mut commands_open = true;
        let mut stop_told = false;
        while self.end.is_none() {
            let woken = tokio::select! {
                biased;
                () = self.stop.cancelled(), if !stop_told => Woken::Stop,
                command = self.commands.recv(), if commands_open => {
                    command.map_or(Woken::NoMoreCommands, Woken::Command)
                }
                Some(news) = self.inbox.recv() => Woken::News(news),
                room = tokio::time::timeout(self.hangup.patience(), self.seat.next()) => {
                    room.map_or(Woken::RoomSilent, Woken::Room)
                }
            };
            match woken {
                Woken::Stop => {
                    stop_told = true;
                    self.events.push_back(Event::Stop);
                }
                Woken::NoMoreCommands => commands_open = false,
                Woken::Command(issued) => self.events.extend(supervisors::told(issued)),
                Woken::News(news) => self.take_news(news),
                Woken::Room(event) => self.room(event),
                Woken::RoomSilent => self.events.extend(self.hangup.observe(None)),
            }
            self.handle_events().await;
        }
        self.conclude().await
    }

    /// Writes down that it is about to dial, then dials.
    async fn dial(&mut self) -> Result<(), CallEnd> {
        let never_rang = |disposition, reason: &str| CallEnd {
            disposition,
            results: ConversationResults {
                reason: Some(reason.to_owned()),
                ..ConversationResults::default()
            },
            not_drawn: None,
            duration: Duration::ZERO,
        };
        if self.stop.is_cancelled() {
            return Err(never_rang(Disposition::Cancelled, "The system was being stopped."));
        }
        if self.scribe.about_to_dial().await.is_err() {
            let reason = "The call could not be written down, so it was not made.";
            return Err(never_rang(Disposition::Cancelled, reason));
        }
        let request = DialRequest {
            attempt_id: self.brief.attempt_id,
            number: self.brief.number.clone(),
            ringing_timeout: self.brief.ringing_timeout,
            longest_call: self.brief.longest_call,
        };
        match tokio::time::timeout(DIALLING, self.seat.dial(request)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, conversation_id = %self.brief.conversation_id, "the network did not dial");
                // Nothing rings: it was no try.
                Err(never_rang(
                    Disposition::Cancelled,
                    "The telephone network did not take the call.",
                ))
            }
            // It may have rung: it must not ring again by itself.
            Err(_) => Err(never_rang(Disposition::Lost, "The telephone network did not answer.")),
        }
    }

    fn room(&mut self, event: RoomEvent) {
        let gone = self.hangup.observe(Some(&event));
        match event {
            RoomEvent::Ringing => self.events.push_back(Event::Ringing),
            RoomEvent::Answered => self.events.push_back(Event::Answered),
            RoomEvent::Dtmf(key) => self.events.push_back(Event::Dtmf(key)),
            RoomEvent::Tick(frame) => self.tick(&frame),
            RoomEvent::Transferred(done) => self.events.push_back(Event::Transferred(done)),
            RoomEvent::NotBroughtIn { identity, why } => {
                let why = room::not_reached(&why);
                self.events.push_back(Event::ColleagueNotReached(identity, why));
            }
            RoomEvent::NotAnswered(_) | RoomEvent::Left(_) => self.events.extend(gone),
            RoomEvent::SupervisorJoined { identity } => {
                self.supervisors.joined(&identity);
                self.events.push_back(Event::SupervisorJoined(identity));
            }
            RoomEvent::SupervisorLeft { identity } => {
                self.supervisors.left(&identity, self.now_ms);
                self.events.push_back(Event::SupervisorLeft(identity));
            }
            RoomEvent::SupervisorSound { identity, frame } => {
                let tick_ends = self.now_ms.saturating_add(FRAME_MILLIS);
                self.supervisors.hear(&identity, &frame, tick_ends, &mut self.events);
            }
        }
    }

    /// 20 ms: hear first, then decide, then speak, so that a person who begins to speak is not talked over by even
    /// the frame of the same tick.
    fn tick(&mut self, person: &Frame) {
        self.now_ms = self.now_ms.saturating_add(FRAME_MILLIS);
        self.events.extend(self.line_ear.hear(person).map(Event::Line));
        // A tone is no voice, whatever a detector of voices thinks of it.
        let voice = if self.line_ear.is_tone() {
            &Frame::silence()
        } else {
            person
        };
        self.ear.hear(voice, self.now_ms, &mut self.events);
        let supervisor = self.supervisors.tick(self.now_ms, &mut self.events);
        self.decide();
        let agent = self.mouth.tick(self.now_ms, &mut self.events);
        self.events.push_back(Event::Tick);
        // What the person hears from us: the agent, and a supervisor who speaks to them.
        let ours = match (&agent, supervisor) {
            (Some(agent), Some(supervisor)) => Some(agent.mixed_with(&supervisor)),
            (agent, supervisor) => supervisor.or_else(|| agent.clone()),
        };
        if let Some(recorder) = self.recorder.as_mut().filter(|_| self.may_record) {
            recorder.tick(ours.as_ref().unwrap_or(&Frame::silence()), person);
        }
        self.glimpses.tick(ours.as_ref(), person, || self.mouth.said_so_far());
        if let Some(frame) = agent {
            self.seat.speak(frame);
        }
    }

    fn take_news(&mut self, news: Event) {
        match &news {
            Event::MayHaveSaid(words) if !self.ear.understood(words) => return,
            Event::Partial(text) => self.glimpses.person(text),
            Event::MayHaveSaid(words) => self.glimpses.person(&words.text),
            Event::Heard(_) | Event::NotHeard => self.glimpses.person_is_done(),
            _ => {}
        }
        self.events.push_back(news);
    }

    /// Handles the events that wait. Effects that take time are put aside.
    fn decide(&mut self) {
        while let Some(event) = self.events.pop_front() {
            if let Some(turn) = self.turn_clock.event(&event, self.now_ms) {
                self.writer.turn(turn);
            }
            for effect in self.flow.handle(event, self.now_ms) {
                self.turn_clock.effect(&effect, self.now_ms);
                self.carry_out(effect);
            }
        }
    }

    /// Handles events and effects until there are none.
    async fn handle_events(&mut self) {
        loop {
            self.decide();
            match self.slow.pop_front() {
                Some(Effect::Settle) => self.settle().await,
                Some(effect) => self.change_room(effect).await,
                None => return,
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::SetStage(status) => self.writer.stage(status),
            Effect::KnowWhoAnswered(who) => {
                let after = Duration::from_millis(u64::from(self.now_ms));
                self.scribe.answered_by(who, after);
            }
            Effect::SetState(state) => self.glimpses.state(state),
            Effect::StartReply(id) => self.thinker.start(id, self.flow.prompt()),
            Effect::CancelReply => self.thinker.cancel(),
            Effect::LookUp(question) => self.looking_up.start(question),
            Effect::Prepare(text) => self.mouth.prepare(text),
            Effect::Speak(sentence) => self.mouth.add(sentence),
            Effect::SpeakAloud(id) => self.mouth.aloud(id, self.thinker.aloud()),
            Effect::Beep(id) => self.mouth.beep(id),
            Effect::BeginRecording => self.begin_recording(),
            Effect::StopSpeaking => self.events.extend(self.mouth.stop(self.now_ms)),
            Effect::WriteSentence(said) => {
                self.glimpses.written(said.speaker);
                self.writer.sentence(said);
            }
            Effect::OptOut => self.writer.opted_out(),
            Effect::End { disposition, reason } => self.end = Some((disposition, reason)),
            Effect::SetFloor(floor) => self.glimpses.floor(floor),
            Effect::SetColleague(colleague) => self.glimpses.colleague(colleague),
            Effect::HangUp
            | Effect::Settle
            | Effect::Transfer(_)
            | Effect::LetPersonHear { .. }
            | Effect::CallColleague(_)
            | Effect::PutOut(_)
            | Effect::Press(_) => self.slow.push_back(effect),
        }
    }

    fn begin_recording(&mut self) {
        self.may_record = true;
        if let Some(recorder) = &mut self.recorder {
            let before_ms = self.now_ms.saturating_sub(self.recording_from_ms);
            recorder.leave_out(usize::try_from(before_ms / FRAME_MILLIS).unwrap_or(0));
            self.writer.recording_began();
        }
    }

    /// Collects what was said last.
    async fn settle(&mut self) {
        self.events.extend(self.mouth.stop(self.now_ms));
        tokio::join!(
            self.ear.last_words(self.now_ms),
            self.supervisors.last_words(self.now_ms)
        );
        while let Ok(news) = self.inbox.try_recv() {
            self.take_news(news);
        }
        self.events.push_back(Event::Settled);
    }

    /// Draws the results and waits until everything is written.
    async fn conclude(self) -> CallEnd {
        let Self {
            brief,
            flow,
            thinker,
            writer,
            end,
            now_ms,
            mut seat,
            recorder,
            mut turn_clock,
            ..
        } = self;
        if let Some(turn) = turn_clock.finish() {
            writer.turn(turn);
        }
        drop(recorder);
        // Idempotent; for a flow that ended without it there is nothing that could go wrong.
        let _ = tokio::time::timeout(HANGING_UP, seat.hang_up()).await;
        drop(seat);
        let (mut disposition, reason) = end.unwrap_or((Disposition::Failed, None));
        let known = flow.results().clone();
        let worth_reading = flow.person_spoke() && disposition.answered_by_person();
        let transcript = flow.transcript().to_vec();
        let question = ResultsQuestion {
            script: brief.script,
            result_fields: brief.result_fields.clone(),
            transcript: transcript.clone(),
            language: brief.language,
            day: brief.day,
            unhurried: false,
            meter: UsageMeter::default(),
        };
        let (drawn, all_written) = tokio::join!(
            async {
                match worth_reading {
                    true => thinker.results(question).await.map(Some),
                    false => Ok(None),
                }
            },
            writer.finish()
        );
        let (drawn, not_drawn) = match drawn {
            Ok(drawn) => (drawn, None),
            Err(why) => (None, Some(why)),
        };
        let drawn = drawn.map(|drawn| drawn.checked(&brief.result_fields, &transcript));
        let mut results = match drawn {
            Some(drawn) => drawn.over(known),
            None => known,
        }
        .restricted_to(&brief.result_fields);
        if reason.is_some() {
            results.reason = reason;
        }
        if !all_written {
            // Where the lines stand in what was written is not certain then.
            results.forget_lines();
            results
                .reason
                .get_or_insert_with(|| "Not all of the call could be written down.".to_owned());
        }
        if results.call_back.is_some() && matches!(disposition, Disposition::Completed | Disposition::HungUp) {
            disposition = Disposition::CallBack;
        }
        CallEnd {
            disposition,
            results: results.writable(),
            not_drawn,
            duration: Duration::from_millis(u64::from(now_ms)),
        }
    }
}
