//! Telephone numbers.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A telephone number in E.164 form: `+`, then 7 to 15 digits, the first of them not 0 (ITU-T E.164 allows at most 15).
/// Whether the number exists in a numbering plan is checked where numbers come in, by the `operations` crate.
///
/// `Debug` and `Display` show the masked form: the full number needs [`PhoneNumber::e164`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// The text is no E.164 number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a phone number in international form is needed: + and 7 to 15 digits, for example +14155550123")]
pub struct NotE164;

impl PhoneNumber {
    /// The number as it is dialled, with `+`. Never for a log.
    #[must_use]
    pub fn e164(&self) -> &str {
        &self.0
    }

    /// The number with all but its first two and last two digits hidden, for screens that need not show it whole.
    #[must_use]
    pub fn masked(&self) -> String {
        let digits = &self.0[1..];
        let hidden = digits.len() - 4;
        format!(
            "+{}{}{}",
            &digits[..2],
            "\u{2022}".repeat(hidden),
            &digits[2 + hidden..]
        )
    }
}

impl FromStr for PhoneNumber {
    type Err = NotE164;

    fn from_str(text: &str) -> Result<Self, NotE164> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?;
        let valid = (7..=15).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && !digits.starts_with('0');
        if valid { Ok(Self(text.to_owned())) } else { Err(NotE164) }
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = NotE164;
    fn try_from(text: String) -> Result<Self, NotE164> {
        text.parse()
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_e164_and_nothing_else() {
        assert!("+14155550123".parse::<PhoneNumber>().is_ok());
        for wrong in [
            "",
            "+",
            "14155550123",
            "+0415555012",
            "+1415555012345678",
            "+1 415 555",
            "+12345",
            "+1415555012\u{0663}",
        ] {
            assert_eq!(wrong.parse::<PhoneNumber>(), Err(NotE164), "{wrong}");
        }
    }

    #[test]
    fn shows_itself_masked() {
        let number: PhoneNumber = "+14155550123".parse().expect("valid");
        assert_eq!(number.to_string(), "+14•••••••23");
        assert!(!format!("{number:?}").contains("5550"));
    }
}
