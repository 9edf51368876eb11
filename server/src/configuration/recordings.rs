//! Where recordings are kept, and the keys that lock them.

use super::{Reader, is_address_of_a_host};
use domain::recording::MOST_KEEP_DAYS;
use std::path::{Path, PathBuf};
use vault::{Key, ObjectStoreSettings};

/// Everything about recordings that can be configured.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingsConfiguration {
    /// Where they are written.
    pub dir: PathBuf,
    /// Locks new ones.
    pub key: Option<Key>,
    /// Unlock those that were made before the key was changed.
    pub old_keys: Vec<Key>,
    /// Where finished ones are moved; `None` leaves them in `dir`.
    pub store: Option<ObjectStoreSettings>,
    /// After so many days they are deleted; `None` keeps them for good, unless a campaign says otherwise.
    pub keep_days: Option<u16>,
}

impl Reader {
    pub(super) fn recordings(&mut self, data_dir: &Path) -> RecordingsConfiguration {
        let key = |text: &str| text.trim().parse::<Key>().map_err(|wanted| wanted.to_string());
        RecordingsConfiguration {
            dir: self
                .path("recordings_dir")
                .unwrap_or_else(|| data_dir.join("recordings")),
            key: self.get("recordings_key", key),
            old_keys: self
                .get("recordings_old_keys", |text| {
                    let keys: Result<Vec<Key>, String> = text.split(',').map(key).collect();
                    keys.map_err(|wanted| format!("keys with commas between, each {wanted}"))
                })
                .unwrap_or_default(),
            store: self.object_store(),
            keep_days: self.get("recordings_keep_days", |text| {
                let days = text.parse().ok().filter(|days| (1..=MOST_KEEP_DAYS).contains(days));
                days.ok_or_else(|| format!("a number of days from 1 to {MOST_KEEP_DAYS}"))
            }),
        }
    }

    /// The keys that other programs share count only if recordings go to a store.
    fn object_store(&mut self) -> Option<ObjectStoreSettings> {
        let (bucket, prefix) = self.get("recordings_store", bucket_and_prefix)?;
        let endpoint = self.get("aws_endpoint_url", |text| {
            if is_address_of_a_host(text, &["http", "https"]) {
                Ok(text.trim_end_matches('/').to_owned())
            } else {
                Err("http:// or https:// and a host, without a path".to_owned())
            }
        });
        let text = |text: &str| Ok(text.to_owned());
        let access_key_id = self.get("aws_access_key_id", text);
        let secret_access_key = self.get("aws_secret_access_key", text);
        if access_key_id.is_some() != secret_access_key.is_some() {
            self.problems
                .push("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together, or neither.".to_owned());
        }
        Some(ObjectStoreSettings {
            bucket,
            prefix,
            endpoint,
            region: self.get("aws_region", text).unwrap_or_else(|| "us-east-1".to_owned()),
            credentials: access_key_id.zip(secret_access_key),
        })
    }
}

/// “s3://bucket/and/a/prefix”.
fn bucket_and_prefix(text: &str) -> Result<(String, String), String> {
    let sensible = |text: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        text.bytes().all(letter) && !text.split('/').any(|part| matches!(part, "." | ".."))
    };
    text.strip_prefix("s3://")
        .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
        .filter(|(bucket, prefix)| !bucket.is_empty() && sensible(bucket) && sensible(prefix))
        .map(|(bucket, prefix)| (bucket.to_owned(), prefix.trim_matches('/').to_owned()))
        .ok_or_else(|| "s3://bucket or s3://bucket/prefix".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{load, tests::pairs};
    use base64::{Engine, engine::general_purpose::STANDARD};
    use vault::Key;

    #[test]
    fn a_store_is_read_with_what_belongs_to_it() {
        let loaded = load(
            pairs(&[
                ("RINGSIDE_RECORDINGS_STORE", "s3://calls/eu/ringside/"),
                ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000/"),
                ("AWS_REGION", "eu-central-1"),
                ("AWS_ACCESS_KEY_ID", "ada"),
                ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ]),
            None,
            None,
        );
        let configuration = loaded.expect("valid");
        assert!(!format!("{configuration:?}").contains("hunter2"));
        let store = configuration.recordings.store.expect("set");
        assert_eq!((store.bucket.as_str(), store.prefix.as_str()), ("calls", "eu/ringside"));
        assert_eq!(store.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(store.to_string(), "s3://calls/eu/ringside at http://127.0.0.1:9000");
        // Without a store they are somebody else's.
        let alone = load(
            pairs(&[("AWS_ACCESS_KEY_ID", "ada"), ("AWS_ENDPOINT_URL", "x")]),
            None,
            None,
        );
        assert_eq!(alone.expect("valid").recordings.store, None);
        for wrong in ["calls", "s3://", "s3:///x", "s3://calls/../x", "https://calls"] {
            assert!(
                load(pairs(&[("RINGSIDE_RECORDINGS_STORE", wrong)]), None, None).is_err(),
                "{wrong}"
            );
        }
        let half = [
            ("RINGSIDE_RECORDINGS_STORE", "s3://calls"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ];
        let told = load(pairs(&half), None, None).expect_err("half of it").to_string();
        assert!(
            told.contains("AWS_ACCESS_KEY_ID") && !told.contains("hunter2"),
            "{told}"
        );
    }

    #[test]
    fn keys_are_read_and_never_shown() {
        let keys: Vec<String> = (1..4).map(|byte| STANDARD.encode([byte; 32])).collect();
        let old = format!("{}, {}", keys[1], keys[2]);
        let configuration = load(
            pairs(&[
                ("RINGSIDE_RECORDINGS_KEY", &keys[0]),
                ("RINGSIDE_RECORDINGS_OLD_KEYS", &old),
            ]),
            None,
            None,
        )
        .expect("valid");
        assert_eq!(configuration.recordings.key, Some(Key::new(&[1; 32])));
        assert_eq!(
            configuration.recordings.old_keys,
            [Key::new(&[2; 32]), Key::new(&[3; 32])]
        );
        assert!(!format!("{configuration:?}").contains(&keys[0]));
        assert_eq!(configuration.recordings.keep_days, None);
        let days = |text| load(pairs(&[("RINGSIDE_RECORDINGS_KEEP_DAYS", text)]), None, None);
        assert_eq!(days("90").expect("valid").recordings.keep_days, Some(90));
        for wrong in ["0", "3651", "-1", "a week"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
        let short = STANDARD.encode([9; 16]);
        let wrong = load(
            pairs(&[
                ("RINGSIDE_RECORDINGS_KEY", &short),
                ("RINGSIDE_RECORDINGS_OLD_KEYS", "a,b"),
            ]),
            None,
            None,
        );
        let told = wrong.expect_err("neither is a key").to_string();
        assert!(
            told.contains("openssl rand -base64 32") && !told.contains(&short),
            "{told}"
        );
        assert!(told.contains("RECORDINGS_OLD_KEYS"), "{told}");
    }
}
