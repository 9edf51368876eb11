//! What the model may do besides talking, as far as the campaign allows it: put the person through to a human, press keys,
//! look something up, leave the message. Whatever it asks for beyond that is not done, however it asks.

use super::{ConversationFlow, Effect, Event, Phase, floor::Purpose, who_answered::MACHINE_WINDOW_MS};
use domain::{Personal, campaign::VoicemailPolicy};
use voice::ports::{Allowed, ToolUse};

/// Keys that the agent presses in one call.
const MOST_KEYS: u32 = 40;
/// Tries to put the person through in one call.
const MOST_TRANSFERS: u32 = 3;
/// Questions to the campaign's service in one call.
const MOST_LOOK_UPS: u32 = 10;
/// Longer questions are cut, characters.
const LONGEST_QUESTION_CHARS: usize = 500;
/// Longer answers are cut, characters.
const LONGEST_ANSWER_CHARS: usize = 4_000;
/// If it takes longer than this and nobody speaks, the person is told that something is being looked up, milliseconds.
const SLOW_MS: u32 = 1_200;
/// Longer than this no answer is waited for, milliseconds.
const LONGEST_LOOK_UP_MS: u32 = 15_000;
/// Answers of the model after which whoever listens is no voicemail any more.
const MOST_REPLIES_TO_A_VOICEMAIL: u32 = 2;
/// What the model reads if nothing came of looking something up.
pub(crate) const FOUND_NOTHING: &str = "This could not be looked up now. Say so; do not guess.";

/// What was used so far.
#[derive(Debug, Default)]
pub(super) struct Tools {
    keys: u32,
    transfers: u32,
    look_ups: u32,
    /// Since when an answer has been awaited.
    looking_up_since: Option<u32>,
    told_to_wait: bool,
}

impl Tools {
    pub(super) const fn is_looking_up(&self) -> bool {
        self.looking_up_since.is_some()
    }
}

impl ConversationFlow {
    /// What the model is offered now.
    pub(super) fn allowed(&self) -> Allowed {
        let tools = &self.rules.tools;
        Allowed {
            transfer: tools.transfer_to.is_some(),
            keys: tools.press_keys,
            voicemail: self.may_be_a_voicemail(),
            look_up: tools.look_up.as_ref().map(|look_up| look_up.about.clone()),
        }
    }

    /// In the first seconds a model may notice what our rules did not. Where that would mean hanging up, it is not asked.
    fn may_be_a_voicemail(&self) -> bool {
        self.rules.voicemail_policy == VoicemailPolicy::LeaveMessage
            && !self.rules.voicemail_message.reveal().trim().is_empty()
            && !self.rules.direction.is_inbound()
            && self.now < MACHINE_WINDOW_MS
            && self.floor.replies <= MOST_REPLIES_TO_A_VOICEMAIL
    }

    /// The model used a tool in the answer that is in the making.
    pub(super) fn use_tool(&mut self, tool: ToolUse) {
        match tool {
            ToolUse::Transfer => {
                let allowed = self.rules.tools.transfer_to.is_some() && self.floor.person_spoke;
                let allowed = allowed && self.tools.transfers < MOST_TRANSFERS;
                if let Some(reply) = self.floor.reply.as_mut().filter(|reply| allowed && !reply.put_through) {
                    reply.put_through = true;
                    self.tools.transfers += 1;
                }
            }
            ToolUse::Press(keys) => {
                if self.press_for_the_model(&keys)
                    && let Some(reply) = &mut self.floor.reply
                {
                    reply.acted = true;
                }
            }
            ToolUse::LeaveVoicemail if self.may_be_a_voicemail() => self.machine_answered(false),
            ToolUse::LeaveVoicemail => {}
            ToolUse::LookUp(question) => self.look_up(&question),
        }
    }

    /// Presses keys where the campaign allows it. True if there were any.
    pub(super) fn press_for_the_model(&mut self, keys: &str) -> bool {
        if !self.rules.tools.press_keys {
            return false;
        }
        let mut pressed = false;
        for key in keys.chars().filter(|key| matches!(key, '0'..='9' | '*' | '#')) {
            if self.tools.keys >= MOST_KEYS {
                break;
            }
            self.tools.keys += 1;
            self.press(key, None);
            pressed = true;
        }
        pressed
    }

    fn look_up(&mut self, question: &Personal) {
        let question: String = question.reveal().trim().chars().take(LONGEST_QUESTION_CHARS).collect();
        let allowed = self.rules.tools.look_up.is_some() && self.tools.look_ups < MOST_LOOK_UPS;
        if !allowed || self.tools.is_looking_up() || question.is_empty() {
            return;
        }
        self.tools.look_ups += 1;
        self.tools.looking_up_since = Some(self.now);
        self.tools.told_to_wait = false;
        if let Some(reply) = &mut self.floor.reply {
            reply.acted = true;
        }
        self.effects.push(Effect::LookUp(question.into()));
    }

    /// News for tools, whatever the state.
    pub(super) fn tool_news(&mut self, event: &Event) {
        let Some(since) = self.tools.looking_up_since else {
            return;
        };
        let waited = self.now.saturating_sub(since);
        match event {
            Event::LookedUp(answer) => self.looked_up(answer.as_ref()),
            Event::Tick if waited >= LONGEST_LOOK_UP_MS => self.looked_up(None),
            Event::Tick if waited >= SLOW_MS && self.may_excuse_itself() => {
                self.tools.told_to_wait = true;
                self.say(self.wording.looking_up, Purpose::Fixed);
            }
            _ => {}
        }
    }

    fn may_excuse_itself(&self) -> bool {
        !self.tools.told_to_wait && self.agent_talks() && self.floor.is_quiet()
    }

    fn looked_up(&mut self, answer: Option<&Personal>) {
        self.tools.looking_up_since = None;
        let answer = answer.map_or(FOUND_NOTHING, Personal::reveal);
        let answer: String = answer.chars().take(LONGEST_ANSWER_CHARS).collect();
        self.floor.was_looked_up(answer.into());
        if self.agent_talks() {
            self.person_said_something();
        }
    }

    /// The agent and the person talk, and nobody has taken the call from it.
    fn agent_talks(&self) -> bool {
        matches!(self.phase, Phase::Talking(_)) && !self.supervision.is_taken_over() && !self.is_handing_over()
    }
}
