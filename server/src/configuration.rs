//! What the installation wants, from the environment, `.env` and one file; all of it checked at once.
//!
//! A key has one name in two spellings: `RINGSIDE_LOG_FORMAT` in the environment is `log_format` in `ringside.toml`.
//! The environment wins over `.env`, `.env` over the file, the file over the default. Adding a key: a field in
//! [`Configuration`], a line in [`KEYS`], a line in `.env.example` (a test compares them).

mod livekit;
mod look_up;
mod openai;
mod recordings;

pub use livekit::LiveKitConfiguration;
pub use openai::OpenAiConfiguration;
pub use recordings::RecordingsConfiguration;

use ::look_up::LookUpSettings;
use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

/// A configured text that must never be printed or logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// What time it is for the simulated people of the rehearsal network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RehearsalHours {
    /// Always Tuesday, half past ten in the morning, so that a rehearsal works at any hour.
    Daytime,
    /// The real time where the number lives, as with a real network.
    Real,
}

/// How the rehearsal network behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct RehearsalSettings {
    pub hours: RehearsalHours,
    /// How many times faster than real time its rooms tick.
    pub speed: f32,
    pub seed: u64,
    /// How often what becomes of a call; `None` for a lively mixture.
    pub odds: Option<rehearsal::Odds>,
    /// How long a phone rings before it is answered or declined; `None` for the network's own habit.
    pub ringing: Option<RangeInclusive<Duration>>,
    /// The folder through which simulated people in another process learn what the agent says.
    pub exchange: Option<PathBuf>,
    /// Of a hundred people who were not reached, how many call back.
    pub call_backs: u8,
}

/// Everything that can be configured.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Where the web server listens.
    pub address: SocketAddr,
    /// How people reach it, without a path: `https://calls.example.com`.
    pub public_url: String,
    /// An own database; `None` for the embedded one.
    pub database_url: Option<Secret>,
    pub database_connections: u32,
    /// Embedded database, recordings, ledger, rendered voices.
    pub data_dir: PathBuf,
    pub recordings: RecordingsConfiguration,
    /// The built WASM, styles and icons.
    pub site_dir: PathBuf,
    /// Replaces the built-in table from number to time zone.
    pub zone_table: Option<PathBuf>,
    pub log_format: LogFormat,
    /// A filter of `tracing`: `info`, `info,dialer=debug`.
    pub log: String,
    /// Lets others than this machine read `/metrics`.
    pub metrics_token: Option<Secret>,
    /// The one proxy whose `X-Forwarded-For` is believed.
    pub trusted_proxy: Option<IpAddr>,
    /// Calls at once, in all processes together.
    pub max_calls: u32,
    /// How long calls may go on after the order to stop.
    pub drain: Duration,
    /// Real calls; `None` for the rehearsal network.
    pub livekit: Option<LiveKitConfiguration>,
    /// Models; the offline stand-ins for what is not connected.
    pub openai: OpenAiConfiguration,
    /// What campaigns may let their agents look up.
    pub look_up: LookUpSettings,
    pub rehearsal: RehearsalSettings,
}

impl Configuration {
    /// True if people reach the server over https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// One key: its name in the file, the name in the environment if it is not `RINGSIDE_` and the former in capitals, its
/// default in words, and whether its value is a secret.
struct Key {
    name: &'static str,
    environment: Option<&'static str>,
}

const fn key(name: &'static str) -> Key {
    Key {
        name,
        environment: None,
    }
}

const fn known_as(name: &'static str, environment: &'static str) -> Key {
    Key {
        name,
        environment: Some(environment),
    }
}

/// Every key there is.
fn keys() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().chain(openai::KEYS).chain(look_up::KEYS)
}

