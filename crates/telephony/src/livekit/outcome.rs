//! What an answer of LiveKit's API means, without the words of the other side: those may hold a number.

use super::{
    participant::LeaveReason,
    progress::{DialFailure, Gone},
};
use crate::NotAnswered;
use livekit_api::services::{ServerError, ServiceError, SipCallError};

/// Whom to ask, in a sentence for the settings page and the log.
const REFUSES_THE_KEY: &str = "LiveKit refuses the key. Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET, and that the clocks of both machines agree within a minute";
pub(crate) const NO_TRUNK: &str = "LiveKit does not know the SIP trunk. Check LIVEKIT_SIP_TRUNK_ID";
const CREDENTIALS: &str =
    "The telephone provider refuses the SIP trunk's user name or password. Check the trunk's credentials in LiveKit";
const FULL: &str = "LiveKit's SIP service takes no further call now";
const NO_SIP: &str = "LiveKit has no SIP service that is running";
const REQUEST: &str = "LiveKit does not accept how it was asked to dial. Check LIVEKIT_SIP_TRUNK_ID, LIVEKIT_CALLER_IDS, LIVEKIT_SIP_HEADERS and LIVEKIT_MEDIA_ENCRYPTION";
const UNREACHABLE: &str = "LiveKit cannot be reached. Check LIVEKIT_URL, and that LiveKit runs there";
const SLOW: &str = "LiveKit did not answer in time";
const GARBAGE: &str = "What answers at LIVEKIT_URL does not speak as LiveKit does";

/// What the failed request to dial tells.
pub(crate) fn of_dial(error: &ServiceError) -> DialFailure {
    if let Some(sip) = SipCallError::from_error(error) {
        let code = sip.sip_status_code().and_then(|code| u16::try_from(code).ok());
        if let Some(code) = code {
            return of_sip_code(code);
        }
    }
    match error {
        ServiceError::Twirp(ServerError::Twirp(error)) => of_dial_code(&error.code),
        ServiceError::Twirp(ServerError::Request(error)) if error.is_connect() => refused(UNREACHABLE),
        // It never left.
        ServiceError::Twirp(ServerError::Url(_)) | ServiceError::AccessToken(_) | ServiceError::Env(_) => {
            refused(UNREACHABLE)
        }
        ServiceError::Twirp(_) => DialFailure::Unclear,
    }
}

/// What a SIP status tells.
pub(crate) fn of_sip_code(code: u16) -> DialFailure {
    let sip_code = Some(code);
    DialFailure::NotAnswered(match code {
        408 | 480 | 487 => NotAnswered::NoAnswer { sip_code },
        486 | 600 => NotAnswered::Busy { sip_code },
        603 | 607 | 608 => NotAnswered::Rejected { sip_code },
        401 | 407 => return refused(CREDENTIALS),
        _ => NotAnswered::Unreachable { sip_code },
    })
}

/// What the code of an error without a SIP status tells. Only what is certain to have come before any ringing is a
/// refusal: after one, the number is dialled again.
fn of_dial_code(code: &str) -> DialFailure {
    match code {
        // The ringing time-out, and the server's own limit of waiting.
        "canceled" | "deadline_exceeded" => DialFailure::NotAnswered(NotAnswered::NoAnswer { sip_code: None }),
        "permission_denied" => DialFailure::NotAnswered(NotAnswered::Rejected { sip_code: None }),
        "failed_precondition" => refused(CREDENTIALS),
        "not_found" => refused(NO_TRUNK),
        "unauthenticated" => refused(REFUSES_THE_KEY),
        "resource_exhausted" => refused(FULL),
        "unavailable" => refused(NO_SIP),
        "invalid_argument" | "malformed" | "bad_route" | "unimplemented" => refused(REQUEST),
        _ => DialFailure::Unclear,
    }
}

fn refused(reason: &str) -> DialFailure {
    DialFailure::NotAnswered(NotAnswered::Refused {
        reason: format!("{reason}."),
    })
}

