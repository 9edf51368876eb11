//! Twirp as far as it is spoken here: protobuf bodies, errors as JSON.

use axum::{
    Json,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use std::collections::BTreeMap;

pub(crate) const PROTOBUF: &str = "application/protobuf";

/// Twirp's error codes that are answered with here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Aborted,
    BadRoute,
    Canceled,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    Malformed,
    NotFound,
    OutOfRange,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Unknown,
}

impl Code {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Aborted => "aborted",
            Self::BadRoute => "bad_route",
            Self::Canceled => "canceled",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::FailedPrecondition => "failed_precondition",
            Self::InvalidArgument => "invalid_argument",
            Self::Malformed => "malformed",
            Self::NotFound => "not_found",
            Self::OutOfRange => "out_of_range",
            Self::PermissionDenied => "permission_denied",
            Self::ResourceExhausted => "resource_exhausted",
            Self::Unauthenticated => "unauthenticated",
            Self::Unavailable => "unavailable",
            Self::Unimplemented => "unimplemented",
            Self::Unknown => "unknown",
        }
    }

    /// As in Twirp's specification, version 7.
    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidArgument | Self::Malformed | Self::OutOfRange => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::BadRoute | Self::NotFound => StatusCode::NOT_FOUND,
            Self::Canceled | Self::DeadlineExceeded => StatusCode::REQUEST_TIMEOUT,
            Self::Aborted => StatusCode::CONFLICT,
            Self::FailedPrecondition => StatusCode::PRECONDITION_FAILED,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// An answer that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TwirpError {
    pub(crate) code: Code,
    pub(crate) msg: String,
    pub(crate) meta: BTreeMap<&'static str, String>,
}

impl TwirpError {
    pub(crate) fn new(code: Code, msg: impl Into<String>) -> Self {
        Self {
            code,
            msg: msg.into(),
            meta: BTreeMap::new(),
        }
    }
}

impl IntoResponse for TwirpError {
    fn into_response(self) -> Response {
        let mut body = serde_json::json!({ "code": self.code.as_str(), "msg": self.msg });
        if !self.meta.is_empty() {
            body["meta"] = serde_json::json!(self.meta);
        }
        (self.code.status(), Json(body)).into_response()
    }
}

/// Reads a request's message.
pub(crate) fn read<M: prost::Message + Default>(body: &[u8]) -> Result<M, TwirpError> {
    M::decode(body).map_err(|_| TwirpError::new(Code::Malformed, "the protobuf request could not be decoded"))
}

/// Writes an answer's message.
pub(crate) fn write(message: &impl prost::Message) -> Response {
    ([(CONTENT_TYPE, PROTOBUF)], message.encode_to_vec()).into_response()
}
