//! The only place with SQL. Migrations run from here.
//!
//! **This crate never knows** who is asking or why: `operations` and `dialer` decide, this crate reads and writes.
//!
//! One file for each thing that is stored; its rows are private to it and become `domain` types before they leave. SQL
//! is checked at compile time (sqlx macros) against the migrated schema; the offline data lies in `.sqlx` and
//! `cargo xtask test` proves it current. Times are arguments, except where the database's own clock must decide between
//! processes (leases).

pub mod audit;
pub mod call_commands;
pub mod calls;
pub mod campaigns;
pub mod claims;
pub mod conversations;
pub mod costs;
pub mod do_not_call;
pub mod event_log;
pub mod events;
pub mod imports;
pub mod inbound;
pub mod leads;
pub mod leases;
pub mod live;
pub mod presence;
pub mod recordings;
pub mod rehearsal_sounds;
pub mod rehearsals;
pub mod result_jobs;
pub mod sessions;
pub mod settings;
pub mod sign_in_failures;
pub mod taking_over;
pub mod turns;
pub mod users;
pub mod webhooks;
pub mod workers;

use sqlx::{
    Connection as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};
pub use sqlx::{PgConnection, PgPool};
use std::time::Duration;
use time::OffsetDateTime;

/// The migrations of this release.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// A transaction of this database.
pub type Transaction = sqlx::Transaction<'static, sqlx::Postgres>;

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
}

/// What goes wrong with the database. Never shown to a person as it is.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row to change or to read is not there.
    #[error("no such row")]
    Missing,
    /// A constraint of the schema refused the change; its name tells which.
    #[error("constraint {0} refused the change")]
    Constraint(String),
    /// What is stored cannot be understood by this release.
    #[error("stored {what} cannot be read: {cause}")]
    Corrupt { what: &'static str, cause: String },
    #[error(transparent)]
    Database(sqlx::Error),
    #[error(transparent)]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::Missing,
            sqlx::Error::Database(refusal) if refusal.constraint().is_some() => {
                Self::Constraint(refusal.constraint().unwrap_or_default().to_owned())
            }
            other => Self::Database(other),
        }
    }
}

impl StoreError {
    /// True if the constraint of this name refused the change.
    #[must_use]
    pub fn is_constraint(&self, name: &str) -> bool {
        matches!(self, Self::Constraint(refused_by) if refused_by == name)
    }

    pub(crate) fn corrupt(what: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Corrupt {
            what,
            cause: cause.to_string(),
        }
    }
}

impl Store {
    /// Connects, at most `connections` at a time, waiting at most ten seconds for one.
    ///
    /// # Errors
    /// The database cannot be reached or refuses us.
    pub async fn connect(options: PgConnectOptions, connections: u32) -> Result<Self, StoreError> {
        let options = options.application_name("ringside");
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.clone())
            .await;
        match pool {
            Ok(pool) => Ok(Self { pool }),
            Err(sqlx::Error::PoolTimedOut) => {
                // The pool tried again and again, and does not tell why in vain.
                let reason = PgConnection::connect_with(&options).await.err();
                Err(reason.unwrap_or(sqlx::Error::PoolTimedOut).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Uses a pool that somebody else opened (tests).
    #[must_use]
    pub const fn from_pool(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Brings the schema up to this release. Safe to run from several processes at once.
    ///
    /// # Errors
    /// A migration failed, or the database is newer than this release.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        MIGRATIONS.run(&self.pool).await?;
        Ok(())
    }

    /// Brings the schema up to the migrations in `directory`, which may be newer than this program: that is how the
    /// schema of a query comes to be before the program that contains the query can be built.
    ///
    /// # Errors
    /// The files cannot be read, or a migration failed.
    pub async fn migrate_from(&self, directory: &std::path::Path) -> Result<(), StoreError> {
        sqlx::migrate::Migrator::new(directory).await?.run(&self.pool).await?;
        Ok(())
    }

    /// True if the schema is the one of this release, or a newer one.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        let applied: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success")
            .fetch_one(&self.pool)
            .await?;
        Ok(usize::try_from(applied).unwrap_or(0) >= MIGRATIONS.iter().count())
    }

    /// Begins a transaction. Dropped without [`sqlx::Transaction::commit`], it changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(self.pool.begin().await?)
    }

    /// A connection for single statements.
    ///
    /// # Errors
    /// The database's.
    pub async fn connection(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    /// The pool, for tests and for code that listens to notifications.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }
}

/// Milliseconds to the database's type.
pub(crate) fn to_sql(at: domain::UnixMillis) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The database's type to milliseconds.
pub(crate) fn from_sql(at: OffsetDateTime) -> domain::UnixMillis {
    domain::UnixMillis(i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX))
}

/// A count or a length to the database's type.
pub(crate) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A span as `make_interval` wants it.
pub(crate) fn seconds(span: Duration) -> f64 {
    span.as_secs_f64()
}
