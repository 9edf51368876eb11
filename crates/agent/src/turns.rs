//! When a person begins and ends a turn, from voice activity frame by frame.

use telephony::FRAME_MILLIS;

/// Voice for this long confirms that somebody speaks, milliseconds. Less is a cough or a crackle.
pub const ONSET_MS: u32 = 160;
/// The onset may have gaps of this length in total, milliseconds.
const ONSET_GAPS_MS: u32 = 60;
/// Silence for this long ends a turn, milliseconds.
pub const ENDPOINT_MS: u32 = 600;
/// A turn is cut after this time, milliseconds, so that no recogniser listens for ever.
pub const LONGEST_TURN_MS: u32 = 60_000;

/// What changed with this frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Somebody has been speaking since `since_ms`.
    Started { since_ms: u32 },
    /// The turn ended; its last sound was at `until_ms`.
    Ended { until_ms: u32 },
}

/// Finds turns. Times are milliseconds of room time.
#[derive(Clone, Debug, Default)]
pub struct TurnDetector {
    /// Start of the turn, once confirmed.
    turn: Option<u32>,
    /// First voiced frame that may become a turn.
    candidate: Option<u32>,
    voiced_ms: u32,
    last_voice_ms: u32,
}

impl TurnDetector {
    /// One frame that ends at `now_ms`.
    pub fn hear(&mut self, speaking: bool, now_ms: u32) -> Option<Turn> {
        let frame_start = now_ms.saturating_sub(FRAME_MILLIS);
        if speaking {
            self.last_voice_ms = now_ms;
        }
        if let Some(since) = self.turn {
            let silent = now_ms.saturating_sub(self.last_voice_ms);
            if silent < ENDPOINT_MS && now_ms.saturating_sub(since) < LONGEST_TURN_MS {
                return None;
            }
            self.turn = None;
            self.candidate = None;
            return Some(Turn::Ended {
                until_ms: self.last_voice_ms,
            });
        }
        if speaking {
            let since = *self.candidate.get_or_insert(frame_start);
            self.voiced_ms += FRAME_MILLIS;
            if self.voiced_ms >= ONSET_MS {
                self.turn = Some(since);
                self.voiced_ms = 0;
                return Some(Turn::Started { since_ms: since });
            }
        }
        if let Some(since) = self.candidate {
            let gaps = now_ms.saturating_sub(since).saturating_sub(self.voiced_ms);
            if gaps > ONSET_GAPS_MS {
                self.candidate = None;
                self.voiced_ms = 0;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(frames: &[(bool, usize)]) -> Vec<(u32, Turn)> {
        let mut detector = TurnDetector::default();
        let mut now = 0;
        let mut turns = Vec::new();
        for (speaking, count) in frames {
            for _ in 0..*count {
                now += FRAME_MILLIS;
                turns.extend(detector.hear(*speaking, now).map(|turn| (now, turn)));
            }
        }
        turns
    }

    #[test]
    fn a_turn_starts_after_160_ms_and_ends_after_600_ms() {
        assert_eq!(
            run(&[(false, 10), (true, 50), (false, 40)]),
            [
                (360, Turn::Started { since_ms: 200 }),
                (1_800, Turn::Ended { until_ms: 1_200 })
            ]
        );
    }

    #[test]
    fn a_cough_is_no_turn_and_a_short_pause_ends_none() {
        assert_eq!(run(&[(true, 5), (false, 100), (true, 5), (false, 100)]), []);
        assert_eq!(run(&[(true, 20), (false, 25), (true, 20), (false, 50)]).len(), 2);
    }

    #[test]
    fn small_gaps_do_not_hide_an_onset() {
        assert_eq!(
            run(&[(true, 4), (false, 2), (true, 4)]),
            [(200, Turn::Started { since_ms: 0 })]
        );
    }

    #[test]
    fn endless_noise_is_cut() {
        let turns = run(&[(true, 3_100)]);
        assert!(
            turns
                .iter()
                .any(|(at, turn)| *at == LONGEST_TURN_MS && matches!(turn, Turn::Ended { .. }))
        );
    }
}
