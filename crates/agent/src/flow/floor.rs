//! Who has the floor: what is being said, what waits to be said, and what has been said.

use super::{
    effect::Sentence,
    event::{Event, HeardWords, ReplyId, SentenceId},
    who_answered::LONG_GREETING_MS,
};
use crate::{call::SaidAloud, greeting::asks, opt_out, sentences::SentenceSplitter};
use domain::{Personal, agent_state::AgentState, conversation::Speaker};
use std::collections::VecDeque;
use voice::ports::{ContextLine, ContextRole};

/// A request heard in unfinished text must stand for this long, milliseconds: the next word could turn it.
const PARTIAL_REQUEST_MS: u32 = 700;

/// Why a sentence is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Opening,
    Reply,
    /// A fixed sentence of ours: a prompt, an apology.
    Fixed,
    /// A supervisor's own words.
    Verbatim,
    Farewell,
    /// The message for a machine.
    Message,
    /// That the call is recorded.
    Notice,
}

/// A sentence on its way.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) id: SentenceId,
    pub(super) text: String,
    pub(super) purpose: Purpose,
    began: bool,
    /// The model says it itself, and its text grows with what it says.
    aloud: bool,
    /// It was told to stop; only the news of what was said of it is awaited.
    cut: bool,
}

/// An answer in the making.
#[derive(Debug, Default)]
pub(super) struct Reply {
    id: u32,
    pub(super) splitter: SentenceSplitter,
    pub(super) sentences: u32,
    pub(super) chars: usize,
    /// The sentence in which the model says it itself.
    aloud: Option<SentenceId>,
    /// The model asked to hang up after it.
    pub(super) end_call: bool,
    /// The model asked to put the person through after it.
    pub(super) put_through: bool,
    /// It did something else than talking, so that it needs no words.
    pub(super) acted: bool,
    /// It is complete or was given up; its sentences may still be on their way.
    pub(super) done: bool,
}

/// What falling silent left unsaid.
#[derive(Debug, Default)]
pub(super) struct Unsaid {
    /// An answer was in the making.
    pub(super) reply: bool,
    pub(super) sentences: Vec<UnsaidSentence>,
}

#[derive(Clone, Debug)]
pub(super) struct UnsaidSentence {
    pub(super) id: SentenceId,
    pub(super) text: String,
    pub(super) purpose: Purpose,
    /// Nobody else can say it as the model did.
    pub(super) aloud: bool,
}

#[derive(Debug, Default)]
pub(super) struct Floor {
    /// All that was said and whispered, in order.
    pub(super) lines: Vec<ContextLine>,
    pub(super) person_spoke: bool,
    /// A whole sentence of the opening was heard: who is calling, and that it is an AI.
    pub(super) disclosed: bool,
    /// A supervisor whom the person hears is speaking beside the agent.
    pub(super) supervisor_speaks: bool,
    /// Since when the person has been speaking, room time.
    pub(super) speaking_since: Option<u32>,
    /// Turns that are over and whose text is not there yet.
    pub(super) awaiting_text: u32,
    longest_turn_ms: u32,
    partial: Personal,
    asked_since: Option<u32>,
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) reply: Option<Reply>,
    pub(super) replies: u32,
    reply_count: u32,
    sentence_count: u32,
}

impl Floor {
    /// Takes note of an event; gives what has to be written down for it.
    pub(super) fn note(&mut self, event: &Event, now: u32) -> Option<SaidAloud> {
        match event {
            Event::SpeechStarted => {
                self.speaking_since = Some(now);
                self.forget_partial();
            }
            Event::SpeechEnded => {
                if let Some(since) = self.speaking_since.take() {
                    self.awaiting_text += 1;
                    self.longest_turn_ms = self.longest_turn_ms.max(now.saturating_sub(since));
                }
            }
            Event::Partial(text) => self.partial_text(text, now),
            Event::MayHaveSaid(heard) => self.partial_text(&heard.text, now),
            Event::NotHeard => {
                self.awaiting_text = self.awaiting_text.saturating_sub(1);
                self.forget_partial();
            }
            Event::Heard(heard) => {
                self.awaiting_text = self.awaiting_text.saturating_sub(1);
                self.forget_partial();
                if !heard.text.reveal().trim().is_empty() {
                    self.person_spoke = true;
                    self.line(ContextRole::Person, &heard.text);
                    return Some(SaidAloud {
                        speaker: Speaker::Person,
                        text: heard.text.clone(),
                        start_ms: heard.start_ms,
                        end_ms: heard.end_ms,
                        interrupted: false,
                    });
                }
            }
            Event::SentenceBegan(id) => {
                if let Some(sentence) = self.waiting.iter_mut().find(|sentence| sentence.id == *id) {
                    sentence.began = true;
                }
            }
            Event::SentenceSpoken(spoken) => {
                let at = self.waiting.iter().position(|sentence| sentence.id == spoken.id)?;
                let sentence = self.waiting.remove(at)?;
                self.disclosed |= sentence.purpose == Purpose::Opening && !spoken.interrupted;
                if !spoken.text.is_empty() {
                    self.line(ContextRole::Agent, &spoken.text);
                    return Some(SaidAloud {
                        speaker: Speaker::Agent,
                        text: spoken.text.clone(),
                        start_ms: spoken.start_ms,
                        end_ms: spoken.end_ms,
                        interrupted: spoken.interrupted,
                    });
                }
            }
            Event::SentenceFailed(id) => self.waiting.retain(|sentence| sentence.id != *id),
            _ => {}
        }
        None
    }

