//! The first seconds: a person says “hello”, a machine speaks on and on. In doubt it is a person.
//!
//! Words decide, where there are any (`greeting`); a beep counts only after a greeting in which nobody asked anything; and
//! tones of the network keep the agent from speaking into them. What turns out later, in the middle of the agent's opening,
//! comes back here.

use super::{AnsweredBy, ConversationFlow, Effect, Event, Machine, Menu, Phase, Screened};
use crate::greeting::{Greeting, asks, is_like_a_machine, is_surely_somebody, judge, judge_so_far};
use domain::{campaign::VoicemailPolicy, conversation::Disposition};
use voice::line_sound::LineSound;

/// If nobody speaks first, the agent does after this time, milliseconds: a line that stays silent sounds like a machine's,
/// and a hello into the first sentence does no harm.
const FIRST_WORD_MS: u32 = 40;
/// After tones that announce an announcement, what is longer than this may belong to it, milliseconds.
const SHORT_ANSWER_MS: u32 = 1_500;
/// People answer with less than this, milliseconds.
pub(super) const LONG_GREETING_MS: u32 = 2_600;
/// After a long or unclear greeting it is worth waiting this long for what comes next, milliseconds.
const UNCLEAR_WAIT_MS: u32 = 1_200;
/// After this time the agent opens, whatever it hears, milliseconds.
const LONGEST_DOUBT_MS: u32 = 20_000;
/// For this long after the answer a machine may still be recognised, milliseconds.
pub(super) const MACHINE_WINDOW_MS: u32 = 30_000;
/// The words of a greeting may come so long after the beep that follows it, milliseconds.
const BEEP_COUNTS_MS: u32 = 3_000;
/// From one ring to the next it may take so long, milliseconds.
const NEXT_RING_MS: u32 = 5_000;
/// A phone that rings on after the call was answered is given up after this time, milliseconds.
const LONGEST_RINGING_MS: u32 = 45_000;
/// After a network's three tones its words are waited for, milliseconds, and how long they may take.
const ANNOUNCEMENT_MS: u32 = 4_000;
const LONGEST_ANNOUNCEMENT_MS: u32 = 12_000;

/// What a network's tones mean.
#[derive(Clone, Copy, Debug)]
enum NetworkTone {
    /// It rings on.
    Ringing { since: u32, latest: u32 },
    /// The number cannot be reached, most likely.
    Special { at: u32 },
}

#[derive(Debug, Default)]
pub(super) struct WhoAnswered {
    spoken_ms: u32,
    speech_began: Option<u32>,
    /// The greeting ended then.
    silent_since: Option<u32>,
    greeting: Option<Greeting>,
    /// Somebody expects an answer.
    asked: bool,
    /// What was said is often said by machines.
    like_a_machine: bool,
    /// Length of what was understood, milliseconds.
    heard_ms: u32,
    beeped: Option<u32>,
    network: Option<NetworkTone>,
}

impl WhoAnswered {
    fn beeped_lately(&self, now: u32) -> bool {
        self.beeped.is_some_and(|at| now.saturating_sub(at) < BEEP_COUNTS_MS)
    }

    /// Nobody has been heard, only tones of the network.
    pub(super) fn is_network(&self) -> bool {
        self.network.is_some() && self.greeting.is_none()
    }
}

impl ConversationFlow {
    pub(super) fn who_answered(&mut self, event: &Event) {
        if matches!(event, Event::Partial(_)) && self.turns_out_a_machine(None) {
            return;
        }
        let Phase::WhoAnswered(state) = &mut self.phase else {
            return;
        };
        match event {
            Event::SpeechStarted => {
                state.speech_began = Some(self.now);
                state.silent_since = None;
            }
            Event::SpeechEnded => {
                if let Some(began) = state.speech_began.take() {
                    state.spoken_ms += self.now.saturating_sub(began);
                }
                state.silent_since = Some(self.now);
            }
            Event::Heard(heard) => {
                let text = heard.text.reveal();
                if self.turns_out_a_machine(Some(text)) {
                    return;
                }
                let Phase::WhoAnswered(state) = &mut self.phase else {
                    return;
                };
                if !text.trim().is_empty() {
                    state.greeting = state.greeting.max(Some(judge(text)));
                    state.asked |= asks(text);
                    state.like_a_machine |= is_like_a_machine(text);
                    // Somebody speaks: it rings no more.
                    let spoke_ms = heard.end_ms.saturating_sub(heard.start_ms);
                    state.heard_ms += spoke_ms;
                    let announced = matches!(state.network, Some(NetworkTone::Special { .. }));
                    if !announced || spoke_ms <= SHORT_ANSWER_MS || is_surely_somebody(text) {
                        state.network = None;
                    }
                }
            }
            // What sounds before any word is a tone of the network, or of a fax.
            Event::Line(LineSound::Beep) if state.spoken_ms > 0 || state.speech_began.is_some() => {
                state.beeped = Some(self.now);
            }
            _ => {}
        }
        if self.beep_tells() {
            return self.machine_answered(true);
        }
        if !self.network_keeps_us_waiting() && self.is_time_to_open() {
            self.open();
        }
    }

    /// People do not beep, but kitchens do: a beep is that of a machine only after a greeting that was long, or like a
    /// machine's, and of which all is known and nothing was a question.
    fn beep_tells(&self) -> bool {
        let Phase::WhoAnswered(state) = &self.phase else {
            return false;
        };
        let all_known =
            state.greeting.is_some() && self.floor.speaking_since.is_none() && self.floor.awaiting_text == 0;
        let a_machines = state.like_a_machine || state.heard_ms >= LONG_GREETING_MS;
        state.beeped_lately(self.now) && all_known && a_machines && !state.asked && state.network.is_none()
    }

