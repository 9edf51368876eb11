//! Structured logs on standard error: for people while developing, JSON in production.
//!
//! Log lines bear ids and counts. Names and numbers travel in types that hide themselves, and requests are logged by
//! their matched route, so no id of a person and no search text gets in by an address either.

use crate::configuration::{Configuration, LogFormat};
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Installs the log of this process, and has panics logged too. Does nothing if there is one already.
pub fn install(configuration: &Configuration) {
    let filter: Targets = configuration.log.parse().unwrap_or_default();
    // sqlx writes statements at info when they are slow; their arguments are not part of it.
    let format = match configuration.log_format {
        LogFormat::Text => fmt::layer().with_writer(std::io::stderr).with_target(true).boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(std::io::stderr)
            .with_current_span(true)
            .boxed(),
    };
    let _ = tracing_subscriber::registry()
        .with(format.with_filter(filter))
        .try_init();
    log_panics();
}

/// A panic is a bug: it is logged with its place, and never with what it was about, which may be personal.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        let backtrace = std::backtrace::Backtrace::capture();
        tracing::error!(%place, %backtrace, "a bug: this part of the program panicked");
    }));
}
