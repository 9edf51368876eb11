//! Structured logs on standard error: for people while developing, JSON in production.
//!
//! Log lines bear ids and counts. Names and numbers travel in types that hide themselves, and requests are logged by
//! their matched route, so no id of a person and no search text gets in by an address either.

use crate::configuration::{Configuration, LogFormat};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Installs the log of this process, and has panics logged too. Does nothing if there is one already.
pub fn install(configuration: &Configuration) {
    let filter = filter(&configuration.log);
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

/// What is logged. `async-openai` writes answers into the log that it cannot read: what people said, in other words.
#[must_use]
pub fn filter(wanted: &str) -> Targets {
    const TALKATIVE: &str = "async_openai";
    let wanted: Targets = wanted.parse().unwrap_or_default();
    let usual = wanted.default_level().unwrap_or(LevelFilter::OFF);
    Targets::new()
        .with_targets(wanted.into_iter().filter(|(target, _)| !target.starts_with(TALKATIVE)))
        .with_default(usual)
        .with_target(TALKATIVE, LevelFilter::OFF)
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

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn what_people_said_is_not_logged_by_a_library_even_if_everything_is_wanted() {
        for wanted in ["trace", "async_openai=trace", "info,async_openai::client=debug"] {
            assert!(
                !filter(wanted).would_enable("async_openai::error", &Level::ERROR),
                "{wanted}"
            );
        }
        assert!(filter("info").would_enable("openai::endpoint", &Level::INFO));
    }
}