const KEYS: &[Key] = &[
    key("address"),
    key("public_url"),
    known_as("database_url", "DATABASE_URL"),
    key("database_connections"),
    key("data_dir"),
    key("recordings_dir"),
    key("recordings_key"),
    key("recordings_old_keys"),
    key("recordings_store"),
    key("recordings_keep_days"),
    known_as("aws_endpoint_url", "AWS_ENDPOINT_URL"),
    known_as("aws_region", "AWS_REGION"),
    known_as("aws_access_key_id", "AWS_ACCESS_KEY_ID"),
    known_as("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"),
    key("site_dir"),
    key("zone_table"),
    key("log_format"),
    key("log"),
    key("metrics_token"),
    key("trusted_proxy"),
    key("max_calls"),
    key("drain_seconds"),
    known_as("livekit_url", "LIVEKIT_URL"),
    known_as("livekit_api_key", "LIVEKIT_API_KEY"),
    known_as("livekit_api_secret", "LIVEKIT_API_SECRET"),
    known_as("livekit_public_url", "LIVEKIT_PUBLIC_URL"),
    known_as("livekit_sip_trunk_id", "LIVEKIT_SIP_TRUNK_ID"),
    known_as("livekit_inbound_trunk_id", "LIVEKIT_INBOUND_TRUNK_ID"),
    known_as("livekit_caller_ids", "LIVEKIT_CALLER_IDS"),
    known_as("livekit_media_encryption", "LIVEKIT_MEDIA_ENCRYPTION"),
    known_as("livekit_sip_headers", "LIVEKIT_SIP_HEADERS"),
    key("rehearsal_hours"),
    key("rehearsal_speed"),
    key("rehearsal_seed"),
    key("rehearsal_odds"),
    key("rehearsal_ringing"),
    key("rehearsal_exchange"),
    key("rehearsal_call_backs"),
];

impl Key {
    fn in_environment(&self) -> String {
        self.environment
            .map_or_else(|| format!("RINGSIDE_{}", self.name.to_ascii_uppercase()), str::to_owned)
    }
}

/// All that is wrong with a configuration, one sentence each, none with a secret's value.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigurationErrors(pub Vec<String>);

impl fmt::Display for ConfigurationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The configuration has {} problem(s):", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl std::error::Error for ConfigurationErrors {}

/// Reads and checks the configuration. `environment` are the variables of the process, `dot_env` and `file` the texts
/// of `.env` and the configuration file, if there are any.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn load(
    environment: impl IntoIterator<Item = (String, String)>,
    dot_env: Option<&str>,
    file: Option<&str>,
) -> Result<Configuration, ConfigurationErrors> {
    let mut reader = Reader::default();
    reader.read_file(file);
    reader.read_dot_env(dot_env);
    reader.read_environment(environment, "the environment");
    reader.finish()
}

#[derive(Default)]
struct Reader {
    values: BTreeMap<&'static str, (String, String)>,
    problems: Vec<String>,
}

