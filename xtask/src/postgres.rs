//! An embedded PostgreSQL for tests, from the server's own guard: `server postgres --directory …`.

use crate::shell::{Outcome, target};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

/// A running PostgreSQL, apart from the one of `cargo xtask run`. It ends when this is dropped, or with this process.
pub(crate) struct TestPostgres {
    /// Its address, with a migrated database.
    pub(crate) url: String,
    guard: Child,
    stdin: Option<ChildStdin>,
}

impl TestPostgres {
    /// The one that tests share.
    pub(crate) fn start(server: &Path) -> Outcome<Self> {
        // Not below the project: as root the database runs as another user, who may not be able to get there.
        let directory = std::env::temp_dir().join(format!("ringside-test-postgres-{}", std::process::id()));
        Self::start_in(server, &directory)
    }

    /// An empty one.
    pub(crate) fn start_fresh(server: &Path) -> Outcome<Self> {
        let directory = target().join("bench-postgres");
        if directory.exists() {
            std::fs::remove_dir_all(&directory)
                .map_err(|error| format!("clearing {}: {error}", directory.display()))?;
        }
        Self::start_in(server, &directory)
    }

    fn start_in(server: &Path, directory: &Path) -> Outcome<Self> {
        let mut guard = Command::new(server)
            .arg("postgres")
            .arg("--directory")
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", server.display()))?;
        let stdin = guard.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = guard.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut line)
                .map_err(|error| format!("the test PostgreSQL: {error}"))?;
        }
        let url = line.trim().to_owned();
        if !url.starts_with("postgres") {
            return Err(format!("the test PostgreSQL did not start: {url}"));
        }
        let postgres = Self { url, guard, stdin };
        let mut migrate = Command::new(server);
        migrate.arg("migrate").env("DATABASE_URL", &postgres.url);
        crate::shell::run(migrate)?;
        Ok(postgres)
    }
}

impl Drop for TestPostgres {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It was told to stop; how it ended is of no interest any more.
        drop(self.guard.wait());
    }
}
