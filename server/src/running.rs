//! From a configuration to a running process, and to its orderly end.

use crate::{
    command_line::{Role, tell},
    composition,
    configuration::{Configuration, ConfigurationErrors},
    embedded_postgres::{EmbeddedError, EmbeddedPostgres},
    routes,
    state::{Stopping, WebState},
    trouble_watch,
};
use metrics_exporter_prometheus::PrometheusHandle;
use operations::{event_feed::EventFeed, housekeeping, imports, number_zones, recordings, sign_in};
use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};
use store::{Store, StoreError};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Configuration(#[from] ConfigurationErrors),
    #[error("{path} cannot be read: {cause}")]
    File { path: PathBuf, cause: io::Error },
    #[error("the runtime cannot start: {0}")]
    Runtime(io::Error),
    #[error("the address {0} cannot be used: {1}. Set RINGSIDE_ADDRESS to another one")]
    Address(SocketAddr, io::Error),
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error("the database cannot be used: {0}. Is DATABASE_URL right, and does PostgreSQL run there?")]
    NoDatabase(StoreError),
    #[error("the database cannot be used: {0}")]
    Database(#[from] StoreError),
    #[error("the database's address cannot be used: {0}")]
    DatabaseUrl(sqlx::Error),
    #[error("the metrics cannot be collected: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    #[error("{0}")]
    Composition(String),
}

/// Brings the schema up to date; then up to the `further` migrations in that folder, if there is one.
///
/// # Errors
/// The database cannot be started, reached or migrated.
pub async fn migrate_only(configuration: Configuration, further: Option<PathBuf>) -> Result<(), StartError> {
    let (store, embedded) = open_database(&configuration).await?;
    if let Some(directory) = further {
        store.migrate_from(&directory).await?;
    }
    drop(store);
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    tell("The database has the schema of this release.");
    Ok(())
}

/// Connects to the database, starting the embedded one if no other is configured, and migrates it.
async fn open_database(configuration: &Configuration) -> Result<(Store, Option<EmbeddedPostgres>), StartError> {
    let embedded = match configuration.database_url {
        Some(_) => None,
        None => Some(EmbeddedPostgres::start(&configuration.data_dir.join("postgres")).await?),
    };
    let url = configuration
        .database_url
        .as_ref()
        .or(embedded.as_ref().map(|embedded| &embedded.url))
        .expect("one of the two was made above");
    let options = url.reveal().parse().map_err(StartError::DatabaseUrl)?;
    let store = Store::connect(options, configuration.database_connections)
        .await
        .map_err(StartError::NoDatabase)?;
    store.migrate().await?;
    Ok((store, embedded))
}