    pub(super) fn whispered(&mut self, text: Personal, start_ms: u32, end_ms: u32) -> SaidAloud {
        self.line(ContextRole::Supervisor, &text);
        SaidAloud {
            speaker: Speaker::Supervisor,
            text,
            start_ms,
            end_ms,
            interrupted: false,
        }
    }

    /// Remembers what was said before this flow began.
    pub(super) fn recall(&mut self, said: &[SaidAloud]) {
        for line in said {
            let role = match line.speaker {
                Speaker::Agent => ContextRole::Agent,
                Speaker::Person => ContextRole::Person,
                Speaker::Supervisor => ContextRole::Supervisor,
                Speaker::SupervisorAloud | Speaker::Colleague => ContextRole::SupervisorAloud,
                Speaker::Act => continue,
            };
            self.person_spoke |= line.speaker == Speaker::Person;
            self.disclosed |= line.speaker == Speaker::Agent && !line.interrupted;
            self.line(role, &line.text);
        }
    }

    /// A supervisor's or colleague's words to the person; `name` is for the language model.
    pub(super) fn said_by_supervisor(&mut self, speaker: Speaker, name: &Personal, heard: &HeardWords) -> SaidAloud {
        let named = format!("{}: {}", name.reveal(), heard.text.reveal());
        self.line(ContextRole::SupervisorAloud, &named.into());
        SaidAloud {
            speaker,
            text: heard.text.clone(),
            start_ms: heard.start_ms,
            end_ms: heard.end_ms,
            interrupted: false,
        }
    }

    /// The person said the last word, and nobody has answered it.
    pub(super) fn person_waits(&self) -> bool {
        let aloud = |line: &&ContextLine| !matches!(line.role, ContextRole::Supervisor | ContextRole::LookedUp);
        let last = self.lines.iter().rev().find(aloud);
        last.is_some_and(|line| line.role == ContextRole::Person)
    }

    pub(super) fn agent_spoke(&self) -> bool {
        self.lines.iter().any(|line| line.role == ContextRole::Agent)
    }

    /// What came of looking something up.
    pub(super) fn was_looked_up(&mut self, answer: Personal) {
        self.line(ContextRole::LookedUp, &answer);
    }

    fn line(&mut self, role: ContextRole, text: &Personal) {
        self.lines.push(ContextLine {
            role,
            text: text.clone(),
        });
    }

    fn partial_text(&mut self, text: &Personal, now: u32) {
        if opt_out::asks_to_stop_so_far(text.reveal()) {
            self.asked_since.get_or_insert(now);
        } else {
            self.asked_since = None;
        }
        self.partial = text.clone();
    }

    /// One of the person's turns was as long as a machine's greeting.
    pub(super) fn spoke_at_length(&self) -> bool {
        self.longest_turn_ms >= LONG_GREETING_MS
    }

    /// The person asked something: they expect an answer.
    pub(super) fn person_asked(&self) -> bool {
        let said = self.lines.iter().filter(|line| line.role == ContextRole::Person);
        said.map(|line| line.text.reveal()).chain([self.partial()]).any(asks)
    }

    fn forget_partial(&mut self) {
        self.partial = Personal::default();
        self.asked_since = None;
    }

    pub(super) fn partial(&self) -> &str {
        self.partial.reveal()
    }