impl Reader {
    fn read_file(&mut self, file: Option<&str>) {
        let Some(text) = file else { return };
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                // The whole error quotes the line, which may hold a secret.
                self.problems
                    .push(format!("The file cannot be read as TOML: {}.", error.message()));
                return;
            }
        };
        for (name, value) in table {
            let Some(key) = keys().find(|key| key.name == name) else {
                self.problems
                    .push(unknown(&name, "the file", keys().map(|key| key.name.to_owned())));
                continue;
            };
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => value.to_string(),
                _ => {
                    self.problems
                        .push(format!("{name} in the file must be a text or a number."));
                    continue;
                }
            };
            self.values.insert(key.name, (text, format!("{name} in the file")));
        }
    }

    fn read_dot_env(&mut self, dot_env: Option<&str>) {
        let Some(text) = dot_env else { return };
        let (mut pairs, mut wrong) = (Vec::new(), false);
        for pair in dotenvy::from_read_iter(text.as_bytes()) {
            match pair {
                Ok(pair) => pairs.push(pair),
                Err(_) => wrong = true,
            }
        }
        if wrong {
            self.problems.push(".env has a line that is not NAME=value.".to_owned());
        }
        self.read_environment(pairs, ".env");
    }

    fn read_environment(&mut self, pairs: impl IntoIterator<Item = (String, String)>, source: &str) {
        for (name, value) in pairs {
            let known = keys().find(|key| key.in_environment() == name);
            match known {
                // An empty variable is how one unsets it in compose files.
                Some(_) if value.is_empty() => {}
                Some(key) => {
                    self.values.insert(key.name, (value, format!("{name} in {source}")));
                }
                None if name.starts_with("RINGSIDE_") => {
                    self.problems
                        .push(unknown(&name, source, keys().map(Key::in_environment)));
                }
                None => {}
            }
        }
    }

    /// The value of `name`, parsed; `None` if it is not set, or wrong (then a problem was noted).
    fn get<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        debug_assert!(keys().any(|key| key.name == name), "{name} is missing in KEYS");
        let (text, origin) = self.values.get(name)?;
        match parse(text.trim()) {
            Ok(value) => Some(value),
            Err(wanted) => {
                self.problems.push(format!("{origin} must be {wanted}."));
                None
            }
        }
    }

    fn number<T: FromStr + PartialOrd + fmt::Display + Copy>(
        &mut self,
        name: &str,
        least: T,
        most: T,
        default: T,
    ) -> T {
        self.get(name, |text| {
            text.parse::<T>()
                .ok()
                .filter(|number| *number >= least && *number <= most)
                .ok_or_else(|| format!("a number from {least} to {most}"))
        })
        .unwrap_or(default)
    }

    fn path(&mut self, name: &str) -> Option<PathBuf> {
        self.get(name, |text| {
            if text.is_empty() {
                Err("a path".to_owned())
            } else {
                Ok(PathBuf::from(text))
            }
        })
    }

    fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)], default: T) -> T {
        self.get(name, |text| {
            choices
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, value)| *value)
                .ok_or_else(|| {
                    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                    format!("one of: {}", words.join(", "))
                })
        })
        .unwrap_or(default)
    }

    fn finish(mut self) -> Result<Configuration, ConfigurationErrors> {
        let address = self
            .get("address", |text| {
                text.parse()
                    .map_err(|_| "an IP address and a port, like 127.0.0.1:3000 or [::]:3000".to_owned())
            })
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 3000)));
        let public_url = self.get("public_url", check_public_url);
        let data_dir = self.path("data_dir").unwrap_or_else(|| PathBuf::from(".ringside"));
        let configuration = Configuration {
            public_url: public_url.unwrap_or_else(|| format!("http://localhost:{}", address.port())),
            address,
            database_url: self.get("database_url", check_database_url),
            database_connections: self.number("database_connections", 4, 1_000, 24),
            recordings: self.recordings(&data_dir),
            data_dir,
            site_dir: self.path("site_dir").unwrap_or_else(|| PathBuf::from("target/site")),
            zone_table: self.get("zone_table", |text| {
                let path = Path::new(text);
                if path.is_file() {
                    Ok(path.to_owned())
                } else {
                    Err("a file that exists".to_owned())
                }
            }),
            log_format: self.choice(
                "log_format",
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
                LogFormat::Text,
            ),
            log: self
                .get("log", |text| {
                    text.parse::<tracing_subscriber::filter::Targets>()
                        .map(|_| text.to_owned())
                        .map_err(|_| "a log filter, like info or info,dialer=debug".to_owned())
                })
                .unwrap_or_else(|| "info".to_owned()),
            metrics_token: self.get("metrics_token", |text| {
                if text.len() >= 16 {
                    Ok(Secret(text.to_owned()))
                } else {
                    Err("at least 16 characters long".to_owned())
                }
            }),
            trusted_proxy: self.get("trusted_proxy", |text| {
                text.parse().map_err(|_| "an IP address".to_owned())
            }),
            max_calls: self.number("max_calls", 1, 10_000, 50),
            drain: Duration::from_secs(self.number("drain_seconds", 0, 3_600, 30)),
            livekit: self.livekit(),
            openai: self.openai(),
            look_up: self.look_up(),
            rehearsal: RehearsalSettings {
                hours: self.choice(
                    "rehearsal_hours",
                    &[("daytime", RehearsalHours::Daytime), ("real", RehearsalHours::Real)],
                    RehearsalHours::Daytime,
                ),
                speed: self.number("rehearsal_speed", 0.1, 50.0, 1.0),
                seed: self.number("rehearsal_seed", 0, u64::MAX, 1),
                odds: self.get("rehearsal_odds", check_odds),
                ringing: self.get("rehearsal_ringing", check_ringing),
                exchange: self.path("rehearsal_exchange"),
                call_backs: self.number("rehearsal_call_backs", 0, 100, 30),
            },
        };
        if self.problems.is_empty() {
            Ok(configuration)
        } else {
            Err(ConfigurationErrors(self.problems))
        }
    }
}

