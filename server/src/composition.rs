//! The one place where adapters are chosen: which telephone network, which voices, which clock.

use crate::{
    ambient::{SystemChance, SystemClock},
    configuration::{Configuration, RehearsalHours},
};
use app::app::Assets;
use domain::{Chance, views::InstallationView};
use leptos::config::LeptosOptions;
use operations::{Operations, number_zones};
use std::sync::Arc;
use store::Store;
use telephony::TelephoneNetwork;

/// What was chosen.
#[derive(Clone)]
pub struct Adapters {
    pub network: Arc<dyn TelephoneNetwork>,
}

/// What every operation works with.
#[must_use]
pub fn operations(configuration: &Configuration, store: Store) -> Operations {
    let mut throttle_key = [0; 32];
    SystemChance.fill(&mut throttle_key);
    Operations {
        store,
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        installation: Arc::new(installation(configuration)),
        throttle_key,
    }
}

/// What is connected and what is simulated, in words.
fn installation(configuration: &Configuration) -> InstallationView {
    let mut notices =
        vec!["No real phone is called: the rehearsal network plays the people.".to_owned()];
    let rehearsal = &configuration.rehearsal;
    if rehearsal.hours == RehearsalHours::Daytime {
        notices.push("For the rehearsal it is always a weekday morning where people live.".to_owned());
    }
    let place = if configuration.database_url.is_some() { "the one in DATABASE_URL" } else { "embedded" };
    let percent = |number: u8| format!("{number} %");
    let settings = [
        ("Address", configuration.public_url.clone()),
        ("Database", place.to_owned()),
        ("Calls at once in one process", configuration.max_calls.to_string()),
        ("Calls may go on after the order to stop", format!("{} s", configuration.drain.as_secs())),
        ("Rehearsal: speed", format!("{} × real time", rehearsal.speed)),
        ("Rehearsal: seed", rehearsal.seed.to_string()),
        ("Rehearsal: no answer", percent(rehearsal.no_answer_percent)),
        ("Rehearsal: busy", percent(rehearsal.busy_percent)),
        ("Rehearsal: rejected", percent(rehearsal.rejected_percent)),
        ("Rehearsal: voicemail", percent(rehearsal.voicemail_percent)),
        ("Rehearsal: network failure", percent(rehearsal.failure_percent)),
    ];
    InstallationView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        telephone_network: "rehearsal".to_owned(),
        notices,
        zone_data_version: number_zones::zone_data_version().to_owned(),
        settings: settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        development: cfg!(debug_assertions),
    }
}

/// Chooses the telephone network and the voices.
///
/// # Errors
/// A sentence that says what is missing.
pub fn adapters(_configuration: &Configuration) -> Result<Adapters, String> {
    Ok(Adapters {
        network: Arc::new(Nothing),
    })
}

struct Nothing;
#[async_trait::async_trait]
impl TelephoneNetwork for Nothing {
    async fn open_room(&self, _: domain::ConversationId) -> Result<Box<dyn telephony::AgentSeat>, telephony::TelephonyError> {
        Err(telephony::TelephonyError::RoomClosed)
    }
    async fn was_dialled(&self, _: domain::AttemptId) -> Result<telephony::DialRecord, telephony::TelephonyError> {
        Err(telephony::TelephonyError::RoomClosed)
    }
    fn listen(&self, _: domain::ConversationId) -> Option<tokio::sync::broadcast::Receiver<telephony::HeardFrames>> {
        None
    }
}

/// Waits for the real one.
pub struct NoDialer;
impl NoDialer {
    /// Waits.
    pub async fn run(self, stop: tokio_util::sync::CancellationToken) {
        stop.cancelled().await;
    }
}

/// The dialer of this process.
#[must_use]
pub fn dialer(_configuration: &Configuration, _ops: &Operations, _adapters: &Adapters) -> NoDialer {
    NoDialer
}

/// The names of the built files, from the manifest that the build wrote; without one, the plain names.
#[must_use]
pub fn assets(configuration: &Configuration) -> Assets {
    let path = configuration.site_dir.join("assets.json");
    let manifest: Option<serde_json::Value> =
        std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
    let Some(manifest) = manifest else {
        tracing::warn!(path = %path.display(), "the site was not built: pages come without style and scripts; run cargo xtask build");
        return Assets::default();
    };
    let plain = Assets::default();
    let name = |key: &str, plain: Arc<str>| manifest[key].as_str().map_or(plain, Arc::from);
    Assets {
        style: name("style", plain.style),
        script: name("script", plain.script),
        wasm: name("wasm", plain.wasm),
    }
}

/// What leptos wants to know.
#[must_use]
pub fn leptos_options(configuration: &Configuration) -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("frontend")
        .site_root(configuration.site_dir.to_string_lossy())
        .site_pkg_dir("pkg")
        .site_addr(configuration.address)
        .build()
}
