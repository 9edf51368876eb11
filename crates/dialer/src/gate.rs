//! The gate: may this lead be called now, and if not, when?
//!
//! Pure, but for the clocks it is given. It runs inside the transaction that claims, so what it decides on is what is
//! true when the call is handed out.

use crate::ZoneClock;
use domain::{
    UnixMillis,
    calling_hours::{DAY, GateEvidence, GateReason, LocalTime, WeeklyHours, decide},
    lead::LeadStatus,
};
use std::{collections::HashMap, time::Duration};
use store::claims::{Turn, Verdict, WaitingLead};

/// Hours repeat weekly; a week and a day sees every opening, whatever summer time does.
const HORIZON: Duration = Duration::from_secs(8 * 24 * 3_600);
const MINUTE: Duration = Duration::from_secs(60);
const ON_THE_LIST: &str = "The number is on the do-not-call list.";
const NO_ZONE: &str = "It is not known where this number is, so there is no hour at which it may be called.";
const NEVER_OPEN: &str = "The number could be in several time zones, and there is no hour at which it may be called in \
     all of them.";

/// Decides about the leads of one campaign at one moment; remembers the next opening for each set of zones, since the
/// leads of a list share them.
pub struct Gate<'a> {
    clocks: &'a dyn ZoneClock,
    at: UnixMillis,
    openings: HashMap<Vec<String>, Option<UnixMillis>>,
}

impl<'a> Gate<'a> {
    #[must_use]
    pub fn new(clocks: &'a dyn ZoneClock, at: UnixMillis) -> Self {
        Self {
            clocks,
            at,
            openings: HashMap::new(),
        }
    }

    /// The decision about one lead. All leads of a gate must be called by the same `hours`.
    pub fn judge(&mut self, hours: &WeeklyHours, lead: &WaitingLead) -> Verdict {
        let clocks = self.read_clocks(&lead.zones).unwrap_or_default();
        let times: Vec<LocalTime> = clocks.iter().map(|(_, time)| *time).collect();
        let reason = decide(hours, &times, lead.on_do_not_call_list);
        let turn = match reason {
            GateReason::Allowed => Turn::Call,
            GateReason::DoNotCall => Turn::Never(LeadStatus::DoNotCall, ON_THE_LIST.to_owned()),
            GateReason::UnknownTimeZone => Turn::Never(LeadStatus::Failed, NO_ZONE.to_owned()),
            GateReason::OutsideCallingHours => match self.opening(hours, &lead.zones) {
                Some(at) => Turn::Later(at),
                None => Turn::Never(LeadStatus::Failed, NEVER_OPEN.to_owned()),
            },
        };
        Verdict {
            reason,
            evidence: GateEvidence::new(hours, &clocks, lead.on_do_not_call_list),
            turn,
        }
    }

    /// The time in every zone; `None` if one of them is not known: a doubt closes the gate.
    fn read_clocks(&self, zones: &[String]) -> Option<Vec<(String, LocalTime)>> {
        zones
            .iter()
            .map(|zone| Some((zone.clone(), self.clocks.local_time(zone, self.at)?)))
            .collect()
    }

    fn opening(&mut self, hours: &WeeklyHours, zones: &[String]) -> Option<UnixMillis> {
        if let Some(known) = self.openings.get(zones) {
            return *known;
        }
        let opening = next_opening(hours, zones, self.at, self.clocks);
        self.openings.insert(zones.to_vec(), opening);
        opening
    }
}

/// The first minute from `at` on in which the gate is open in every zone; `None` if it never is.
#[must_use]
pub fn next_opening(
    hours: &WeeklyHours,
    zones: &[String],
    at: UnixMillis,
    clocks: &dyn ZoneClock,
) -> Option<UnixMillis> {
    let mut candidate = at;
    while candidate.since(at) <= HORIZON {
        let mut wait = 0;
        for zone in zones {
            wait = wait.max(minutes_until_open(hours, clocks.local_time(zone, candidate)?)?);
        }
        if wait == 0 {
            return Some(candidate);
        }
        // Clocks may be changed by an hour on the way: approach the opening, then go up to it in small steps.
        let step = if wait > 75 { wait - 60 } else { wait.min(15) };
        let seconds_gone = u64::try_from(candidate.0.rem_euclid(60_000)).unwrap_or(0);
        candidate = UnixMillis(candidate.plus(MINUTE * u32::from(step)).0 - i64::try_from(seconds_gone).unwrap_or(0));
    }
    None
}

