//! One worker: what its loops share, how it starts and how it stops.

use crate::{
    ZoneClock, claiming,
    endings::Endings,
    glimpses::{self, GlimpseSender},
    inbound,
    leases::{self, LeaseTimes, OwnCalls},
    listening, presence, recovery,
};
use domain::{Chance, Clock, WorkerId, live::Glimpse};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use store::{Store, workers};
use telephony::TelephoneNetwork;
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use vault::Archive;
use voice::ports::Voices;

/// How a worker works.
#[derive(Clone, Debug)]
pub struct DialerConfig {
    /// New for every start of a process.
    pub worker_id: WorkerId,
    /// Calls at the same time in the whole installation.
    pub global_concurrency: u32,
    /// Calls at the same time in this process.
    pub worker_concurrency: u32,
    /// Where recordings are kept; `None` records nothing.
    pub recordings: Option<Archive>,
    pub leases: LeaseTimes,
    /// When asked to stop: how long calls may go on by themselves.
    pub drain: Duration,
    /// After that: how long calls may take to end politely.
    pub farewell: Duration,
}

impl DialerConfig {
    /// Sensible values for all but these.
    #[must_use]
    pub fn new(worker_id: WorkerId, global_concurrency: u32, recordings: Option<Archive>) -> Self {
        Self {
            worker_id,
            global_concurrency,
            worker_concurrency: global_concurrency,
            recordings,
            leases: LeaseTimes::default(),
            drain: Duration::from_secs(30),
            farewell: Duration::from_secs(10),
        }
    }
}

/// What the loops and calls of a worker share.
pub(crate) struct Worker {
    pub(crate) config: DialerConfig,
    pub(crate) store: Store,
    pub(crate) network: Arc<dyn TelephoneNetwork>,
    pub(crate) voices: Voices,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) zones: Arc<dyn ZoneClock>,
    pub(crate) calls: OwnCalls,
    pub(crate) glimpses: GlimpseSender,
    pub(crate) endings: Endings,
    /// Something has changed: look for leads now.
    pub(crate) wake: Notify,
    /// Somebody says that a call has lost its worker: look now.
    pub(crate) look_for_lost_calls: Notify,
    /// Somebody calls: look now.
    pub(crate) callers: Notify,
    /// Tasks of calls.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when calls must end politely and quickly.
    pub(crate) end_calls: CancellationToken,
    network_trouble: Mutex<NetworkTrouble>,
}

/// Between two tries on a network that cannot be used, at first and at last.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LAST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct NetworkTrouble {
    paused_until: Option<Instant>,
    /// The pause before, if nothing has worked since.
    pause: Duration,
}

impl Worker {
    /// The network cannot be used: claims nothing for a while, each time longer. Calls that fail together count once.
    pub(crate) fn network_failed(&self) {
        let now = Instant::now();
        let mut trouble = self.network_trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.paused_until.is_some_and(|until| until > now) {
            return;
        }
        trouble.pause = (trouble.pause * 2).clamp(FIRST_PAUSE, LAST_PAUSE);
        trouble.paused_until = Some(now + trouble.pause);
    }

    /// The network took a call.
    pub(crate) fn network_worked(&self) {
        let mut trouble = self.network_trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *trouble = NetworkTrouble::default();
    }

    pub(crate) fn claiming_paused_for(&self) -> Option<Duration> {
        let trouble = self.network_trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble
            .paused_until
            .map(|until| until.saturating_duration_since(Instant::now()))
            .filter(|left| !left.is_zero())
    }
}

/// A worker: claims leads, makes calls and answers some until it is told to stop.
pub struct Dialer {
    worker: Arc<Worker>,
    glimpses: mpsc::Receiver<Glimpse>,
}

impl Dialer {
    /// To be called on the runtime on which it will run.
    #[must_use]
    pub fn new(
        config: DialerConfig,
        store: Store,
        network: Arc<dyn TelephoneNetwork>,
        voices: Voices,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        zones: Arc<dyn ZoneClock>,
    ) -> Self {
        let (sender, glimpses) = glimpses::channel();
        let endings = Endings::start(store.clone());
        let worker = Worker {
            config,
            store,
            network,
            voices,
            clock,
            chance,
            zones,
            calls: OwnCalls::default(),
            glimpses: sender,
            endings,
            wake: Notify::new(),
            look_for_lost_calls: Notify::new(),
            callers: Notify::new(),
            tasks: TaskTracker::new(),
            end_calls: CancellationToken::new(),
            network_trouble: Mutex::default(),
        };
        Self {
            worker: Arc::new(worker),
            glimpses,
        }
    }

    /// Works until `stop`, then drains: claims nothing new, lets calls finish for a while, ends those that are left, and
    /// returns when they are written down. A database that is away is waited for.
    pub async fn run(self, stop: CancellationToken) {
        let Self { worker, glimpses } = self;
        tracing::info!(worker_id = %worker.config.worker_id, "worker starts");
        if !enter(&worker, &stop).await {
            return;
        }
        let loops = TaskTracker::new();
        let stop_loops = CancellationToken::new();
        // Ends the loops also if this future is dropped.
        let _ends_loops = stop_loops.clone().drop_guard();
        loops.spawn(leases::keep(Arc::clone(&worker), stop_loops.clone()));
        loops.spawn(listening::keep_listening(Arc::clone(&worker), stop_loops.clone()));
        loops.spawn(presence::keep_showing(Arc::clone(&worker), stop_loops.clone()));
        loops.spawn(presence::keep_watch(Arc::clone(&worker), stop_loops.clone()));
        loops.spawn(recovery::keep_recovering(Arc::clone(&worker), stop_loops.clone()));
        loops.spawn(glimpses::send_on(worker.store.clone(), glimpses, stop_loops.clone()));
        loops.spawn(inbound::keep_answering(Arc::clone(&worker), stop.clone()));
        claiming::keep_claiming(Arc::clone(&worker), stop).await;

        worker.tasks.close();
        tracing::info!(calls = worker.calls.len(), "worker drains");
        if tokio::time::timeout(worker.config.drain, worker.tasks.wait())
            .await
            .is_err()
        {
            tracing::info!(calls = worker.calls.len(), "worker ends the calls that are left");
            worker.end_calls.cancel();
            if tokio::time::timeout(worker.config.farewell, worker.tasks.wait())
                .await
                .is_err()
            {
                tracing::warn!(
                    calls = worker.calls.len(),
                    "worker leaves calls behind; they will be closed as lost"
                );
            }
        }
        stop_loops.cancel();
        loops.close();
        loops.wait().await;
        tracing::info!(worker_id = %worker.config.worker_id, "worker has stopped");
    }
}

/// Makes the worker known to the database; false if it was told to stop before that succeeded.
async fn enter(worker: &Worker, stop: &CancellationToken) -> bool {
    loop {
        let entered = async {
            let mut conn = worker.store.connection().await?;
            workers::report(&mut conn, worker.config.worker_id, worker.clock.now()).await
        };
        match entered.await {
            Ok(()) => return true,
            Err(error) => tracing::warn!(%error, "the worker cannot reach the database yet"),
        }
        tokio::select! {
            () = stop.cancelled() => return false,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}
