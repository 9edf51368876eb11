//! Time and chance as ports. The two implementations that read the real clock and the real random generator live in
//! `server`'s composition; tests bring their own.

use crate::UnixMillis;
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> UnixMillis;
}

/// Gives random bytes, fit for secrets.
pub trait Chance: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

/// A new UUIDv7 (RFC 9562, section 5.7): ids made later sort later, to the millisecond.
#[must_use]
pub fn new_id(now: UnixMillis, chance: &dyn Chance) -> Uuid {
    let mut random = [0; 10];
    chance.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.0).unwrap_or(0), &random).into_uuid()
}
