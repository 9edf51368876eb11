//! Calls that come in: who answers them, and what they mean for the lead.
//!
//! People whom a campaign could not reach see its number and call back. A number that calls belongs to the campaign that
//! tried it last; nobody else's agent answers, so that the person hears of what they were called for.

use crate::{
    UnixMillis,
    campaign::CampaignStatus,
    conversation::Disposition,
    lead::LeadStatus,
    retry::{AfterCall, RetryRule, after_call},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whoever was tried longer ago is not taken to be calling back.
pub const REMEMBERED: Duration = Duration::from_secs(30 * 86_400);
/// A caller hears it ring for so long; then nobody had room for them.
pub const LONGEST_RINGING: Duration = Duration::from_secs(45);

/// A call with the same person that is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherCall {
    /// We are calling them, and they have not answered.
    Unanswered,
    /// They are talking.
    Answered,
}

/// The last time that the number was tried, and how its campaign and its lead stand now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastTry {
    pub at: UnixMillis,
    pub campaign: CampaignStatus,
    /// The campaign wants its agent to answer.
    pub answers: bool,
    pub other_call: Option<OtherCall>,
}

/// What is to be done about a call that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The campaign's agent answers.
    Agent,
    /// We are calling this very person: that call gives way, then the agent answers.
    WhenOtherCallEnds,
    /// The caller is told that nobody can talk with them.
    TurnAway(TurnedAway),
}

/// Why no agent talks with a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnedAway {
    /// The network told no number, or none that can be one.
    NumberWithheld,
    /// No campaign has tried this number lately.
    NotTried,
    /// The campaign was stopped, or is being written.
    CampaignOver,
    /// The campaign does not answer call-backs.
    NotWanted,
    /// The same number is talking with an agent already.
    OnAnotherLine,
}

impl TurnedAway {
    pub const ALL: [Self; 5] = [
        Self::NumberWithheld,
        Self::NotTried,
        Self::CampaignOver,
        Self::NotWanted,
        Self::OnAnotherLine,
    ];

    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NumberWithheld => "number_withheld",
            Self::NotTried => "not_tried",
            Self::CampaignOver => "campaign_over",
            Self::NotWanted => "not_wanted",
            Self::OnAnotherLine => "on_another_line",
        }
    }

    /// The words on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NumberWithheld => "Number withheld",
            Self::NotTried => "Not called in the last 30 days",
            Self::CampaignOver => "The campaign is stopped",
            Self::NotWanted => "The campaign does not answer call-backs",
            Self::OnAnotherLine => "Talking with an agent already",
        }
    }
}

/// Why a caller heard nobody at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// They hung up while it rang.
    HungUp,
    /// It rang for [`LONGEST_RINGING`].
    NobodyFree,
}

impl Missed {
    pub const ALL: [Self; 2] = [Self::HungUp, Self::NobodyFree];

    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HungUp => "hung_up",
            Self::NobodyFree => "nobody_free",
        }
    }

    /// The words on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::HungUp => "Hung up while it rang",
            Self::NobodyFree => "No line was free",
        }
    }
}

/// Why a call was not answered by an agent, in words; as it is stored if this release does not know it.
#[must_use]
pub fn reason_in_words(stored: &str) -> String {
    let turned_away = TurnedAway::ALL.into_iter().map(|why| (why.as_str(), why.label()));
    let missed = Missed::ALL.into_iter().map(|why| (why.as_str(), why.label()));
    let known = turned_away.chain(missed).find(|(word, _)| *word == stored);
    known.map_or(stored, |(_, label)| label).to_owned()
}

/// Decides who answers a call. `known` says whether the network told the caller's number; `last` is the most recent try
/// to reach it, whichever campaign made it.
///
/// A paused campaign answers: pausing holds calls that we make. A completed one answers, because most people call back when
/// the list is done. A stopped one was ended by a person, and says nothing to anybody any more. Numbers on the do-not-call
/// list are answered like others: it is their call. [`after_inbound`] sees to it that nothing follows from it.
#[must_use]
pub fn decide(known: bool, last: Option<&LastTry>, now: UnixMillis) -> Answer {
    if !known {
        return Answer::TurnAway(TurnedAway::NumberWithheld);
    }
    let Some(last) = last.filter(|last| now.since(last.at) <= REMEMBERED) else {
        return Answer::TurnAway(TurnedAway::NotTried);
    };
    if matches!(last.campaign, CampaignStatus::Draft | CampaignStatus::Stopped) {
        return Answer::TurnAway(TurnedAway::CampaignOver);
    }
    if !last.answers {
        return Answer::TurnAway(TurnedAway::NotWanted);
    }
    match last.other_call {
        None => Answer::Agent,
        Some(OtherCall::Unanswered) => Answer::WhenOtherCallEnds,
        Some(OtherCall::Answered) => Answer::TurnAway(TurnedAway::OnAnotherLine),
    }
}

/// What becomes of a lead after it called us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterInbound {
    /// It was no conversation: the lead stands and waits as if they had not called.
    AsBefore,
    Finished(LeadStatus),
    /// Call again, no sooner than after this time.
    Again(Duration),
}

