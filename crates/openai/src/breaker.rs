//! Stops asking a service that fails, and tells why. Pure: time is an argument, counted from any fixed moment.

use crate::failure::Failure;
use std::time::Duration;

/// Failures in a row, each after all its retries, that make a service count as unusable.
const MOST_FAILURES: u32 = 3;
/// How long it is then left alone, at first and at last.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LAST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Duration,
        pause: Duration,
        why: Why,
    },
    /// One question is on its way, to see whether it works again.
    Trying {
        pause: Duration,
        why: Why,
    },
}

/// Why it is not relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    NeverTried,
    Failed(Failure),
}

/// The breaker of one service. At first it has never been tried, so that nobody is called before it has answered once.
#[derive(Clone, Debug)]
pub struct Breaker(State);

impl Default for Breaker {
    fn default() -> Self {
        Self(State::Open {
            until: Duration::ZERO,
            pause: FIRST_PAUSE / 2,
            why: Why::NeverTried,
        })
    }
}

impl Breaker {
    /// May the service be asked now? After a pause one question is let through; its outcome must be told.
    pub fn may_ask(&mut self, now: Duration) -> bool {
        match &self.0 {
            State::Closed { .. } => true,
            State::Open { until, pause, why } if *until <= now => {
                self.0 = State::Trying {
                    pause: *pause,
                    why: why.clone(),
                };
                true
            }
            State::Open { .. } | State::Trying { .. } => false,
        }
    }

    /// It did its work.
    pub fn succeeded(&mut self) {
        // What was asked before it failed says nothing about now.
        if !matches!(self.0, State::Open { .. }) {
            self.0 = State::Closed { failures: 0 };
        }
    }

    /// It did not.
    pub fn failed(&mut self, failure: &Failure, now: Duration) {
        let pause = match &mut self.0 {
            State::Closed { failures } => {
                *failures += 1;
                if *failures < MOST_FAILURES && !failure.needs_a_person() {
                    return;
                }
                FIRST_PAUSE
            }
            State::Trying { pause, .. } => (*pause * 2).clamp(FIRST_PAUSE, LAST_PAUSE),
            State::Open { .. } => return,
        };
        self.0 = State::Open {
            until: now + pause,
            pause,
            why: Why::Failed(failure.clone()),
        };
    }

    /// Nobody waited for the outcome of a question that was let through: the next one tells.
    pub fn unknown(&mut self, now: Duration) {
        if let State::Trying { pause, why } = &self.0 {
            self.0 = State::Open {
                until: now,
                pause: *pause,
                why: why.clone(),
            };
        }
    }

    /// Why no call should rely on it.
    #[must_use]
    pub fn why(&self) -> Option<&Why> {
        match &self.0 {
            State::Closed { .. } => None,
            State::Open { why, .. } | State::Trying { why, .. } => Some(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::RetryAfter;

    const BROKEN: Failure = Failure::Broken(503, RetryAfter::Unsaid);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn working() -> Breaker {
        let mut breaker = Breaker::default();
        assert!(breaker.may_ask(at(0)));
        breaker.succeeded();
        breaker
    }

    #[test]
    fn nothing_is_relied_on_before_it_was_tried() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.why(), Some(&Why::NeverTried));
        assert!(breaker.may_ask(at(0)));
        assert!(!breaker.may_ask(at(0)), "one at a time");
        breaker.succeeded();
        assert_eq!(breaker.why(), None);
    }

    #[test]
    fn three_failures_in_a_row_open_it_and_pauses_grow() {
        let mut breaker = working();
        breaker.failed(&BROKEN, at(10));
        breaker.failed(&BROKEN, at(10));
        breaker.succeeded();
        breaker.failed(&BROKEN, at(10));
        breaker.failed(&BROKEN, at(10));
        assert_eq!(breaker.why(), None);
        breaker.failed(&BROKEN, at(10));
        assert_eq!(breaker.why(), Some(&Why::Failed(BROKEN)));
        breaker.succeeded();
        assert!(breaker.why().is_some(), "a late answer from before does not count");
        assert!(!breaker.may_ask(at(14)) && breaker.may_ask(at(15)));
        breaker.failed(&BROKEN, at(15));
        assert!(!breaker.may_ask(at(24)) && breaker.may_ask(at(25)));
        breaker.unknown(at(26));
        assert!(breaker.may_ask(at(26)), "who hung up has told nothing");
        for _ in 0..10 {
            breaker.failed(&BROKEN, at(100));
            assert!(breaker.may_ask(at(160)));
        }
        breaker.succeeded();
        assert!(breaker.why().is_none() && breaker.may_ask(at(160)) && breaker.may_ask(at(160)));
    }

    #[test]
    fn a_wrong_key_opens_it_at_once() {
        let mut breaker = working();
        breaker.failed(&Failure::KeyRefused(401), at(1));
        assert!(breaker.why().is_some());
    }
}
