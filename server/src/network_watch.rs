//! Looks again and again whether the telephone network can be used, so that whoever wonders why no phone rings finds the
//! reason on the settings page, in the health report and in the log.

use operations::NetworkTrouble;
use std::{sync::Arc, time::Duration};
use telephony::TelephoneNetwork;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(20);

/// Looks now and every 20 seconds until `stop`.
pub(crate) async fn watch(network: Arc<dyn TelephoneNetwork>, trouble: NetworkTrouble, stop: CancellationToken) {
    loop {
        look(&*network, &trouble).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Looks once.
pub async fn look(network: &dyn TelephoneNetwork, trouble: &NetworkTrouble) {
    let found = network.check().await.err();
    if trouble.set(found.clone()) {
        match found {
            Some(trouble) => tracing::warn!(trouble, "the telephone network cannot be used"),
            None => tracing::info!("the telephone network can be used"),
        }
    }
}
