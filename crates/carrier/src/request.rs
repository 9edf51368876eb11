//! What a request to dial says, and what it gets before anybody is called.

use crate::{
    call::{STATUS, Status},
    trunks::problem_with_headers,
    twirp::{Code, TwirpError},
};
use livekit_protocol as proto;
use std::{collections::HashMap, time::Duration};

/// A call may last for a day.
pub(crate) const LONGEST_CALL: Duration = Duration::from_secs(24 * 3_600);

pub(crate) fn invalid(problem: impl Into<String>) -> TwirpError {
    TwirpError::new(Code::InvalidArgument, problem)
}

/// What LiveKit refuses before anything is dialled.
pub(crate) fn check(request: &proto::CreateSipParticipantRequest) -> Result<(), TwirpError> {
    if request.sip_trunk_id.is_empty() && request.trunk.is_none() && request.sip_number.is_empty() {
        return Err(invalid("missing sip trunk id and sip number"));
    }
    if request.trunk.as_ref().is_some_and(|trunk| trunk.hostname.is_empty()) {
        return Err(invalid("no outbound hostname specified"));
    }
    if request.sip_call_to.is_empty() {
        return Err(invalid("missing sip callee number"));
    }
    if request.sip_call_to.contains('@') {
        return Err(invalid(
            "SipCallTo should be a phone number or SIP user, not a full SIP URI",
        ));
    }
    if request.room_name.is_empty() {
        return Err(invalid("missing room name"));
    }
    if request.display_name.as_ref().is_some_and(|name| name.len() > 128) {
        return Err(invalid("DisplayName too long (max 128 characters)"));
    }
    problem_with_headers(&request.headers).map_or(Ok(()), |problem| Err(invalid(problem)))
}

/// What the participant shows of the call.
pub(crate) fn attributes(
    request: &proto::CreateSipParticipantRequest,
    call_id: &str,
    from: &str,
    host: &str,
) -> HashMap<String, String> {
    let mut attributes = request.participant_attributes.clone();
    let mut set = |name: &str, value: &str| attributes.insert(name.to_owned(), value.to_owned());
    set("sip.callID", call_id);
    set("sip.trunkID", &request.sip_trunk_id);
    set(STATUS, Status::Dialing.as_str());
    if !request.hide_phone_number {
        set("sip.phoneNumber", &request.sip_call_to);
        set("sip.hostname", host);
        set("sip.trunkPhoneNumber", from);
    }
    attributes
}

/// `None` for what is not set, or not positive: LiveKit takes its own then.
pub(crate) fn duration<D>(given: Option<D>) -> Option<Duration>
where
    Duration: TryFrom<D>,
{
    let given = Duration::try_from(given?).ok()?;
    (!given.is_zero()).then_some(given.min(LONGEST_CALL))
}
