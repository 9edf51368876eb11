//! A phone menu answered. The agent does not talk to it: where the campaign allows it, the model presses keys; else it waits
//! for somebody if the menu asks for that, and hangs up otherwise. What was heard only half is no proof: then the agent
//! asks whether somebody is there.

use super::{ConversationFlow, Effect, Event, Phase, ReplyNews, floor::Purpose};
use crate::greeting::{Greeting, asks_to_wait, is_clearly_a_menu, judge, sounds_like_somebody};
use domain::conversation::Disposition;
use voice::ports::ToolUse;

/// So long after its last word a menu has no more to say, milliseconds.
const MENU_IS_OVER_MS: u32 = 1_500;
/// A menu that speaks on is not listened to for longer, milliseconds.
const LONGEST_MENU_MS: u32 = 12_000;
/// A menu whose keys may be pressed is listened to for so long, milliseconds.
const LONGEST_USEFUL_MENU_MS: u32 = 30_000;
/// Menus in which keys are pressed, one after the other.
const MOST_MENUS: u32 = 6;
/// Where somebody is to come, this is waited for, milliseconds.
const WAITS_MS: u32 = 40_000;
/// After asking whether somebody is there, milliseconds.
const ANSWER_MS: u32 = 4_000;

#[derive(Debug)]
pub(super) struct Menu {
    since: u32,
    quiet_since: u32,
    /// There is no doubt.
    clear: bool,
    /// It said that somebody would come.
    asked_to_wait: bool,
    asked_at: Option<u32>,
    /// How often the model was asked what to press.
    asked_model: u32,
    /// The model has pressed something since it was asked last.
    pressed: bool,
}

impl Menu {
    pub(super) fn new(now: u32, text: &str) -> Self {
        Self {
            since: now,
            quiet_since: now,
            clear: is_clearly_a_menu(text),
            asked_to_wait: asks_to_wait(text),
            asked_at: None,
            asked_model: 0,
            pressed: false,
        }
    }
}

impl ConversationFlow {
    pub(super) fn menu(&mut self, event: &Event) {
        let busy =
            self.floor.speaking_since.is_some() || self.floor.awaiting_text > 0 || self.floor.has_words_waiting();
        let Phase::Menu(state) = &mut self.phase else {
            return;
        };
        if busy {
            state.quiet_since = self.now;
        }
        match event {
            Event::Heard(heard) => {
                let text = heard.text.reveal();
                let greeting = judge(text);
                match greeting {
                    Greeting::Voicemail | Greeting::Screening | Greeting::Announcement => {
                        self.turns_out_a_machine(Some(text));
                    }
                    // The words by which it was recognised are no new ones.
                    _ if heard.start_ms >= state.since && sounds_like_somebody(text) => self.open(),
                    _ => {
                        // A second part, or words that no person has to say.
                        let more = heard.start_ms >= state.since && greeting == Greeting::PhoneMenu;
                        if more && std::mem::take(&mut state.pressed) {
                            // The next menu.
                            state.since = heard.start_ms;
                            state.asked_to_wait = false;
                        }
                        state.clear |= more || is_clearly_a_menu(text);
                        state.asked_to_wait |= asks_to_wait(text);
                    }
                }
            }
            Event::Partial(_) if state.asked_at.is_none() => state.clear |= is_clearly_a_menu(self.floor.partial()),
            Event::Reply(id, news) if self.floor.is_current(*id) => self.press_in_menu(news),
            Event::Tick if !self.floor.reply_in_the_making() => self.menu_goes_on(),
            _ => {}
        }
    }

    /// The model's answer to a menu: its keys count, and nothing else.
    fn press_in_menu(&mut self, news: &ReplyNews) {
        match news {
            ReplyNews::Tool(ToolUse::Press(keys)) => {
                let pressed = self.press_for_the_model(keys);
                if let Phase::Menu(state) = &mut self.phase {
                    state.pressed |= pressed;
                }
            }
            ReplyNews::Done | ReplyNews::Failed => {
                self.floor.reply = None;
                let Phase::Menu(state) = &mut self.phase else { return };
                if !state.pressed {
                    return self.end_at_menu();
                }
                // Another menu follows, or somebody.
                state.since = self.now;
                state.asked_to_wait = true;
            }
            _ => {}
        }
    }

    fn end_at_menu(&mut self) {
        self.end(Disposition::PhoneMenu, Some("A phone menu answered."));
    }

    fn menu_goes_on(&mut self) {
        let now = self.now;
        let may_press = self.rules.tools.press_keys;
        let Phase::Menu(state) = &mut self.phase else {
            return;
        };
        let quiet = now.saturating_sub(state.quiet_since);
        if may_press && state.clear && !state.asked_to_wait && state.asked_model < MOST_MENUS {
            if quiet >= MENU_IS_OVER_MS || now.saturating_sub(state.since) >= LONGEST_USEFUL_MENU_MS {
                state.asked_model += 1;
                let id = self.floor.start_reply();
                self.effects.push(Effect::StartReply(id));
            }
            return;
        }
        let over = if state.asked_to_wait {
            now.saturating_sub(state.since) >= WAITS_MS
        } else if state.clear {
            quiet >= MENU_IS_OVER_MS || now.saturating_sub(state.since) >= LONGEST_MENU_MS
        } else if state.asked_at.is_some() {
            quiet >= ANSWER_MS || now.saturating_sub(state.since) >= WAITS_MS
        } else {
            if quiet >= MENU_IS_OVER_MS {
                state.asked_at = Some(now);
                self.say(self.wording.can_you_hear_me, Purpose::Fixed);
            }
            return;
        };
        if over {
            self.end_at_menu();
        }
    }
}
