//! When a person begins and ends a turn, from voice activity frame by frame.

use telephony::FRAME_MILLIS;

/// Voice for this long confirms that somebody speaks, milliseconds. Less is a cough or a crackle.
pub const ONSET_MS: u32 = 160;
/// The same for a voice with its mouth closed: “mhm” is over before.
pub const HUM_ONSET_MS: u32 = 500;
/// The onset may have gaps of this length in total, milliseconds.
const ONSET_GAPS_MS: u32 = 60;
/// After this silence within a turn it is worth looking at what was said, milliseconds.
pub const PAUSE_MS: u32 = 200;
/// Voice for this long after such a pause goes on with the turn, milliseconds.
const GOES_ON_MS: u32 = 60;
/// Silence for this long ends a turn of which nothing is known, milliseconds.
pub const ENDPOINT_MS: u32 = 600;
/// A turn is cut after this time, milliseconds, so that no recogniser listens for ever.
pub const LONGEST_TURN_MS: u32 = 60_000;

/// What a frame of 20 ms is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sounding {
    Silent,
    /// A voice that says nothing: “mhm”.
    Humming,
    Speaking,
}

/// What changed with this frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Somebody has been speaking since `since_ms`.
    Started { since_ms: u32 },
    /// They may have finished; their last sound was at `until_ms`.
    Paused { until_ms: u32 },
    /// They had not.
    WentOn,
    /// The turn ended; its last sound was at `until_ms`.
    Ended { until_ms: u32 },
}

/// Finds turns. Times are milliseconds of room time.
#[derive(Clone, Debug)]
pub struct TurnDetector {
    /// Start of the turn, once confirmed.
    turn: Option<u32>,
    /// First voiced frame that may become a turn.
    candidate: Option<u32>,
    voiced_ms: u32,
    /// Something else than humming was heard since then.
    spoke: bool,
    last_voice_ms: u32,
    paused: bool,
    /// Voice since the pause began.
    voiced_in_pause_ms: u32,
    endpoint_ms: u32,
}

impl Default for TurnDetector {
    fn default() -> Self {
        Self {
            turn: None,
            candidate: None,
            voiced_ms: 0,
            spoke: false,
            last_voice_ms: 0,
            paused: false,
            voiced_in_pause_ms: 0,
            endpoint_ms: ENDPOINT_MS,
        }
    }
}

impl TurnDetector {
    /// How much silence ends the turn that is going on, if it stays silent: what was said is known by now.
    pub fn end_after(&mut self, silence_ms: u32) {
        self.endpoint_ms = silence_ms;
    }

    /// One frame that ends at `now_ms`.
    pub fn hear(&mut self, sounding: Sounding, now_ms: u32) -> Option<Turn> {
        match self.turn {
            Some(since) => self.within(sounding, since, now_ms),
            None => self.before(sounding, now_ms),
        }
    }

    fn before(&mut self, sounding: Sounding, now_ms: u32) -> Option<Turn> {
        if sounding != Sounding::Silent {
            let since = *self.candidate.get_or_insert(now_ms.saturating_sub(FRAME_MILLIS));
            self.voiced_ms += FRAME_MILLIS;
            self.spoke |= sounding == Sounding::Speaking;
            let onset_ms = if self.spoke { ONSET_MS } else { HUM_ONSET_MS };
            if self.voiced_ms >= onset_ms {
                *self = Self {
                    turn: Some(since),
                    last_voice_ms: now_ms,
                    ..Self::default()
                };
                return Some(Turn::Started { since_ms: since });
            }
        }
        if let Some(since) = self.candidate {
            let gaps = now_ms.saturating_sub(since).saturating_sub(self.voiced_ms);
            if gaps > ONSET_GAPS_MS {
                *self = Self::default();
            }
        }
        None
    }

