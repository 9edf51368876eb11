//! The one error of all server functions.

use domain::{ErrorKind, UserError};
use serde::{Deserialize, Serialize};
use server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

/// What a server function answers when it cannot do what was asked: a sentence for a person, never an internal text.
/// Travels as JSON in both directions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(transparent)]
#[error("{0}")]
pub struct AppError(pub UserError);

impl AppError {
    /// The message for one field of a form, if that field is wrong.
    #[must_use]
    pub fn for_field(&self, field: &str) -> Option<String> {
        self.0
            .fields
            .iter()
            .find(|wrong| wrong.field == field)
            .map(|wrong| wrong.message.clone())
    }
}

impl From<UserError> for AppError {
    fn from(error: UserError) -> Self {
        Self(error)
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    // The texts inside `value` are for developers; which side they arise on decides the sentence.
    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        Self(match value {
            ServerFnErrorErr::Request(_) => UserError::new(
                ErrorKind::Unavailable,
                "The server cannot be reached. Check your connection, then try again.",
            ),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                UserError::new(
                    ErrorKind::Malformed,
                    "The server did not understand this request. Reload the page, then try again.",
                )
            }
            _ => UserError::unavailable(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_wire_with_its_fields() {
        let error = AppError(UserError::field("name", "Give it a name."));
        let back = AppError::de(error.ser());
        assert_eq!(back, error);
        assert_eq!(back.for_field("name").as_deref(), Some("Give it a name."));
        assert_eq!(back.for_field("script"), None);
    }

    #[test]
    fn never_shows_an_internal_text() {
        let error = AppError::from_server_fn_error(ServerFnErrorErr::Args("missing field `id` at line 1".to_owned()));
        assert!(!error.to_string().contains("line 1"));
        assert_eq!(error.0.kind, ErrorKind::Malformed);
    }
}
