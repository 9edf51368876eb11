//! The one place where adapters are chosen: which telephone network, which voices, which clock.

mod models;

use crate::{
    ambient::{SystemChance, SystemClock},
    configuration::{Configuration, RehearsalHours},
    recording_key,
    rehearsal_cast::SimulatedCast,
    rehearsal_daytime::RehearsalDaytime,
    state::Trials,
};
use app::app::Assets;
use dialer::{
    Dialer, DialerConfig, IanaClock, ZoneClock,
    rehearsal::{Cast, Rehearser},
    results_reader::ResultsReader,
};
use domain::{Chance, Clock, WorkerId, views::InstallationView};
use leptos::config::LeptosOptions;
use operations::{Operations, number_zones};
use rehearsal::{RehearsalConfig, RehearsalNetwork, Studio, StudioConfig};
use std::{os::unix::fs::DirBuilderExt, sync::Arc};
use store::Store;
use telephony::{
    TelephoneNetwork,
    livekit::{LiveKitNetwork, ParticipantEngine},
};
use tokio::sync::Semaphore;
use vault::{Archive, KeyRing};
use voice::ports::Voices;

/// What was chosen.
pub struct Adapters {
    pub network: Arc<dyn TelephoneNetwork>,
    pub voices: Voices,
    /// Rooms in real time, into which nobody is dialled.
    pub trial_rooms: Arc<dyn TelephoneNetwork>,
    /// Who answers in rehearsals.
    pub cast: Arc<dyn Cast>,
    /// What time it is where people live.
    pub zones: Arc<dyn ZoneClock>,
    /// Where recordings are kept.
    pub archive: Archive,
    /// Renders the simulated people's sentences; worth preparing before the first call.
    pub studio: Arc<Studio>,
}

/// What every operation works with.
#[must_use]
pub fn operations(configuration: &Configuration, store: Store) -> Operations {
    // The address holds the database's password. The embedded database has only this process.
    let throttle_key = match &configuration.database_url {
        Some(url) => operations::shared_throttle_key(url.reveal()),
        None => {
            let mut key = [0; 32];
            SystemChance.fill(&mut key);
            key
        }
    };
    Operations {
        store,
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        installation: Arc::new(installation(configuration)),
        network_trouble: operations::Trouble::default(),
        voices_trouble: operations::Trouble::default(),
        throttle_key,
    }
}

/// What is connected and what is simulated, in words.
fn installation(configuration: &Configuration) -> InstallationView {
    let mut notices = Vec::new();
    let settings = &configuration.rehearsal;
    if configuration.livekit.is_none() {
        notices.push("No real phone is called: the rehearsal network plays the people.".to_owned());
        if settings.hours == RehearsalHours::Daytime {
            notices.push(
                "For the rehearsal it is always Tuesday, half past ten in the morning, where people live.".to_owned(),
            );
        }
    }
    notices.extend(models::notice(&configuration.openai, configuration.livekit.is_some()));
    if !rehearsal::speech_available() {
        notices.push("Voices are plain tones, because espeak-ng is not installed.".to_owned());
    }
    let place = if configuration.database_url.is_some() {
        "the one in DATABASE_URL"
    } else {
        "embedded"
    };
    let mut words = vec![
        ("Address", configuration.public_url.clone()),
        ("Database", place.to_owned()),
        ("Calls at once", configuration.max_calls.to_string()),
        (
            "Calls may go on after the order to stop",
            format!("{} s", configuration.drain.as_secs()),
        ),
        ("Recordings", lock_in_words(configuration)),
        ("Recordings are kept", place_in_words(configuration)),
        (
            "Recordings are deleted",
            match configuration.recordings.keep_days {
                Some(days) => format!("after {days} days, or sooner if their campaign says so"),
                None => "only if their campaign says so".to_owned(),
            },
        ),
    ];
    let hosts: Vec<&str> = configuration.look_up.hosts.iter().map(String::as_str).collect();
    let hosts = if hosts.is_empty() {
        "nothing, because RINGSIDE_LOOK_UP_HOSTS is not set".to_owned()
    } else {
        format!("at {}", hosts.join(", "))
    };
    words.push(("Agents may look up", hosts));
    match &configuration.livekit {
        Some(livekit) => words.extend([
            ("LiveKit", livekit.url.clone()),
            ("LiveKit for browsers", livekit.public_url.clone()),
            (
                "SIP trunk",
                livekit.trunk_id.clone().unwrap_or_else(|| "none yet".to_owned()),
            ),
            (
                "SIP trunk for people who call back",
                livekit
                    .inbound_trunk_id
                    .clone()
                    .unwrap_or_else(|| "none, because LIVEKIT_INBOUND_TRUNK_ID is not set".to_owned()),
            ),
            ("Numbers that people see", caller_ids(livekit.caller_ids.len())),
        ]),
        None => words.extend([
            ("Rehearsal: speed", format!("{} × real time", settings.speed)),
            ("Rehearsal: seed", settings.seed.to_string()),
        ]),
    }
    InstallationView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        telephone_network: match configuration.livekit {
            Some(_) => "livekit".to_owned(),
            None => "rehearsal".to_owned(),
        },
        notices,
        zone_data_version: number_zones::zone_data_version().to_owned(),
        settings: words
            .into_iter()
            .chain(models::words(&configuration.openai))
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        speech_to_speech: configuration.openai.realtime.is_some(),
        look_up_hosts: configuration.look_up.hosts.iter().cloned().collect(),
        development: cfg!(debug_assertions),
    }
}

