//! `ringside rehearse FILE.toml`: a campaign's script against simulated people, from the command line. Needs no database;
//! the exit code says whether all expectations were met.

mod file;
mod report;

use crate::{
    ambient::{SystemChance, SystemClock},
    composition,
    configuration::Configuration,
};
use dialer::rehearsal::{Played, Rehearsal};
use domain::rehearsal::with_sample;
use file::RehearsalFile;
use rehearsal::{Studio, StudioConfig};
use report::Report;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use vault::{Archive, KeyRing};

/// Some expectations were not met.
const NOT_MET: u8 = 1;
/// It could not be played at all.
pub(crate) const NOT_PLAYED: u8 = 2;
/// Calls that may wait to be told.
const WAITING: usize = 8;

/// What the command line says.
#[derive(Debug, clap::Args)]
pub(crate) struct RehearseArguments {
    /// The campaign and its scenarios, as in docs/examples/rehearsal.toml
    file: PathBuf,
    /// Write the report as JSON to standard output
    #[arg(long)]
    json: bool,
    /// A JSON report of an earlier rehearsal, to be told what came out differently
    #[arg(long)]
    before: Option<PathBuf>,
    /// A folder for the sound of the calls
    #[arg(long)]
    sound: Option<PathBuf>,
}

/// Rehearses, reports, and says how it went.
pub(crate) async fn run(configuration: Configuration, arguments: RehearseArguments) -> ExitCode {
    let outcome = match Box::pin(rehearse(&configuration, &arguments)).await {
        Ok(report) => report,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            return ExitCode::from(NOT_PLAYED);
        }
    };
    let text = if arguments.json {
        serde_json::to_string_pretty(&outcome).unwrap_or_default()
    } else {
        outcome.to_string()
    };
    let _ = writeln!(io::stdout(), "{}", text.trim_end());
    if outcome.passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_MET)
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

async fn rehearse(configuration: &Configuration, arguments: &RehearseArguments) -> Result<Report, String> {
    let path = arguments.file.display();
    let RehearsalFile {
        content,
        person,
        scenarios,
    } = file::parse(&read(&arguments.file)?).map_err(|error| format!("{path}: {error}"))?;
    let before = arguments.before.as_deref().map(report_at).transpose()?;
    let archive = arguments.sound.as_deref().map(sounds_in).transpose()?;
    let studio = Studio::new(StudioConfig::default());
    let clock = Arc::new(SystemClock);
    let rehearsal = Rehearsal {
        content: with_sample(&content, &person),
        scenarios,
        cast: Arc::new(composition::cast(configuration, &studio, clock.clone())?),
        clock,
        chance: Arc::new(SystemChance),
        archive,
        stop: CancellationToken::new(),
    };
    let (tell, mut told) = mpsc::channel(WAITING);
    let playing = AbortOnDropHandle::new(tokio::spawn(rehearsal.play(tell)));
    let mut played: Vec<Played> = Vec::new();
    while let Some(call) = told.recv().await {
        played.push(call);
    }
    playing
        .await
        .map_err(|error| format!("The rehearsal broke down: {error}"))?
        .map_err(|error| error.to_string())?;
    played.sort_by_key(|played| played.position);
    let calls = played.into_iter().map(|played| played.call).collect();
    Ok(Report::new(content.name, calls, before.as_ref()))
}

fn report_at(path: &Path) -> Result<Report, String> {
    serde_json::from_str(&read(path)?).map_err(|error| format!("{} is no report: {error}", path.display()))
}

/// The folder in which each call becomes a plain file, named by its id.
fn sounds_in(folder: &Path) -> Result<Archive, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("Sound cannot be kept in {}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(|error| wrong(&error))?;
    Archive::new(folder, KeyRing::new(None, Vec::new())).map_err(|error| wrong(&error))
}
