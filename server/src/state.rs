//! What every route has at hand.

use crate::{answer::Refusal, configuration::Configuration};
use app::{app::Assets, caller::CookieSettings};
use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
    response::Response,
};
use domain::UserError;
use leptos::config::LeptosOptions;
use metrics_exporter_prometheus::PrometheusHandle;
use operations::{Caller, Operations, event_feed::EventFeed, sign_in};
use std::{sync::Arc, time::Duration};
use telephony::TelephoneNetwork;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use vault::Archive;
use voice::ports::Voices;

/// Shared by all requests; cheap to clone.
#[derive(Clone, FromRef)]
pub struct WebState {
    pub ops: Operations,
    pub configuration: Arc<Configuration>,
    pub cookie: CookieSettings,
    pub feed: EventFeed,
    pub network: Arc<dyn TelephoneNetwork>,
    pub trials: Trials,
    /// Where recordings are read.
    pub archive: Archive,
    pub assets: Assets,
    pub leptos: LeptosOptions,
    pub metrics: PrometheusHandle,
    pub stopping: Stopping,
}

/// What managers talk to a campaign's agent with before they let it call.
#[derive(Clone)]
pub struct Trials {
    /// Rooms without telephones, in this process.
    pub rooms: Arc<dyn TelephoneNetwork>,
    pub voices: Voices,
    /// One for each trial that may go on at the same time.
    pub seats: Arc<Semaphore>,
}

/// How far the process is on its way to the end.
#[derive(Clone, Debug, Default)]
pub struct Stopping {
    /// Told to stop: not ready any more, no new call starts.
    pub asked: CancellationToken,
    /// Calls have ended: streams to browsers close.
    pub closing: CancellationToken,
}

/// Who sent the request, and the cookie that says so, to ask again later. Refuses everybody who is not signed in.
pub struct SignedIn {
    pub caller: Caller,
    pub cookie_value: String,
}

impl FromRequestParts<WebState> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Response> {
        let signed_in = async {
            let cookie_value = state.cookie.read(&parts.headers).ok_or_else(UserError::signed_out)?;
            let caller = sign_in::authenticate(&state.ops, &cookie_value)
                .await?
                .ok_or_else(UserError::signed_out)?;
            Ok::<_, UserError>(Self { caller, cookie_value })
        };
        let refused = |error| Refusal(error).for_sender(&parts.headers);
        signed_in.await.map_err(refused)
    }
}

impl SignedIn {
    /// Runs as long as the session lasts and `still_allowed` says yes, asked in this rhythm. A database that is away for a
    /// moment ends nothing.
    pub async fn until_no_longer(self, ops: Operations, rhythm: Duration, still_allowed: impl Fn(&Caller) -> bool) {
        let mut rhythm = tokio::time::interval(rhythm);
        rhythm.tick().await;
        loop {
            rhythm.tick().await;
            match sign_in::authenticate(&ops, &self.cookie_value).await {
                Ok(Some(caller)) if still_allowed(&caller) => {}
                Ok(_) => return,
                Err(_) => tracing::debug!("a session could not be checked; trying again"),
            }
        }
    }
}
