//! The conversation as a pure state machine: [`ConversationFlow::handle`] takes an event and the room's time, and gives
//! back what is to be done. It needs no runtime, no clock and no model.
//!
//! A call passes through these states, each in a file of its own: **before the answer** (`before_answer`), **who
//! answered** (`who_answered`), an answering **machine** (`machine`), a phone **menu** (`menu`), an assistant by which the
//! call is **screened** (`screened`), or a person to be **talking** with (`talking`: opening, listening, thinking and
//! speaking), **wrapping up** (`wrapping_up`: a goodbye is on its way), **ending** (`ending`: hung up, the last words are
//! being collected), and ended. What does not depend on the state is here and in `floor`: who is speaking, which sentences
//! are on their way, and what has been said; in `line`: faxes, tones of the network, noise; in `supervision`:
//! whether a supervisor has taken over or barged in; and in `colleague`: whether somebody was called in.
//!
//! A new rule of conversation goes into the state it belongs to, with a scenario in `flow/tests.rs`.

mod before_answer;
mod colleague;
mod effect;
mod ending;
mod event;
mod floor;
mod keypad;
mod line;
mod machine;
mod menu;
mod notebook;
mod notice;
mod screened;
mod supervision;
mod taking_over;
mod talking;
#[cfg(test)]
mod tests;
mod thinking_ahead;
mod tools;
mod who_answered;
mod wording;
mod wrapping_up;

pub use effect::{AnsweredBy, Effect, Sentence};
pub use event::{Event, HeardWords, ReplyId, ReplyNews, SentenceId, SpokenWords};
pub use supervision::SUPERVISOR_GRACE_MS;
#[cfg(test)]
pub(crate) use tools::FOUND_NOTHING;
pub use wording::{Wording, wording};

use crate::{call::CallBrief, opt_out};
use colleague::Visit;
use domain::{
    Direction, Personal,
    agent_state::AgentState,
    agent_tools::AgentTools,
    campaign::VoicemailPolicy,
    conversation::Disposition,
    recording::RecordingRule,
    results::{ConversationResults, ResultField, TranscriptLine},
};
use ending::Ending;
use floor::Floor;
use keypad::Keypad;
use line::Line;
use machine::Machine;
use menu::Menu;
use notice::Notice;
use screened::Screened;
use supervision::Supervision;
use talking::Talking;
use thinking_ahead::ThinkingAhead;
use tools::Tools;
use voice::{
    meter::UsageMeter,
    ports::{ContextLine, ContextRole, Prompt},
};
use who_answered::WhoAnswered;
use wrapping_up::WrappingUp;

/// A goodbye that we decided on must be out after this time, milliseconds.
const FAREWELL_MS: u32 = 4_000;
/// After a request not to be called again, the call ends within this time, milliseconds. Somebody who is still
/// speaking is let finish, for as long again.
pub const OPT_OUT_END_MS: u32 = 3_000;
/// The closing sentence is said this long before the longest time is reached, milliseconds.
const TIME_WARNING_MS: u32 = 5_000;
/// The longest text that a supervisor can have said or whispered, characters.
const LONGEST_INSTRUCTION_CHARS: usize = 1_000;
/// A supervisor's whispers beyond this many are dropped.
const MOST_WHISPERS: u32 = 200;

/// What the conversation must know about its campaign and lead.
#[derive(Clone, Debug)]
pub struct FlowRules {
    pub direction: Direction,
    pub script: Personal,
    pub opening: Personal,
    pub voicemail_message: Personal,
    pub voicemail_policy: VoicemailPolicy,
    pub recording: RecordingRule,
    pub recording_announcement: Personal,
    pub result_fields: Vec<ResultField>,
    /// BCP 47.
    pub language: String,
    /// What the model may do besides talking.
    pub tools: AgentTools,
    /// The person's clock, for the model.
    pub clock: Option<String>,
    /// From the answer, milliseconds.
    pub longest_call_ms: u32,
}

