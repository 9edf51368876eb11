//! Which time zones a telephone number could be in.
//!
//! A table of prefixes, made by `data/make_number_zones.py`, which says on what it rests and why it rather names a zone
//! too many. It is part of the program; an installation that needs a newer one names its own file at start.
//!
//! A number tells where it was given out, not where the phone is today: nobody can know the latter from the number.

use domain::PhoneNumber;
use std::{collections::HashMap, path::Path, sync::OnceLock};

static BUILT_IN: &str = include_str!("../data/number_zones.csv");
static TABLE: OnceLock<NumberZones> = OnceLock::new();

/// No prefix of the table has more digits.
const LONGEST_PREFIX: usize = 7;

/// The table from prefix to zones.
struct NumberZones {
    version: String,
    by_prefix: HashMap<String, Vec<String>>,
}

/// Why a table of zones cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ZoneDataError {
    #[error("the table of number time zones {path} cannot be read: {cause}")]
    Unreadable { path: String, cause: std::io::Error },
    #[error("the table of number time zones has no first line “# version: …”")]
    NoVersion,
    #[error("line {0} of the table of number time zones is not “digits,Zone/Name|Zone/Name”")]
    BadLine(usize),
    #[error("line {line} of the table of number time zones names “{zone}”, which is no known time zone")]
    UnknownZone { line: usize, zone: String },
    #[error("the table of number time zones was already in use before another one was named")]
    TooLate,
}

/// Every IANA time zone in which somebody with this number could be; empty if the number belongs to no place (800 in
/// North America) or nothing is known about it.
#[must_use]
pub fn zones_of(number: &PhoneNumber) -> Vec<String> {
    table().zones_of(&number.e164()[1..]).to_vec()
}

/// The version of the table in use, as its first line has it.
#[must_use]
pub fn zone_data_version() -> &'static str {
    &table().version
}

/// Reads the table at `path` instead of the built-in one. Call it once, at start, before any number is looked up.
///
/// # Errors
/// The file cannot be read, or is no such table, or a table is in use already.
pub fn load(path: Option<&Path>) -> Result<(), ZoneDataError> {
    let Some(path) = path else {
        table();
        return Ok(());
    };
    let text = std::fs::read_to_string(path).map_err(|cause| ZoneDataError::Unreadable {
        path: path.display().to_string(),
        cause,
    })?;
    TABLE
        .set(NumberZones::parse(&text)?)
        .map_err(|_| ZoneDataError::TooLate)
}

fn table() -> &'static NumberZones {
    TABLE.get_or_init(|| NumberZones::parse(BUILT_IN).expect("the built-in table is checked by a test"))
}

impl NumberZones {
    fn parse(text: &str) -> Result<Self, ZoneDataError> {
        let version = text
            .lines()
            .next()
            .and_then(|first| first.strip_prefix("# version:"))
            .ok_or(ZoneDataError::NoVersion)?;
        let mut known = HashMap::new();
        let mut by_prefix = HashMap::new();
        for (index, row) in text.lines().enumerate() {
            if row.is_empty() || row.starts_with('#') {
                continue;
            }
            let (prefix, zones) = row.split_once(',').ok_or(ZoneDataError::BadLine(index + 1))?;
            let digits = !prefix.is_empty()
                && prefix.len() <= LONGEST_PREFIX
                && prefix.bytes().all(|digit| digit.is_ascii_digit());
            if !digits {
                return Err(ZoneDataError::BadLine(index + 1));
            }
            let zones: Vec<String> = zones
                .split('|')
                .filter(|zone| !zone.is_empty())
                .map(str::to_owned)
                .collect();
            for zone in &zones {
                let exists = *known
                    .entry(zone.clone())
                    .or_insert_with(|| jiff::tz::TimeZone::get(zone).is_ok());
                if !exists {
                    return Err(ZoneDataError::UnknownZone {
                        line: index + 1,
                        zone: zone.clone(),
                    });
                }
            }
            by_prefix.insert(prefix.to_owned(), zones);
        }
        Ok(Self {
            version: version.trim().to_owned(),
            by_prefix,
        })
    }

    fn zones_of(&self, digits: &str) -> &[String] {
        (1..=digits.len().min(LONGEST_PREFIX))
            .rev()
            .find_map(|length| self.by_prefix.get(digits.get(..length)?))
            .map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(number: &str) -> Vec<String> {
        zones_of(&number.parse().expect("an E.164 number"))
    }

    #[test]
    fn the_built_in_table_is_whole() {
        let table = NumberZones::parse(BUILT_IN).expect("the table parses");
        assert!(table.by_prefix.len() > 700);
        assert!(table.version.starts_with("libphonenumber 9"));
    }

    #[test]
    fn numbers_lie_where_they_were_given_out() {
        assert_eq!(zones("+12125550123"), ["America/New_York"]);
        assert_eq!(zones("+14155550123"), ["America/Los_Angeles"]);
        assert_eq!(zones("+493012345678"), ["Europe/Berlin"]);
        assert_eq!(zones("+442079460123"), ["Europe/London"]);
    }

    #[test]
    fn a_doubt_names_every_zone() {
        for (number, both) in [
            ("+12085550123", ["America/Denver", "America/Los_Angeles"]),
            ("+19065550123", ["America/Chicago", "America/New_York"]),
            ("+18505550123", ["America/Chicago", "America/New_York"]),
            ("+16055550123", ["America/Chicago", "America/Denver"]),
            ("+19285550123", ["America/Denver", "America/Phoenix"]),
            ("+34600123456", ["Atlantic/Canary", "Europe/Madrid"]),
        ] {
            let zones = zones(number);
            assert!(
                both.iter().all(|zone| zones.iter().any(|known| known == zone)),
                "{number}: {zones:?}"
            );
        }
        assert!(
            zones("+79161234567").len() > 8,
            "a Russian mobile number can be anywhere in Russia"
        );
        assert!(zones("+61412345678").len() > 4, "an Australian mobile number too");
    }

    #[test]
    fn a_number_of_no_place_has_no_zone() {
        assert!(zones("+18005550123").is_empty());
        assert!(zones("+88213300655").is_empty());
    }

    #[test]
    fn a_table_of_ones_own_is_checked() {
        let error = |text| NumberZones::parse(text).err().map(|error| error.to_string());
        assert!(error("49,Europe/Berlin").is_some_and(|text| text.contains("version")));
        assert!(error("# version: x\n49;Europe/Berlin").is_some_and(|text| text.contains("line 2")));
        assert!(error("# version: x\n49,Europe/Atlantis").is_some_and(|text| text.contains("Atlantis")));
        assert_eq!(error("# version: x\n49,Europe/Berlin"), None);
    }
}