fn unknown(name: &str, source: &str, known: impl Iterator<Item = String>) -> String {
    let lower = name.to_ascii_lowercase();
    let like = known
        .map(|candidate| (shared_letters(&candidate.to_ascii_lowercase(), &lower), candidate))
        .max_by_key(|(shared, _)| *shared)
        .map(|(_, candidate)| candidate)
        .unwrap_or_default();
    format!("{name} in {source} is not a key of this release. Did you mean {like}?")
}

/// Length of the common beginning plus that of the common end: enough to find a slip of the keyboard.
fn shared_letters(one: &str, other: &str) -> usize {
    let front = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let back = one
        .bytes()
        .rev()
        .zip(other.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    front + back
}

/// True for one of these schemes and a host, without user, path and query.
fn is_address_of_a_host(text: &str, schemes: &[&str]) -> bool {
    text.parse::<http::Uri>().is_ok_and(|uri| {
        uri.scheme_str().is_some_and(|scheme| schemes.contains(&scheme))
            && uri
                .authority()
                .is_some_and(|authority| !authority.as_str().contains('@'))
            && uri.path() == "/"
            && uri.query().is_none()
    })
}

fn check_public_url(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    if is_address_of_a_host(text, &["http", "https"]) {
        Ok(text.to_owned())
    } else {
        Err("http:// or https:// and a host, without a path".to_owned())
    }
}

/// “interested:3, voicemail:1”.
fn check_odds(text: &str) -> Result<rehearsal::Odds, String> {
    let pair = |pair: &str| {
        let (outcome, weight) = pair.split_once(':')?;
        Some((
            outcome.trim().to_owned(),
            weight
                .trim()
                .parse::<u32>()
                .ok()
                .filter(|weight| *weight <= 1_000_000)?
                .into(),
        ))
    };
    let pairs: Option<serde_json::Map<String, serde_json::Value>> = text.split(',').map(pair).collect();
    pairs
        .and_then(|pairs| serde_json::from_value(serde_json::Value::Object(pairs)).ok())
        .ok_or_else(|| "pairs of an outcome and a weight, like interested:3, voicemail:1; see .env.example".to_owned())
}

/// “1.5-7”.
fn check_ringing(text: &str) -> Result<RangeInclusive<Duration>, String> {
    let seconds = |text: &str| {
        let seconds = text
            .trim()
            .parse::<f32>()
            .ok()
            .filter(|seconds| (0.0..=120.0).contains(seconds));
        seconds.map(Duration::from_secs_f32)
    };
    text.split_once('-')
        .and_then(|(least, most)| Some(seconds(least)?..=seconds(most)?))
        .filter(|range| !range.is_empty())
        .ok_or_else(|| "the least and the most seconds, up to 120, like 1.5-7".to_owned())
}

fn check_database_url(text: &str) -> Result<Secret, String> {
    let known_scheme = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if known_scheme && text.parse::<sqlx::postgres::PgConnectOptions>().is_ok() {
        Ok(Secret(text.to_owned()))
    } else {
        Err("an address of PostgreSQL: postgres://user:password@host:port/database".to_owned())
    }
}

#[cfg(test)]
mod tests;