fn caller_ids(count: usize) -> String {
    match count {
        0 => "whichever the trunk chooses".to_owned(),
        count => format!("{count}, each call takes a free one"),
    }
}

/// Chooses the telephone network and the voices.
///
/// # Errors
/// A sentence that says what cannot be used.
pub fn adapters(configuration: &Configuration, clock: Arc<dyn Clock>) -> Result<Adapters, String> {
    let data_dir = &configuration.data_dir;
    // The embedded database's user has to get through the one; people's voices in the other are nobody else's business.
    for (directory, mode) in [(data_dir, 0o755), (&configuration.recordings.dir, 0o700)] {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(directory)
            .map_err(|error| format!("The directory {} cannot be made: {error}", directory.display()))?;
    }
    let archive = archive(configuration)?;
    let settings = &configuration.rehearsal;
    let studio = Studio::new(StudioConfig {
        cache: Some(data_dir.join("voices")),
        tones_only: false,
    });
    let usual = RehearsalConfig::default();
    let (network, zones, speed): (Arc<dyn TelephoneNetwork>, Arc<dyn ZoneClock>, f32) = match &configuration.livekit {
        // Real phones ring at the hour that it really is where they are.
        Some(livekit) => {
            let network = LiveKitNetwork::new(livekit.settings(), ParticipantEngine::new());
            (Arc::new(network), Arc::new(IanaClock), 1.0)
        }
        None => {
            let config = RehearsalConfig {
                ringing: settings.ringing.clone().unwrap_or(usual.ringing),
                call_backs: settings.call_backs,
                seed: settings.seed,
                speed: settings.speed,
                odds: settings.odds.clone().unwrap_or_default(),
                ledger: Some(data_dir.join("rehearsal-ledger")),
                ..usual
            };
            let network = RehearsalNetwork::new(config, Arc::clone(&studio), Arc::clone(&clock))
                .map_err(|error| format!("The ledger of the rehearsal network cannot be opened: {error}"))?;
            let zones: Arc<dyn ZoneClock> = match settings.hours {
                RehearsalHours::Daytime => Arc::new(RehearsalDaytime(Arc::clone(&clock))),
                RehearsalHours::Real => Arc::new(IanaClock),
            };
            (Arc::new(network), zones, settings.speed)
        }
    };
    let rehearsal_clock = Arc::clone(&clock);
    let trial_rooms = RehearsalNetwork::new(RehearsalConfig::default(), Arc::clone(&studio), clock)
        .map_err(|error| format!("There are no rooms for trials: {error}"))?;
    Ok(Adapters {
        network,
        trial_rooms: Arc::new(trial_rooms),
        voices: models::voices(
            configuration,
            &studio,
            &(Arc::new(SystemChance) as Arc<dyn Chance>),
            speed,
            configuration.livekit.is_none(),
        )?,
        cast: Arc::new(cast(configuration, &studio, rehearsal_clock)?),
        zones,
        archive,
        studio,
    })
}

/// How many times faster than people those of a rehearsal talk, if all voices are made on this machine.
const REHEARSAL_SPEED: f32 = 8.0;

/// Who answers in rehearsals. Services that are connected answer at the pace of people, so that is then the pace of all.
///
/// # Errors
/// A sentence that says what cannot be used.
pub fn cast(
    configuration: &Configuration,
    studio: &Arc<Studio>,
    clock: Arc<dyn Clock>,
) -> Result<SimulatedCast, String> {
    let speed = if models::all_offline(&configuration.openai) {
        REHEARSAL_SPEED
    } else {
        1.0
    };
    let chance: Arc<dyn Chance> = Arc::new(SystemChance);
    Ok(SimulatedCast {
        studio: Arc::clone(studio),
        voices: models::voices(configuration, studio, &chance, speed, true)?,
        clock,
        speed,
    })
}

