//! Secrets that a browser holds: 256 random bits, of which the database knows only the hash.

use crate::Operations;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use store::sessions::TokenHash;

/// A new token, as text and as it is stored.
pub(crate) fn new(ops: &Operations) -> (String, TokenHash) {
    let mut secret = [0; 32];
    ops.chance.fill(&mut secret);
    (URL_SAFE_NO_PAD.encode(secret), Sha256::digest(secret).into())
}

/// How the token that came from outside is stored; `None` if it cannot be one of ours.
pub(crate) fn stored_form(token: &str) -> Option<TokenHash> {
    // 32 bytes are 43 characters: anything else need not be decoded, however long it is.
    if token.len() != 43 {
        return None;
    }
    let secret = URL_SAFE_NO_PAD.decode(token).ok()?;
    Some(Sha256::digest(secret).into())
}

/// A hash of `text` that only this installation can make, as hexadecimal digits.
pub(crate) fn keyed_hash(ops: &Operations, purpose: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(ops.throttle_key);
    hash.update(purpose.as_bytes());
    hash.update([0]);
    hash.update(text.as_bytes());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
