//! Who answers, how often, and what is expected then.

use super::Expectation;
use crate::{
    FieldError, UserError,
    campaign::{CampaignContent, VoicemailPolicy},
    conversation::Disposition,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Times that one scenario is played in a rehearsal.
pub const MOST_TIMES: u8 = 5;
/// Calls in one rehearsal.
pub const MOST_CALLS: u32 = 40;
const MOST_SCENARIOS: usize = 20;
const MOST_EXPECTATIONS: usize = 20;
const LONGEST_NAME: usize = 80;

/// Who, or what, is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum WhoAnswers {
    Interested,
    BadTime,
    Sceptical,
    Curious,
    CallBack,
    StopCalling,
    HangsUp,
    Silent,
    Voicemail,
    PhoneMenu,
    CallScreening,
    Fax,
    NoAnswer,
    Busy,
    Rejected,
    Unreachable,
    Lost,
}

impl WhoAnswers {
    pub const ALL: [Self; 17] = [
        Self::Interested,
        Self::BadTime,
        Self::Sceptical,
        Self::Curious,
        Self::CallBack,
        Self::StopCalling,
        Self::HangsUp,
        Self::Silent,
        Self::Voicemail,
        Self::PhoneMenu,
        Self::CallScreening,
        Self::Fax,
        Self::NoAnswer,
        Self::Busy,
        Self::Rejected,
        Self::Unreachable,
        Self::Lost,
    ];

    /// The word in files, forms and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interested => "interested",
            Self::BadTime => "bad_time",
            Self::Sceptical => "sceptical",
            Self::Curious => "curious",
            Self::CallBack => "call_back",
            Self::StopCalling => "stop_calling",
            Self::HangsUp => "hangs_up",
            Self::Silent => "silent",
            Self::Voicemail => "voicemail",
            Self::PhoneMenu => "phone_menu",
            Self::CallScreening => "call_screening",
            Self::Fax => "fax",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::Lost => "lost",
        }
    }

    /// The words on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Interested => "Somebody interested",
            Self::BadTime => "Somebody in a hurry",
            Self::Sceptical => "A sceptic who asks whether it is a robot",
            Self::Curious => "Somebody who asks back",
            Self::CallBack => "Somebody who wants another day",
            Self::StopCalling => "Somebody who says “stop calling me”",
            Self::HangsUp => "Somebody who hangs up",
            Self::Silent => "Somebody who says nothing",
            Self::Voicemail => "A voicemail",
            Self::PhoneMenu => "A phone menu",
            Self::CallScreening => "An assistant that asks who is calling",
            Self::Fax => "A fax machine",
            Self::NoAnswer => "Nobody",
            Self::Busy => "Nobody: the line is busy",
            Self::Rejected => "Nobody: the call is declined",
            Self::Unreachable => "Nobody: the number cannot be reached",
            Self::Lost => "Somebody whose connection breaks",
        }
    }
}

impl fmt::Display for WhoAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for WhoAnswers {
    type Err = UserError;
    fn from_str(text: &str) -> Result<Self, UserError> {
        Self::ALL
            .into_iter()
            .find(|who| who.as_str() == text.trim())
            .ok_or_else(|| {
                let all = Self::ALL.map(Self::as_str).join(", ");
                UserError::field("who", format!("Choose who answers: one of {all}."))
            })
    }
}

impl From<WhoAnswers> for String {
    fn from(who: WhoAnswers) -> Self {
        who.as_str().to_owned()
    }
}

impl TryFrom<String> for WhoAnswers {
    type Error = UserError;
    fn try_from(text: String) -> Result<Self, UserError> {
        text.parse()
    }
}

/// Who answers, how often, and what is expected of the calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Also tells it from the others when two rehearsals are compared.
    pub name: String,
    pub who: WhoAnswers,
    /// Not at all if 0: then it is only kept for another time.
    #[serde(default = "once")]
    pub times: u8,
    #[serde(default)]
    pub expect: Vec<Expectation>,
}

const fn once() -> u8 {
    1
}

impl Scenario {
    /// What suits every campaign: the rules of `content` and of the law, each with somebody who puts it to the test.
    #[must_use]
    pub fn template(content: &CampaignContent) -> Vec<Self> {
        let scenario = |name: &str, who, times, expect| Self {
            name: name.to_owned(),
            who,
            times,
            expect,
        };
        let says_it_is_an_ai = || Expectation::AgentSays("AI".to_owned());
        let in_time = Expectation::EndsWithin {
            seconds: u32::from(content.max_call_seconds),
        };
        let voicemail = match content.voicemail_policy {
            VoicemailPolicy::HangUp => Disposition::Voicemail,
            VoicemailPolicy::LeaveMessage => Disposition::VoicemailLeft,
        };
        let mut interested = vec![
            Expectation::EndsAs(vec![Disposition::Completed]),
            says_it_is_an_ai(),
            in_time,
        ];
        if let Some(field) = content.result_fields.first() {
            interested.push(Expectation::ResultFilled {
                field: field.name.clone(),
            });
        }
        vec![
            scenario("Answers the questions", WhoAnswers::Interested, 2, interested),
            scenario(
                "Books a call-back",
                WhoAnswers::BadTime,
                2,
                vec![Expectation::CallBackBooked],
            ),
            scenario(
                "Honours the wish not to be called",
                WhoAnswers::StopCalling,
                2,
                vec![
                    Expectation::OptOutHonoured,
                    Expectation::EndsAs(vec![Disposition::OptedOut]),
                ],
            ),
            scenario(
                "Says that it is an AI",
                WhoAnswers::Sceptical,
                1,
                vec![says_it_is_an_ai(), Expectation::AgentNeverSays("I am human".to_owned())],
            ),
            scenario(
                "Promises nothing",
                WhoAnswers::Curious,
                1,
                vec![Expectation::AgentNeverSays("guarantee".to_owned())],
            ),
            scenario(
                "Voicemail",
                WhoAnswers::Voicemail,
                1,
                vec![Expectation::EndsAs(vec![voicemail])],
            ),
        ]
    }

