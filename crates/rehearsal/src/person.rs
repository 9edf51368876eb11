//! A person who picked up, as a pure state machine: [`Person::handle`] takes what they hear and the room's time, and
//! gives back what they are about to do. What they choose is up to their persona and to seeded chance.

pub(crate) mod asked;
pub(crate) mod phrases;

use crate::outcome::Persona;
use asked::{Asked, asked};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Turns after which a person has had enough.
const MOST_TURNS: u32 = 30;
/// A silence after which a person asks whether anybody is there, milliseconds.
const PATIENCE_MS: u32 = 9_000;
/// How often they ask.
const MOST_ASKED: u32 = 2;

/// What a person hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// They picked up the phone.
    PickedUp,
    /// The agent is speaking; the words so far, and since when.
    Saying { words: &'a str, for_ms: u32 },
    /// The agent has said something and is silent now. Without words if it could not be understood.
    Said(&'a str),
    /// Nothing has been heard or said for so long.
    Silence { for_ms: u32 },
    /// They have said what they wanted to say.
    SpokenOut,
}

/// What a person is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Say(String),
    HangUp,
}

/// An act and how long it takes a person to begin with it, milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub after_ms: u32,
    pub act: Act,
}

/// Somebody on the phone.
pub struct Person {
    persona: Persona,
    chance: ChaCha8Rng,
    turns: u32,
    /// What they said last.
    last: String,
    /// Something that a persona does only once has been done.
    made_the_point: bool,
    /// The agent has answered the point.
    point_taken: bool,
    questions_asked: u32,
    /// A sceptic who will not be won over.
    declines: bool,
    backchannelled: bool,
    asked_for_us: u32,
    /// They want to hang up as soon as they have spoken.
    leaving: bool,
    /// When they lose patience with the agent's sentence, milliseconds into it.
    interrupts_at: u32,
}

impl Person {
    /// A person. The same seed makes the same person.
    #[must_use]
    pub fn new(persona: Persona, seed: u64) -> Self {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let interrupts_at = match persona {
            Persona::HangsUp => chance.random_range(1_600..3_600),
            Persona::StopCalling => chance.random_range(1_200..2_600),
            Persona::BadTime if chance.random_bool(0.5) => chance.random_range(2_200..4_000),
            _ => u32::MAX,
        };
        Self {
            persona,
            declines: chance.random_bool(0.45),
            chance,
            turns: 0,
            last: String::new(),
            made_the_point: false,
            point_taken: false,
            questions_asked: 0,
            backchannelled: false,
            asked_for_us: 0,
            leaving: false,
            interrupts_at,
        }
    }

    /// What the person does about what they hear. Plans replace each other: a new one drops those that have not begun.
    pub fn handle(&mut self, heard: &Heard<'_>) -> Vec<Plan> {
        if self.persona == Persona::Silent {
            return match heard {
                Heard::PickedUp => self.hang_up(45_000),
                _ => Vec::new(),
            };
        }
        match heard {
            Heard::PickedUp => {
                let pause = self.chance.random_range(250..800);
                let hello = self.one_of(&phrases::HELLO);
                vec![self.say(pause, hello)]
            }
            Heard::Saying { words, for_ms } => self.listen(words, *for_ms),
            Heard::Said(words) => self.answer(words),
            Heard::Silence { for_ms } => self.wait(*for_ms),
            Heard::SpokenOut if self.leaving => self.hang_up(400),
            Heard::SpokenOut => Vec::new(),
        }
    }

    fn listen(&mut self, words: &str, for_ms: u32) -> Vec<Plan> {
        if for_ms >= self.interrupts_at && !self.made_the_point {
            self.made_the_point = true;
            return match self.persona {
                Persona::HangsUp => self.hang_up(0),
                Persona::StopCalling => {
                    let stop = self.one_of(&phrases::STOP);
                    vec![self.say(0, stop)]
                }
                _ => {
                    let sorry = self.one_of(&phrases::BAD_TIME);
                    vec![self.say(0, sorry)]
                }
            };
        }
        let may_agree = matches!(self.persona, Persona::Interested | Persona::Curious) && !words.is_empty();
        if may_agree && for_ms >= 5_000 && !self.backchannelled {
            self.backchannelled = true;
            if self.chance.random_bool(0.2) {
                let sound = self.one_of(&phrases::BACKCHANNEL);
                return vec![self.say(0, sound)];
            }
        }
        Vec::new()
    }

