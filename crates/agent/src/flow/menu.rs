//! A phone menu answered. The agent does not talk to it: it waits for somebody if the menu asks for that, and hangs up
//! otherwise. What was heard only half is no proof: then the agent asks whether somebody is there.

use super::{ConversationFlow, Event, Phase, floor::Purpose};
use crate::greeting::{Greeting, asks_to_wait, is_clearly_a_menu, judge, sounds_like_somebody};
use domain::conversation::Disposition;

/// So long after its last word a menu has no more to say, milliseconds.
const MENU_IS_OVER_MS: u32 = 1_500;
/// A menu that speaks on is not listened to for longer, milliseconds.
const LONGEST_MENU_MS: u32 = 12_000;
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
}

impl Menu {
    pub(super) fn new(now: u32, text: &str) -> Self {
        Self {
            since: now,
            quiet_since: now,
            clear: is_clearly_a_menu(text),
            asked_to_wait: asks_to_wait(text),
            asked_at: None,
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
                        state.clear |= more || is_clearly_a_menu(text);
                        state.asked_to_wait |= asks_to_wait(text);
                    }
                }
            }
            Event::Partial(_) if state.asked_at.is_none() => state.clear |= is_clearly_a_menu(self.floor.partial()),
            Event::Tick => self.menu_goes_on(),
            _ => {}
        }
    }

    fn menu_goes_on(&mut self) {
        let now = self.now;
        let Phase::Menu(state) = &mut self.phase else {
            return;
        };
        let quiet = now.saturating_sub(state.quiet_since);
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
            self.end(Disposition::PhoneMenu, Some("A phone menu answered."));
        }
    }
}
