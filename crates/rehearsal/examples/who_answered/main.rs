//! Who answered? Plays people, answering machines, phone menus, call assistants, faxes, networks and noise as sound to the
//! agent that makes real calls, and prints what it took each for, how long it needed, and how many people were hung up on as
//! machines (which must be none; otherwise this fails).
//!
//! With espeak-ng installed everybody speaks, in four languages; without it, the same words sound as tones of the stand-ins.
//! Lines are clear or noisy, from 30 to 15 dB below speech. The ears are those of the rehearsal, which know the words by
//! their sound, so what is measured is the decision and not a recogniser. Time is that of the room.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints figures")]

mod call;
mod cases;
mod sound;

use agent::flow::AnsweredBy;
use call::{Played, play};
use cases::{Case, cases};
use domain::conversation::Disposition;
use rehearsal::{Studio, StudioConfig};
use std::{collections::BTreeMap, process::ExitCode, sync::Arc};

const CLASSES: [AnsweredBy; 7] = [
    AnsweredBy::Person,
    AnsweredBy::Voicemail,
    AnsweredBy::PhoneMenu,
    AnsweredBy::CallScreening,
    AnsweredBy::Fax,
    AnsweredBy::Noise,
    AnsweredBy::Network,
];

fn main() -> ExitCode {
    let studio = Studio::new(StudioConfig::default());
    // Voices are made before the calls, in real time; the calls are as fast as the machine.
    let made = runtime(false).block_on(cases(&studio));
    let cases = match made {
        Ok(cases) => cases,
        Err(error) => {
            eprintln!("the cases could not be made into sound: {error}");
            return ExitCode::FAILURE;
        }
    };
    let calls = runtime(true);
    let played: Vec<(&Case, Played)> = cases
        .iter()
        .map(|case| (case, calls.block_on(play(case, &studio))))
        .collect();
    report(&played, studio.speaks())
}

fn runtime(paused: bool) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(paused)
        .build()
        .expect("a runtime can be made")
}

fn report(played: &[(&Case, Played)], speaks: bool) -> ExitCode {
    let how = if speaks {
        "espeak-ng"
    } else {
        "tones, for espeak-ng is not installed"
    };
    println!(
        "{} calls ({how}); a row for what answered, a column for what it was taken for",
        played.len()
    );
    let mut confusion: BTreeMap<(AnsweredBy, Option<AnsweredBy>), usize> = BTreeMap::new();
    for (case, call) in played {
        *confusion.entry((case.is, call.taken_for)).or_default() += 1;
    }
    let width = CLASSES.iter().map(|class| class.as_str().len()).max().unwrap_or(0) + 1;
    let head: String = CLASSES
        .iter()
        .map(|class| format!("{:>width$}", class.as_str()))
        .collect();
    println!("{:width$}{head}{:>width$}  decided after p50 / p95 ms", "", "nothing");
    for class in CLASSES {
        let cell = |taken| format!("{:>width$}", confusion.get(&(class, taken)).copied().unwrap_or(0));
        let cells: String = CLASSES.iter().copied().map(Some).chain([None]).map(cell).collect();
        let mut times: Vec<u32> = played
            .iter()
            .filter(|(case, call)| case.is == class && call.taken_for == Some(class))
            .map(|(_, call)| call.after_ms)
            .collect();
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        let time = |percent| at(percent).map_or_else(|| "–".to_owned(), ToString::to_string);
        println!("{:<width$}{cells}  {} / {}", class.as_str(), time(50), time(95));
    }
    for (case, call) in played.iter().filter(|(case, call)| call.taken_for != Some(case.is)) {
        println!(
            "  taken for {}, ended as {}: {}",
            call.taken_for.map_or("nothing", AnsweredBy::as_str),
            call.disposition.as_str(),
            case.name
        );
        for line in &call.story {
            println!("    {line}");
        }
    }
    let messages: Vec<_> = played
        .iter()
        .filter_map(|(case, call)| Some((case.beep_ends_ms?, call.message_ms)))
        .collect();
    let after = messages
        .iter()
        .filter(|(beep, message)| message.is_some_and(|at| at >= *beep))
        .count();
    println!("messages begun after the beep: {after} of {}", messages.len());
    let hung_up_on = played
        .iter()
        .filter(|(case, call)| case.is == AnsweredBy::Person && is_of_a_machine(call.disposition))
        .count();
    println!("people hung up on as machines: {hung_up_on}");
    if hung_up_on == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn is_of_a_machine(disposition: Disposition) -> bool {
    matches!(
        disposition,
        Disposition::Voicemail
            | Disposition::VoicemailLeft
            | Disposition::PhoneMenu
            | Disposition::FaxOrNoise
            | Disposition::Unreachable
            | Disposition::Busy
            | Disposition::Rejected
            | Disposition::NoAnswer
    )
}

/// A tone-only studio for the agent's own voice: nobody has to understand it here.
fn voice_of_the_agent() -> Arc<Studio> {
    Studio::new(StudioConfig {
        cache: None,
        tones_only: true,
    })
}
