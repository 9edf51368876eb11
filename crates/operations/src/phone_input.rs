//! Telephone numbers as people write them, to E.164.

use domain::PhoneNumber;
use phonenumber::{Mode, country};

/// The longest text that is looked at; anything longer is no number.
const LONGEST_TEXT: usize = 60;

/// Why a text is no number that can be called. Each is a sentence for the person who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneInputError {
    #[error("There is no phone number.")]
    Missing,
    #[error("The phone number has an extension. Only numbers that can be dialled directly are called.")]
    Extension,
    #[error("The phone number contains letters or signs that do not belong there.")]
    Letters,
    #[error("A spreadsheet shortened this phone number. Format the column as text and save the file again.")]
    Shortened,
    #[error("The phone number is too short.")]
    TooShort,
    #[error("The phone number is too long. Write one number only.")]
    TooLong,
    #[error("There is no such country code.")]
    CountryCode,
    #[error("There is no such phone number. Check its digits, and add the country code (as in +49) if it is foreign.")]
    NoSuchNumber,
}

/// True if `country` (ISO 3166 alpha-2, capitals) has telephone numbers of its own.
#[must_use]
pub fn is_country(country: &str) -> bool {
    country_id(country).is_some()
}

fn country_id(country: &str) -> Option<country::Id> {
    (country.len() == 2 && country.bytes().all(|letter| letter.is_ascii_uppercase()))
        .then(|| country.parse().ok())
        .flatten()
}

/// Reads `text` as a number of `default_country` unless it bears a country code, and checks that the numbering plan of
/// its country has such numbers.
///
/// # Errors
/// See [`PhoneInputError`].
pub fn parse(text: &str, default_country: &str) -> Result<PhoneNumber, PhoneInputError> {
    let dialled = dialled_digits(text)?;
    let number = phonenumber::parse(country_id(default_country), &dialled).map_err(|error| match error {
        phonenumber::ParseError::InvalidCountryCode => PhoneInputError::CountryCode,
        phonenumber::ParseError::TooShortAfterIdd | phonenumber::ParseError::TooShortNsn => PhoneInputError::TooShort,
        phonenumber::ParseError::TooLong => PhoneInputError::TooLong,
        _ => PhoneInputError::NoSuchNumber,
    })?;
    if !phonenumber::is_valid(&number) {
        return Err(PhoneInputError::NoSuchNumber);
    }
    number
        .format()
        .mode(Mode::E164)
        .to_string()
        .parse()
        .map_err(|_| PhoneInputError::NoSuchNumber)
}

/// Takes off all that is only for the eye: what is left is digits, with a plus before them if a country code follows.
fn dialled_digits(text: &str) -> Result<String, PhoneInputError> {
    let text = text.trim_matches(|sign: char| sign.is_whitespace() || is_invisible(sign) || sign == '\'');
    if text.is_empty() {
        return Err(PhoneInputError::Missing);
    }
    if text.chars().count() > LONGEST_TEXT {
        return Err(PhoneInputError::TooLong);
    }
    let lower = text.to_lowercase();
    let mut rest = ["tel:", "tel.", "tel ", "phone:", "callto:"]
        .iter()
        .find_map(|prefix| lower.strip_prefix(prefix))
        .unwrap_or(&lower)
        .trim_start();
    rest = rest.strip_prefix("//").unwrap_or(rest);
    if is_scientific(rest) {
        return Err(PhoneInputError::Shortened);
    }
    // A zero in brackets is dialled within the country only; in Italy it is part of the number.
    let international = rest.starts_with(['+', '＋']) || rest.starts_with("00");
    let italian = rest.trim_start_matches(['+', '＋', '0', ' ', '(']).starts_with("39");
    let without_trunk_zero;
    if international && !italian && rest.contains("(0)") {
        without_trunk_zero = rest.replacen("(0)", "", 1);
        rest = &without_trunk_zero;
    }
    let mut dialled = String::with_capacity(20);
    for sign in rest.chars() {
        match sign {
            '+' | '＋' if dialled.is_empty() => dialled.push('+'),
            ' '
            | '\u{a0}'
            | '\u{202f}'
            | '\t'
            | '.'
            | '/'
            | '('
            | ')'
            | '['
            | ']'
            | '-'
            | '\u{2010}'..='\u{2015}'
            | '\u{2212}'
            | '\u{b7}'
            | '\u{3000}' => {}
            _ if is_invisible(sign) => {}
            'x' | '#' | ';' | ',' | 'e' | 'p' | 'w' | 'd' if dialled.len() > 5 && looks_like_extension(rest) => {
                return Err(PhoneInputError::Extension);
            }
            _ => dialled.push(ascii_digit(sign).ok_or(PhoneInputError::Letters)?),
        }
    }
    let digits = dialled.trim_start_matches('+').len();
    if digits == 0 {
        return Err(PhoneInputError::Missing);
    }
    if digits > 20 {
        return Err(PhoneInputError::TooLong);
    }
    // 00 is how most of the world dials out; where it is not (011 in North America) no number begins with it.
    if let Some(abroad) = dialled.strip_prefix("00").filter(|abroad| !abroad.starts_with('0')) {
        dialled = format!("+{abroad}");
    }
    Ok(dialled)
}