impl From<&CallBrief> for FlowRules {
    fn from(brief: &CallBrief) -> Self {
        Self {
            direction: brief.direction,
            script: brief.script.clone(),
            opening: brief.opening.clone(),
            voicemail_message: brief.voicemail_message.clone(),
            voicemail_policy: brief.voicemail_policy,
            recording: brief.recording,
            recording_announcement: brief.recording_announcement.clone(),
            result_fields: brief.result_fields.clone(),
            language: brief.language.clone(),
            tools: brief.tools.clone(),
            clock: brief.clock.clone(),
            longest_call_ms: u32::try_from(brief.longest_call.as_millis()).unwrap_or(u32::MAX),
        }
    }
}

enum Phase {
    BeforeAnswer,
    WhoAnswered(WhoAnswered),
    Machine(Machine),
    Menu(Menu),
    Screened(Screened),
    Talking(Talking),
    WrappingUp(WrappingUp),
    Ending(Ending),
    Ended,
}

/// Decides what happens in a call.
pub struct ConversationFlow {
    rules: FlowRules,
    wording: &'static Wording,
    phase: Phase,
    floor: Floor,
    ahead: ThinkingAhead,
    supervision: Supervision,
    visit: Visit,
    keypad: Keypad,
    tools: Tools,
    notice: Notice,
    line: Line,
    results: ConversationResults,
    transcript: Vec<TranscriptLine>,
    opted_out: bool,
    whispers: u32,
    /// How often a person took up the conversation again in the middle of a goodbye.
    reopenings: u32,
    /// Room time, milliseconds since the answer. Never goes back.
    now: u32,
    shown: AgentState,
    effects: Vec<Effect>,
}

impl ConversationFlow {
    #[must_use]
    pub fn new(rules: FlowRules) -> Self {
        Self {
            wording: wording(&rules.language),
            rules,
            phase: Phase::BeforeAnswer,
            floor: Floor::default(),
            ahead: ThinkingAhead::default(),
            supervision: Supervision::default(),
            visit: Visit::default(),
            keypad: Keypad::default(),
            tools: Tools::default(),
            notice: Notice::default(),
            line: Line::default(),
            results: ConversationResults::default(),
            transcript: Vec::new(),
            opted_out: false,
            whispers: 0,
            reopenings: 0,
            now: 0,
            shown: AgentState::Waiting,
            effects: Vec::new(),
        }
    }

    /// Takes an event at `now_ms` (milliseconds of room time since the answer) and says what to do.
    pub fn handle(&mut self, event: Event, now_ms: u32) -> Vec<Effect> {
        if matches!(self.phase, Phase::Ended) {
            return Vec::new();
        }
        self.now = self.now.max(now_ms);
        if let Event::Reply(reply, _) = event
            && self.ahead.is_for(reply)
        {
            self.ahead.hold(event);
            return Vec::new();
        }
        self.note(&event);
        self.note_notice(&event);
        self.supervise(&event);
        self.visit_news(&event);
        self.keys(&event);
        self.tool_news(&event);
        if !self.handle_anywhere(&event) && !self.listen_to_line(&event) {
            match self.phase {
                Phase::BeforeAnswer => self.before_answer(&event),
                Phase::WhoAnswered(_) | Phase::Machine(_) | Phase::Talking(_) if self.is_handing_over() => {}
                Phase::WhoAnswered(_) => self.who_answered(&event),
                Phase::Machine(_) => self.machine(&event),
                Phase::Menu(_) => self.menu(&event),
                Phase::Screened(_) => self.screened(event),
                Phase::Talking(_) if self.supervision.is_taken_over() => {}
                Phase::Talking(_) => self.talking(event),
                Phase::WrappingUp(_) => self.wrapping_up(&event),
                Phase::Ending(_) => self.ending(&event),
                Phase::Ended => {}
            }
        }
        self.show_state();
        std::mem::take(&mut self.effects)
    }