/// What plays the rehearsals that are asked for in this installation.
#[must_use]
pub fn rehearser(ops: &Operations, adapters: &Adapters) -> Rehearser {
    Rehearser {
        store: ops.store.clone(),
        clock: Arc::clone(&ops.clock),
        chance: Arc::clone(&ops.chance),
        archive: adapters.archive.clone(),
        cast: Arc::clone(&adapters.cast),
    }
}

/// What draws results that could not be drawn when their calls ended.
#[must_use]
pub fn results_reader(ops: &Operations, adapters: &Adapters) -> ResultsReader {
    ResultsReader {
        store: ops.store.clone(),
        model: Arc::clone(&adapters.voices.language_model),
    }
}

/// Where recordings are kept. With the embedded database nobody has to set a key: one is made, and kept beside it.
fn archive(configuration: &Configuration) -> Result<Archive, String> {
    let settings = &configuration.recordings;
    let own = if settings.key.is_none() && configuration.database_url.is_none() {
        recording_key::find_or_make(&configuration.data_dir, &SystemChance).map(Some)
    } else {
        recording_key::find(&configuration.data_dir)
    };
    let own = own.map_err(|error| {
        let path = configuration.data_dir.join(recording_key::FILE_NAME);
        format!("The key of recordings in {} cannot be used: {error}", path.display())
    })?;
    let (current, old) = match (&settings.key, own) {
        (Some(key), own) => (Some(key.clone()), own),
        (None, own) if configuration.database_url.is_none() => (own, None),
        (None, own) => (None, own),
    };
    let old = settings.old_keys.iter().cloned().chain(old).collect();
    let archive = Archive::new(&settings.dir, KeyRing::new(current, old)).map_err(|error| {
        let dir = settings.dir.display();
        format!("Recordings cannot be kept in {dir}: {error}")
    })?;
    let Some(store) = &settings.store else {
        return Ok(archive);
    };
    archive
        .with_store(store)
        .map_err(|error| format!("Recordings cannot be kept in {store}: {error}"))
}

/// Where recordings are kept, in words.
fn place_in_words(configuration: &Configuration) -> String {
    let dir = configuration.recordings.dir.display();
    match &configuration.recordings.store {
        Some(store) => format!("in {store}; until they are there, in {dir}"),
        None => format!("in {dir}"),
    }
}

/// How recordings are locked, in words.
fn lock_in_words(configuration: &Configuration) -> String {
    match (&configuration.recordings.key, &configuration.database_url) {
        (Some(key), _) => format!("encrypted, key {}", key.id()),
        (None, None) => format!(
            "encrypted, with the key in {}",
            configuration.data_dir.join(recording_key::FILE_NAME).display()
        ),
        (None, Some(_)) => "not encrypted, because RINGSIDE_RECORDINGS_KEY is not set".to_owned(),
    }
}

/// Trials may go on at the same time; each costs about as much as a call.
const MOST_TRIALS: usize = 8;

/// What managers talk to an agent with from the browser: our own rooms, whatever the telephone network, and the voices that
/// calls have.
#[must_use]
pub fn trials(adapters: &Adapters) -> Trials {
    Trials {
        rooms: Arc::clone(&adapters.trial_rooms),
        voices: adapters.voices.clone(),
        seats: Arc::new(Semaphore::new(MOST_TRIALS)),
    }
}

/// The dialer of this process.
#[must_use]
pub fn dialer(configuration: &Configuration, ops: &Operations, adapters: &Adapters) -> Dialer {
    let worker = WorkerId(domain::new_id(ops.clock.now(), &*ops.chance));
    let config = DialerConfig {
        drain: configuration.drain,
        ..DialerConfig::new(worker, configuration.max_calls, Some(adapters.archive.clone()))
    };
    Dialer::new(
        config,
        ops.store.clone(),
        Arc::clone(&adapters.network),
        adapters.voices.clone(),
        Arc::clone(&ops.clock),
        Arc::clone(&ops.chance),
        Arc::clone(&adapters.zones),
    )
}

/// The names of the built files, from the manifest that the build wrote; without one, the plain names.
#[must_use]
pub fn assets(configuration: &Configuration) -> Assets {
    let path = configuration.site_dir.join("assets.json");
    let manifest: Option<serde_json::Value> = std::fs::read_to_string(&path)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok());
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
