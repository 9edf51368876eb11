//! SIP trunks, kept as long as the carrier runs.

use crate::twirp::{Code, TwirpError};
use livekit_protocol as proto;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// What both kinds of trunks have in common.
pub(crate) trait Trunk: Clone + Default {
    fn id(&self) -> &str;
    fn set_id(&mut self, id: String);
    fn numbers(&self) -> &[String];
    /// What LiveKit says to a trunk that is no good.
    fn problem(&self) -> Option<String>;
}

impl Trunk for proto::SipOutboundTrunkInfo {
    fn id(&self) -> &str {
        &self.sip_trunk_id
    }

    fn set_id(&mut self, id: String) {
        self.sip_trunk_id = id;
    }

    fn numbers(&self) -> &[String] {
        &self.numbers
    }

    fn problem(&self) -> Option<String> {
        if self.numbers.is_empty() {
            return Some("no trunk numbers specified".to_owned());
        }
        if self.address.is_empty() {
            return Some("no outbound address specified".to_owned());
        }
        problem_with_headers(&self.headers)
    }
}

impl Trunk for proto::SipInboundTrunkInfo {
    fn id(&self) -> &str {
        &self.sip_trunk_id
    }

    fn set_id(&mut self, id: String) {
        self.sip_trunk_id = id;
    }

    fn numbers(&self) -> &[String] {
        &self.numbers
    }

    fn problem(&self) -> Option<String> {
        let protected = !self.auth_username.is_empty()
            || !self.auth_password.is_empty()
            || !self.allowed_addresses.is_empty()
            || !self.numbers.is_empty();
        if !protected {
            return Some(
                "for security, one of the fields must be set: AuthUsername+AuthPassword, AllowedAddresses or Numbers"
                    .to_owned(),
            );
        }
        problem_with_headers(&self.headers)
    }
}

/// What LiveKit says to headers that are none.
pub(crate) fn problem_with_headers(headers: &HashMap<String, String>) -> Option<String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    for (name, value) in headers {
        if name.is_empty() || name.len() > 255 || !name.bytes().all(is_token) {
            return Some("invalid header name: header name contains invalid characters".to_owned());
        }
        if value.chars().any(char::is_control) {
            return Some(format!(
                "invalid header value for {name}: it contains invalid characters"
            ));
        }
    }
    None
}

/// All trunks of one kind.
pub(crate) struct Trunks<T>(Mutex<Vec<T>>);

impl<T: Trunk> Trunks<T> {
    pub(crate) fn new(known: Vec<T>) -> Self {
        Self(Mutex::new(known))
    }

    pub(crate) fn create(&self, trunk: Option<T>, id: impl FnOnce() -> String) -> Result<T, TwirpError> {
        let invalid = |problem: &str| TwirpError::new(Code::InvalidArgument, problem);
        let mut trunk = trunk.ok_or_else(|| invalid("missing trunk"))?;
        if !trunk.id().is_empty() {
            return Err(invalid("trunk id must not be set"));
        }
        if let Some(problem) = trunk.problem() {
            return Err(invalid(&problem));
        }
        trunk.set_id(id());
        self.lock().push(trunk.clone());
        Ok(trunk)
    }

    /// Those with these ids, an empty one for each that is not known, or all; and of those the ones that have one of these
    /// numbers or no number.
    pub(crate) fn list(&self, ids: &[String], numbers: &[String]) -> Vec<T> {
        let all = self.lock();
        let chosen: Vec<T> = if ids.is_empty() {
            all.clone()
        } else {
            let find = |id: &String| all.iter().find(|trunk| trunk.id() == id).cloned();
            ids.iter().map(|id| find(id).unwrap_or_default()).collect()
        };
        let fits = |trunk: &T| {
            let own = trunk.numbers();
            numbers.is_empty() || own.is_empty() || own.iter().any(|number| numbers.contains(number))
        };
        chosen.into_iter().filter(fits).collect()
    }

    pub(crate) fn find(&self, id: &str) -> Result<T, TwirpError> {
        let found = self.lock().iter().find(|trunk| trunk.id() == id).cloned();
        found.ok_or_else(|| TwirpError::new(Code::NotFound, "requested sip trunk does not exist"))
    }

    /// Forgets it, if it is there.
    pub(crate) fn delete(&self, id: &str) {
        self.lock().retain(|trunk| trunk.id() != id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trunks_are_found_by_id_and_by_number() {
        let trunk = |id: &str, number: &str| proto::SipOutboundTrunkInfo {
            sip_trunk_id: id.to_owned(),
            numbers: vec![number.to_owned()],
            ..proto::SipOutboundTrunkInfo::default()
        };
        let (one, two) = (trunk("ST_1", "+12025550100"), trunk("ST_2", "+12025550101"));
        let trunks = Trunks::new(vec![one.clone(), two.clone()]);
        let unknown = proto::SipOutboundTrunkInfo::default();
        let ids = ["ST_2", "ST_3", "ST_1"].map(str::to_owned);
        assert_eq!(trunks.list(&ids, &[]), [two.clone(), unknown, one]);
        assert_eq!(trunks.list(&[], &["+12025550101".to_owned()]), [two]);
    }
}
