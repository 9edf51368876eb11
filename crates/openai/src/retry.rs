//! Whether, when and with which model to ask again. Pure.

use crate::failure::{Failure, RetryAfter};
use std::time::Duration;

/// How often one model is asked if there is no other.
const MOST_TRIES: u32 = 3;
/// How often the first model is asked if there is another.
const TRIES_BEFORE_THE_OTHER: u32 = 2;
/// The pause before the second try; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask the same model again after this pause.
    Again(Duration),
    /// Ask the fallback model, at once.
    OtherModel,
    GiveUp,
}

/// Decides after the `tries`-th failure of a model (from 1 on). `left` is the time until nobody waits for the answer any
/// more, `chance` is from 0 to 1: whoever fails together shall not come back together.
#[must_use]
pub fn next(failure: &Failure, tries: u32, has_other: bool, left: Duration, chance: f64) -> Next {
    let otherwise = if has_other { Next::OtherModel } else { Next::GiveUp };
    let wait = match failure {
        // Another model has the same key and account.
        Failure::KeyRefused(_) | Failure::QuotaUsedUp | Failure::Paused => return Next::GiveUp,
        Failure::NotFound | Failure::Rejected(_) | Failure::Nonsense(_) => return otherwise,
        // It has cost most of the time already.
        Failure::TooSlow if has_other => return otherwise,
        Failure::Busy(wait) | Failure::Broken(_, wait) => *wait,
        Failure::NotReached | Failure::TooSlow | Failure::BrokeOff => RetryAfter::Unsaid,
    };
    let most = if has_other { TRIES_BEFORE_THE_OTHER } else { MOST_TRIES };
    if tries >= most {
        return otherwise;
    }
    let chance = chance.clamp(0.0, 1.0);
    let pause = match wait {
        RetryAfter::Unsaid => (FIRST_PAUSE * 2_u32.saturating_pow(tries.saturating_sub(1))).mul_f64(0.5 + chance),
        // Never earlier than asked for.
        RetryAfter::Span(span) => span.saturating_add(FIRST_PAUSE.mul_f64(chance)),
        RetryAfter::Later => return otherwise,
    };
    if pause < left { Next::Again(pause) } else { otherwise }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn after(failure: &Failure, tries: u32, has_other: bool, left: Duration) -> Next {
        next(failure, tries, has_other, left, 0.5)
    }

    #[test]
    fn pauses_double_and_end() {
        let broken = Failure::Broken(500, RetryAfter::Unsaid);
        assert_eq!(after(&broken, 1, false, LONG), Next::Again(Duration::from_millis(200)));
        assert_eq!(after(&broken, 2, false, LONG), Next::Again(Duration::from_millis(400)));
        assert_eq!(after(&broken, 3, false, LONG), Next::GiveUp);
        assert_eq!(after(&broken, 2, true, LONG), Next::OtherModel);
        assert_eq!(
            next(&broken, 1, false, LONG, 1.0),
            Next::Again(Duration::from_millis(300))
        );
    }

    #[test]
    fn retry_after_is_never_cut_short() {
        let busy = Failure::Busy(RetryAfter::Span(Duration::from_secs(2)));
        assert_eq!(after(&busy, 1, false, LONG), Next::Again(Duration::from_millis(2_100)));
        assert_eq!(after(&busy, 1, false, Duration::from_secs(2)), Next::GiveUp);
        assert_eq!(after(&busy, 1, true, Duration::from_secs(2)), Next::OtherModel);
        assert_eq!(after(&Failure::Busy(RetryAfter::Later), 1, false, LONG), Next::GiveUp);
    }

    #[test]
    fn what_only_a_person_can_mend_is_not_tried_again() {
        assert_eq!(after(&Failure::KeyRefused(401), 1, true, LONG), Next::GiveUp);
        assert_eq!(after(&Failure::QuotaUsedUp, 1, true, LONG), Next::GiveUp);
        assert_eq!(after(&Failure::NotFound, 1, true, LONG), Next::OtherModel);
        assert_eq!(after(&Failure::Rejected(400), 1, false, LONG), Next::GiveUp);
    }
}
