//! Whether and when a lead is called again.

use crate::{conversation::Disposition, lead::LeadStatus};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How often and how soon to try again after one kind of outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryRule {
    pub after: Disposition,
    /// Further tries after this outcome, 0 to 10.
    pub times: u8,
    /// Minutes to wait before the next try, 1 to 20,160 (two weeks).
    pub delay_minutes: u16,
}

/// The outcomes for which a campaign may ask for another try. A fax is not among them: it stays one, and whoever has it in
/// the house is rung for nothing.
pub const RETRYABLE: [Disposition; 9] = [
    Disposition::NoAnswer,
    Disposition::Busy,
    Disposition::Voicemail,
    Disposition::PhoneMenu,
    Disposition::Rejected,
    Disposition::Unreachable,
    Disposition::Failed,
    Disposition::HungUp,
    Disposition::CallBack,
];

impl RetryRule {
    /// The rules of a new campaign.
    #[must_use]
    pub fn template() -> Vec<Self> {
        let rule = |after, times, delay_minutes| Self {
            after,
            times,
            delay_minutes,
        };
        vec![
            rule(Disposition::NoAnswer, 2, 240),
            rule(Disposition::Busy, 3, 30),
            rule(Disposition::Voicemail, 1, 1_440),
            rule(Disposition::Failed, 1, 10),
            rule(Disposition::CallBack, 1, 1_440),
        ]
    }

    /// # Errors
    /// A sentence that says which rule is wrong and what to do.
    pub fn validate_all(rules: &[Self]) -> Result<(), String> {
        for (index, rule) in rules.iter().enumerate() {
            let label = rule.after.label();
            if !RETRYABLE.contains(&rule.after) {
                return Err(format!("“{label}” cannot be retried. Remove that rule."));
            }
            if rules[..index].iter().any(|earlier| earlier.after == rule.after) {
                return Err(format!("There are two retry rules for “{label}”. Remove one."));
            }
            if rule.times > 10 || !(1..=20_160).contains(&rule.delay_minutes) {
                return Err(format!(
                    "For “{label}” choose 0 to 10 retries and a delay of 1 to 20,160 minutes."
                ));
            }
        }
        Ok(())
    }
}

/// What becomes of a lead after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterCall {
    /// The lead is finished with this status.
    Finished(LeadStatus),
    /// Call again, no sooner than after this time.
    Again(Duration),
}

/// Decides what becomes of a lead.
///
/// `same_outcome_before` is the number of earlier attempts on this lead that ended in the same disposition.
#[must_use]
pub fn after_call(rules: &[RetryRule], disposition: Disposition, same_outcome_before: u32) -> AfterCall {
    if disposition == Disposition::OptedOut {
        return AfterCall::Finished(LeadStatus::DoNotCall);
    }
    if !disposition.is_final()
        && let Some(rule) = rules.iter().find(|rule| rule.after == disposition)
        && same_outcome_before < u32::from(rule.times)
    {
        return AfterCall::Again(Duration::from_secs(u64::from(rule.delay_minutes) * 60));
    }
    // Ended by ourselves before anything was dialled: it does not count as a try.
    if disposition == Disposition::Cancelled {
        return AfterCall::Again(Duration::ZERO);
    }
    let spoken_to = disposition.answered_by_person() || disposition == Disposition::VoicemailLeft;
    AfterCall::Finished(if spoken_to {
        LeadStatus::Done
    } else {
        LeadStatus::Failed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_again_as_often_as_the_rule_says() {
        let rules = RetryRule::template();
        assert_eq!(
            after_call(&rules, Disposition::NoAnswer, 0),
            AfterCall::Again(Duration::from_secs(240 * 60))
        );
        assert_eq!(
            after_call(&rules, Disposition::NoAnswer, 1),
            AfterCall::Again(Duration::from_secs(240 * 60))
        );
        assert_eq!(
            after_call(&rules, Disposition::NoAnswer, 2),
            AfterCall::Finished(LeadStatus::Failed)
        );
    }

    #[test]
    fn a_fax_is_never_called_again() {
        let rule = RetryRule {
            after: Disposition::FaxOrNoise,
            times: 1,
            delay_minutes: 60,
        };
        assert!(RetryRule::validate_all(std::slice::from_ref(&rule)).is_err());
        let mut rules = RetryRule::template();
        assert_eq!(
            after_call(&rules, Disposition::FaxOrNoise, 0),
            AfterCall::Finished(LeadStatus::Failed)
        );
        assert_eq!(
            after_call(&rules, Disposition::PhoneMenu, 0),
            AfterCall::Finished(LeadStatus::Failed),
            "a menu is tried again only if the campaign asks for it"
        );
        rules.push(RetryRule {
            after: Disposition::PhoneMenu,
            ..rule
        });
        assert_eq!(RetryRule::validate_all(&rules), Ok(()));
        assert_eq!(
            after_call(&rules, Disposition::PhoneMenu, 0),
            AfterCall::Again(Duration::from_secs(3_600))
        );
    }

    #[test]
    fn nobody_who_opted_out_or_was_lost_is_called_again() {
        let mut rules = RetryRule::template();
        rules.push(RetryRule {
            after: Disposition::OptedOut,
            times: 9,
            delay_minutes: 1,
        });
        assert_eq!(
            after_call(&rules, Disposition::OptedOut, 0),
            AfterCall::Finished(LeadStatus::DoNotCall)
        );
        assert_eq!(
            after_call(&rules, Disposition::Lost, 0),
            AfterCall::Finished(LeadStatus::Failed)
        );
    }
}
