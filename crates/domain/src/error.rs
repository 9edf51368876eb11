//! What a person is told when something cannot be done.

use serde::{Deserialize, Serialize};

/// What kind of answer an error is; decides the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The input is wrong (422).
    Invalid,
    /// The request cannot be understood at all (400).
    Malformed,
    /// Nobody is signed in (401).
    SignedOut,
    /// The caller's role does not allow it (403).
    Forbidden,
    /// There is no such thing, or not any more (404).
    NotFound,
    /// Somebody or something changed it meanwhile, or its state forbids it (409).
    Conflict,
    /// The body is larger than allowed (413).
    TooLarge,
    /// Too many tries; wait (429).
    TooMany,
    /// Our fault, or a service we need is away (503). The details are in the log, never here.
    Unavailable,
}

impl ErrorKind {
    /// The HTTP status code of this kind.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Invalid => 422,
            Self::Malformed => 400,
            Self::SignedOut => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::TooMany => 429,
            Self::Unavailable => 503,
        }
    }
}

/// What is wrong with one field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The `name` of the form control.
    pub field: String,
    /// A sentence that says what to do.
    pub message: String,
}

/// An error as a person sees it: a sentence that says what to do, and the fields it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct UserError {
    pub kind: ErrorKind,
    /// One or two plain sentences. Never an internal error's text.
    pub message: String,
    /// Which fields of the form are wrong; empty if the error is about the whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}

impl UserError {
    /// An error of `kind` with its sentence.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            fields: Vec::new(),
        }
    }

    /// Wrong input in one field.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            kind: ErrorKind::Invalid,
            message: message.clone(),
            fields: vec![FieldError {
                field: field.into(),
                message,
            }],
        }
    }

    /// Wrong input in several fields. `None` if `fields` is empty, so that it reads as a check.
    #[must_use]
    pub fn fields(fields: Vec<FieldError>) -> Option<Self> {
        let message = match fields.as_slice() {
            [] => return None,
            [only] => only.message.clone(),
            several => format!("{} fields need your attention.", several.len()),
        };
        Some(Self {
            kind: ErrorKind::Invalid,
            message,
            fields,
        })
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(
            ErrorKind::NotFound,
            format!("This {what} does not exist, or not any more."),
        )
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// Our own fault. Log the cause where this is made.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(
            ErrorKind::Unavailable,
            "Something went wrong on our side and nothing was changed. Try again in a moment.",
        )
    }

    #[must_use]
    pub fn signed_out() -> Self {
        Self::new(ErrorKind::SignedOut, "You are signed out. Sign in again to go on.")
    }
}
