//! Installs what a fresh machine lacks, or says exactly what to do.

use crate::shell::{self, Outcome, command, exists, output, run, say};

const WASM: &str = "wasm32-unknown-unknown";
/// Version of the licence checker.
const CARGO_DENY: &str = "0.20.2";

/// The WASM target and what the native build needs.
pub(crate) fn for_building() -> Outcome {
    let sysroot = output(command("rustc", &["--print", "sysroot"]))?;
    let installed = std::path::Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(WASM)
        .join("lib");
    if !installed.exists() {
        say("installing the WASM target");
        run(command("rustup", &["target", "add", WASM]))
            .map_err(|_| format!("the WASM target could not be installed. Run: rustup target add {WASM}"))?;
    }
    system_packages(&[("cmake", "cmake"), ("c++", "g++")], true)?;
    system_packages(&[("espeak-ng", "espeak-ng")], false)
}

/// The formatter and the linter, which rustup's minimal profile leaves out.
pub(crate) fn for_checks() -> Outcome {
    if exists("cargo-fmt") && exists("cargo-clippy") {
        return Ok(());
    }
    run(command("rustup", &["component", "add", "rustfmt", "clippy"]))
        .map_err(|_| "the checks need two parts of Rust. Run: rustup component add rustfmt clippy".to_owned())
}

/// Chromium, for the browser tests.
pub(crate) fn for_browser_tests() -> Outcome {
    system_packages(&[("chromium", "chromium")], true)
}

/// cargo-deny, in a folder of its own; returns its path.
pub(crate) fn cargo_deny() -> Outcome<String> {
    if exists("cargo-deny") {
        return Ok("cargo-deny".to_owned());
    }
    let folder = shell::target().join("tools");
    let program = folder.join("bin/cargo-deny");
    if !program.exists() {
        say("installing cargo-deny (some minutes, once)");
        let mut install = command(
            "cargo",
            &["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--root"],
        );
        // It runs for a second: compiling it quickly matters more than its speed.
        install
            .arg(&folder)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_LTO", "off");
        install.env("CARGO_TARGET_DIR", folder.join("build"));
        run(install)?;
    }
    Ok(program.to_string_lossy().into_owned())
}

/// livekit-server, where [`local_livekit::find`] looks.
pub(crate) fn livekit_server() -> Outcome {
    if local_livekit::find().is_some() {
        return Ok(());
    }
    let module = format!("{}@{}", local_livekit::MODULE, local_livekit::VERSION);
    if !exists("go") {
        return Err(format!(
            "livekit-server is missing. Put it on the path as livekit-server \
             (https://docs.livekit.io/home/self-hosting/local/), or install Go, with which this does: go install {module}"
        ));
    }
    say("installing livekit-server (some minutes, once)");
    let tools = shell::root().join("target/tools");
    let mut install = command("go", &["install", &module]);
    install.env("GOBIN", &tools);
    run(install)?;
    // Go names a program after its folder.
    std::fs::rename(tools.join("server"), tools.join("livekit-server"))
        .map_err(|error| format!("putting livekit-server into its place: {error}"))
}

/// Installs the packages of those programs that cannot be found: (program, package).
fn system_packages(needed: &[(&str, &str)], required: bool) -> Outcome {
    let missing: Vec<&str> = needed
        .iter()
        .filter(|(program, _)| !exists(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("sudo apt-get install -y {}", missing.join(" "));
    let root = output(command("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    let installed = exists("apt-get") && (root || exists_without_password()) && {
        say(&format!("installing {}", missing.join(", ")));
        let apt = |arguments: &[&str]| {
            let mut apt = if root {
                command("apt-get", &[])
            } else {
                command("sudo", &["-n", "apt-get"])
            };
            apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            run(apt)
        };
        let install: Vec<&str> = ["install", "-y", "-q", "--no-install-recommends"]
            .into_iter()
            .chain(missing.clone())
            .collect();
        apt(&install)
            .or_else(|_| apt(&["update", "-q"]).and_then(|()| apt(&install)))
            .is_ok()
    };
    match (installed, required) {
        (true, _) => Ok(()),
        (false, true) => Err(format!(
            "{} is missing. Run this, then try again:\n  {by_hand}",
            missing.join(", ")
        )),
        (false, false) => {
            say(&format!(
                "note: {} is missing; simulated people will speak in plain tones. To hear words: {by_hand}",
                missing.join(", ")
            ));
            Ok(())
        }
    }
}

fn exists_without_password() -> bool {
    command("sudo", &["-n", "true"])
        .status()
        .is_ok_and(|status| status.success())
}
