//! Every check and every test, with how long each took and how many tests ran.

use crate::{
    build,
    postgres::TestPostgres,
    setup,
    shell::{Outcome, command, exists, root, run, say},
    sqlx_prepare,
};
use std::{
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// Tests that print nothing for so long hang. The slowest take two minutes on a busy machine with two cores.
const LONGEST_SILENCE: Duration = Duration::from_secs(600);

/// The native crates: all but `frontend`. Named in one list, so that lints, build and tests share their features.
const NATIVE: [&str; 17] = [
    "agent",
    "app",
    "carrier",
    "dialer",
    "domain",
    "livekit-participant",
    "local-livekit",
    "look-up",
    "openai",
    "operations",
    "rehearsal",
    "server",
    "store",
    "telephony",
    "vault",
    "voice",
    "xtask",
];

/// Runs everything; the first failure ends it.
pub(crate) fn all() -> Outcome {
    let begun = Instant::now();
    let mut passed = 0;
    setup::for_checks()?;
    setup::livekit_server()?;
    step("formatting", || run(command("cargo", &["fmt", "--all", "--check"])))?;
    step("lints, wasm32", || {
        let mut clippy = command(
            "cargo",
            &[
                "clippy",
                "--locked",
                "--package",
                "frontend",
                "--target",
                "wasm32-unknown-unknown",
            ],
        );
        clippy.args(["--", "-D", "warnings"]);
        run(clippy)
    })?;
    step("lints, native", || {
        let mut clippy = native("clippy");
        clippy.args(["--all-targets", "--", "-D", "warnings"]);
        run(clippy)
    })?;
    step("dependencies: licences, bans, sources", dependencies)?;
    let mut server = build::site();
    step("server and WASM", || {
        server = build::all(false)?;
        Ok(())
    })?;
    let postgres = TestPostgres::start(&server)?;
    step("SQL agrees with the schema", || {
        sqlx_prepare::prove_current(&postgres.url)
    })?;
    step("tests are compiled", || {
        let mut compile = native("test");
        compile.arg("--no-run");
        run(compile)
    })?;
    step("unit, property and integration tests", || {
        let mut tests = native("test");
        tests.env("DATABASE_URL", &postgres.url);
        passed += counted(tests, cargo_count)?;
        Ok(())
    })?;
    drop(postgres);
    step("browser tests", || {
        passed += browser_tests(&server)?;
        Ok(())
    })?;
    say(&format!("all checks passed in {} s", begun.elapsed().as_secs()));
    say(&format!("{passed} passed, 0 failed"));
    Ok(())
}

/// Builds, then runs the browser tests.
pub(crate) fn browser() -> Outcome {
    let passed = browser_tests(&build::all(false)?)?;
    say(&format!("{passed} passed, 0 failed"));
    Ok(())
}

fn step(name: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    say(&format!("==> {name}"));
    let begun = Instant::now();
    work().map_err(|error| format!("{name}: {error}"))?;
    say(&format!("    {name}: {} s", begun.elapsed().as_secs()));
    Ok(())
}

/// A cargo command on all native crates, compiling against `.sqlx`.
fn native(verb: &str) -> Command {
    let mut cargo = command("cargo", &[verb, "--locked"]);
    for package in NATIVE {
        cargo.args(["--package", package]);
    }
    cargo.args(["--features", "app/ssr"]).env("SQLX_OFFLINE", "true");
    cargo
}

/// cargo-deny. Its advisory database lies on a public server that not every machine reaches.
fn dependencies() -> Outcome {
    let deny = setup::cargo_deny()?;
    run(command(
        &deny,
        &["--all-features", "check", "licenses", "bans", "sources"],
    ))?;
    let fetched = command(&deny, &["fetch", "db"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if fetched.is_ok_and(|status| status.success()) {
        run(command(&deny, &["--all-features", "check", "advisories"]))
    } else {
        say("    skipped: the advisory database cannot be reached from here");
        Ok(())
    }
}

/// Installs Chromium and the Node packages of the browser tests; returns their folder.
pub(crate) fn install_browser_tests() -> Outcome<PathBuf> {
    if !exists("npm") {
        return Err("Node is needed for the browser tests. Install it, then try again".to_owned());
    }
    setup::for_browser_tests()?;
    let folder = root().join("end2end");
    let mut install = command("npm", &["ci", "--no-audit", "--no-fund", "--silent"]);
    install.current_dir(&folder);
    run(install)?;
    Ok(folder)
}

/// Playwright against the built server, with an embedded database and the rehearsal network of its own.
fn browser_tests(server: &Path) -> Outcome<u64> {
    let folder = install_browser_tests()?;
    let mut tests = command("npx", &["playwright", "test"]);
    tests
        .current_dir(&folder)
        .env("RINGSIDE_SERVER", server)
        .env("RINGSIDE_SITE_DIR", build::site());
    counted(tests, playwright_count)
}

/// Runs tests with their output on the terminal, and counts those that passed. Tests that hang are ended: whoever waits for
/// them would learn nothing more.
fn counted(mut tests: Command, count: fn(&str) -> u64) -> Outcome<u64> {
    let mut child = tests
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the tests: {error}"))?;
    let lines = lines_of(child.stdout.take().ok_or("the tests have no output")?);
    let mut passed = 0;
    let mut last = String::from("nothing");
    loop {
        match lines.recv_timeout(LONGEST_SILENCE) {
            Ok(line) => {
                let line = line.map_err(|error| format!("reading the tests' output: {error}"))?;
                say(&line);
                passed += count(&line);
                last = line;
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                // The runner's children first: they would outlive it.
                let parent = child.id().to_string();
                drop(command("pkill", &["-KILL", "-P", &parent]).status());
                drop(child.kill());
                drop(child.wait());
                return Err(format!(
                    "ended, because nothing was printed for {} minutes after “{last}”",
                    LONGEST_SILENCE.as_secs() / 60
                ));
            }
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("waiting for the tests: {error}"))?;
    if !status.success() {
        return Err(format!("the tests failed ({status})"));
    }
    if passed == 0 {
        return Err("no test ran".to_owned());
    }
    Ok(passed)
}

/// The lines of `output` as they come.
fn lines_of(output: ChildStdout) -> Receiver<io::Result<String>> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// “test result: ok. 12 passed; 0 failed; …”
fn cargo_count(line: &str) -> u64 {
    line.strip_prefix("test result: ok. ")
        .and_then(|rest| rest.split(' ').next())
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
}

/// “  34 passed (1.2m)”
fn playwright_count(line: &str) -> u64 {
    let mut words = line.split_whitespace();
    match (words.next().and_then(|word| word.parse().ok()), words.next()) {
        (Some(count), Some("passed")) => count,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_the_runners_print() {
        assert_eq!(cargo_count("test result: ok. 12 passed; 0 failed; 0 ignored"), 12);
        assert_eq!(cargo_count("running 12 tests"), 0);
        assert_eq!(playwright_count("  34 passed (1.2m)"), 34);
        assert_eq!(playwright_count("  2 failed"), 0);
    }
}
