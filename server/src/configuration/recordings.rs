//! Where recordings are kept, and the keys that lock them.

use super::Reader;
use std::path::{Path, PathBuf};
use vault::Key;

/// Everything about recordings that can be configured.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingsConfiguration {
    /// Where they are written.
    pub dir: PathBuf,
    /// Locks new ones.
    pub key: Option<Key>,
    /// Unlock those that were made before the key was changed.
    pub old_keys: Vec<Key>,
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{load, tests::pairs};
    use base64::{Engine, engine::general_purpose::STANDARD};
    use vault::Key;

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
