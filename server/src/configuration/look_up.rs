//! Which services campaigns may let their agents ask.

use super::{Key, Reader, key};
use ::look_up::LookUpSettings;
use secrecy::SecretString;
use std::collections::BTreeSet;

pub(super) const KEYS: &[Key] = &[key("look_up_hosts"), key("look_up_key")];

impl Reader {
    pub(super) fn look_up(&mut self) -> LookUpSettings {
        let hosts = self.get("look_up_hosts", check_hosts).unwrap_or_default();
        let key = self.get("look_up_key", |text| {
            let visible = !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_graphic());
            visible
                .then(|| SecretString::from(text))
                .ok_or_else(|| "a key without spaces".to_owned())
        });
        if key.is_some() && hosts.is_empty() {
            let name = "RINGSIDE_LOOK_UP_KEY";
            self.problems.push(format!(
                "{name} is set, but no host for it: set RINGSIDE_LOOK_UP_HOSTS."
            ));
        }
        LookUpSettings { hosts, key }
    }
}

/// “crm.example.com, stock.example.com”.
fn check_hosts(text: &str) -> Result<BTreeSet<String>, String> {
    let host = |host: &str| {
        let host = host.trim().to_ascii_lowercase();
        let look_up = domain::agent_tools::LookUp {
            url: format!("https://{host}/"),
            about: String::new(),
        };
        (look_up.host().as_deref() == Some(host.as_str())).then_some(host)
    };
    text.split(',')
        .map(host)
        .collect::<Option<_>>()
        .ok_or_else(|| "names of hosts with commas between, without https:// and paths".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::load;

    fn read(pairs: &[(&str, &str)]) -> Result<super::super::Configuration, super::super::ConfigurationErrors> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        load(pairs.collect::<Vec<_>>(), None, None)
    }

    #[test]
    fn hosts_are_names_and_a_key_needs_one() {
        let configuration = read(&[
            ("RINGSIDE_LOOK_UP_HOSTS", "CRM.example.com, stock.example.com"),
            ("RINGSIDE_LOOK_UP_KEY", "secret"),
        ])
        .expect("right");
        let hosts: Vec<&str> = configuration.look_up.hosts.iter().map(String::as_str).collect();
        assert_eq!(hosts, ["crm.example.com", "stock.example.com"]);
        assert!(!format!("{configuration:?}").contains("secret"));
        for wrong in [
            "https://crm.example.com",
            "10.0.0.1",
            "crm.example.com/x",
            "a@b.example",
        ] {
            assert!(read(&[("RINGSIDE_LOOK_UP_HOSTS", wrong)]).is_err(), "{wrong}");
        }
        assert!(read(&[("RINGSIDE_LOOK_UP_KEY", "secret")]).is_err());
    }
}
