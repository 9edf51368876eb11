//! When a person is called back who said when: at the time that they named, by their own clock, and within the hours in
//! which they may be called.

use crate::{ZoneClock, gate::next_opening};
use domain::{
    UnixMillis,
    calling_hours::{Weekday, WeeklyHours, hour_and_minute},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use std::time::Duration;

/// Who wants to be called later than this is not kept waiting in a queue, but called as the campaign's rule says.
const LATEST: Duration = Duration::from_secs(60 * 24 * 3_600);

/// The moment that `said` (`2026-11-30T10:00`) means where the person lives, moved to the next one in which they may be
/// called. Where the number could be in several zones, it is the latest of them: nobody is called before the time they
/// named. `None` if it is no time, is over, or lies too far ahead.
pub(crate) fn due(
    said: &str,
    zones: &[String],
    hours: &WeeklyHours,
    clocks: &dyn ZoneClock,
    now: UnixMillis,
) -> Option<UnixMillis> {
    let local: DateTime = said.trim().parse().ok()?;
    let moment = |zone: &String| {
        let zoned = local.to_zoned(TimeZone::get(zone).ok()?).ok()?;
        Some(UnixMillis(zoned.timestamp().as_millisecond()))
    };
    let moments: Option<Vec<UnixMillis>> = zones.iter().map(moment).collect();
    let at = moments?.into_iter().max()?;
    if at <= now || at > now.plus(LATEST) {
        return None;
    }
    next_opening(hours, zones, at, clocks)
}

/// What a language model has to know to make an appointment: the person's date and time, and when they can be called.
/// `None` if it is not known where they live.
pub(crate) fn clock_in_words(zones: &[String], hours: &WeeklyHours, now: UnixMillis) -> Option<String> {
    let zone = TimeZone::get(zones.first()?).ok()?;
    let local = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone);
    let days: Vec<String> = Weekday::ALL
        .into_iter()
        .filter_map(|day| {
            let window = hours.allowed_on(day)?;
            Some(format!(
                "{} {} to {}",
                day.label(),
                hour_and_minute(window.from),
                hour_and_minute(window.to)
            ))
        })
        .collect();
    Some(format!(
        "Where the person lives it is {}. They can be called back at these times: {}.",
        local.strftime("%A, %-d %B %Y, %H:%M"),
        days.join(", "),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IanaClock;

    /// Tuesday 2026-11-24, 15:00 UTC: 10:00 in New York.
    const NOW: UnixMillis = UnixMillis(1_795_532_400_000);

    fn zones(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Hours from now until the call.
    fn hours_until(said: &str, names: &[&str]) -> Option<i64> {
        let weekdays = WeeklyHours::weekdays(9 * 60, 18 * 60);
        let at = due(said, &zones(names), &weekdays, &IanaClock, NOW)?;
        Some((at.0 - NOW.0) / 3_600_000)
    }

    #[test]
    fn a_time_is_meant_by_the_persons_clock_and_moved_into_the_hours() {
        let new_york = ["America/New_York"];
        assert_eq!(hours_until("2026-11-24T16:00", &new_york), Some(6));
        assert_eq!(hours_until("2026-11-25T10:00:00", &new_york), Some(24));
        assert_eq!(
            hours_until("2026-11-24T22:00", &new_york),
            Some(23),
            "the next morning at nine"
        );
        assert_eq!(
            hours_until("2026-11-28T12:00", &new_york),
            Some(5 * 24 + 23),
            "Saturday becomes Monday"
        );
        // 16:00 in the later of the two.
        assert_eq!(
            hours_until("2026-11-24T16:00", &["America/New_York", "America/Chicago"]),
            Some(7)
        );
        assert_eq!(
            hours_until("2026-11-24T18:00", &["Europe/Berlin"]),
            Some(17),
            "six is the end of the day"
        );
    }

    #[test]
    fn what_is_no_time_to_come_is_none() {
        for said in [
            "tomorrow at ten",
            "2026-11-24T09:00",
            "2027-11-24T09:00",
            "2026-13-01T09:00",
            "",
            "\u{0}",
        ] {
            assert_eq!(hours_until(said, &["America/New_York"]), None, "{said}");
        }
        assert_eq!(hours_until("2026-11-25T10:00", &[]), None);
        assert_eq!(hours_until("2026-11-25T10:00", &["Mars/Olympus"]), None);
        assert_eq!(
            hours_until("2026-11-25T10:00", &["Europe/Berlin", "Mars/Olympus"]),
            None,
            "a doubt is none"
        );
    }

    #[test]
    fn the_model_reads_the_persons_clock() {
        let mut hours = WeeklyHours::weekdays(9 * 60, 18 * 60);
        hours.days[1] = None;
        let words = clock_in_words(&zones(&["America/New_York"]), &hours, NOW).expect("a zone");
        assert!(words.contains("Tuesday, 24 November 2026, 10:00"), "{words}");
        assert!(words.contains("Monday 09:00 to 18:00, Wednesday"), "{words}");
        assert_eq!(clock_in_words(&[], &hours, NOW), None);
    }
}