/// Minutes on this wall clock until a call may start: 0 if now, `None` if on no day.
fn minutes_until_open(hours: &WeeklyHours, clock: LocalTime) -> Option<u16> {
    use domain::calling_hours::Weekday;
    (0..=7_u16).find_map(|days| {
        let day = Weekday::ALL[(clock.day.index() + usize::from(days)) % 7];
        let window = hours.allowed_on(day)?;
        if days == 0 {
            return match clock.minute {
                minute if minute < window.from => Some(window.from - minute),
                minute if minute < window.to => Some(0),
                _ => None,
            };
        }
        Some(days * DAY + window.from - clock.minute)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IanaClock;
    use domain::{LeadId, Personal};

    /// Tuesday 2026-11-24, 00:00 UTC.
    const MIDNIGHT: i64 = 1_795_478_400_000;
    const HOUR: i64 = 3_600_000;

    fn zones(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn lead(zones_of_it: &[&str], listed: bool) -> WaitingLead {
        WaitingLead {
            lead_id: LeadId(uuid::Uuid::from_u128(1)),
            phone_number: "+14155550123".parse().expect("valid"),
            name: Personal::default(),
            email: Personal::default(),
            variables: Default::default(),
            zones: zones(zones_of_it),
            calls_made: 0,
            on_do_not_call_list: listed,
        }
    }

    #[test]
    fn opens_when_the_last_zone_does() {
        let hours = WeeklyHours::weekdays(9 * 60, 18 * 60);
        let both = zones(&["America/New_York", "America/Los_Angeles"]);
        let opening = next_opening(&hours, &both, UnixMillis(MIDNIGHT + 90_500), &IanaClock);
        // Monday evening over there; 9:00 in Los Angeles is 17:00 UTC.
        assert_eq!(opening, Some(UnixMillis(MIDNIGHT + 17 * HOUR)));
    }

    #[test]
    fn waits_over_the_weekend_and_for_summer_time() {
        let hours = WeeklyHours::weekdays(9 * 60, 18 * 60);
        // Saturday 2026-03-07 12:00 UTC; on Sunday New York's clocks go forward. Monday 9:00 EDT is 13:00 UTC.
        let saturday = UnixMillis(1_772_884_800_000);
        let opening = next_opening(&hours, &zones(&["America/New_York"]), saturday, &IanaClock);
        assert_eq!(opening, Some(UnixMillis(saturday.0 + 49 * HOUR)));
    }

    #[test]
    fn zones_that_share_no_hour_never_open() {
        let hours = WeeklyHours::every_day(0, DAY);
        let apart = zones(&["America/New_York", "Asia/Singapore", "Europe/Berlin"]);
        assert_eq!(next_opening(&hours, &apart, UnixMillis(MIDNIGHT), &IanaClock), None);
        let mut gate = Gate::new(&IanaClock, UnixMillis(MIDNIGHT));
        let verdict = gate.judge(
            &hours,
            &lead(&["America/New_York", "Asia/Singapore", "Europe/Berlin"], false),
        );
        assert_eq!(verdict.reason, GateReason::OutsideCallingHours);
        assert!(matches!(verdict.turn, Turn::Never(LeadStatus::Failed, _)));
    }

    #[test]
    fn a_doubt_closes_the_gate() {
        let hours = WeeklyHours::every_day(0, DAY);
        let mut gate = Gate::new(&IanaClock, UnixMillis(MIDNIGHT + 12 * HOUR));
        assert_eq!(gate.judge(&hours, &lead(&["Europe/Berlin"], false)).turn, Turn::Call);
        assert_eq!(
            gate.judge(&hours, &lead(&[], false)).reason,
            GateReason::UnknownTimeZone
        );
        let half_known = lead(&["Europe/Berlin", "Mars/Olympus"], false);
        assert_eq!(gate.judge(&hours, &half_known).reason, GateReason::UnknownTimeZone);
        let listed = gate.judge(&hours, &lead(&["Europe/Berlin"], true));
        assert_eq!(listed.reason, GateReason::DoNotCall);
        assert!(listed.evidence.do_not_call);
        assert!(matches!(listed.turn, Turn::Never(LeadStatus::DoNotCall, _)));
    }
}
