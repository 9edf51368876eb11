//! The keys that connect LiveKit. Address, key and secret come together; the rest needs them.

use super::{Reader, Secret, is_address_of_a_host};
use domain::PhoneNumber;
use std::collections::BTreeMap;
use telephony::livekit::{LiveKitSettings, MediaEncryption};

/// How LiveKit is reached and how it dials.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveKitConfiguration {
    /// `ws://` or `wss://` and a host.
    pub url: String,
    pub api_key: String,
    pub api_secret: Secret,
    /// Where browsers reach it, `ws://` or `wss://`.
    pub public_url: String,
    /// The SIP trunk that phones are called through; without one no phone can be called.
    pub trunk_id: Option<String>,
    /// The SIP trunk through which people call back; without one nobody can.
    pub inbound_trunk_id: Option<String>,
    /// The numbers that are shown to who is called; without any, the trunk's.
    pub caller_ids: Vec<PhoneNumber>,
    pub media_encryption: MediaEncryption,
    /// Headers of every invitation to a call.
    pub sip_headers: BTreeMap<String, String>,
}

impl LiveKitConfiguration {
    /// The same as the telephone network takes it.
    #[must_use]
    pub fn settings(&self) -> LiveKitSettings {
        LiveKitSettings {
            url: self.url.clone(),
            api_key: self.api_key.clone(),
            api_secret: self.api_secret.reveal().to_owned(),
            public_url: self.public_url.clone(),
            trunk_id: self.trunk_id.clone(),
            inbound_trunk_id: self.inbound_trunk_id.clone(),
            caller_ids: self.caller_ids.clone(),
            media_encryption: self.media_encryption,
            sip_headers: self.sip_headers.clone(),
        }
    }
}

/// These make no sense without the three.
const FURTHER: [&str; 6] = [
    "livekit_public_url",
    "livekit_sip_trunk_id",
    "livekit_inbound_trunk_id",
    "livekit_caller_ids",
    "livekit_media_encryption",
    "livekit_sip_headers",
];
const THE_THREE: [&str; 3] = ["livekit_url", "livekit_api_key", "livekit_api_secret"];

impl Reader {
    /// `None` if LiveKit is not configured, or wrongly.
    pub(super) fn livekit(&mut self) -> Option<LiveKitConfiguration> {
        let missing: Vec<String> = THE_THREE
            .into_iter()
            .filter(|name| !self.values.contains_key(name))
            .map(str::to_ascii_uppercase)
            .collect();
        let given = THE_THREE
            .into_iter()
            .chain(FURTHER)
            .find_map(|name| self.values.get(name));
        if let Some((_, origin)) = given
            && !missing.is_empty()
        {
            let problem = format!(
                "{origin} is set, but {} is not. LiveKit needs all of LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET.",
                missing.join(" and ")
            );
            self.problems.push(problem);
        }
        let url = self.get("livekit_url", check_address);
        let api_key = self.get("livekit_api_key", |text| not_empty(text, "the key of LiveKit's API"));
        let api_secret = self.get("livekit_api_secret", |text| {
            not_empty(text, "the secret of LiveKit's API")
        });
        let public_url = self.get("livekit_public_url", check_address);
        let trunk_id = self.get("livekit_sip_trunk_id", |text| check_trunk(text, "outbound"));
        let inbound_trunk_id = self.get("livekit_inbound_trunk_id", |text| check_trunk(text, "inbound"));
        let caller_ids = self.get("livekit_caller_ids", check_numbers);
        let encryption = [
            ("disable", MediaEncryption::Disable),
            ("allow", MediaEncryption::Allow),
            ("require", MediaEncryption::Require),
        ];
        let media_encryption = self.choice("livekit_media_encryption", &encryption, MediaEncryption::Disable);
        let sip_headers = self.get("livekit_sip_headers", check_headers);
        let url = url?;
        Some(LiveKitConfiguration {
            public_url: public_url.unwrap_or_else(|| url.clone()),
            url,
            api_key: api_key?,
            api_secret: Secret::from(api_secret?),
            trunk_id,
            inbound_trunk_id,
            caller_ids: caller_ids.unwrap_or_default(),
            media_encryption,
            sip_headers: sip_headers.unwrap_or_default(),
        })
    }
}

fn not_empty(text: &str, wanted: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        Err(format!("{wanted}, without spaces"))
    } else {
        Ok(text.to_owned())
    }
}

/// Also as `http://`, which is the same server.
fn check_address(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    let address = match text.split_once("://") {
        Some(("http", rest)) => format!("ws://{rest}"),
        Some(("https", rest)) => format!("wss://{rest}"),
        _ => text.to_owned(),
    };
    if is_address_of_a_host(&address, &["ws", "wss"]) {
        Ok(address)
    } else {
        Err("an address of LiveKit, like wss://livekit.example.com or ws://127.0.0.1:7880, without a path".to_owned())
    }
}