    /// Calls that these scenarios make.
    #[must_use]
    pub fn calls(scenarios: &[Self]) -> u32 {
        scenarios.iter().map(|scenario| u32::from(scenario.times)).sum()
    }

    /// Checks what a rehearsal is to play. Field names are those of the form: `scenarios[0][name]`.
    ///
    /// # Errors
    /// One entry for each field that is wrong; or nothing is to be played, or too much.
    pub fn validate_all(scenarios: &[Self]) -> Result<(), UserError> {
        let mut wrong = Vec::new();
        let mut check = |ok: bool, index: usize, field: &str, message: String| {
            if !ok {
                wrong.push(FieldError {
                    field: format!("scenarios[{index}][{field}]"),
                    message,
                });
            }
        };
        for (index, scenario) in scenarios.iter().enumerate() {
            let name = scenario.name.trim();
            let well_named = !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.contains('\0');
            check(
                well_named,
                index,
                "name",
                format!("Give the scenario a name of 1 to {LONGEST_NAME} characters."),
            );
            let alone = scenarios[..index].iter().all(|other| other.name.trim() != name);
            check(
                alone,
                index,
                "name",
                "Two scenarios have this name. Rename one.".to_owned(),
            );
            check(
                scenario.times <= MOST_TIMES,
                index,
                "times",
                format!("Play a scenario at most {MOST_TIMES} times."),
            );
            check(
                scenario.expect.len() <= MOST_EXPECTATIONS,
                index,
                "expect",
                format!("Keep to {MOST_EXPECTATIONS} expectations."),
            );
        }
        if let Some(error) = UserError::fields(wrong) {
            return Err(error);
        }
        if scenarios.len() > MOST_SCENARIOS {
            return Err(UserError::field(
                "scenarios",
                format!("Keep to {MOST_SCENARIOS} scenarios."),
            ));
        }
        match Self::calls(scenarios) {
            0 => Err(UserError::field(
                "scenarios",
                "Choose how often at least one scenario is played.",
            )),
            1..=MOST_CALLS => Ok(()),
            calls => Err(UserError::field(
                "scenarios",
                format!("These are {calls} calls. Keep to {MOST_CALLS} in one rehearsal."),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_can_be_played_and_follows_the_campaign() {
        let mut content = CampaignContent::template();
        let scenarios = Scenario::template(&content);
        assert_eq!(Scenario::validate_all(&scenarios), Ok(()));
        assert_eq!(Scenario::calls(&scenarios), 9);
        let voicemail = |content: &CampaignContent| Scenario::template(content).pop().expect("some").expect;
        assert_eq!(voicemail(&content), [Expectation::EndsAs(vec![Disposition::Voicemail])]);
        content.voicemail_policy = VoicemailPolicy::LeaveMessage;
        assert_eq!(
            voicemail(&content),
            [Expectation::EndsAs(vec![Disposition::VoicemailLeft])]
        );
    }

    #[test]
    fn what_is_wrong_is_told_beside_its_field() {
        let scenario = |name: &str, times| Scenario {
            name: name.to_owned(),
            who: WhoAnswers::Busy,
            times,
            expect: Vec::new(),
        };
        let told = |scenarios: &[Scenario]| {
            let error = Scenario::validate_all(scenarios).expect_err("wrong");
            error.fields.into_iter().map(|wrong| wrong.field).collect::<Vec<_>>()
        };
        assert_eq!(
            told(&[scenario("a", 1), scenario("a ", 6)]),
            ["scenarios[1][name]", "scenarios[1][times]"]
        );
        assert_eq!(told(&[scenario(" ", 1)]), ["scenarios[0][name]"]);
        assert_eq!(told(&[scenario("a", 0)]), ["scenarios"]);
        let many: Vec<_> = (0..9).map(|number| scenario(&number.to_string(), 5)).collect();
        assert_eq!(told(&many), ["scenarios"]);
    }

    #[test]
    fn a_scenario_is_written_in_words() {
        let text = r#"{"name":"Late","who":"bad_time","expect":["call-back is booked"]}"#;
        let scenario: Scenario = serde_json::from_str(text).expect("valid");
        assert_eq!((scenario.times, scenario.who), (1, WhoAnswers::BadTime));
        assert_eq!(scenario.expect, [Expectation::CallBackBooked]);
        assert!(serde_json::from_str::<Scenario>(r#"{"name":"Late","who":"somebody"}"#).is_err());
        assert!(serde_json::from_str::<Scenario>(r#"{"name":"Late","who":"busy","expects":[]}"#).is_err());
    }
}
