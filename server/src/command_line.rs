//! The command line: which part of the program this process is.

use crate::{
    configuration::{self, Configuration},
    embedded_postgres, logging,
    rehearse::{self, RehearseArguments},
    running,
};
use clap::{Parser, Subcommand, ValueEnum};
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

/// AI phone campaigns, self-hosted.
#[derive(Debug, Parser)]
#[command(name = "ringside", version)]
struct CommandLine {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// What this process does
    #[arg(long, value_enum, default_value_t = Role::All)]
    role: Role,
    /// The configuration file; every key can also be set in the environment, see .env.example
    #[arg(long, default_value = "ringside.toml")]
    config: PathBuf,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Serves people in browsers
    Web,
    /// Makes calls
    Worker,
    /// Both
    All,
}

impl Role {
    /// True if the process serves browsers.
    #[must_use]
    pub const fn serves(self) -> bool {
        matches!(self, Self::Web | Self::All)
    }

    /// True if the process makes calls.
    #[must_use]
    pub const fn calls(self) -> bool {
        matches!(self, Self::Worker | Self::All)
    }
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Bring the database's schema up to this release, and end
    Migrate {
        /// Migrations to apply besides those of this release
        #[arg(long, hide = true)]
        from: Option<PathBuf>,
    },
    /// Check the configuration, and end
    CheckConfig,
    /// Play a campaign's script with simulated people, and end with 0 if all went as expected
    Rehearse(RehearseArguments),
    /// Keep an embedded PostgreSQL running until standard input closes
    #[command(hide = true)]
    Postgres {
        #[arg(long, alias = "data-dir")]
        directory: PathBuf,
    },
}

/// Does what the command line says.
pub fn run() -> ExitCode {
    let command_line = CommandLine::parse();
    if let Some(Verb::Postgres { directory }) = &command_line.verb {
        // Its parent tells what went wrong.
        return match embedded_postgres::guard(directory) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let failure = match command_line.verb {
        Some(Verb::Rehearse(_)) => rehearse::NOT_PLAYED,
        _ => 1,
    };
    let outcome = read_configuration(&command_line.config).and_then(|configuration| match command_line.verb {
        Some(Verb::Rehearse(arguments)) => {
            let mut code = ExitCode::FAILURE;
            let rehearsed = in_runtime(configuration, async |configuration| {
                code = rehearse::run(configuration, arguments).await;
                Ok(())
            });
            rehearsed.map(|()| code)
        }
        Some(Verb::CheckConfig) => {
            tell("The configuration is valid.");
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Migrate { from }) => in_runtime(configuration, move |configuration| {
            running::migrate_only(configuration, from)
        })
        .map(|()| ExitCode::SUCCESS),
        _ => {
            let role = command_line.role;
            in_runtime(configuration, move |configuration| running::run(configuration, role))
                .map(|()| ExitCode::SUCCESS)
        }
    });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(failure)
        }
    }
}

/// Tells the person who started the program something that belongs in no log.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

fn read_configuration(file: &std::path::Path) -> Result<Configuration, running::StartError> {
    let read = |path: &std::path::Path| match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(running::StartError::File {
            path: path.to_owned(),
            cause: error,
        }),
    };
    let text = read(file)?;
    if text.is_none() && file != std::path::Path::new("ringside.toml") {
        return Err(running::StartError::File {
            path: file.to_owned(),
            cause: io::ErrorKind::NotFound.into(),
        });
    }
    let dot_env = read(std::path::Path::new(".env"))?;
    // A variable that is not Unicode is none of ours; `vars` would panic on it.
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Ok(configuration::load(environment, dot_env.as_deref(), text.as_deref())?)
}

fn in_runtime<F>(configuration: Configuration, work: impl FnOnce(Configuration) -> F) -> Result<(), running::StartError>
where
    F: Future<Output = Result<(), running::StartError>>,
{
    logging::install(&configuration);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(running::StartError::Runtime)?;
    let outcome = runtime.block_on(work(configuration));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    outcome
}