    fn is_time_to_open(&self) -> bool {
        let Phase::WhoAnswered(state) = &self.phase else {
            return false;
        };
        if self.now >= LONGEST_DOUBT_MS {
            return true;
        }
        // Noise is no speech that would have to be waited for.
        let noise = self.line.is_noise();
        if self.floor.speaking_since.is_some() && !noise {
            return false;
        }
        let Some(silent_since) = state.silent_since else {
            return self.now >= FIRST_WORD_MS;
        };
        let long = state.spoken_ms >= LONG_GREETING_MS || state.beeped_lately(self.now);
        if (!long && state.greeting != Some(Greeting::Unclear)) || state.asked || noise {
            // “Hello?” – its text is not worth waiting for.
            return true;
        }
        self.floor.awaiting_text == 0 && self.now.saturating_sub(silent_since) >= UNCLEAR_WAIT_MS
    }

    /// A person, until there is a reason to think otherwise.
    pub(super) fn open(&mut self) {
        self.effects.push(Effect::KnowWhoAnswered(AnsweredBy::Person));
        self.talk();
        self.say_opening();
    }

    /// What was said says that it is no person: the end of a turn, or what there is of one. True if it has been dealt
    /// with.
    pub(super) fn turns_out_a_machine(&mut self, whole: Option<&str>) -> bool {
        let too_late = self.now >= MACHINE_WINDOW_MS && !matches!(self.phase, Phase::WhoAnswered(_));
        // Machines do not call back.
        if too_late || self.rules.direction.is_inbound() {
            return false;
        }
        let greeting = whole.map_or_else(|| judge_so_far(self.floor.partial()), judge);
        match greeting {
            Greeting::Person | Greeting::Unclear => return false,
            Greeting::Voicemail => self.machine_answered(false),
            Greeting::Announcement if whole.is_none() => return false,
            Greeting::Announcement => self.cannot_be_reached("An announcement said that the number cannot be reached."),
            Greeting::PhoneMenu => {
                self.fall_silent();
                self.effects.push(Effect::KnowWhoAnswered(AnsweredBy::PhoneMenu));
                let text = whole.unwrap_or(self.floor.partial());
                self.phase = Phase::Menu(Menu::new(self.now, text));
            }
            Greeting::Screening => {
                self.fall_silent();
                self.effects.push(Effect::KnowWhoAnswered(AnsweredBy::CallScreening));
                self.phase = Phase::Screened(Screened::new(self.now));
            }
        }
        true
    }

    /// A beep, and the greeting before it was too long for a person who asked nothing. True if that is so.
    pub(super) fn beeped_in_talk(&mut self) -> bool {
        let machine = self.now < MACHINE_WINDOW_MS
            && !self.rules.direction.is_inbound()
            && self.floor.replies == 0
            && self.floor.spoke_at_length()
            && !self.floor.person_asked();
        if machine {
            self.machine_answered(true);
        }
        machine
    }

    /// It is certain enough that a machine answered.
    pub(super) fn machine_answered(&mut self, beeped: bool) {
        self.fall_silent();
        self.effects.push(Effect::KnowWhoAnswered(AnsweredBy::Voicemail));
        let message = self.rules.voicemail_message.reveal();
        if self.rules.voicemail_policy == VoicemailPolicy::HangUp || message.trim().is_empty() {
            return self.end(Disposition::Voicemail, None);
        }
        self.phase = Phase::Machine(Machine::new(self.now, beeped));
    }

    pub(super) fn cannot_be_reached(&mut self, reason: &str) {
        self.effects.push(Effect::KnowWhoAnswered(AnsweredBy::Network));
        self.end(Disposition::Unreachable, Some(reason));
    }

    /// A tone of the network in a call that was answered. Where the agent has begun to speak into it, it stops.
    pub(super) fn network_tone(&mut self, sound: LineSound) {
        if matches!(self.phase, Phase::Talking(_)) {
            self.fall_silent();
            self.phase = Phase::WhoAnswered(WhoAnswered::default());
        }
        let now = self.now;
        let Phase::WhoAnswered(state) = &mut self.phase else {
            return;
        };
        state.network = Some(match (sound, state.network) {
            (LineSound::Ringing, Some(NetworkTone::Ringing { since, .. })) => {
                NetworkTone::Ringing { since, latest: now }
            }
            (LineSound::Ringing, _) => NetworkTone::Ringing {
                since: now,
                latest: now,
            },
            _ => NetworkTone::Special { at: now },
        });
    }

    /// True while tones of the network say that nobody is there to be spoken to. If nobody comes, that is the end.
    fn network_keeps_us_waiting(&mut self) -> bool {
        let Phase::WhoAnswered(state) = &self.phase else {
            return true;
        };
        let passed = |since: u32| self.now.saturating_sub(since);
        match state.network {
            None => false,
            Some(NetworkTone::Ringing { since, .. }) if passed(since) >= LONGEST_RINGING_MS => {
                self.effects.push(Effect::KnowWhoAnswered(AnsweredBy::Network));
                self.end(Disposition::NoAnswer, Some("It rang on after the call was answered."));
                true
            }
            Some(NetworkTone::Ringing { latest, .. }) => passed(latest) < NEXT_RING_MS,
            Some(NetworkTone::Special { at }) => {
                let speaking = self.floor.speaking_since.is_some() || self.floor.awaiting_text > 0;
                if passed(at) >= LONGEST_ANNOUNCEMENT_MS || (passed(at) >= ANNOUNCEMENT_MS && !speaking) {
                    self.cannot_be_reached("A tone of the network said that the number cannot be reached.");
                }
                true
            }
        }
    }
}