/// Decides what becomes of a lead that stood as `before` when it called.
///
/// A conversation counts as one that we began: whoever had it is not dialled any more. Somebody who was done with is
/// dialled again only if they ask for it, and nobody on the do-not-call list (`listed`) ever is.
#[must_use]
pub fn after_inbound(
    rules: &[RetryRule],
    before: LeadStatus,
    disposition: Disposition,
    same_outcome_before: u32,
    listed: bool,
) -> AfterInbound {
    if listed || before == LeadStatus::DoNotCall || disposition == Disposition::OptedOut {
        return AfterInbound::Finished(LeadStatus::DoNotCall);
    }
    if !disposition.answered_by_person() {
        return AfterInbound::AsBefore;
    }
    match after_call(rules, disposition, same_outcome_before) {
        AfterCall::Again(delay) if before == LeadStatus::Pending || disposition == Disposition::CallBack => {
            AfterInbound::Again(delay)
        }
        AfterCall::Again(_) => AfterInbound::Finished(LeadStatus::Done),
        AfterCall::Finished(status) => AfterInbound::Finished(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_514_400_000);

    fn tried(before: Duration) -> LastTry {
        LastTry {
            at: UnixMillis(NOW.0 - i64::try_from(before.as_millis()).expect("small")),
            campaign: CampaignStatus::Running,
            answers: true,
            other_call: None,
        }
    }

    #[test]
    fn the_campaign_that_tried_last_answers_for_thirty_days() {
        let turned_away = |why| Answer::TurnAway(why);
        assert_eq!(decide(true, Some(&tried(REMEMBERED)), NOW), Answer::Agent);
        let longer = tried(REMEMBERED + Duration::from_secs(1));
        assert_eq!(decide(true, Some(&longer), NOW), turned_away(TurnedAway::NotTried));
        assert_eq!(decide(true, None, NOW), turned_away(TurnedAway::NotTried));
        // Whoever hides their number is nobody, even if something were found.
        assert_eq!(
            decide(false, Some(&tried(Duration::ZERO)), NOW),
            turned_away(TurnedAway::NumberWithheld)
        );
        // A clock that is behind makes the try one of the future.
        let future = LastTry {
            at: UnixMillis(NOW.0 + 5_000),
            ..tried(Duration::ZERO)
        };
        assert_eq!(decide(true, Some(&future), NOW), Answer::Agent);
    }

    #[test]
    fn a_campaign_answers_unless_somebody_ended_it_or_does_not_want_it() {
        let told = |campaign, answers| {
            let last = LastTry {
                campaign,
                answers,
                ..tried(Duration::ZERO)
            };
            decide(true, Some(&last), NOW)
        };
        for status in CampaignStatus::ALL {
            let over = matches!(status, CampaignStatus::Draft | CampaignStatus::Stopped);
            let expected = if over {
                Answer::TurnAway(TurnedAway::CampaignOver)
            } else {
                Answer::Agent
            };
            assert_eq!(told(status, true), expected, "{status}");
        }
        assert_eq!(
            told(CampaignStatus::Running, false),
            Answer::TurnAway(TurnedAway::NotWanted)
        );
    }

    #[test]
    fn nobody_talks_with_two_agents() {
        let told = |other_call| {
            let last = LastTry {
                other_call,
                ..tried(Duration::ZERO)
            };
            decide(true, Some(&last), NOW)
        };
        assert_eq!(told(Some(OtherCall::Unanswered)), Answer::WhenOtherCallEnds);
        assert_eq!(
            told(Some(OtherCall::Answered)),
            Answer::TurnAway(TurnedAway::OnAnotherLine)
        );
    }

    #[test]
    fn a_conversation_counts_and_what_was_none_changes_nothing() {
        use LeadStatus::{DoNotCall, Done, Failed, Pending};
        let rules = RetryRule::template();
        let after = |before, disposition| after_inbound(&rules, before, disposition, 0, false);
        let day = Duration::from_secs(86_400);
        for (before, disposition, expected) in [
            (Pending, Disposition::Completed, AfterInbound::Finished(Done)),
            (Failed, Disposition::Completed, AfterInbound::Finished(Done)),
            (Pending, Disposition::HungUp, AfterInbound::Finished(Done)),
            (Pending, Disposition::OptedOut, AfterInbound::Finished(DoNotCall)),
            (Pending, Disposition::CallBack, AfterInbound::Again(day)),
            (Done, Disposition::CallBack, AfterInbound::Again(day)),
            // They gave up before we answered, or we failed: their turn comes as it would have.
            (Pending, Disposition::NoAnswer, AfterInbound::AsBefore),
            (Pending, Disposition::Failed, AfterInbound::AsBefore),
            (Done, Disposition::Lost, AfterInbound::AsBefore),
        ] {
            assert_eq!(after(before, disposition), expected, "{before} {disposition:?}");
        }
    }

    #[test]
    fn who_was_done_with_is_not_dialled_because_of_a_short_call() {
        let again = [RetryRule {
            after: Disposition::HungUp,
            times: 3,
            delay_minutes: 5,
        }];
        let after = |before| after_inbound(&again, before, Disposition::HungUp, 0, false);
        assert_eq!(after(LeadStatus::Done), AfterInbound::Finished(LeadStatus::Done));
        assert_eq!(
            after(LeadStatus::Pending),
            AfterInbound::Again(Duration::from_secs(300))
        );
    }

    #[test]
    fn nobody_on_the_list_is_ever_dialled_because_they_called() {
        let rules = RetryRule::template();
        for disposition in Disposition::ALL {
            for before in LeadStatus::ALL {
                let after = after_inbound(&rules, before, disposition, 0, true);
                assert_eq!(after, AfterInbound::Finished(LeadStatus::DoNotCall), "{disposition:?}");
            }
            let after = after_inbound(&rules, LeadStatus::DoNotCall, disposition, 0, false);
            assert_eq!(after, AfterInbound::Finished(LeadStatus::DoNotCall), "{disposition:?}");
        }
    }
}
