//! A person and the agent talk: opening, listening, thinking, speaking.

use super::{
    ConversationFlow, Event, HeardWords, Phase, ReplyId, ReplyNews, SentenceId,
    floor::{Purpose, Unsaid, UnsaidSentence},
    wrapping_up::WrappingUp,
};
use crate::backchannel::only_listens;
use domain::conversation::Disposition;
use voice::line_sound::LineSound;

/// If nobody says anything for this long, the agent asks, milliseconds.
const SILENCE_MS: u32 = 6_000;
/// Until this time after the answer, somebody who begins to speak while the agent introduces itself may only be saying
/// hello, milliseconds …
const HELLO_MS: u32 = 1_500;
/// … unless their turn takes longer than this, with the silence that ends it, milliseconds.
const LONGEST_HELLO_MS: u32 = 1_400;
/// Who says more than this says more than hello.
const MOST_WORDS_OF_A_HELLO: usize = 3;
/// How often it asks before it says goodbye.
const MOST_PROMPTS: u32 = 2;
/// Failures in a row (model, voice or ears) after which the agent gives up.
const MOST_FAILURES: u32 = 2;
/// Sentences of one answer; more are not spoken.
const MOST_SENTENCES: u32 = 12;
/// Characters of one answer; more are not spoken.
const MOST_REPLY_CHARS: usize = 1_500;
/// So often it is begun once more to say who is calling, before anything else is said.
const MOST_DISCLOSURES: u32 = 3;
/// Answers in one call.
const MOST_REPLIES: u32 = 150;

#[derive(Debug, Default)]
pub(super) struct Talking {
    /// Since when nothing has been going on.
    quiet_since: u32,
    prompts: u32,
    /// The person said something that no answer has been started for.
    reply_owed: bool,
    /// What a barge-in cut off.
    unsaid: Unsaid,
    /// The person began to speak before the agent did: the opening is the answer to that.
    entered_at: u32,
    opening_again: bool,
    /// Since when they have been saying something into the agent's first sentence that may be a hello.
    hello_since: Option<u32>,
    /// Failures in a row of the model, of the voice, and of the ears.
    failures: u32,
    not_spoken: u32,
    not_heard: u32,
    resumed: u32,
    /// Once all is said, the person is put through to a human.
    put_through: bool,
    /// How often it was begun once more to say who is calling.
    disclosures: u32,
}

impl Talking {
    pub(super) fn new(now: u32) -> Self {
        Self {
            quiet_since: now,
            entered_at: now,
            ..Self::default()
        }
    }

    /// The agent speaks again after a supervisor: what was said meanwhile wants an answer like anything else.
    pub(super) fn again(now: u32, reply_owed: bool) -> Self {
        Self {
            quiet_since: now,
            reply_owed,
            ..Self::default()
        }
    }
}

impl ConversationFlow {
    pub(super) fn talking(&mut self, event: Event) {
        match event {
            Event::SpeechStarted if self.now < HELLO_MS && self.floor.opening_plays() => {
                let now = self.now;
                if let Some(state) = self.state() {
                    state.hello_since = Some(now);
                }
            }
            Event::Tick => self.hear_out_a_hello(),
            Event::SpeechStarted => self.barge_in(),
            Event::MayHaveSaid(words) => self.think_ahead(&words),
            Event::WentOn => self.think_no_further(),
            Event::Partial(_) if self.turns_out_a_machine(None) => return,
            Event::Line(LineSound::Beep) if self.beeped_in_talk() => return,
            Event::Heard(heard) => {
                self.heard(&heard);
                self.answer_as_thought(&heard);
            }
            Event::NotHeard => self.not_heard(),
            Event::Reply(id, news) if self.floor.is_current(id) => self.reply_news(id, news),
            Event::SentenceFailed(id) => self.sentence_failed(id),
            Event::SentenceSpoken(spoken) => {
                if let Phase::Talking(state) = &mut self.phase
                    && !spoken.interrupted
                {
                    state.not_spoken = 0;
                    // Cut in the pause after its last word, it was said whole; what was to follow it was not.
                    let unsaid = &mut state.unsaid.sentences;
                    if unsaid.first().is_some_and(|first| first.id == spoken.id) {
                        unsaid.remove(0);
                    } else {
                        state.unsaid = Unsaid::default();
                    }
                }
            }
            _ => {}
        }
        self.go_on();
    }

