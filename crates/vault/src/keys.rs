//! The keys with which recordings are locked.

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

/// Length of a key.
pub(crate) const KEY_BYTES: usize = 32;
/// Length of the name of a key.
pub(crate) const KEY_ID_BYTES: usize = 8;

/// The name of a key: drawn from it, and of no help in guessing it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub(crate) [u8; KEY_ID_BYTES]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("32 random bytes in base64, as `openssl rand -base64 32` makes them")]
pub struct NotAKey;

/// 256 secret bits. Shows only its name.
#[derive(Clone)]
pub struct Key {
    id: KeyId,
    pub(crate) cipher: XChaCha20Poly1305,
}

impl Key {
    #[must_use]
    pub fn new(secret: &[u8; KEY_BYTES]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"ringside recording key");
        hash.update(secret);
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&hash.finalize()[..KEY_ID_BYTES]);
        Self {
            id: KeyId(id),
            cipher: XChaCha20Poly1305::new(&(*secret).into()),
        }
    }

    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl FromStr for Key {
    type Err = NotAKey;
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let secret: [u8; KEY_BYTES] = STANDARD
            .decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(NotAKey)?;
        Ok(Self::new(&secret))
    }
}

/// The key that locks, and all that unlock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyRing {
    current: Option<Key>,
    old: Vec<Key>,
}

impl KeyRing {
    /// `current` locks new recordings (`None`: they are not locked); it and `old` unlock.
    #[must_use]
    pub const fn new(current: Option<Key>, old: Vec<Key>) -> Self {
        Self { current, old }
    }

    #[must_use]
    pub const fn current(&self) -> Option<&Key> {
        self.current.as_ref()
    }

    pub(crate) fn find(&self, id: KeyId) -> Option<&Key> {
        self.current.iter().chain(&self.old).find(|key| key.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_and_never_shown() {
        let text = STANDARD.encode([7; 32]);
        let key: Key = text.parse().expect("a key");
        assert_eq!(key, Key::new(&[7; 32]));
        assert_ne!(key, Key::new(&[8; 32]));
        let shown = format!("{key:?} {:?}", KeyRing::new(Some(key.clone()), Vec::new()));
        assert!(shown.contains(&key.id().to_string()) && !shown.contains(&text));
        for wrong in ["", "abc", &STANDARD.encode([7; 31]), &STANDARD.encode([7; 33]), "*"] {
            assert_eq!(wrong.parse::<Key>().err(), Some(NotAKey), "{wrong}");
        }
    }

    #[test]
    fn old_keys_unlock_and_the_current_one_locks() {
        let (new, old) = (Key::new(&[1; 32]), Key::new(&[2; 32]));
        let ring = KeyRing::new(Some(new.clone()), vec![old.clone()]);
        assert_eq!(ring.current(), Some(&new));
        assert_eq!(ring.find(old.id()), Some(&old));
        assert_eq!(ring.find(Key::new(&[3; 32]).id()), None);
    }
}
