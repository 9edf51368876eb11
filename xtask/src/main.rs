//! The developer's hand tools: `cargo xtask` lists them.

mod bench;
mod build;
mod livekit;
mod postgres;
mod setup;
mod shell;
mod sqlx_prepare;
mod test;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Ringside's hand tools", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what is missing, build, and run the product with an embedded PostgreSQL and the rehearsal network
    Run {
        /// Build the server optimised
        #[arg(long)]
        release: bool,
        /// Make the calls on a real livekit-server, with simulated people who come into its rooms as phones
        #[arg(long)]
        livekit: bool,
        /// Passed on to the server
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Build server, WASM and assets into target/site
    Build {
        /// Build the server optimised
        #[arg(long)]
        release: bool,
    },
    /// Install what is missing, then run every check and every test
    Test,
    /// Run the browser tests alone
    BrowserTest,
    /// Measure; all of it, or one figure
    Bench {
        #[arg(value_enum)]
        which: Option<bench::Bench>,
    },
    /// Write the offline data of the SQL macros (.sqlx) anew, from a database migrated to the present schema
    SqlxPrepare,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Run {
            release,
            livekit: true,
            arguments,
        } => livekit::run_all(release, &arguments),
        Verb::Run { release, arguments, .. } => run(release, &arguments),
        Verb::Build { release } => setup::for_building().and_then(|()| build::all(release).map(drop)),
        Verb::Test => setup::for_building().and_then(|()| test::all()),
        Verb::BrowserTest => setup::for_building().and_then(|()| test::browser()),
        Verb::Bench { which } => setup::for_building().and_then(|()| bench::bench(which)),
        Verb::SqlxPrepare => sqlx_prepare::write(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            shell::say(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn run(release: bool, arguments: &[String]) -> Result<(), String> {
    setup::for_building()?;
    let server = build::all(release)?;
    // The server takes this process's place, so Ctrl-C reaches it directly and nothing is left behind.
    let mut command = shell::command(&server.to_string_lossy(), &[]);
    command.env("RINGSIDE_SITE_DIR", build::site()).args(arguments);
    shell::replace_process(command)
}
