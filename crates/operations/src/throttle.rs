//! Guessing passwords must not pay.

use crate::{Operations, failure::internal, tokens::keyed_hash};
use domain::{ErrorKind, UnixMillis, UserError};
use sha2::{Digest, Sha256};
use std::{net::IpAddr, time::Duration};
use store::{
    StoreError,
    sign_in_failures::{self, Allowance},
};

/// How long a failure counts.
const WINDOW: Duration = Duration::from_secs(15 * 60);
const FAILURES_PER_EMAIL: u16 = 5;
const FAILURES_PER_ADDRESS: u16 = 20;

/// The key of the throttle's hashes for all processes that know `secret`, which must not be in the database.
#[must_use]
pub fn shared_throttle_key(secret: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"sign-in throttle\0");
    hash.update(secret.as_bytes());
    hash.finalize().into()
}

/// A try that counts as failed until it is told to have succeeded.
#[derive(Debug)]
pub(crate) struct Try {
    at: UnixMillis,
    email: String,
    address: Option<String>,
}

/// Begins a try for this e-mail address from this network address (`None`: the caller is signed in already).
pub(crate) async fn begin(ops: &Operations, email: &str, network_address: Option<&str>) -> Result<Try, UserError> {
    let at = ops.clock.now();
    let begun = Try {
        at,
        email: keyed_hash(ops, "email", &email.trim().to_lowercase()),
        address: network_address.map(|address| keyed_hash(ops, "address", &network_of(address))),
    };
    let mut allowances = vec![Allowance {
        subject: &begun.email,
        failures: FAILURES_PER_EMAIL,
    }];
    if let Some(subject) = &begun.address {
        allowances.push(Allowance {
            subject,
            failures: FAILURES_PER_ADDRESS,
        });
    }
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let filled_at = sign_in_failures::reserve(&mut transaction, at, before(at, WINDOW), &allowances)
        .await
        .map_err(internal)?;
    transaction.commit().await.map_err(StoreError::from).map_err(internal)?;
    match filled_at {
        None => Ok(begun),
        Some(filled_at) => {
            let minutes = filled_at.plus(WINDOW).since(at).as_secs().div_ceil(60).max(1);
            let unit = if minutes == 1 { "minute" } else { "minutes" };
            Err(UserError::new(
                ErrorKind::TooMany,
                format!("There were too many failed tries. Wait {minutes} {unit}, then try again."),
            ))
        }
    }
}

impl Try {
    /// The password was right.
    pub(crate) async fn succeeded(self, ops: &Operations) -> Result<(), UserError> {
        let mut transaction = ops.store.begin().await.map_err(internal)?;
        sign_in_failures::succeeded(&mut transaction, self.at, &self.email, self.address.as_deref())
            .await
            .map_err(internal)?;
        transaction.commit().await.map_err(StoreError::from).map_err(internal)
    }
}

/// `span` before `at`.
pub(crate) fn before(at: UnixMillis, span: Duration) -> UnixMillis {
    UnixMillis(at.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}

/// An IPv4 address, or the /64 network of an IPv6 address: one household or server has all addresses of it.
fn network_of(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_string(),
            None => format!("{:x}", v6.to_bits() >> 64),
        },
        Ok(IpAddr::V4(v4)) => v4.to_string(),
        Err(_) => address.chars().take(100).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{network_of, shared_throttle_key};

    #[test]
    fn whoever_knows_the_secret_counts_together() {
        assert_eq!(shared_throttle_key("postgres://a"), shared_throttle_key("postgres://a"));
        assert_ne!(shared_throttle_key("postgres://a"), shared_throttle_key("postgres://b"));
    }

    #[test]
    fn neighbours_in_an_ipv6_network_count_as_one() {
        assert_eq!(network_of("2001:db8::1"), network_of("2001:db8::ffff:2"));
        assert_ne!(network_of("2001:db8::1"), network_of("2001:db8:0:1::1"));
        assert_eq!(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"));
        assert_eq!(network_of("unix socket"), "unix socket");
    }
}