    fn state(&mut self) -> Option<&mut Talking> {
        match &mut self.phase {
            Phase::Talking(state) => Some(state),
            _ => None,
        }
    }

    /// What the person said wants an answer that nobody has begun. From now on somebody has.
    pub(super) fn take_owed_reply(&mut self) -> bool {
        self.state().is_some_and(|state| std::mem::take(&mut state.reply_owed))
    }

    /// Something was said that wants an answer.
    pub(super) fn person_said_something(&mut self) {
        if let Some(state) = self.state() {
            state.reply_owed = true;
        }
        self.go_on();
    }

    /// Somebody speaks: the agent is silent at once.
    pub(super) fn barge_in(&mut self) {
        let unsaid = self.fall_silent();
        let Some(state) = self.state() else { return };
        if unsaid.reply || !unsaid.sentences.is_empty() {
            state.unsaid = unsaid;
        }
    }

    /// Who has been speaking for too long for a hello interrupts after all.
    fn hear_out_a_hello(&mut self) {
        let (now, speaking) = (self.now, self.floor.speaking_since.is_some());
        let Some(state) = self.state() else { return };
        let too_long = |since: &mut u32| now.saturating_sub(*since) >= LONGEST_HELLO_MS;
        if speaking && state.hello_since.take_if(too_long).is_some() {
            self.barge_in();
        }
    }

    /// What a barge-in cut off.
    pub(super) fn cut_off(&mut self) -> &[UnsaidSentence] {
        self.state().map_or(&[], |state| &state.unsaid.sentences)
    }

    /// What was said before the agent's first word is answered by the opening.
    pub(super) fn wants_an_answer(&mut self, heard: &HeardWords) -> bool {
        let answering = self.floor.replies > 0;
        self.state()
            .is_some_and(|state| answering || heard.start_ms >= state.entered_at)
    }

    fn heard(&mut self, heard: &HeardWords) {
        let text = heard.text.reveal();
        if self.turns_out_a_machine(Some(text)) {
            return;
        }
        let Some(state) = self.state() else { return };
        let hello = state.hello_since.take().is_some();
        let cut_off = state.unsaid.sentences.first();
        let only_listens = only_listens(text) && cut_off.is_some_and(|cut| !cut.text.trim_end().ends_with('?'));
        if text.trim().is_empty() || only_listens {
            return self.it_was_only_noise();
        }
        state.prompts = 0;
        state.not_heard = 0;
        state.put_through = false;
        let short = text.split_whitespace().count() <= MOST_WORDS_OF_A_HELLO;
        if hello && short {
            return;
        }
        let unsaid = std::mem::take(&mut state.unsaid);
        let mut opening = unsaid.sentences;
        opening.retain(|sentence| sentence.purpose == Purpose::Opening);
        let opening_was_cut = !opening.is_empty();
        // Its last sentence asks; into that, a word or two are an answer.
        let told_who = opening.len() == 1 && crate::sentences::split(self.rules.opening.reveal()).len() > 1;
        // “Hello?” into the opening, or anything before a word of it was out: who is calling is said before anything else.
        let heard_nothing = short || !self.floor.agent_spoke();
        let Some(state) = self.state() else { return };
        if opening_was_cut && !told_who && !state.opening_again && heard_nothing {
            state.opening_again = true;
            state.reply_owed = false;
            for (place, sentence) in opening.iter().enumerate() {
                self.say(&sentence.text, Purpose::Opening);
                if place == 0 {
                    self.say_what_is_owed();
                }
            }
            return;
        }
        let owed = opening_was_cut || self.wants_an_answer(heard);
        if let Some(state) = self.state() {
            state.reply_owed |= owed;
        }
    }

