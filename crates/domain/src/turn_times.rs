//! How long the parts of a turn take: the pauses that a person on the phone notices.

use serde::{Deserialize, Serialize};

/// One turn of the person and the answer to it. What did not happen, or could not be measured, is `None`; all times are
/// milliseconds of room time, which moves in steps of 20.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnTimes {
    /// Their last sound, since the answer of the phone.
    pub at_ms: u32,
    /// From their last sound until it was certain that they had finished.
    pub endpointing_ms: Option<u32>,
    /// From there to the text of what they said; nothing if it was known before.
    pub transcription_ms: Option<u32>,
    /// From the question to the language model to its first words.
    pub first_words_ms: Option<u32>,
    /// From its first words to the first sound of the answer.
    pub first_sound_ms: Option<u32>,
    /// All of it: from their last sound to the first sound of the answer.
    pub response_ms: Option<u32>,
    /// They interrupted the agent: from their first sound to its silence.
    pub silence_ms: Option<u32>,
}

/// A part of a turn: its name for people, and where it stands.
pub type TurnPart = (&'static str, fn(&TurnTimes) -> Option<u32>);

impl TurnTimes {
    /// The parts, in the order in which they happen.
    pub const PARTS: [TurnPart; 6] = [
        ("Interruption to silence", |turn| turn.silence_ms),
        ("Finished, for certain", |turn| turn.endpointing_ms),
        ("Transcription", |turn| turn.transcription_ms),
        ("First words", |turn| turn.first_words_ms),
        ("First sound", |turn| turn.first_sound_ms),
        ("Response", |turn| turn.response_ms),
    ];

    /// Whether nothing was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        Self::PARTS.iter().all(|(_, part)| part(self).is_none())
    }
}

/// Median and 95th percentile of each part over many turns, milliseconds, in the order of [`TurnTimes::PARTS`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnSummary {
    /// How many turns.
    pub turns: u64,
    pub parts: [Option<(u32, u32)>; 6],
}

impl TurnSummary {
    /// Sums turns up.
    #[must_use]
    pub fn of(turns: &[TurnTimes]) -> Self {
        let parts = TurnTimes::PARTS.map(|(_, part)| {
            let mut times: Vec<u32> = turns.iter().filter_map(part).collect();
            times.sort_unstable();
            let at = |percent: usize| {
                times
                    .get((times.len() * percent).div_ceil(100).saturating_sub(1))
                    .copied()
            };
            at(50).zip(at(95))
        });
        Self {
            turns: turns.len() as u64,
            parts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_turns_that_have_the_part() {
        let turns: Vec<TurnTimes> = (1..=100)
            .map(|n| TurnTimes {
                response_ms: Some(n * 10),
                silence_ms: (n == 7).then_some(180),
                ..TurnTimes::default()
            })
            .collect();
        let summary = TurnSummary::of(&turns);
        assert_eq!(summary.turns, 100);
        assert_eq!(
            summary.parts,
            [Some((180, 180)), None, None, None, None, Some((500, 950))]
        );
        assert_eq!(TurnSummary::of(&[]), TurnSummary::default());
        assert!(TurnTimes::default().is_empty() && !turns[0].is_empty());
    }
}
