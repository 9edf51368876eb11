//! Checks that every text from outside must pass.

use domain::UserError;

/// `text` without blanks around it.
///
/// # Errors
/// It is longer than `longest` characters, or holds a character that the database cannot.
pub(crate) fn text(field: &str, text: &str, longest: usize) -> Result<String, UserError> {
    let text = text.trim();
    if text.contains('\0') {
        return Err(UserError::field(
            field,
            "Remove the character that cannot be stored (NUL).",
        ));
    }
    if text.chars().count() > longest {
        return Err(UserError::field(
            field,
            format!("Shorten this to {longest} characters."),
        ));
    }
    Ok(text.to_owned())
}

/// True if a string in `json` holds NUL, which PostgreSQL cannot store.
pub(crate) fn holds_nul(json: &serde_json::Value) -> bool {
    use serde_json::Value;
    match json {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