    /// What a language model needs in order to go on.
    #[must_use]
    pub fn prompt(&self) -> Prompt {
        let mut lines = self.floor.lines.clone();
        lines.extend(self.ahead.text().map(|text| ContextLine {
            role: ContextRole::Person,
            text: text.clone(),
        }));
        Prompt {
            script: self.rules.script.clone(),
            result_fields: self.rules.result_fields.clone(),
            language: self.rules.language.clone(),
            lines,
            allowed: self.allowed(),
            clock: self.rules.clock.clone(),
            meter: UsageMeter::default(),
        }
    }

    /// True if the person has said something that could be understood.
    #[must_use]
    pub fn person_spoke(&self) -> bool {
        self.floor.person_spoke
    }

    /// True after the one end.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    fn was_answered(&self) -> bool {
        !matches!(self.phase, Phase::BeforeAnswer)
    }

    /// Events that mean the same in every state. True if nothing else is to be done about it.
    fn handle_anywhere(&mut self, event: &Event) -> bool {
        if matches!(self.phase, Phase::Ending(_)) {
            self.opt_out_if_asked(event);
            return false;
        }
        if self.opt_out_if_asked(event) {
            return true;
        }
        match event {
            Event::Left(far_end) => self.left(far_end),
            // A network that takes the answer back has lost the call.
            Event::NotAnswered(_) if self.was_answered() => self.left(&telephony::FarEnd::Lost),
            Event::RoomSilent => self.end(Disposition::Lost, Some("The connection was lost.")),
            Event::ScribeFailed => self.close(
                Disposition::Failed,
                Some("The call could not be written down, so it was ended."),
                self.wording.trouble,
                FAREWELL_MS,
            ),
            // Whoever speaks to the person has said goodbye to them.
            Event::EndBySupervisor if self.supervision.is_taken_over() => {
                self.end(Disposition::EndedBySupervisor, None);
            }
            Event::EndBySupervisor => {
                self.close(Disposition::EndedBySupervisor, None, self.wording.must_go, FAREWELL_MS)
            }
            // The phone may have rung already, so it is a try like any other: nobody is rung again at once.
            Event::Stop if !self.was_answered() => self.end(
                Disposition::NoAnswer,
                Some("It was no longer waited for an answer, because the system was being stopped."),
            ),
            Event::GiveWay if !self.was_answered() => self.end(
                Disposition::NoAnswer,
                Some("It was no longer waited for an answer, because the person was calling us."),
            ),
            Event::Stop => self.close(
                Disposition::Failed,
                Some("The call was ended because the system was being stopped."),
                self.wording.must_go,
                FAREWELL_MS,
            ),
            Event::Say(text) => self.say_verbatim(text),
            Event::Tick if self.was_answered() && self.now >= self.rules.longest_call_ms => self.time_is_over(),
            Event::Tick
                if self.was_answered() && self.now >= self.rules.longest_call_ms.saturating_sub(TIME_WARNING_MS) =>
            {
                if matches!(self.phase, Phase::Talking(_)) {
                    let left = self.rules.longest_call_ms - self.now;
                    self.close(Disposition::TimeLimit, None, self.wording.time_is_up, left);
                }
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Honours a request not to be called again, whatever else is going on. True if there was one just now.
    fn opt_out_if_asked(&mut self, event: &Event) -> bool {
        if self.opted_out {
            return false;
        }
        let asked = match event {
            Event::Dtmf(key) => *key == opt_out::OPT_OUT_KEY,
            Event::Heard(heard) => opt_out::asks_to_stop(heard.text.reveal()),
            Event::Tick | Event::Partial(_) => self.floor.asked_to_stop_for_a_while(self.now),
            _ => false,
        };
        if asked {
            self.opt_out();
        }
        asked
    }

    fn opt_out(&mut self) {
        if std::mem::replace(&mut self.opted_out, true) {
            return;
        }
        // First of all: nothing that follows may keep it from being written down.
        self.effects.insert(0, Effect::OptOut);
        match &mut self.phase {
            Phase::Ending(ending) => ending.opted_out(),
            Phase::Talking(_) | Phase::WhoAnswered(_) => {
                self.close(Disposition::OptedOut, None, self.wording.opted_out, OPT_OUT_END_MS);
            }
            Phase::WrappingUp(wrapping_up) if !wrapping_up.is_ours() => {
                self.close(Disposition::OptedOut, None, self.wording.opted_out, OPT_OUT_END_MS);
            }
            _ => self.end(Disposition::OptedOut, None),
        }
    }

    /// The far end is gone: what that means depends on how far we were.
    fn left(&mut self, far_end: &telephony::FarEnd) {
        if *far_end == telephony::FarEnd::Lost {
            let disposition = match &self.phase {
                Phase::WrappingUp(wrapping_up) => wrapping_up.disposition(),
                _ => Disposition::Lost,
            };
            let reason = (disposition == Disposition::Lost).then_some("The connection was lost.");
            return self.end(disposition, reason);
        }
        let disposition = match &self.phase {
            Phase::BeforeAnswer => Disposition::NoAnswer,
            // A message that was cut short is none.
            Phase::Machine(_) => Disposition::Voicemail,
            Phase::Menu(_) => Disposition::PhoneMenu,
            Phase::Screened(_) => return self.end(Disposition::Rejected, Some(screened::TURNED_AWAY)),
            // It rang on, or said only that it does not.
            Phase::WhoAnswered(state) if state.is_network() => Disposition::NoAnswer,
            Phase::WrappingUp(wrapping_up) => wrapping_up.disposition(),
            _ if self.results.call_back.is_some() => Disposition::CallBack,
            // The model was about to hang up: the person was merely quicker.
            _ if self.floor.reply.as_ref().is_some_and(|reply| reply.end_call) && self.floor.person_spoke => {
                Disposition::Completed
            }
            _ => Disposition::HungUp,
        };
        self.end(disposition, None);
    }

    fn time_is_over(&mut self) {
        let disposition = match &self.phase {
            // A message that was cut short is none.
            Phase::Machine(_) => Disposition::Voicemail,
            Phase::Menu(_) => Disposition::PhoneMenu,
            Phase::Screened(_) => Disposition::NoAnswer,
            Phase::WrappingUp(wrapping_up) => wrapping_up.disposition(),
            _ => Disposition::TimeLimit,
        };
        self.end(disposition, None);
    }

    fn say_verbatim(&mut self, text: &Personal) {
        let hard_end = matches!(&self.phase, Phase::WrappingUp(wrapping_up) if wrapping_up.is_ours());
        let speakable = text.reveal().chars().any(char::is_alphanumeric);
        if !self.was_answered() || hard_end || !speakable {
            return;
        }
        let text: String = text.reveal().chars().take(LONGEST_INSTRUCTION_CHARS).collect();
        self.fall_silent();
        self.talk();
        self.say(&text, floor::Purpose::Verbatim);
    }

    /// Bookkeeping that no state changes: who speaks, what is on its way, what was said.
    fn note(&mut self, event: &Event) {
        match event {
            Event::Whisper(text) if self.whispers < MOST_WHISPERS => {
                self.whispers += 1;
                let text: String = text.reveal().chars().take(LONGEST_INSTRUCTION_CHARS).collect();
                let said = self.floor.whispered(text.into(), self.now, self.now);
                self.write(said);
            }
            Event::SupervisorHeard(identity, heard) => {
                if let Some(said) = self.supervisor_heard(identity, heard) {
                    self.write(said);
                }
            }
            Event::Reply(id, ReplyNews::Result { field, value }) if self.floor.is_current(*id) => {
                self.learn(field, value);
            }
            Event::Reply(id, ReplyNews::CallBack { when, at }) if self.floor.is_current(*id) => {
                self.results.call_back = Some(when.clone());
                self.results.call_back_at.clone_from(at);
            }
            _ => {
                if let Some(said) = self.floor.note(event, self.now) {
                    self.write(said);
                }
            }
        }
    }

    /// Speaks `text` sentence by sentence, after what is already waiting.
    fn say(&mut self, text: &str, purpose: floor::Purpose) {
        for sentence in crate::sentences::split(text) {
            let sentence = self.floor.add_sentence(sentence, purpose);
            self.effects.push(Effect::Speak(sentence));
        }
    }

    /// Stops the voice and the model. Gives what was left unsaid, the cut sentence first.
    fn fall_silent(&mut self) -> floor::Unsaid {
        self.ahead.forget();
        let unsaid = self.floor.fall_silent();
        self.notice_may_be_cut();
        if unsaid.reply {
            self.effects.push(Effect::CancelReply);
        }
        if !unsaid.sentences.is_empty() {
            self.effects.push(Effect::StopSpeaking);
        }
        unsaid
    }

    /// Asks the language model to go on.
    fn start_reply(&mut self) {
        self.give_notice();
        let id = self.floor.start_reply();
        self.effects.push(Effect::StartReply(id));
    }

    /// To the state in which a person and the agent talk, if it is not that already.
    fn talk(&mut self) {
        if !matches!(self.phase, Phase::Talking(_)) {
            self.phase = Phase::Talking(Talking::new(self.now));
        }
    }

    /// Says a goodbye of ours and ends within `within_ms`. Before an answer, with a machine, or in the middle of
    /// another goodbye there is nobody to say it to.
    fn close(&mut self, disposition: Disposition, reason: Option<&str>, goodbye: &'static str, within_ms: u32) {
        match &self.phase {
            Phase::Talking(_) | Phase::WhoAnswered(_) => {}
            Phase::WrappingUp(wrapping_up) => {
                // A goodbye of ours stands, and a request not to be called again outranks everything.
                let standing = wrapping_up.is_ours() && disposition != Disposition::OptedOut;
                let decided = wrapping_up.disposition();
                if standing || disposition != Disposition::OptedOut {
                    return self.end(decided, None);
                }
            }
            _ => return self.end(disposition, reason),
        }
        self.dismiss_colleague();
        self.release_floor();
        self.fall_silent();
        let deadline = self.now + within_ms;
        let wrapping_up = WrappingUp::ours(disposition, reason, deadline);
        if disposition == Disposition::OptedOut && self.floor.speaking_since.is_some() {
            self.phase = Phase::WrappingUp(wrapping_up.once_they_finish(goodbye));
            return;
        }
        self.phase = Phase::WrappingUp(wrapping_up);
        self.say(goodbye, floor::Purpose::Farewell);
    }

    /// Hangs up. The end itself comes when all that was said has been told.
    fn end(&mut self, disposition: Disposition, reason: Option<&str>) {
        let reason = reason.map(str::to_owned).or(match &self.phase {
            Phase::WrappingUp(wrapping_up) => wrapping_up.reason(),
            _ => None,
        });
        self.write_keys();
        self.dismiss_colleague();
        self.release_floor();
        self.fall_silent();
        let disposition = if self.opted_out {
            Disposition::OptedOut
        } else {
            self.visit.disposition(disposition)
        };
        let reason = reason.or_else(|| self.visit.reason(disposition));
        self.phase = Phase::Ending(Ending::new(disposition, reason));
        self.effects.extend([Effect::HangUp, Effect::Settle]);
    }

    fn show_state(&mut self) {
        let state = match &self.phase {
            Phase::BeforeAnswer => AgentState::Waiting,
            Phase::Ending(_) | Phase::Ended => AgentState::Ended,
            _ if self.supervision.is_taken_over() && !self.floor.has_words_waiting() => AgentState::Listening,
            _ => self.floor.state(),
        };
        if state != self.shown {
            self.shown = state;
            // Before the one end, which is always the last.
            let at = match self.effects.last() {
                Some(Effect::End { .. }) => self.effects.len() - 1,
                _ => self.effects.len(),
            };
            self.effects.insert(at, Effect::SetState(state));
        }
    }
}