    fn answer(&mut self, words: &str) -> Vec<Plan> {
        self.turns += 1;
        self.asked_for_us = 0;
        let asked = asked(words);
        if self.turns > MOST_TURNS {
            return self.leave(&phrases::HAVE_TO_GO);
        }
        match (&asked, self.persona) {
            // Whoever hangs up in the middle of a sentence does so in the next one.
            (Asked::Goodbye, _) => return self.leave(&phrases::GOODBYE),
            (Asked::StillThere, _) => {
                let here = self.one_of(&phrases::STILL_HERE);
                return vec![self.say_soon(here)];
            }
            (Asked::Again, _) if !self.last.is_empty() => {
                let last = self.last.clone();
                return vec![self.say_soon(last)];
            }
            (Asked::BetterTime, _) => {
                let time = self.one_of(&phrases::BETTER_TIME);
                return vec![self.say_soon(time)];
            }
            _ => {}
        }
        match self.persona {
            Persona::BadTime => self.make_the_point(&phrases::BAD_TIME),
            Persona::StopCalling => self.make_the_point(&phrases::STOP),
            Persona::CallBack if self.turns >= 2 || asked != Asked::AMinute => self.make_the_point(&phrases::CALL_BACK),
            Persona::Sceptical if !self.made_the_point => {
                self.made_the_point = true;
                let robot = self.one_of(&phrases::ROBOT);
                vec![self.say_soon(robot)]
            }
            Persona::Sceptical if !self.point_taken || (self.declines && self.turns > 3) => {
                self.point_taken = true;
                let reply = if self.declines {
                    self.one_of(&phrases::DECLINE)
                } else {
                    self.one_of(&phrases::HESITATION)
                };
                vec![self.say_soon(reply)]
            }
            Persona::Curious if self.questions_asked < 2 && self.turns > self.questions_asked * 2 => {
                let question = if self.questions_asked == 0 {
                    self.one_of(&phrases::FIRST_QUESTIONS)
                } else {
                    self.one_of(&phrases::LATER_QUESTIONS)
                };
                self.questions_asked += 1;
                vec![self.say_soon(question)]
            }
            _ => self.reply_to(&asked),
        }
    }

    /// What this persona called for: first it is said, then, whatever the agent answers, it is time to go.
    fn make_the_point(&mut self, point: &[&str]) -> Vec<Plan> {
        if self.made_the_point {
            return if self.point_taken {
                self.leave(&phrases::HAVE_TO_GO)
            } else {
                self.point_taken = true;
                self.leave(&phrases::GOODBYE)
            };
        }
        self.made_the_point = true;
        let point = self.one_of(point);
        vec![self.say_soon(point)]
    }

    fn reply_to(&mut self, asked: &Asked) -> Vec<Plan> {
        let agreeable = match self.persona {
            Persona::Sceptical => 0.4,
            Persona::Curious => 0.7,
            _ => 0.85,
        };
        let reply = match asked {
            Asked::AMinute => self.one_of(&phrases::GO_AHEAD),
            Asked::YesNo if self.chance.random_bool(agreeable) => self.one_of(&phrases::YES),
            Asked::YesNo => self.one_of(&phrases::NO),
            Asked::AnOffer if self.chance.random_bool(agreeable) => self.one_of(&phrases::YES_TO_AN_OFFER),
            Asked::AnOffer => self.one_of(&phrases::NO_TO_AN_OFFER),
            Asked::When => self.one_of(&phrases::DAYS),
            Asked::Number => self.one_of(&phrases::NUMBERS),
            Asked::OneOf(choices) => {
                let choice = &choices[self.chance.random_range(0..choices.len())];
                format!("{choice}, please.")
            }
            Asked::Reason => self.one_of(&phrases::REASONS),
            Asked::Source => self.one_of(&phrases::SOURCES),
            Asked::Opinion => self.one_of(&phrases::OPINIONS),
            Asked::Open => self.one_of(&phrases::DOES_NOT_KNOW),
            _ => self.one_of(&phrases::ALL_RIGHT),
        };
        vec![self.say_soon(reply)]
    }