/// What the failure of any other request tells, without a full stop.
pub(crate) fn sentence(error: &ServiceError) -> &'static str {
    match error {
        ServiceError::Twirp(ServerError::Twirp(error)) => match error.code.as_str() {
            "unauthenticated" | "permission_denied" => REFUSES_THE_KEY,
            "unavailable" => NO_SIP,
            "deadline_exceeded" => SLOW,
            "unimplemented" | "bad_route" | "malformed" => GARBAGE,
            _ => "LiveKit answers with an error of its own; see its log",
        },
        ServiceError::Twirp(ServerError::Request(error)) if error.is_timeout() => SLOW,
        ServiceError::Twirp(ServerError::Request(error)) if error.is_decode() => GARBAGE,
        ServiceError::Twirp(ServerError::Prost(_)) => GARBAGE,
        ServiceError::AccessToken(_) => REFUSES_THE_KEY,
        _ => UNREACHABLE,
    }
}

/// What was asked for is not there (any more).
pub(crate) fn is_not_found(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Twirp(ServerError::Twirp(error)) if error.code == "not_found")
}

/// How somebody went.
pub(crate) const fn of_leaving(reason: LeaveReason) -> Gone {
    match reason {
        LeaveReason::ClientInitiated => Gone::HungUp,
        LeaveReason::UserUnavailable => Gone::Unavailable,
        LeaveReason::UserRejected => Gone::Rejected,
        LeaveReason::Other => Gone::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livekit_api::services::ServerErrorCode;
    use std::collections::HashMap;

    fn error(code: &str, sip_status: Option<u16>) -> ServiceError {
        let mut meta = HashMap::new();
        if let Some(status) = sip_status {
            meta.insert("sip_status_code".to_owned(), status.to_string());
        }
        ServiceError::Twirp(ServerError::Twirp(ServerErrorCode {
            code: code.to_owned(),
            msg: "the callee +14155550123 cannot be called".to_owned(),
            meta,
        }))
    }

    /// The table of what was seen, with the SIP code kept.
    #[test]
    fn every_row_of_the_table_has_its_outcome() {
        use NotAnswered::{Busy, NoAnswer, Rejected, Unreachable};
        let not = DialFailure::NotAnswered;
        let rows = [
            ("canceled", None, not(NoAnswer { sip_code: None })),
            ("deadline_exceeded", None, not(NoAnswer { sip_code: None })),
            ("resource_exhausted", Some(480), not(NoAnswer { sip_code: Some(480) })),
            ("not_found", Some(404), not(Unreachable { sip_code: Some(404) })),
            ("deadline_exceeded", Some(408), not(NoAnswer { sip_code: Some(408) })),
            ("resource_exhausted", Some(486), not(Busy { sip_code: Some(486) })),
            ("resource_exhausted", Some(600), not(Busy { sip_code: Some(600) })),
            ("permission_denied", Some(603), not(Rejected { sip_code: Some(603) })),
            ("permission_denied", None, not(Rejected { sip_code: None })),
            ("permission_denied", Some(403), not(Unreachable { sip_code: Some(403) })),
            (
                "failed_precondition",
                Some(503),
                not(Unreachable { sip_code: Some(503) }),
            ),
            ("deadline_exceeded", Some(504), not(Unreachable { sip_code: Some(504) })),
            ("internal", None, DialFailure::Unclear),
            ("unknown", None, DialFailure::Unclear),
            ("a code of tomorrow", None, DialFailure::Unclear),
        ];
        for (code, sip, expected) in rows {
            assert_eq!(of_dial(&error(code, sip)), expected, "{code} {sip:?}");
        }
    }

    #[test]
    fn what_cannot_have_rung_is_refused_with_a_sentence_and_no_number() {
        let rows = [
            ("failed_precondition", None, "credentials"),
            ("failed_precondition", Some(407), "credentials"),
            ("not_found", None, "LIVEKIT_SIP_TRUNK_ID"),
            ("unauthenticated", None, "clocks"),
            ("resource_exhausted", None, "no further call"),
            ("unavailable", None, "no SIP service"),
            ("invalid_argument", None, "LIVEKIT_CALLER_IDS"),
        ];
        for (code, sip, part) in rows {
            let DialFailure::NotAnswered(NotAnswered::Refused { reason }) = of_dial(&error(code, sip)) else {
                panic!("{code} {sip:?} is no refusal");
            };
            assert!(reason.contains(part), "{reason}");
            assert!(!reason.contains("+1415"), "{reason}");
        }
    }
}