/// Runs until the process is told to stop, then ends what it does.
///
/// # Errors
/// The process cannot start.
pub async fn run(configuration: Configuration, role: Role) -> Result<(), StartError> {
    let mut signals = std::pin::pin!(stop_signals());
    number_zones::load(configuration.zone_table.as_deref())
        .map_err(|error| StartError::Composition(error.to_string()))?;
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new()
        .set_buckets(&[0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])?
        .install_recorder()?;
    // Taken before anything slow, so that an address in use is told at once.
    let listener = TcpListener::bind(configuration.address).await;
    let listener = listener.map_err(|error| StartError::Address(configuration.address, error))?;
    // A first start loads PostgreSQL, which takes its time.
    let (store, embedded) = tokio::select! {
        opened = open_database(&configuration) => opened?,
        () = &mut signals => return Ok(()),
    };
    let configuration = Arc::new(configuration);
    let ops = composition::operations(&configuration, store);
    let adapters = composition::adapters(&configuration, Arc::clone(&ops.clock)).map_err(StartError::Composition)?;

    let stopping = Stopping::default();
    let draining = CancellationToken::new();
    let jobs = TaskTracker::new();
    if role.calls() {
        if let Some(folder) = configuration.rehearsal.exchange.clone() {
            let studio = Arc::clone(&adapters.studio);
            tokio::spawn(async move {
                if let Err(error) = studio.exchange(&folder).await {
                    tracing::warn!(%error, "simulated people in other processes do not understand the agent any more");
                }
            });
        }
        let studio = Arc::clone(&adapters.studio);
        tokio::spawn(async move {
            if let Err(error) = studio.prepare().await {
                tracing::warn!(%error, "the voices of the rehearsal could not be prepared; they are made when needed");
            }
        });
        let dialer = composition::dialer(&configuration, &ops, &adapters);
        let draining = draining.clone();
        jobs.spawn(async move { dialer.run(draining).await });
        let (rehearser, stop) = (composition::rehearser(&ops, &adapters), draining_child(&stopping));
        jobs.spawn(async move { rehearser.run(stop).await });
        let (reader, stop) = (composition::results_reader(&ops, &adapters), draining_child(&stopping));
        jobs.spawn(async move { reader.run(stop).await });
        let (ops, stop) = (ops.clone(), draining_child(&stopping));
        jobs.spawn(async move { imports::run_pending(&ops, stop).await });
    }
    {
        let (ops, stop) = (ops.clone(), draining_child(&stopping));
        jobs.spawn(async move { housekeeping::run(&ops, stop).await });
    }
    {
        let (ops, archive, stop) = (ops.clone(), adapters.archive.clone(), draining_child(&stopping));
        let longest_days = configuration.recordings.keep_days;
        jobs.spawn(async move { recordings::keep(&ops, &archive, longest_days, stop).await });
    }
    tokio::spawn(trouble_watch::watch_network(
        Arc::clone(&adapters.network),
        ops.network_trouble.clone(),
        stopping.asked.clone(),
    ));
    tokio::spawn(trouble_watch::watch_voices(
        adapters.voices.clone(),
        ops.voices_trouble.clone(),
        stopping.asked.clone(),
    ));
    tokio::spawn(keep_metrics_small(metrics.clone()));
    let web = {
        let feed = EventFeed::start(ops.store.clone(), stopping.closing.clone()).await?;
        let state = WebState {
            cookie: app::caller::CookieSettings {
                secure: configuration.is_https(),
            },
            feed,
            network: adapters.network.clone(),
            trials: composition::trials(&adapters),
            archive: adapters.archive.clone(),
            assets: composition::assets(&configuration),
            leptos: composition::leptos_options(&configuration),
            metrics,
            stopping: stopping.clone(),
            ops: ops.clone(),
            configuration: configuration.clone(),
        };
        let router = if role.serves() {
            announce(&configuration, &ops).await;
            routes::router(state)
        } else {
            routes::from_outside(state)
        };
        let closing = stopping.closing.clone();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move {
            let served = axum::serve(listener, service)
                .with_graceful_shutdown(closing.cancelled_owned())
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "the web server ended");
            }
        })
    };
    tracing::info!(?role, version = env!("CARGO_PKG_VERSION"), "started");

    signals.await;
    tracing::info!("told to stop: no new call starts, those in progress may end; once more ends at once");
    tokio::spawn(async {
        stop_signals().await;
        // The guard of the database sees its input close and stops PostgreSQL by itself.
        std::process::exit(130);
    });
    stopping.asked.cancel();
    draining.cancel();
    jobs.close();
    let limit = configuration.drain + std::time::Duration::from_secs(15);
    if tokio::time::timeout(limit, jobs.wait()).await.is_err() {
        tracing::warn!("some work did not end in time and is left to the next start");
    }
    stopping.closing.cancel();
    let closed = tokio::time::timeout(std::time::Duration::from_secs(5), web).await;
    if closed.is_err() {
        tracing::debug!("some connections were still open and are cut");
    }
    ops.store.pool().close().await;
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    tracing::info!("stopped");
    Ok(())
}

/// Puts what was measured into its buckets. Reading `/metrics` does so too, but nobody has to read them, and until then
/// each measurement stays in memory by itself.
async fn keep_metrics_small(metrics: PrometheusHandle) {
    let mut every = tokio::time::interval(std::time::Duration::from_secs(5));
    loop {
        every.tick().await;
        metrics.run_upkeep();
    }
}

/// Ends with the order to stop: for work that can stop anywhere and resumes by itself.
fn draining_child(stopping: &Stopping) -> CancellationToken {
    stopping.asked.child_token()
}

/// Says where the program can be reached, and how the first administrator comes in. On standard output, not in the
/// log: the link is a secret.
async fn announce(configuration: &Configuration, ops: &operations::Operations) {
    let address = &configuration.public_url;
    tell(&format!("\n  Ringside is at {address}"));
    for notice in &ops.installation.notices {
        tell(&format!("  {notice}"));
    }
    match sign_in::ensure_first_invitation(ops).await {
        Ok(Some(link)) => {
            let path = &link.path;
            tell(&format!(
                "\n  Nobody can sign in yet. Become the administrator by this link, which works once:\n  {address}{path}\n"
            ));
        }
        Ok(None) => tell(""),
        Err(_) => tracing::error!("the link for the first administrator could not be made"),
    }
}

/// Ends at Ctrl-C or SIGTERM. Listens from the moment it is called.
fn stop_signals() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("the runtime takes signals");
    let mut interrupt = signal(SignalKind::interrupt()).expect("the runtime takes signals");
    async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