fn check_trunk(text: &str, kind: &str) -> Result<String, String> {
    let valid = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if valid {
        Ok(text.to_owned())
    } else {
        Err(format!("the id of one of LiveKit's {kind} SIP trunks, like ST_abc123"))
    }
}

fn check_numbers(text: &str) -> Result<Vec<PhoneNumber>, String> {
    let numbers: Result<Vec<PhoneNumber>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    numbers.map_err(|_| {
        "phone numbers with + and country code, with commas between: +14155550100, +14155550101".to_owned()
    })
}

/// “X-Account=ringside, X-Region=eu”.
fn check_headers(text: &str) -> Result<BTreeMap<String, String>, String> {
    let header = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let good_name = name.len() > 2
            && name.to_ascii_lowercase().starts_with("x-")
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let good_value = value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        (good_name && good_value).then(|| (name.to_owned(), value.to_owned()))
    };
    text.split(',')
        .map(header)
        .collect::<Option<BTreeMap<String, String>>>()
        .ok_or_else(|| "SIP headers that begin with X-, like X-Account=ringside, X-Region=eu".to_owned())
}

#[cfg(test)]
mod tests {
    use crate::configuration::{load, tests::pairs};

    #[test]
    fn livekit_alone_is_enough() {
        let configuration = load(
            pairs(&[
                ("LIVEKIT_URL", "http://127.0.0.1:7880/"),
                ("LIVEKIT_API_KEY", "devkey"),
                ("LIVEKIT_API_SECRET", "hunter2"),
            ]),
            None,
            None,
        )
        .expect("valid");
        let livekit = configuration.livekit.expect("configured");
        assert_eq!(livekit.url, "ws://127.0.0.1:7880");
        assert_eq!(livekit.public_url, livekit.url);
        assert!(livekit.trunk_id.is_none() && livekit.caller_ids.is_empty());
        assert!(!format!("{livekit:?}").contains("hunter2"));
    }

    #[test]
    fn everything_is_read() {
        let configuration = load(
            pairs(&[
                ("LIVEKIT_URL", "wss://livekit.example.com"),
                ("LIVEKIT_API_KEY", "key"),
                ("LIVEKIT_API_SECRET", "secret"),
                ("LIVEKIT_PUBLIC_URL", "wss://calls.example.com:7443"),
                ("LIVEKIT_SIP_TRUNK_ID", "ST_1"),
                ("LIVEKIT_INBOUND_TRUNK_ID", "ST_2"),
                ("LIVEKIT_CALLER_IDS", "+14155550100, +14155550101"),
                ("LIVEKIT_MEDIA_ENCRYPTION", "require"),
                ("LIVEKIT_SIP_HEADERS", "X-Account=ringside, X-Region=eu 1"),
            ]),
            None,
            None,
        )
        .expect("valid");
        let livekit = configuration.livekit.expect("configured");
        assert_eq!(livekit.caller_ids.len(), 2);
        assert_eq!(livekit.inbound_trunk_id.as_deref(), Some("ST_2"));
        assert_eq!(livekit.sip_headers["X-Region"], "eu 1");
        assert_eq!(livekit.public_url, "wss://calls.example.com:7443");
    }

    #[test]
    fn half_of_it_and_nonsense_are_told_with_what_to_do_and_no_secret() {
        let errors = load(pairs(&[("LIVEKIT_SIP_TRUNK_ID", "ST_1")]), None, None).expect_err("no address");
        assert!(
            errors.to_string().contains("LIVEKIT_URL and LIVEKIT_API_KEY"),
            "{errors}"
        );
        let errors = load(
            pairs(&[
                ("LIVEKIT_URL", "livekit.example.com/rtc"),
                ("LIVEKIT_API_KEY", "key"),
                ("LIVEKIT_API_SECRET", "hunter2 hunter2"),
                ("LIVEKIT_PUBLIC_URL", "wss://user:hunter2@x"),
                ("LIVEKIT_SIP_TRUNK_ID", "the trunk"),
                ("LIVEKIT_INBOUND_TRUNK_ID", "ST 2"),
                ("LIVEKIT_CALLER_IDS", "+14155550100; 911"),
                ("LIVEKIT_MEDIA_ENCRYPTION", "yes"),
                ("LIVEKIT_SIP_HEADERS", "Via=x"),
            ]),
            None,
            None,
        )
        .expect_err("wrong in many ways");
        assert_eq!(errors.0.len(), 8, "{errors}");
        assert!(!errors.to_string().contains("hunter"), "{errors}");
    }
}
