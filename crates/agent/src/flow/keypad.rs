//! Keys that supervisors, or the agent where the campaign allows it, press for what answers with a menu.

use super::{ConversationFlow, Effect, Event, colleague::name_of};
use domain::call_command::CallSupervisor;

/// Keys that follow each other within this time are one line of the transcript, milliseconds.
const TOGETHER_MS: u32 = 1_500;

/// Keys that were pressed and are not written down yet.
#[derive(Debug, Default)]
pub(super) struct Keypad {
    pressed: String,
    /// Nobody is the agent.
    by: Option<CallSupervisor>,
    last: u32,
}

impl ConversationFlow {
    pub(super) fn keys(&mut self, event: &Event) {
        match event {
            Event::Press(key, by) if self.supervisor_may_steer() => self.press(*key, Some(by.clone())),
            Event::Pressed(key, true) => {
                self.keypad.pressed.push(*key);
                self.keypad.last = self.now;
            }
            Event::Pressed(key, false) => {
                self.write_keys();
                self.act(format!("The key {key} could not be pressed."));
            }
            Event::Tick if self.now.saturating_sub(self.keypad.last) >= TOGETHER_MS => self.write_keys(),
            _ => {}
        }
    }

    pub(super) fn press(&mut self, key: char, by: Option<CallSupervisor>) {
        if self.keypad.by != by {
            self.write_keys();
        }
        self.keypad.by = by;
        self.effects.push(Effect::Press(key));
    }

    pub(super) fn write_keys(&mut self) {
        if self.keypad.pressed.is_empty() {
            return;
        }
        let keys = std::mem::take(&mut self.keypad.pressed);
        let by = self.keypad.by.as_ref().map_or("The agent", name_of);
        self.act(format!("{by} pressed {keys}"));
    }
}
