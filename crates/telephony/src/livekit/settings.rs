//! How LiveKit is reached and how it dials.

use domain::PhoneNumber;
use std::{collections::BTreeMap, fmt};

/// Whether the sound towards the telephone provider is encrypted (SRTP).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaEncryption {
    Disable,
    /// If the provider wants it.
    Allow,
    /// A provider that does not want it gets no call.
    Require,
}

/// How LiveKit is reached and how it dials.
#[derive(Clone)]
pub struct LiveKitSettings {
    /// `ws://` or `wss://` and a host.
    pub url: String,
    pub api_key: String,
    pub api_secret: String,
    /// Where browsers reach it.
    pub public_url: String,
    /// The outbound SIP trunk; without one no phone can be called.
    pub trunk_id: Option<String>,
    /// The inbound SIP trunk; without one nobody is expected to call.
    pub inbound_trunk_id: Option<String>,
    /// Numbers of ours that people see; without any, the trunk chooses.
    pub caller_ids: Vec<PhoneNumber>,
    pub media_encryption: MediaEncryption,
    /// Headers of every invitation to a call.
    pub sip_headers: BTreeMap<String, String>,
}

impl LiveKitSettings {
    /// Browsers reach it at the same address, nothing is dialled, and everything else is as LiveKit has it.
    #[must_use]
    pub fn new(url: &str, api_key: &str, api_secret: &str) -> Self {
        Self {
            url: url.to_owned(),
            api_key: api_key.to_owned(),
            api_secret: api_secret.to_owned(),
            public_url: url.to_owned(),
            trunk_id: None,
            inbound_trunk_id: None,
            caller_ids: Vec::new(),
            media_encryption: MediaEncryption::Disable,
            sip_headers: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for LiveKitSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveKitSettings")
            .field("url", &self.url)
            .field("trunk_id", &self.trunk_id)
            .field("inbound_trunk_id", &self.inbound_trunk_id)
            .finish_non_exhaustive()
    }
}
