//! When a person may be called: the campaign's hours, cut down to what the law allows, by the person's own clock.
//!
//! This file knows no calendar: whoever calls it turns an instant into a [`LocalTime`] for each zone the number could
//! be in. A doubt closes the gate.

use crate::budget::Standing;
use serde::{Deserialize, Serialize};

/// Minutes in a day.
pub const DAY: u16 = 24 * 60;

/// The earliest and latest minute of the day at which anybody may be called, whatever a campaign says
/// (47 CFR 64.1200(c)(1): 8:00 to 21:00 at the called party's location).
pub const LEGAL_WINDOW: (u16, u16) = (8 * 60, 21 * 60);

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
        }
    }

    /// 0 for Monday to 6 for Sunday.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Part of a day: from the first minute in which a call may start to the first in which it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Minutes after midnight.
    pub from: u16,
    /// Minutes after midnight, at most 1,440.
    pub to: u16,
}

/// A campaign's hours: for each day, Monday first, the window in which calls may start; `None` if not on that day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyHours {
    pub days: [Option<Window>; 7],
}

impl WeeklyHours {
    /// The same window Monday to Friday.
    #[must_use]
    pub const fn weekdays(from: u16, to: u16) -> Self {
        let day = Some(Window { from, to });
        Self {
            days: [day, day, day, day, day, None, None],
        }
    }

    /// The same window on all seven days.
    #[must_use]
    pub const fn every_day(from: u16, to: u16) -> Self {
        Self {
            days: [Some(Window { from, to }); 7],
        }
    }

    /// True if there is a day on which a call may start: the law cuts out some hours whatever a campaign says.
    #[must_use]
    pub fn is_open_at_all(&self) -> bool {
        Weekday::ALL.into_iter().any(|day| self.allowed_on(day).is_some())
    }

    #[must_use]
    pub fn windows_are_valid(&self) -> bool {
        self.days
            .iter()
            .flatten()
            .all(|window| window.from < window.to && window.to <= DAY)
    }

    /// The window of `day` after the legal limits were cut out of it; `None` if nothing is left.
    #[must_use]
    pub fn allowed_on(&self, day: Weekday) -> Option<Window> {
        let window = self.days[day.index()]?;
        let cut = Window {
            from: window.from.max(LEGAL_WINDOW.0),
            to: window.to.min(LEGAL_WINDOW.1),
        };
        (cut.from < cut.to).then_some(cut)
    }
}

/// What the clock on somebody's wall says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalTime {
    pub day: Weekday,
    /// Minutes after midnight.
    pub minute: u16,
}

/// Whether a lead may be called now, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateReason {
    /// All checks passed.
    Allowed,
    /// The number is on the do-not-call list.
    DoNotCall,
    /// It is outside the campaign's hours or the legal window where the person lives, or could live.
    OutsideCallingHours,
    /// Nothing is known about where the number is.
    UnknownTimeZone,
}

impl GateReason {
    pub const ALL: [Self; 4] = [
        Self::Allowed,
        Self::DoNotCall,
        Self::OutsideCallingHours,
        Self::UnknownTimeZone,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::DoNotCall => "do_not_call",
            Self::OutsideCallingHours => "outside_calling_hours",
            Self::UnknownTimeZone => "unknown_time_zone",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Allowed => "Allowed",
            Self::DoNotCall => "On the do-not-call list",
            Self::OutsideCallingHours => "Outside calling hours where the person lives",
            Self::UnknownTimeZone => "Time zone of the number unknown",
        }
    }
}

/// The gate. `clocks` holds the local time in every zone the number could be in; it is open only if it is open by all
/// of them, and never if there are none.
#[must_use]
pub fn decide(hours: &WeeklyHours, clocks: &[LocalTime], on_do_not_call_list: bool) -> GateReason {
    if on_do_not_call_list {
        return GateReason::DoNotCall;
    }
    if clocks.is_empty() {
        return GateReason::UnknownTimeZone;
    }
    let open = clocks.iter().all(|clock| {
        hours
            .allowed_on(clock.day)
            .is_some_and(|window| (window.from..window.to).contains(&clock.minute))
    });
    if open {
        GateReason::Allowed
    } else {
        GateReason::OutsideCallingHours
    }
}

/// The local time in one zone that a number could be in, at the moment of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneClock {
    /// IANA name, for example “America/New_York”.
    pub zone: String,
    /// Weekday and time as a person reads them, for example “Tue 10:30”.
    pub local: String,
}

impl ZoneClock {
    #[must_use]
    pub fn new(zone: impl Into<String>, clock: LocalTime) -> Self {
        Self {
            zone: zone.into(),
            local: format!("{} {}", &clock.day.label()[..3], hour_and_minute(clock.minute)),
        }
    }
}

/// On what a decision of the gate rests: the `because` column of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateEvidence {
    /// Every zone the number could be in; none if nothing is known about it.
    #[serde(default)]
    pub zones: Vec<ZoneClock>,
    /// The hours in which a call could have started that day, law and campaign together, for example “09:00–18:00”;
    /// `None` if there were none, or if they differ between the zones because it is another day there.
    #[serde(default)]
    pub window: Option<String>,
    /// The number is on the do-not-call list.
    #[serde(default)]
    pub do_not_call: bool,
    /// If the campaign has a budget: how it stood before this call and those that were handed out with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Standing>,
}