/// Direction marks, zero-width signs and the like, which travel along when a number is copied from a contact.
const fn is_invisible(sign: char) -> bool {
    matches!(sign, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// “4.91512E+11”: what a spreadsheet makes of a long number.
fn is_scientific(lower: &str) -> bool {
    lower.split_once("e+").is_some_and(|(mantissa, exponent)| {
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|sign| matches!(sign, b'0'..=b'9' | b'.' | b','));
        digits(mantissa) && digits(exponent)
    })
}

fn looks_like_extension(lower: &str) -> bool {
    ["x", "#", ";ext", "ext", "durchwahl", ",", ";", "p", "w"]
        .iter()
        .any(|mark| lower.contains(mark))
}

fn ascii_digit(sign: char) -> Option<char> {
    const ZEROS: [char; 5] = ['0', '\u{0660}', '\u{06f0}', '\u{0966}', '\u{ff10}'];
    ZEROS.into_iter().find_map(|zero| {
        let value = u32::from(sign).checked_sub(u32::from(zero))?;
        char::from_digit(value, 10)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn e164(text: &str, country: &str) -> Result<String, PhoneInputError> {
        parse(text, country).map(|number| number.e164().to_owned())
    }

    #[test]
    fn numbers_as_people_write_them() {
        for (text, country, expected) in [
            ("(415) 555-2671", "US", "+14155552671"),
            ("415.555.2671", "US", "+14155552671"),
            ("1-415-555-2671", "US", "+14155552671"),
            ("+1 415 555 2671", "DE", "+14155552671"),
            ("0049 30 901820", "US", "+4930901820"),
            ("0049 30 901820", "DE", "+4930901820"),
            ("011 49 30 901820", "US", "+4930901820"),
            ("030/901820", "DE", "+4930901820"),
            ("0 30 / 90 18 20", "DE", "+4930901820"),
            ("+44 (0)20 7946 0018", "US", "+442079460018"),
            ("+44 (0) 20 7946 0018", "GB", "+442079460018"),
            ("020 7946 0018", "GB", "+442079460018"),
            ("tel:+1-415-555-2671", "US", "+14155552671"),
            ("Tel. 030 901820", "DE", "+4930901820"),
            (
                "\u{202a}+1\u{a0}415\u{2011}555\u{2011}2671\u{202c}",
                "US",
                "+14155552671",
            ),
            ("'+14155552671", "US", "+14155552671"),
            ("＋１４１５５５５２６７１", "US", "+14155552671"),
            ("+39 06 698 12345", "US", "+390669812345"),
            ("+39 (0)6 698 12345", "US", "+390669812345"),
            ("06 12 34 56 78", "FR", "+33612345678"),
            ("612 34 56 78", "ES", "+34612345678"),
        ] {
            assert_eq!(e164(text, country), Ok(expected.to_owned()), "{text} in {country}");
        }
    }

    #[test]
    fn what_is_no_number_is_told_why() {
        use PhoneInputError as E;
        for (text, expected) in [
            ("", E::Missing),
            ("  ", E::Missing),
            ("--", E::Missing),
            ("415 555 2671 x12", E::Extension),
            ("415 555 2671 ext. 12", E::Extension),
            ("+1 415 555 2671;ext=12", E::Extension),
            ("415 555 2671 #3", E::Extension),
            ("call me", E::Letters),
            ("1-800-FLOWERS", E::Letters),
            ("4.15555E+11", E::Shortened),
            ("555 0123", E::NoSuchNumber),
            ("+999 123 456 789", E::CountryCode),
            ("415 555 2671 / 415 555 2672", E::TooLong),
            ("415 555 2671 +1 415", E::Letters),
        ] {
            assert_eq!(e164(text, "US"), Err(expected), "{text}");
        }
        assert_eq!(e164(&"1".repeat(5_000), "US"), Err(E::TooLong));
    }

    #[test]
    fn countries_are_those_with_numbers() {
        assert!(is_country("DE") && is_country("US"));
        assert!(!is_country("XX") && !is_country("de") && !is_country("Germany") && !is_country(""));
    }

    proptest! {
        #[test]
        fn any_text_gives_a_number_or_a_sentence(text in "\\PC{0,80}", country in "[A-Z]{2}|\\PC{0,3}") {
            let _ = parse(&text, &country);
        }

        #[test]
        fn anything_like_a_number_gives_a_number_or_a_sentence(text in "\\+?[0-9 ()./x;=e-]{0,30}") {
            for country in ["US", "DE", "IT", "RU", "BR", "ZZ"] {
                if let Ok(number) = parse(&text, country) {
                    prop_assert_eq!(parse(number.e164(), country), Ok(number));
                }
            }
        }
    }
}
