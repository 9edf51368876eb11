//! Passwords: what is asked of them, and Argon2id.

use crate::Operations;
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version, password_hash::SaltString,
};
use domain::UserError;
use tokio::sync::Semaphore;

/// Characters a password may have.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=200;
/// Hashes made at the same time. Each takes a core and 19 MiB: more would let strangers exhaust the machine.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// The least that OWASP's password storage cheat sheet asks of Argon2id: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).expect("the parameters are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Checks a password that somebody chose.
pub(crate) fn check(field: &str, password: &str) -> Result<(), UserError> {
    if LENGTH.contains(&password.chars().count()) {
        Ok(())
    } else {
        Err(UserError::field(
            field,
            format!(
                "Choose a password of {} to {} characters.",
                LENGTH.start(),
                LENGTH.end()
            ),
        ))
    }
}

/// The hash of a password with a fresh salt, as a PHC string.
pub(crate) async fn hash(ops: &Operations, password: &str) -> Result<String, UserError> {
    let mut salt = [0; 16];
    ops.chance.fill(&mut salt);
    let password = password.to_owned();
    in_the_background(move || {
        let salt = SaltString::encode_b64(&salt).ok()?;
        Some(argon2().hash_password(password.as_bytes(), &salt).ok()?.to_string())
    })
    .await?
    .ok_or_else(UserError::unavailable)
}

/// True if `password` is the one that was hashed. Without a hash it takes as long and is false, so that nobody learns
/// from the time of the answer which accounts exist.
pub(crate) async fn verify(password: &str, hash: Option<String>) -> Result<bool, UserError> {
    let password = password.to_owned();
    if password.chars().count() > *LENGTH.end() {
        return Ok(false);
    }
    in_the_background(move || match hash {
        Some(hash) => {
            PasswordHash::new(&hash).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
        }
        None => {
            let salt = SaltString::encode_b64(b"nobody has these").ok();
            let made = salt.map(|salt| argon2().hash_password(password.as_bytes(), &salt).is_ok());
            // Nobody's password is right, and the work above must not be optimised away.
            std::hint::black_box(made);
            false
        }
    })
    .await
}

async fn in_the_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, UserError> {
    let permit = AT_ONCE.acquire().await.map_err(|_| UserError::unavailable())?;
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    })
    .await;
    done.map_err(|error| {
        tracing::error!(%error, "a password could not be hashed");
        UserError::unavailable()
    })
}
