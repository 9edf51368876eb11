//! What the clocks on people's walls say.

use domain::{
    UnixMillis,
    calling_hours::{LocalTime, Weekday},
};
use jiff::{Timestamp, tz::TimeZone};

/// Tells the local time of a zone at any instant.
pub trait ZoneClock: Send + Sync + 'static {
    /// The local time in the IANA zone `zone`; `None` if there is no such zone, which closes the gate.
    fn local_time(&self, zone: &str, at: UnixMillis) -> Option<LocalTime>;
}

/// The IANA time zone database: the system's, or the one in the program if there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct IanaClock;

impl ZoneClock for IanaClock {
    fn local_time(&self, zone: &str, at: UnixMillis) -> Option<LocalTime> {
        let zone = TimeZone::get(zone).ok()?;
        let local = Timestamp::from_millisecond(at.0).ok()?.to_zoned(zone);
        let day = Weekday::ALL[usize::try_from(local.weekday().to_monday_zero_offset()).ok()?];
        let minute = u16::try_from(local.hour()).ok()? * 60 + u16::try_from(local.minute()).ok()?;
        Some(LocalTime { day, minute })
    }
}

/// The day in the IANA zone `zone`, as the language model is told it: “Saturday, 2026-11-28”.
pub(crate) fn day_in(zone: &str, at: UnixMillis) -> Option<String> {
    let local = Timestamp::from_millisecond(at.0)
        .ok()?
        .to_zoned(TimeZone::get(zone).ok()?);
    let day = Weekday::ALL[usize::try_from(local.weekday().to_monday_zero_offset()).ok()?];
    Some(format!("{}, {}", day.label(), local.date()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_time_counts() {
        // 2026-03-08T06:59:00Z and one minute later: New York goes from EST to EDT at 07:00Z.
        let before = UnixMillis(1_772_953_140_000);
        let time = |at| IanaClock.local_time("America/New_York", at).expect("a known zone");
        assert_eq!(
            time(before),
            LocalTime {
                day: Weekday::Sunday,
                minute: 119
            }
        );
        assert_eq!(time(UnixMillis(before.0 + 60_000)).minute, 180);
        assert_eq!(IanaClock.local_time("Mars/Olympus", before), None);
        assert_eq!(
            day_in("America/New_York", before).as_deref(),
            Some("Sunday, 2026-03-08")
        );
        assert_eq!(day_in("Mars/Olympus", before), None);
    }
}