    /// A request not to be called again stands in the unfinished text and has not been turned by the words after it.
    pub(super) fn asked_to_stop_for_a_while(&self, now: u32) -> bool {
        self.asked_since
            .is_some_and(|since| now.saturating_sub(since) >= PARTIAL_REQUEST_MS)
    }

    pub(super) fn add_sentence(&mut self, text: String, purpose: Purpose) -> Sentence {
        self.sentence_count += 1;
        let id = SentenceId(self.sentence_count);
        self.waiting.push_back(Waiting {
            id,
            text: text.clone(),
            purpose,
            began: false,
            aloud: false,
            cut: false,
        });
        Sentence { id, text: text.into() }
    }

    /// The model says its answer itself from here on. Gives the sentence that stands for it, if that is news.
    pub(super) fn begin_aloud(&mut self) -> Option<SentenceId> {
        if self.reply.as_ref().is_none_or(|reply| reply.aloud.is_some()) {
            return None;
        }
        let id = self.add_sentence(String::new(), Purpose::Reply).id;
        if let Some(sentence) = self.waiting.back_mut() {
            sentence.aloud = true;
        }
        if let Some(reply) = &mut self.reply {
            reply.aloud = Some(id);
            reply.sentences += 1;
        }
        Some(id)
    }

    /// Words of the answer, if the model says them itself. True if they are.
    pub(super) fn says_aloud(&mut self, words: &str) -> bool {
        let Some((reply, id)) = self.reply.as_mut().and_then(|reply| reply.aloud.map(|id| (reply, id))) else {
            return false;
        };
        reply.chars += words.chars().count();
        if let Some(sentence) = self.waiting.iter_mut().find(|sentence| sentence.id == id) {
            sentence.text.push_str(words);
        }
        true
    }

    pub(super) fn start_reply(&mut self) -> ReplyId {
        self.replies += 1;
        self.prepare_reply()
    }

    /// An answer that counts as none until it is wanted.
    pub(super) fn prepare_reply(&mut self) -> ReplyId {
        self.reply_count += 1;
        self.reply = Some(Reply {
            id: self.reply_count,
            ..Reply::default()
        });
        ReplyId(self.reply_count)
    }

    /// Whether news of this answer still counts.
    pub(super) fn is_current(&self, id: ReplyId) -> bool {
        self.reply.as_ref().is_some_and(|reply| reply.id == id.0 && !reply.done)
    }

    /// The opening has begun, and nothing else was said before it.
    pub(super) fn opening_plays(&self) -> bool {
        let first = self.waiting.front();
        first.is_some_and(|first| first.purpose == Purpose::Opening && first.began && !first.cut)
            && self.lines.is_empty()
    }

    pub(super) fn reply_in_the_making(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| !reply.done)
    }

    /// Sentences that will still be heard.
    pub(super) fn has_words_waiting(&self) -> bool {
        self.waiting.iter().any(|sentence| !sentence.cut)
    }

    pub(super) fn fall_silent(&mut self) -> Unsaid {
        let reply = self.reply_in_the_making();
        self.reply = None;
        let sentences = self
            .waiting
            .iter()
            .filter(|sentence| !sentence.cut)
            .map(|sentence| UnsaidSentence {
                id: sentence.id,
                text: sentence.text.clone(),
                purpose: sentence.purpose,
                aloud: sentence.aloud,
            })
            .collect();
        self.waiting.retain_mut(|sentence| {
            sentence.cut = true;
            sentence.began
        });
        Unsaid { reply, sentences }
    }

    /// Nobody speaks, nothing is on its way, nothing is awaited.
    pub(super) fn is_quiet(&self) -> bool {
        self.speaking_since.is_none() && self.is_quiet_otherwise()
    }

    /// The same, whether or not the person speaks.
    pub(super) fn is_quiet_otherwise(&self) -> bool {
        !self.supervisor_speaks && self.awaiting_text == 0 && !self.has_words_waiting() && !self.reply_in_the_making()
    }

    pub(super) fn state(&self) -> AgentState {
        if self.waiting.iter().any(|sentence| sentence.began && !sentence.cut) {
            AgentState::Speaking
        } else if self.speaking_since.is_some() {
            AgentState::Listening
        } else if self.has_words_waiting() || self.reply_in_the_making() || self.awaiting_text > 0 {
            AgentState::Thinking
        } else {
            AgentState::Listening
        }
    }
}
