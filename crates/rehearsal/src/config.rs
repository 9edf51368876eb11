//! How a rehearsal goes: how fast, how often what happens, and where its ledger lies.

use crate::outcome::{Outcome, Persona};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, ops::RangeInclusive, path::PathBuf, time::Duration};

/// Settings of a [`RehearsalNetwork`](crate::RehearsalNetwork).
#[derive(Clone, Debug)]
pub struct RehearsalConfig {
    /// The same seed and the same numbers make the same rehearsal: what becomes of the n-th call to a number depends
    /// on nothing else.
    pub seed: u64,
    /// Room time per wall-clock time: 1 is real time, 20 is twenty times as fast. Between 0.1 and 50.
    pub speed: f32,
    /// How long a phone rings before it is answered or declined.
    pub ringing: RangeInclusive<Duration>,
    /// From the answer to a lost connection, for calls that are to be lost.
    pub lost_after: RangeInclusive<Duration>,
    /// How often what happens.
    pub odds: Odds,
    /// The file that records each dial; `None` keeps the ledger in memory, for tests that need no second process.
    pub ledger: Option<PathBuf>,
    /// Of a hundred people who were not reached at the first try, how many call back.
    pub call_backs: u8,
    /// From the dial until they do. A call that still rings then gives way to theirs.
    pub calling_back: RangeInclusive<Duration>,
    /// Whether lines hiss a little, as telephone lines do.
    pub line_noise: bool,
}

impl Default for RehearsalConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            ringing: Duration::from_millis(1_500)..=Duration::from_secs(7),
            lost_after: Duration::from_secs(4)..=Duration::from_secs(12),
            odds: Odds::default(),
            ledger: None,
            call_backs: 0,
            calling_back: Duration::from_secs(40)..=Duration::from_secs(90),
            line_noise: true,
        }
    }
}

/// Weights of what may become of a call. Only their proportions matter; what has no weight never happens.
///
/// As text (configuration, tests) they are pairs of [`Outcome::as_str`] and a whole number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Odds(BTreeMap<Outcome, u32>);

impl Odds {
    /// Odds from pairs.
    #[must_use]
    pub fn new(weights: impl IntoIterator<Item = (Outcome, u32)>) -> Self {
        Self(weights.into_iter().collect())
    }

    /// Always the same.
    #[must_use]
    pub fn only(outcome: Outcome) -> Self {
        Self::new([(outcome, 1)])
    }

    /// The outcome that lies at `point` of 2^64 on the line of all weights. Without any weight, nobody answers.
    #[must_use]
    pub fn at(&self, point: u64) -> Outcome {
        let total: u64 = self.0.values().map(|weight| u64::from(*weight)).sum();
        let mut rest = (u128::from(point) * u128::from(total)) >> 64;
        for (outcome, weight) in &self.0 {
            match rest.checked_sub(u128::from(*weight)) {
                None => return *outcome,
                Some(left) => rest = left,
            }
        }
        Outcome::NoAnswer
    }
}

impl Default for Odds {
    fn default() -> Self {
        Self::new([
            (Outcome::Person(Persona::Interested), 20),
            (Outcome::Person(Persona::BadTime), 8),
            (Outcome::Person(Persona::Sceptical), 10),
            (Outcome::Person(Persona::Curious), 12),
            (Outcome::Person(Persona::CallBack), 8),
            (Outcome::Person(Persona::StopCalling), 4),
            (Outcome::Person(Persona::HangsUp), 5),
            (Outcome::Person(Persona::Silent), 1),
            (Outcome::NoAnswer, 7),
            (Outcome::Busy, 4),
            (Outcome::Rejected, 3),
            (Outcome::Voicemail, 8),
            (Outcome::PhoneMenu, 2),
            (Outcome::CallScreening, 4),
            (Outcome::Fax, 1),
            (Outcome::Unreachable, 2),
            (Outcome::Lost, 1),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_decide_how_often() {
        let odds = Odds::new([(Outcome::Busy, 1), (Outcome::NoAnswer, 3)]);
        let busy = (0..1_000)
            .filter(|step| odds.at(u64::MAX / 1_000 * step) == Outcome::Busy)
            .count();
        assert!(busy.abs_diff(250) <= 1, "{busy}");
        assert_eq!(odds.at(u64::MAX), Outcome::NoAnswer.max(Outcome::Busy));
        assert_eq!(Odds::new([]).at(5), Outcome::NoAnswer);
        assert_eq!(Odds::only(Outcome::Lost).at(u64::MAX), Outcome::Lost);
    }

    #[test]
    fn odds_can_be_written_down() {
        let odds: Odds = serde_json::from_str(r#"{"interested": 3, "voicemail": 1}"#).expect("valid");
        assert_eq!(
            odds,
            Odds::new([(Outcome::Person(Persona::Interested), 3), (Outcome::Voicemail, 1)])
        );
        assert!(serde_json::from_str::<Odds>(r#"{"winner": 1}"#).is_err());
    }
}