    fn wait(&mut self, for_ms: u32) -> Vec<Plan> {
        if for_ms < PATIENCE_MS {
            return Vec::new();
        }
        self.asked_for_us += 1;
        if self.asked_for_us > MOST_ASKED {
            return self.hang_up(200);
        }
        let question = self.one_of(&phrases::ARE_YOU_THERE);
        vec![self.say(0, question)]
    }

    fn leave(&mut self, words: &[&str]) -> Vec<Plan> {
        self.leaving = true;
        let words = self.one_of(words);
        vec![self.say_soon(words)]
    }

    fn hang_up(&mut self, after_ms: u32) -> Vec<Plan> {
        vec![Plan {
            after_ms,
            act: Act::HangUp,
        }]
    }

    fn say_soon(&mut self, words: String) -> Plan {
        let pause = self.chance.random_range(150..700);
        self.say(pause, words)
    }

    fn say(&mut self, after_ms: u32, words: String) -> Plan {
        self.last.clone_from(&words);
        Plan {
            after_ms,
            act: Act::Say(words),
        }
    }

    fn one_of(&mut self, phrases: &[&str]) -> String {
        phrases[self.chance.random_range(0..phrases.len())].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(plans: &[Plan]) -> &str {
        match plans {
            [
                Plan {
                    act: Act::Say(words), ..
                },
            ] => words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_person() {
        for seed in 0..20 {
            let talk = || {
                let mut person = Person::new(Persona::Curious, seed);
                [
                    Heard::PickedUp,
                    Heard::Said("Do you have a minute?"),
                    Heard::Said("Which day suits you?"),
                ]
                .iter()
                .flat_map(|heard| person.handle(heard))
                .collect::<Vec<_>>()
            };
            assert_eq!(talk(), talk());
        }
    }

    #[test]
    fn an_interested_person_answers_what_is_asked() {
        let mut person = Person::new(Persona::Interested, 3);
        assert!(phrases::HELLO.contains(&said(&person.handle(&Heard::PickedUp))));
        let minute = person.handle(&Heard::Said("This is Example. Do you have a minute?"));
        assert!(phrases::GO_AHEAD.contains(&said(&minute)));
        assert!(phrases::DAYS.contains(&said(&person.handle(&Heard::Said("Which day suits you?")))));
        let choice = person.handle(&Heard::Said("Would you prefer tea or coffee?"));
        assert!(["tea, please.", "coffee, please."].contains(&said(&choice)));
        assert!(phrases::GOODBYE.contains(&said(&person.handle(&Heard::Said("Thank you. Goodbye.")))));
        assert_eq!(person.handle(&Heard::SpokenOut)[0].act, Act::HangUp);
    }

    #[test]
    fn personas_make_their_point() {
        let opening = Heard::Said("This is the AI assistant of Example. Do you have a minute?");
        let mut person = Person::new(Persona::StopCalling, 1);
        assert!(phrases::STOP.contains(&said(&person.handle(&opening))));
        let mut person = Person::new(Persona::BadTime, 1);
        assert!(phrases::BAD_TIME.contains(&said(&person.handle(&opening))));
        let mut person = Person::new(Persona::Sceptical, 1);
        assert!(phrases::ROBOT.contains(&said(&person.handle(&opening))));
        let mut person = Person::new(Persona::HangsUp, 1);
        let saying = Heard::Saying {
            words: "This is",
            for_ms: 4_000,
        };
        assert_eq!(person.handle(&saying)[0].act, Act::HangUp);
    }

    #[test]
    fn nobody_waits_for_ever() {
        let mut person = Person::new(Persona::Interested, 1);
        let silence = Heard::Silence { for_ms: PATIENCE_MS };
        for _ in 0..MOST_ASKED {
            assert!(phrases::ARE_YOU_THERE.contains(&said(&person.handle(&silence))));
        }
        assert_eq!(person.handle(&silence)[0].act, Act::HangUp);
    }
}
