//! A server to test, with somebody of each role signed in.

use domain::{CampaignId, access::Role};
use operations::{Caller, Operations, campaigns, sign_in, users};
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use server::{
    composition::{self, Adapters},
    configuration::{self, Configuration},
    routes,
    state::{Stopping, WebState},
};
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use store::{PgPool, Store};

/// No answer, streams of events included, takes longer in a test: what hangs is a failure that names the request.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);
pub(crate) const PASSWORD: &str = "a long enough password";

/// A running server. Its files go when it is dropped.
pub(crate) struct Installation {
    pub(crate) ops: Operations,
    pub(crate) adapters: Adapters,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) stopping: Stopping,
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    directory: PathBuf,
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.stopping.closing.cancel();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Installation {
    pub(crate) async fn start(pool: PgPool) -> Self {
        Self::start_with(pool, &[]).await
    }

    /// With these keys configured.
    pub(crate) async fn start_with(pool: PgPool, keys: &[(&str, &str)]) -> Self {
        Self::start_serving(pool, keys, routes::router).await
    }

    /// A process that only makes calls.
    pub(crate) async fn start_worker(pool: PgPool) -> Self {
        Self::start_serving(pool, &[], routes::from_outside).await
    }

    async fn start_serving(pool: PgPool, keys: &[(&str, &str)], routes: fn(WebState) -> axum::Router) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("ringside-test-{}-{number}", std::process::id()));
        let mut environment: Vec<(String, String)> = keys
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        environment.push(("RINGSIDE_DATA_DIR".to_owned(), directory.to_string_lossy().into_owned()));
        environment.push((
            "RINGSIDE_SITE_DIR".to_owned(),
            directory.join("site").to_string_lossy().into_owned(),
        ));
        let configuration = Arc::new(configuration::load(environment, None, None).expect("valid"));
        let ops = composition::operations(&configuration, Store::from_pool(pool));
        let adapters = composition::adapters(&configuration, Arc::clone(&ops.clock)).expect("the rehearsal network");
        let stopping = Stopping::default();
        let feed = operations::event_feed::EventFeed::start(ops.store.clone(), stopping.closing.clone())
            .await
            .expect("the database is there");
        let state = WebState {
            ops: ops.clone(),
            cookie: app::caller::CookieSettings {
                secure: configuration.is_https(),
            },
            feed,
            network: Arc::clone(&adapters.network),
            trials: composition::trials(&adapters),
            archive: adapters.archive.clone(),
            assets: composition::assets(&configuration),
            leptos: composition::leptos_options(&configuration),
            metrics: metrics(),
            stopping: stopping.clone(),
            configuration: Arc::clone(&configuration),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let service = routes(state).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        // The client insists on one, although nothing here speaks TLS. Another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(LONGEST_ANSWER)
            .build()
            .expect("a client");
        Self {
            ops,
            adapters,
            configuration,
            stopping,
            client,
            address,
            directory,
        }
    }

    /// A request by the bearer of `cookie`, or by nobody.
    pub(crate) fn request(&self, method: Method, path: &str, cookie: Option<&str>) -> RequestBuilder {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        match cookie {
            Some(value) => request.header("cookie", format!("ringside={value}")),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str, cookie: Option<&str>) -> reqwest::Response {
        self.request(Method::GET, path, cookie).send().await.expect("an answer")
    }

    /// Opens a session of the first administrator.
    pub(crate) async fn administrator(&self) -> String {
        let link = sign_in::ensure_first_invitation(&self.ops)
            .await
            .expect("the database is there")
            .expect("nobody yet");
        self.accept(&link.path, "Ada", "ada@example.com").await
    }

    /// Opens a session of somebody new with this role, invited by `administrator`.
    pub(crate) async fn somebody(&self, administrator: &Caller, role: Role) -> String {
        let email = format!("{role}@example.com");
        let link = users::invite(&self.ops, administrator, "Somebody", &email, role)
            .await
            .expect("invited");
        self.accept(&link.path, "Somebody", &email).await
    }

    async fn accept(&self, path: &str, name: &str, email: &str) -> String {
        let token = path.split_once("token=").expect("a link with a token").1;
        sign_in::accept_invitation(&self.ops, token, name, email, PASSWORD, "test")
            .await
            .expect("the link is good")
            .cookie_value
    }

    pub(crate) async fn sign_in_again(&self, email: &str) -> String {
        sign_in::sign_in(&self.ops, email, PASSWORD, "127.0.0.1", "test")
            .await
            .expect("known")
            .cookie_value
    }

    pub(crate) async fn caller(&self, cookie: &str) -> Caller {
        sign_in::authenticate(&self.ops, cookie)
            .await
            .expect("the database is there")
            .expect("signed in")
    }

    /// A campaign of `caller`'s.
    pub(crate) async fn campaign(&self, caller: &Caller) -> CampaignId {
        let content = serde_json::from_value(campaign_content()).expect("as it travels");
        campaigns::create(&self.ops, caller, content).await.expect("valid")
    }
}

/// The recorder of this process; there can be only one.
fn metrics() -> metrics_exporter_prometheus::PrometheusHandle {
    static HANDLE: std::sync::OnceLock<metrics_exporter_prometheus::PrometheusHandle> = std::sync::OnceLock::new();
    HANDLE
        .get_or_init(|| {
            metrics_exporter_prometheus::PrometheusBuilder::new()
                .install_recorder()
                .expect("the first recorder")
        })
        .clone()
}

/// A campaign's content as it travels.
pub(crate) fn campaign_content() -> serde_json::Value {
    let day = serde_json::json!({ "from": 540, "to": 1080 });
    serde_json::json!({
        "name": "Spring check-up",
        "script": "Ask whether they want an appointment.",
        "opening": "Hello {{first_name}}, this is the AI assistant of Acme.",
        "voicemail_message": "",
        "voicemail_policy": "hang_up",
        "result_fields": [],
        "hours": { "days": [day, day, day, day, day, null, null] },
        "max_concurrent_calls": 20,
        "calls_per_ten_seconds": 500,
        "retries": [],
        "ring_seconds": 30,
        "max_call_seconds": 120,
        "default_country": "US",
    })
}
