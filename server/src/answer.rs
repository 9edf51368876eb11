//! Errors as HTTP answers.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{ErrorKind, UserError};
use http::StatusCode;

/// A [`UserError`] as an answer: its status, and itself as JSON.
#[derive(Debug)]
pub struct Refusal(pub UserError);

impl From<UserError> for Refusal {
    fn from(error: UserError) -> Self {
        Self(error)
    }
}

impl From<ErrorKind> for Refusal {
    fn from(kind: ErrorKind) -> Self {
        let sentence = match kind {
            ErrorKind::Malformed => "The server did not understand this request.",
            ErrorKind::TooLarge => "This is larger than the server takes.",
            ErrorKind::NotFound => "There is nothing at this address.",
            ErrorKind::Forbidden => "This is not allowed from another site. Open Ringside itself and try again there.",
            _ => return Self(UserError::new(kind, UserError::unavailable().message)),
        };
        Self(UserError::new(kind, sentence))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.0)).into_response()
    }
}
