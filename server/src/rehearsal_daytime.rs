//! What time it is where simulated people live, so that a rehearsal works at any hour of the day.

use dialer::{IanaClock, ZoneClock};
use domain::{
    Clock, UnixMillis,
    calling_hours::{DAY, LocalTime, Weekday},
};
use std::sync::Arc;

/// Half past ten in the morning, in minutes after midnight.
const MORNING: u64 = 10 * 60 + 30;

/// Now is always a Tuesday, half past ten in the morning, wherever there is a clock at all; a zone that does not exist
/// still closes the gate. Clocks move on from there into the future: hours that leave out this moment have a next
/// opening, and a lead waits for it instead of being given up.
pub(crate) struct RehearsalDaytime(pub(crate) Arc<dyn Clock>);

impl ZoneClock for RehearsalDaytime {
    fn local_time(&self, zone: &str, at: UnixMillis) -> Option<LocalTime> {
        IanaClock.local_time(zone, at)?;
        let minutes = MORNING + at.since(self.0.now()).as_secs() / 60;
        let (days, minute) = (minutes / u64::from(DAY), minutes % u64::from(DAY));
        let day = (Weekday::Tuesday.index() + usize::try_from(days % 7).ok()?) % 7;
        Some(LocalTime {
            day: Weekday::ALL[day],
            minute: u16::try_from(minute).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dialer::gate::next_opening;
    use domain::calling_hours::WeeklyHours;
    use std::time::Duration;

    /// Some Saturday evening in UTC.
    const NOW: UnixMillis = UnixMillis(1_795_896_000_000);

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> UnixMillis {
            NOW
        }
    }

    #[test]
    fn now_is_a_morning_and_the_afternoon_comes_after_it() {
        let daytime = RehearsalDaytime(Arc::new(Stopped));
        let zones = ["America/New_York".to_owned(), "Asia/Tokyo".to_owned()];
        let opening = |hours: WeeklyHours| next_opening(&hours, &zones, NOW, &daytime);
        assert_eq!(opening(WeeklyHours::every_day(540, 1_080)), Some(NOW));
        let afternoon = opening(WeeklyHours::every_day(780, 1_080)).expect("opens");
        assert_eq!(afternoon.since(NOW), Duration::from_secs(150 * 60));
        let early = opening(WeeklyHours::every_day(480, 600)).expect("opens the next day");
        assert_eq!(early.since(NOW), Duration::from_secs((24 * 60 - 150) * 60));
        assert_eq!(daytime.local_time("Nowhere/Land", NOW), None);
    }
}
