//! Looks again and again whether the telephone network can be used, and whether the agent can hear, think and speak, so that
//! a service that works again is used again, and whoever wonders why no phone rings finds the reason on the settings page,
//! in the health report and in the log.

use operations::Trouble;
use std::{sync::Arc, time::Duration};
use telephony::TelephoneNetwork;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use voice::ports::Voices;

const NETWORK_EVERY: Duration = Duration::from_secs(20);
/// A service that failed decides by itself how long it is left alone.
const VOICES_EVERY: Duration = Duration::from_secs(2);

/// Looks at the telephone network now and every 20 seconds until `stop`.
pub(crate) async fn watch_network(network: Arc<dyn TelephoneNetwork>, trouble: Trouble, stop: CancellationToken) {
    let looking = async {
        loop {
            tell("the telephone network", network.check().await.err(), &trouble);
            sleep(NETWORK_EVERY).await;
        }
    };
    stop.run_until_cancelled(looking).await;
}

/// Looks at the agent's voices now and every 2 seconds until `stop`.
pub(crate) async fn watch_voices(voices: Voices, trouble: Trouble, stop: CancellationToken) {
    let looking = async {
        loop {
            look_at_voices(&voices, &trouble).await;
            sleep(VOICES_EVERY).await;
        }
    };
    stop.run_until_cancelled(looking).await;
}

/// Looks once.
pub async fn look_at_voices(voices: &Voices, trouble: &Trouble) {
    voices.recover().await;
    tell("the agent's voices", voices.trouble(), trouble);
}

/// Remembers what was found of `what`, and logs it if it is news.
fn tell(what: &str, found: Option<String>, trouble: &Trouble) {
    if trouble.set(found.clone()) {
        match found {
            Some(trouble) => tracing::warn!(trouble, "{what} cannot be used"),
            None => tracing::info!("{what} can be used"),
        }
    }
}