    /// A supervisor said something beside the agent: what that cut off stays unsaid.
    pub(super) fn supervisor_has_spoken(&mut self) {
        if let Some(state) = self.state() {
            state.unsaid = Unsaid::default();
        }
    }

    /// Sound without words interrupted the agent: it takes up what it was saying.
    pub(super) fn it_was_only_noise(&mut self) {
        let speaking = self.floor.speaking_since.is_some();
        let Some(state) = self.state() else { return };
        if speaking || state.resumed >= 5 {
            return;
        }
        let unsaid = std::mem::take(&mut state.unsaid);
        if unsaid.sentences.is_empty() && !unsaid.reply {
            return;
        }
        state.resumed += 1;
        if unsaid.reply || unsaid.sentences.iter().any(|sentence| sentence.aloud) {
            // How it would have gone on nobody knows.
            state.reply_owed = true;
            return;
        }
        for sentence in unsaid.sentences {
            if sentence.purpose == Purpose::Notice {
                self.give_notice();
            } else {
                self.say(&sentence.text, sentence.purpose);
            }
        }
    }

    fn not_heard(&mut self) {
        let Some(state) = self.state() else { return };
        state.not_heard += 1;
        if state.not_heard > MOST_FAILURES {
            return self.give_up("What the person said could not be recognised.");
        }
        if self.floor.is_quiet() {
            self.say(self.wording.say_again, Purpose::Fixed);
        }
    }

    fn reply_news(&mut self, id: ReplyId, news: ReplyNews) {
        match news {
            ReplyNews::Aloud => {
                self.flush_reply();
                self.effects
                    .extend(self.floor.begin_aloud().map(super::Effect::SpeakAloud));
            }
            ReplyNews::Words(words) => {
                if !self.floor.says_aloud(&words) {
                    let Some(reply) = &mut self.floor.reply else { return };
                    let sentences = reply.splitter.push(&words);
                    self.say_reply(sentences);
                }
                let too_much = self
                    .floor
                    .reply
                    .as_ref()
                    .is_some_and(|reply| reply.sentences >= MOST_SENTENCES || reply.chars >= MOST_REPLY_CHARS);
                if too_much {
                    self.effects.push(super::Effect::CancelReply);
                    self.reply_is_complete();
                }
            }
            // Only somebody who has said something can have said that.
            ReplyNews::DoNotCall if self.floor.person_spoke => self.opt_out(),
            ReplyNews::DoNotCall => {}
            ReplyNews::Tool(tool) => self.use_tool(tool),
            ReplyNews::EndCall => {
                if let Some(reply) = &mut self.floor.reply {
                    reply.end_call = true;
                }
            }
            ReplyNews::Done => {
                self.flush_reply();
                self.reply_is_complete();
            }
            ReplyNews::Failed => {
                self.flush_reply();
                let spoken = self.floor.reply.as_ref().is_some_and(|reply| reply.sentences > 0);
                if spoken {
                    self.reply_is_complete();
                } else {
                    self.floor.reply = None;
                    self.reply_failed(true);
                }
            }
            // Noted for every state alike.
            ReplyNews::Result { .. } | ReplyNews::CallBack { .. } => {
                debug_assert!(self.floor.is_current(id), "stale news were left out before");
            }
        }
    }

    fn flush_reply(&mut self) {
        if let Some(last) = self.floor.reply.as_mut().and_then(|reply| reply.splitter.finish()) {
            self.say_reply(vec![last]);
        }
    }

    fn say_reply(&mut self, sentences: Vec<String>) {
        for sentence in sentences {
            let Some(reply) = &mut self.floor.reply else { return };
            if reply.sentences >= MOST_SENTENCES || reply.chars >= MOST_REPLY_CHARS {
                return;
            }
            reply.sentences += 1;
            reply.chars += sentence.chars().count();
            self.say(&sentence, Purpose::Reply);
        }
    }

