//! The offline data of the SQL macros: each checked query's description, so that a machine without a database compiles.

use crate::{
    postgres::TestPostgres,
    shell::{self, Outcome, command, root, run, say, target},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Writes `.sqlx` anew. Uses `DATABASE_URL` if it is set (its schema must be migrated), else an embedded database.
pub(crate) fn write() -> Outcome {
    let embedded;
    let url = if let Ok(url) = std::env::var("DATABASE_URL") {
        url
    } else {
        let server = target().join("debug/server");
        if !server.exists() {
            return Err(
                "there is no built server to start a database with. Set DATABASE_URL to a migrated one".to_owned(),
            );
        }
        embedded = TestPostgres::start(&server)?;
        // The server was built before the newest migration, if that one is only now being written.
        let mut migrate = command(&server.to_string_lossy(), &["migrate", "--from", "migrations"]);
        migrate.env("DATABASE_URL", &embedded.url);
        run(migrate)?;
        embedded.url.clone()
    };
    let fresh = describe(&url)?;
    let folder = root().join(".sqlx");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("clearing .sqlx: {error}"))?;
    }
    fs::create_dir_all(&folder).map_err(|error| format!("making .sqlx: {error}"))?;
    for (name, text) in &fresh {
        fs::write(folder.join(name), text).map_err(|error| format!("writing .sqlx/{name}: {error}"))?;
    }
    say(&format!("{} queries described in .sqlx", fresh.len()));
    Ok(())
}

/// Fails if `.sqlx` is not what the migrated schema at `url` gives.
pub(crate) fn prove_current(url: &str) -> Outcome {
    let (fresh, committed) = (describe(url)?, read(&root().join(".sqlx"))?);
    let differing: Vec<&String> = fresh
        .keys()
        .chain(committed.keys())
        .filter(|name| fresh.get(*name) != committed.get(*name))
        .collect();
    if differing.is_empty() {
        say(&format!("{} SQL queries agree with the migrated schema", fresh.len()));
        return Ok(());
    }
    Err(format!(
        "{} entries of .sqlx are not current. Run: cargo xtask sqlx-prepare",
        differing.len()
    ))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a tool of the developer's own machine: the file is touched now"
)]
fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// Lets the macros describe every query against the database at `url`.
fn describe(url: &str) -> Outcome<BTreeMap<String, String>> {
    let folder = target().join("sqlx-fresh");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("clearing {}: {error}", folder.display()))?;
    }
    fs::create_dir_all(&folder).map_err(|error| format!("making {}: {error}", folder.display()))?;
    // The macros run only if the crate is compiled: a target folder of its own is the surest way.
    let own_target: PathBuf = target().join("sqlx-check");
    let touched = fs::File::open(root().join("crates/store/src/lib.rs")).and_then(|file| file.set_modified(now()));
    touched.map_err(|error| format!("touching the store: {error}"))?;
    let mut check = command("cargo", &["check", "--quiet", "--package", "store", "--lib"]);
    check
        .env("DATABASE_URL", url)
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", &folder);
    check
        .env("SQLX_TMP", shell::target())
        .env("CARGO_TARGET_DIR", own_target);
    run(check)?;
    read(&folder)
}

fn read(folder: &Path) -> Outcome<BTreeMap<String, String>> {
    let failed = |error| format!("reading {}: {error}", folder.display());
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("query-") {
            files.insert(name, fs::read_to_string(entry.path()).map_err(failed)?);
        }
    }
    Ok(files)
}
