//! An embedded PostgreSQL for tests, from the server's own guard: `server postgres --directory …`.

use crate::shell::Outcome;
use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

/// A running PostgreSQL, apart from the one of `cargo xtask run`. It ends, and its data goes, when this is dropped; it also
/// ends with this process.
pub(crate) struct TestPostgres {
    /// Its address, with a migrated database.
    pub(crate) url: String,
    guard: Child,
    stdin: Option<ChildStdin>,
    directory: PathBuf,
}

impl TestPostgres {
    /// An empty one.
    pub(crate) fn start(server: &Path) -> Outcome<Self> {
        // Not below the project: as root the database runs as another user, who may not be able to get there.
        let directory = std::env::temp_dir().join(format!("ringside-test-postgres-{}", std::process::id()));
        let mut guard = Command::new(server)
            .arg("postgres")
            .arg("--directory")
            .arg(&directory)
            // Ctrl-C reaches only us; the guard then sees its input close, and stops PostgreSQL.
            .process_group(0)
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
        let postgres = Self {
            url,
            guard,
            stdin,
            directory,
        };
        let mut migrate = Command::new(server);
        migrate.arg("migrate").env("DATABASE_URL", &postgres.url);
        crate::shell::run(migrate)?;
        Ok(postgres)
    }
}

impl Drop for TestPostgres {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It was told to stop; how it ended, and whether it left something, is of no interest any more.
        drop(self.guard.wait());
        drop(std::fs::remove_dir_all(&self.directory));
    }
}
