//! What a campaign lets its agent do besides talking. Code holds the agent to it, whatever a model asks for.

use crate::{FieldError, PhoneNumber};
use serde::{Deserialize, Serialize};

/// The tools of a campaign's agent. To note results and call-backs, to end the call and to put a number on the do-not-call
/// list it needs no permission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentTools {
    /// Where people are put through to who want to talk to a human.
    pub transfer_to: Option<PhoneNumber>,
    /// Whether it may press keys: it finds its way through phone menus then, instead of hanging up on them.
    pub press_keys: bool,
    pub look_up: Option<LookUp>,
}

/// A service of the campaign's own that knows what the script does not: free appointments, the state of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUp {
    /// `https://…`; gets `{"question": "…"}` by POST and answers with text or JSON. Up to [`LONGEST_URL`] characters.
    pub url: String,
    /// What it knows, in words for the language model. 1 to [`LONGEST_ABOUT`] characters.
    pub about: String,
}

pub const LONGEST_URL: usize = 500;
pub const LONGEST_ABOUT: usize = 500;

impl AgentTools {
    /// What is wrong; field names are those of the editor's form.
    #[must_use]
    pub fn faults(&self) -> Vec<FieldError> {
        let Some(look_up) = &self.look_up else {
            return Vec::new();
        };
        let fault = |field: &str, message: &str| FieldError {
            field: field.to_owned(),
            message: message.to_owned(),
        };
        let mut faults = Vec::new();
        if look_up.host().is_none() || look_up.url.chars().count() > LONGEST_URL {
            faults.push(fault(
                "look_up_url",
                "Write the whole address, such as https://crm.example.com/appointments, in at most 500 characters.",
            ));
        }
        if !(1..=LONGEST_ABOUT).contains(&look_up.about.trim().chars().count()) {
            faults.push(fault(
                "look_up_about",
                "Write in 1 to 500 characters what the service knows, so that the agent asks it at the right time.",
            ));
        }
        faults
    }
}

impl LookUp {
    /// The host of its address in small letters, if that is an `https` address with a name, and nothing that a person
    /// could misread.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        let rest = self.url.strip_prefix("https://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let host = match authority.split_once(':') {
            Some((host, port)) => port.parse::<u16>().ok().map(|_| host)?,
            None => authority,
        };
        let sound = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|letter| letter.is_ascii_alphanumeric() || letter == b'-')
        };
        let visible = self.url.chars().all(|letter| letter.is_ascii_graphic());
        let named = host.split('.').all(sound) && host.bytes().any(|letter| letter.is_ascii_alphabetic());
        (visible && named).then(|| host.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_https_address_with_a_name_has_a_host() {
        for (url, host) in [
            ("https://crm.example.com/slots?x=1", Some("crm.example.com")),
            ("https://CRM.example.com:8443", Some("crm.example.com")),
            ("http://crm.example.com/", None),
            ("https://user@crm.example.com/", None),
            ("https://crm.example.com:x/", None),
            ("https://10.0.0.1/", None),
            ("https://[::1]/", None),
            ("https://crm.example.com\\@evil.example/", None),
            ("https:///x", None),
            ("https://crm.example.com/a b", None),
            ("", None),
        ] {
            let look_up = LookUp {
                url: url.to_owned(),
                about: "Free appointments.".to_owned(),
            };
            assert_eq!(look_up.host().as_deref(), host, "{url}");
            let tools = AgentTools {
                look_up: Some(look_up),
                ..AgentTools::default()
            };
            assert_eq!(tools.faults().is_empty(), host.is_some(), "{url}");
        }
    }
}
