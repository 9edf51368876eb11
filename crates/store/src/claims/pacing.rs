//! Calls per second: the generic cell rate algorithm without tolerance. Each call has its own moment, one interval after
//! that of the call before; calls are handed out a little ahead and wait for theirs, so that a fast campaign does not
//! need a transaction for each.

use std::time::Duration;
use time::OffsetDateTime;

/// The pace of a campaign at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    interval: Duration,
    /// From now to the next call's moment.
    first: Duration,
    now: OffsetDateTime,
}

impl Pace {
    pub(super) fn new(calls_per_ten_seconds: u16, next_at: Option<OffsetDateTime>, now: OffsetDateTime) -> Self {
        let micros = 10_000_000_u64.div_ceil(u64::from(calls_per_ten_seconds.max(1)));
        let first = next_at.map_or(time::Duration::ZERO, |next| next - now);
        Self {
            interval: Duration::from_micros(micros),
            first: first.try_into().unwrap_or(Duration::ZERO),
            now,
        }
    }

    /// How many calls have their moment within `look_ahead`.
    pub(super) fn slots(&self, look_ahead: Duration) -> u32 {
        let Some(room) = look_ahead.checked_sub(self.first) else {
            return 0;
        };
        u32::try_from(room.as_micros() / self.interval.as_micros() + 1).unwrap_or(u32::MAX)
    }

    /// From now to the moment of the call with this index.
    pub(super) fn start_after(&self, index: u32) -> Duration {
        self.first + self.interval.saturating_mul(index)
    }

    /// The moment of the call after `calls` more.
    pub(super) fn next_at(&self, calls: u32) -> OffsetDateTime {
        self.now + self.start_after(calls)
    }

    /// How long until a further call comes within `look_ahead`, after `calls` more.
    pub(super) fn wait(&self, calls: u32, look_ahead: Duration) -> Duration {
        self.start_after(calls).saturating_sub(look_ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AHEAD: Duration = Duration::from_millis(500);

    #[test]
    fn a_second_has_no_more_calls_than_the_campaign_wants() {
        // 5 a second: one every 200 ms, so at 0, 200 and 400 ms.
        let now = OffsetDateTime::UNIX_EPOCH;
        let pace = Pace::new(50, None, now);
        assert_eq!(pace.slots(AHEAD), 3);
        assert_eq!(pace.start_after(2), Duration::from_millis(400));
        assert_eq!(pace.wait(3, AHEAD), Duration::from_millis(100));
        let later = Pace::new(50, Some(pace.next_at(3)), now + Duration::from_millis(100));
        assert_eq!(
            (later.slots(AHEAD), later.start_after(0)),
            (1, Duration::from_millis(500))
        );
    }

    #[test]
    fn a_pause_is_not_caught_up_on() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(60);
        let pace = Pace::new(1, Some(OffsetDateTime::UNIX_EPOCH), now);
        assert_eq!((pace.slots(AHEAD), pace.start_after(0)), (1, Duration::ZERO));
        assert_eq!(pace.wait(1, AHEAD), Duration::from_millis(9_500));
    }
}
