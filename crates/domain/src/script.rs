//! Scripts with variables: `{{first_name}}` stands for the lead's own data.

use std::collections::{BTreeMap, BTreeSet};

/// A piece of a parsed script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    /// The name between the braces, trimmed.
    Variable(&'a str),
}

/// Why a script cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    #[error("A variable is opened with {{{{ but never closed. Write it as {{{{first_name}}}}.")]
    Unclosed,
    #[error("“{{{{{0}}}}}” is no variable name. Use letters, digits and underscores, as in {{{{first_name}}}}.")]
    BadName(String),
}

/// Names that every lead has, whatever columns were imported.
pub const BUILT_IN: [&str; 5] = ["name", "first_name", "last_name", "email", "phone_number"];

/// Splits a script into text and variables.
///
/// # Errors
/// An unclosed brace pair or a name that is none.
pub fn parse(script: &str) -> Result<Vec<Piece<'_>>, ScriptError> {
    let mut pieces = Vec::new();
    let mut rest = script;
    while let Some(open) = rest.find("{{") {
        if open > 0 {
            pieces.push(Piece::Text(&rest[..open]));
        }
        let after = &rest[open + 2..];
        let close = after.find("}}").ok_or(ScriptError::Unclosed)?;
        let name = after[..close].trim();
        if name.is_empty() || !name.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
            return Err(ScriptError::BadName(name.chars().take(40).collect()));
        }
        pieces.push(Piece::Variable(name));
        rest = &after[close + 2..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

/// The variables that `script` uses; none if it cannot be parsed.
#[must_use]
pub fn variables(script: &str) -> BTreeSet<String> {
    parse(script)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Variable(name) => Some(name.to_owned()),
            Piece::Text(_) => None,
        })
        .collect()
}

/// Puts values in the place of variables. A variable without a value, or with an empty one, becomes nothing, and the
/// blank before it goes with it, so that “Hello {{first_name}}, …” reads “Hello, …”.
///
/// # Errors
/// As [`parse`].
pub fn render(script: &str, values: &BTreeMap<String, String>) -> Result<String, ScriptError> {
    let mut out = String::with_capacity(script.len());
    for piece in parse(script)? {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Variable(name) => match values
                .get(name)
                .map(|value| value.trim())
                .filter(|value| !value.is_empty())
            {
                Some(value) => out.push_str(value),
                None if out.ends_with(' ') => {
                    out.pop();
                }
                None => {}
            },
        }
    }
    Ok(out)
}

/// The values that a lead's own columns give, with the imported variables under them.
#[must_use]
pub fn lead_values(
    name: &str,
    email: &str,
    phone_number: &str,
    variables: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut values = variables.clone();
    let name = name.trim();
    let (first, last) = name.split_once(char::is_whitespace).unwrap_or((name, ""));
    for (key, value) in [
        ("name", name),
        ("first_name", first),
        ("last_name", last.trim()),
        ("email", email),
        ("phone_number", phone_number),
    ] {
        let known = values.get(key).is_some_and(|known| !known.trim().is_empty());
        if !known {
            values.insert(key.to_owned(), value.to_owned());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_what_is_known_and_closes_the_gap_where_not() {
        let values = lead_values("Ada Lovelace", "", "+14155550123", &BTreeMap::new());
        assert_eq!(
            render("Hello {{ first_name }}, is {{email}} right?", &values).as_deref(),
            Ok("Hello Ada, is right?")
        );
        let nobody = lead_values("", "", "", &BTreeMap::new());
        assert_eq!(render("Hello {{first_name}}, hi", &nobody).as_deref(), Ok("Hello, hi"));
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(parse("Hello {{first_name"), Err(ScriptError::Unclosed));
        assert_eq!(parse("{{a b}}"), Err(ScriptError::BadName("a b".to_owned())));
        assert_eq!(
            ScriptError::Unclosed.to_string(),
            "A variable is opened with {{ but never closed. Write it as {{first_name}}."
        );
    }
}
