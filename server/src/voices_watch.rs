//! Looks again and again whether the agent can hear, think and speak, so that a service that works again is used again, and
//! whoever wonders why no phone rings finds the reason on the settings page, in the health report and in the log.

use operations::NetworkTrouble;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use voice::ports::Voices;

/// A service that failed decides by itself how long it is left alone.
const EVERY: Duration = Duration::from_secs(2);

/// Looks now and every 2 seconds until `stop`.
pub(crate) async fn watch(voices: Voices, trouble: NetworkTrouble, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = async {
                look(&voices, &trouble).await;
                tokio::time::sleep(EVERY).await;
            } => {}
        }
    }
}

/// Looks once.
pub async fn look(voices: &Voices, trouble: &NetworkTrouble) {
    voices.recover().await;
    let found = voices.trouble();
    if trouble.set(found.clone()) {
        match found {
            Some(trouble) => tracing::warn!(trouble, "the agent's voices cannot be used"),
            None => tracing::info!("the agent's voices can be used"),
        }
    }
}