    fn reply_is_complete(&mut self) {
        let Some(reply) = &mut self.floor.reply else { return };
        reply.done = true;
        let (said_nothing, end_call) = (reply.sentences == 0, reply.end_call);
        let (put_through, acted) = (reply.put_through, reply.acted);
        if put_through {
            if said_nothing {
                self.say(self.wording.putting_through, Purpose::Fixed);
            }
            if let Some(state) = self.state() {
                state.put_through = true;
            }
            return;
        }
        if end_call {
            let disposition = if self.results.call_back.is_some() {
                Disposition::CallBack
            } else if self.floor.person_spoke {
                Disposition::Completed
            } else {
                Disposition::Silent
            };
            self.phase = Phase::WrappingUp(WrappingUp::of_the_model(disposition, self.now));
            if said_nothing {
                self.say(self.wording.goodbye, Purpose::Farewell);
            }
            return;
        }
        if said_nothing && !acted {
            self.floor.reply = None;
            return self.reply_failed(false);
        }
        if let Some(state) = self.state() {
            state.failures = 0;
        }
    }

    /// The model gave nothing to say. Once that is tried again, aloud if it broke, silently if it was merely empty.
    fn reply_failed(&mut self, aloud: bool) {
        let Some(state) = self.state() else { return };
        state.failures += 1;
        if state.failures >= MOST_FAILURES {
            return self.give_up("The language model did not answer.");
        }
        if aloud {
            self.say(self.wording.one_moment, Purpose::Fixed);
        }
        self.start_reply();
    }

    fn sentence_failed(&mut self, _: SentenceId) {
        let Some(state) = self.state() else { return };
        state.not_spoken += 1;
        if state.not_spoken > MOST_FAILURES {
            // There is no voice to say goodbye with.
            self.end(Disposition::Failed, Some("The voice could not be made."));
        }
    }

    fn give_up(&mut self, reason: &str) {
        self.close(
            Disposition::Failed,
            Some(reason),
            self.wording.trouble,
            super::FAREWELL_MS,
        );
    }

    /// Nothing is answered before the person has heard who is calling, and that it is an AI. Who cannot be told is not spoken
    /// with.
    fn disclose(&mut self) {
        let Some(state) = self.state() else { return };
        state.disclosures += 1;
        if state.disclosures > MOST_DISCLOSURES {
            let reason = Some("The person could not be told who is calling, so the call did not go on.");
            return self.close(Disposition::Failed, reason, self.wording.must_go, super::FAREWELL_MS);
        }
        self.say_opening();
    }

    /// After every event: is an answer due, or has it been silent for too long?
    pub(super) fn go_on(&mut self) {
        let quiet = self.floor.is_quiet();
        let (now, replies) = (self.now, self.floor.replies);
        let looking_up = self.tools.is_looking_up();
        let Some(state) = self.state() else { return };
        if !quiet {
            state.quiet_since = now;
            return;
        }
        if state.reply_owed {
            state.reply_owed = false;
            if replies >= MOST_REPLIES {
                let reason = Some("The conversation had too many turns.");
                return self.close(Disposition::Completed, reason, self.wording.must_go, super::FAREWELL_MS);
            }
            if !self.floor.disclosed {
                return self.disclose();
            }
            return self.start_reply();
        }
        if std::mem::take(&mut state.put_through) {
            return self.hand_over_as_agent();
        }
        if looking_up {
            state.quiet_since = now;
            return;
        }
        if now.saturating_sub(state.quiet_since) < SILENCE_MS {
            return;
        }
        state.quiet_since = now;
        if state.prompts < MOST_PROMPTS {
            state.prompts += 1;
            let question = if self.floor.person_spoke {
                self.wording.still_there
            } else {
                self.wording.can_you_hear_me
            };
            return self.say(question, Purpose::Fixed);
        }
        if self.floor.person_spoke {
            let reason = Some("The person stopped answering.");
            self.close(
                Disposition::Completed,
                reason,
                self.wording.nobody_there,
                super::FAREWELL_MS,
            );
        } else {
            self.close(Disposition::Silent, None, self.wording.nobody_there, super::FAREWELL_MS);
        }
    }
}
