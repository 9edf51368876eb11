//! What becomes of a SIP status on its way through LiveKit.

use crate::twirp::{Code, TwirpError};
use livekit_participant::LeaveReason;
use livekit_protocol::SipStatusCode;
use std::collections::BTreeMap;

/// Status of a SIP response (RFC 3261, section 21): 486 is “busy here”.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SipStatus(pub u16);

impl SipStatus {
    pub const NOT_FOUND: Self = Self(404);
    pub const ADDRESS_INCOMPLETE: Self = Self(484);
    pub const BUSY_HERE: Self = Self(486);
    pub const DECLINE: Self = Self(603);

    /// The provider wants a password that the trunk does not have.
    const fn wants_credentials(self) -> bool {
        matches!(self.0, 401 | 407)
    }

    /// How LiveKit answers the request to dial.
    pub(crate) fn error(self, what_failed: &str) -> TwirpError {
        if self.wants_credentials() {
            return TwirpError::new(
                Code::FailedPrecondition,
                "server required auth, but no username or password was provided",
            );
        }
        let name = SipStatusCode::try_from(i32::from(self.0))
            .unwrap_or_default()
            .as_str_name();
        let short = name.trim_start_matches("SIP_STATUS_");
        TwirpError {
            code: self.code(),
            msg: format!(
                "twirp error unknown: {what_failed} failed: sip status: {} ({short})",
                self.0
            ),
            meta: BTreeMap::from([("sip_status_code", self.0.to_string()), ("sip_status", name.to_owned())]),
        }
    }

    /// LiveKit's own table (`sipCodeToGRPCCode` in its protocol).
    const fn code(self) -> Code {
        match self.0 {
            301 | 302 | 404 | 410 | 481 | 604 => Code::NotFound,
            401..=403 | 433 | 470 | 603 | 607 | 608 => Code::PermissionDenied,
            407 | 428 | 436..=438 | 494 => Code::Unauthenticated,
            408 | 504 => Code::DeadlineExceeded,
            409 | 412 | 482 | 483 => Code::FailedPrecondition,
            416 => Code::OutOfRange,
            440 | 480 | 486 | 600 => Code::ResourceExhausted,
            487 | 491 => Code::Aborted,
            300..=499 | 505 | 513 | 600..=699 => Code::InvalidArgument,
            500..=599 => Code::FailedPrecondition,
            _ => Code::Unknown,
        }
    }

    /// Why the participant leaves the room.
    pub(crate) const fn leave_reason(self) -> LeaveReason {
        match self.0 {
            404 | 408 | 480 => LeaveReason::UserUnavailable,
            401 | 407 | 486 | 600 | 603 | 607 | 608 => LeaveReason::UserRejected,
            _ => LeaveReason::ClientInitiated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was seen of the real one.
    #[test]
    fn a_status_becomes_the_error_and_the_reason_that_livekit_makes_of_it() {
        use LeaveReason::{ClientInitiated, UserRejected, UserUnavailable};
        for (status, code, reason) in [
            (404, "not_found", UserUnavailable),
            (408, "deadline_exceeded", UserUnavailable),
            (480, "resource_exhausted", UserUnavailable),
            (486, "resource_exhausted", UserRejected),
            (603, "permission_denied", UserRejected),
            (502, "failed_precondition", ClientInitiated),
            (504, "deadline_exceeded", ClientInitiated),
        ] {
            let error = SipStatus(status).error("INVITE");
            assert_eq!(error.code.as_str(), code, "{status}");
            assert_eq!(error.meta["sip_status_code"], status.to_string());
            assert_eq!(SipStatus(status).leave_reason(), reason, "{status}");
        }
        let busy = SipStatus::BUSY_HERE.error("INVITE");
        assert_eq!(
            busy.msg,
            "twirp error unknown: INVITE failed: sip status: 486 (BUSY_HERE)"
        );
        assert_eq!(busy.meta["sip_status"], "SIP_STATUS_BUSY_HERE");
        let password = SipStatus(407).error("INVITE");
        assert!(password.code == Code::FailedPrecondition && password.meta.is_empty());
    }
}