impl GateEvidence {
    /// What [`decide`] saw, for people to read.
    #[must_use]
    pub fn new(hours: &WeeklyHours, clocks: &[(String, LocalTime)], on_do_not_call_list: bool) -> Self {
        let mut windows = clocks.iter().map(|(_, clock)| hours.allowed_on(clock.day));
        let first = windows.next().flatten();
        Self {
            zones: clocks
                .iter()
                .map(|(zone, clock)| ZoneClock::new(zone.as_str(), *clock))
                .collect(),
            window: first
                .filter(|window| windows.all(|other| other == Some(*window)))
                .map(|window| format!("{}–{}", hour_and_minute(window.from), hour_and_minute(window.to))),
            do_not_call: on_do_not_call_list,
            budget: None,
        }
    }

    /// The same in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let place = match self.zones.as_slice() {
            [] => "It is not known in which time zone the number is.".to_owned(),
            [only] => format!("It was {} in {}.", only.local, zone_in_words(&only.zone)),
            several => {
                const NAMED: usize = 6;
                let mut named: Vec<String> = several
                    .iter()
                    .take(NAMED)
                    .map(|clock| format!("{} in {}", clock.local, zone_in_words(&clock.zone)))
                    .collect();
                if several.len() > NAMED {
                    named.push(format!("{} more zones", several.len() - NAMED));
                }
                let last = named.pop().unwrap_or_default();
                format!(
                    "The number could be in several zones; it was {} and {last}.",
                    named.join(", ")
                )
            }
        };
        let window = match &self.window {
            Some(window) => format!(" Calls could start {window}."),
            None if self.zones.is_empty() => String::new(),
            None => " No hours were open for all of them.".to_owned(),
        };
        let list = if self.do_not_call {
            " The number is on the do-not-call list."
        } else {
            " The number was not on the do-not-call list."
        };
        let budget = self
            .budget
            .as_ref()
            .map(|standing| format!(" {}", standing.in_words()))
            .unwrap_or_default();
        format!("{place}{window}{list}{budget}")
    }
}

/// “Europe/Isle_of_Man” as “Isle of Man”.
fn zone_in_words(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

/// Minutes after midnight as “09:05”.
#[must_use]
pub fn hour_and_minute(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evidence_reads_as_sentences() {
        let hours = WeeklyHours::weekdays(9 * 60, 18 * 60);
        let evidence = GateEvidence::new(
            &hours,
            &[
                ("America/New_York".to_owned(), at(Weekday::Tuesday, 10, 30)),
                ("America/Chicago".to_owned(), at(Weekday::Tuesday, 9, 30)),
            ],
            false,
        );
        assert_eq!(
            evidence.in_words(),
            "The number could be in several zones; it was Tue 10:30 in New York and Tue 09:30 in Chicago. Calls could \
             start 09:00–18:00. The number was not on the do-not-call list."
        );
        let json = serde_json::to_value(&evidence).expect("serialises");
        assert_eq!(json["zones"][0]["local"], "Tue 10:30");
        assert_eq!(json["window"], "09:00–18:00");
        let nothing: GateEvidence = serde_json::from_str("{}").expect("every part may be absent");
        assert!(nothing.in_words().starts_with("It is not known"));
    }

    #[test]
    fn different_days_in_different_zones_name_no_window() {
        let hours = WeeklyHours::weekdays(9 * 60, 18 * 60);
        let clocks = [
            ("Asia/Tokyo".to_owned(), at(Weekday::Saturday, 1, 0)),
            ("Europe/London".to_owned(), at(Weekday::Friday, 16, 0)),
        ];
        assert_eq!(GateEvidence::new(&hours, &clocks, true).window, None);
        assert_eq!(
            GateEvidence::new(&hours, &clocks[1..], true).window.as_deref(),
            Some("09:00–18:00")
        );
    }

    fn at(day: Weekday, hour: u16, minute: u16) -> LocalTime {
        LocalTime {
            day,
            minute: hour * 60 + minute,
        }
    }

    #[test]
    fn the_law_cuts_the_campaigns_hours() {
        let hours = WeeklyHours::every_day(0, DAY);
        assert_eq!(
            decide(&hours, &[at(Weekday::Sunday, 7, 59)], false),
            GateReason::OutsideCallingHours
        );
        assert_eq!(decide(&hours, &[at(Weekday::Sunday, 8, 0)], false), GateReason::Allowed);
        assert_eq!(
            decide(&hours, &[at(Weekday::Sunday, 20, 59)], false),
            GateReason::Allowed
        );
        assert_eq!(
            decide(&hours, &[at(Weekday::Sunday, 21, 0)], false),
            GateReason::OutsideCallingHours
        );
    }

    #[test]
    fn one_closed_zone_closes_the_gate_and_none_at_all_too() {
        let hours = WeeklyHours::weekdays(9 * 60, 18 * 60);
        let open = at(Weekday::Monday, 10, 0);
        assert_eq!(
            decide(&hours, &[open, at(Weekday::Monday, 8, 0)], false),
            GateReason::OutsideCallingHours
        );
        assert_eq!(
            decide(&hours, &[open, at(Weekday::Sunday, 10, 0)], false),
            GateReason::OutsideCallingHours
        );
        assert_eq!(decide(&hours, &[], false), GateReason::UnknownTimeZone);
        assert_eq!(decide(&hours, &[open], true), GateReason::DoNotCall);
    }
}