    fn within(&mut self, sounding: Sounding, since: u32, now_ms: u32) -> Option<Turn> {
        if now_ms.saturating_sub(since) >= LONGEST_TURN_MS {
            return Some(self.end());
        }
        if sounding != Sounding::Silent {
            self.last_voice_ms = now_ms;
            if !self.paused {
                return None;
            }
            self.voiced_in_pause_ms += FRAME_MILLIS;
            if self.voiced_in_pause_ms < GOES_ON_MS {
                return None;
            }
            self.paused = false;
            self.endpoint_ms = ENDPOINT_MS;
            return Some(Turn::WentOn);
        }
        let silent = now_ms.saturating_sub(self.last_voice_ms);
        if silent >= self.endpoint_ms {
            return Some(self.end());
        }
        if silent >= PAUSE_MS && !self.paused {
            self.paused = true;
            self.voiced_in_pause_ms = 0;
            return Some(Turn::Paused {
                until_ms: self.last_voice_ms,
            });
        }
        None
    }

    fn end(&mut self) -> Turn {
        let until_ms = self.last_voice_ms;
        *self = Self::default();
        Turn::Ended { until_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Sounding::{Humming, Silent, Speaking};

    fn run(frames: &[(Sounding, usize)]) -> Vec<(u32, Turn)> {
        run_with(&mut TurnDetector::default(), &mut 0, frames)
    }

    fn run_with(detector: &mut TurnDetector, now: &mut u32, frames: &[(Sounding, usize)]) -> Vec<(u32, Turn)> {
        let mut turns = Vec::new();
        for (sounding, count) in frames {
            for _ in 0..*count {
                *now += FRAME_MILLIS;
                turns.extend(detector.hear(*sounding, *now).map(|turn| (*now, turn)));
            }
        }
        turns
    }

    #[test]
    fn a_turn_starts_after_160_ms_and_ends_after_600_ms() {
        assert_eq!(
            run(&[(Silent, 10), (Speaking, 50), (Silent, 40)]),
            [
                (360, Turn::Started { since_ms: 200 }),
                (1_400, Turn::Paused { until_ms: 1_200 }),
                (1_800, Turn::Ended { until_ms: 1_200 })
            ]
        );
    }

    #[test]
    fn a_cough_is_no_turn_and_a_short_pause_ends_none() {
        assert_eq!(run(&[(Speaking, 5), (Silent, 100), (Speaking, 5), (Silent, 100)]), []);
        assert_eq!(
            run(&[(Speaking, 20), (Silent, 25), (Speaking, 20), (Silent, 50)]),
            [
                (160, Turn::Started { since_ms: 0 }),
                (600, Turn::Paused { until_ms: 400 }),
                (960, Turn::WentOn),
                (1_500, Turn::Paused { until_ms: 1_300 }),
                (1_900, Turn::Ended { until_ms: 1_300 }),
            ]
        );
    }

    #[test]
    fn a_crackle_in_a_pause_does_not_go_on_with_the_turn_but_keeps_it_open() {
        assert_eq!(
            run(&[(Speaking, 20), (Silent, 15), (Speaking, 2), (Silent, 30)]).last(),
            Some(&(1_340, Turn::Ended { until_ms: 740 }))
        );
    }

    #[test]
    fn what_was_said_decides_how_long_to_wait() {
        for wait in [300, 1_200] {
            let (mut detector, mut now) = (TurnDetector::default(), 0);
            run_with(&mut detector, &mut now, &[(Speaking, 20), (Silent, 12)]);
            detector.end_after(wait);
            let ended = run_with(&mut detector, &mut now, &[(Silent, 100)]);
            assert_eq!(ended, [(400 + wait, Turn::Ended { until_ms: 400 })]);
        }
    }

    #[test]
    fn a_hum_is_no_turn_unless_it_goes_on_or_words_follow() {
        assert_eq!(run(&[(Humming, 22), (Silent, 50)]), []);
        assert_eq!(run(&[(Humming, 30)]), [(500, Turn::Started { since_ms: 0 })]);
        assert_eq!(
            run(&[(Humming, 10), (Speaking, 1)]),
            [(220, Turn::Started { since_ms: 0 })]
        );
    }

    #[test]
    fn small_gaps_do_not_hide_an_onset() {
        assert_eq!(
            run(&[(Speaking, 4), (Silent, 2), (Speaking, 4)]),
            [(200, Turn::Started { since_ms: 0 })]
        );
    }

    #[test]
    fn endless_noise_is_cut() {
        let turns = run(&[(Speaking, 3_100)]);
        assert!(
            turns
                .iter()
                .any(|(at, turn)| *at == LONGEST_TURN_MS && matches!(turn, Turn::Ended { .. }))
        );
    }
}
