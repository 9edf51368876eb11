//! The whole way: a worker calls somebody through a real livekit-server, they do not answer, they call back, and their
//! conversation with the agent is in the database.

#[path = "support/stage.rs"]
mod stage;

use carrier::{Carrier, CarrierOptions, SimulatedPhones};
use dialer::{Dialer, DialerConfig};
use domain::campaign::CampaignContent;
use livekit_protocol::{SipInboundTrunkInfo, SipOutboundTrunkInfo};
use local_livekit::{API_KEY, API_SECRET, LocalLiveKit, Options};
use rehearsal::{Odds, Outcome, RehearsalConfig, Studio, StudioConfig, far_end::People, voices::voices};
use stage::{AlwaysNoon, TestChance, WallClock};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use store::{PgPool, Store};
use telephony::{
    TelephoneNetwork,
    livekit::{LiveKitNetwork, LiveKitSettings, MediaEncryption, ParticipantEngine},
};
use tokio_util::sync::CancellationToken;

const OUR_NUMBER: &str = "+12025550100";

/// Nobody answers, and everybody calls back while it still rings at their end.
fn people(studio: &Arc<Studio>) -> People {
    let config = RehearsalConfig {
        odds: Odds::only(Outcome::NoAnswer),
        call_backs: 100,
        calling_back: Duration::from_secs(4)..=Duration::from_secs(4),
        ..RehearsalConfig::default()
    };
    People::new(config, Arc::clone(studio))
}

async fn network(livekit: &LocalLiveKit, studio: &Arc<Studio>) -> (Carrier, LiveKitNetwork) {
    let options = CarrierOptions {
        livekit_url: livekit.url(),
        api_key: API_KEY.to_owned(),
        api_secret: API_SECRET.to_owned(),
        outbound_trunks: vec![SipOutboundTrunkInfo {
            sip_trunk_id: "ST_out".to_owned(),
            address: "sip.example.com".to_owned(),
            numbers: vec![OUR_NUMBER.to_owned()],
            ..SipOutboundTrunkInfo::default()
        }],
        inbound_trunks: vec![SipInboundTrunkInfo {
            sip_trunk_id: "ST_in".to_owned(),
            numbers: vec![OUR_NUMBER.to_owned()],
            ..SipInboundTrunkInfo::default()
        }],
    };
    let phones = SimulatedPhones::new(people(studio));
    let carrier = Carrier::new(options, phones, Arc::new(TestChance::default())).expect("an address");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("bound"));
    let router = carrier.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = LiveKitSettings {
        public_url: url.clone(),
        url,
        api_key: API_KEY.to_owned(),
        api_secret: API_SECRET.to_owned(),
        trunk_id: Some("ST_out".to_owned()),
        inbound_trunk_id: Some("ST_in".to_owned()),
        caller_ids: Vec::new(),
        media_encryption: MediaEncryption::Disable,
        sip_headers: BTreeMap::new(),
    };
    (carrier, LiveKitNetwork::new(settings, ParticipantEngine::new()))
}

#[sqlx::test(migrations = "../../migrations")]
async fn who_did_not_answer_calls_back_and_has_the_conversation(pool: PgPool) {
    let content = CampaignContent {
        ring_seconds: 30,
        opening: "Hello, this is the AI assistant of Example Company. Do you have a minute?".to_owned(),
        ..stage::content("Call-backs")
    };
    stage::campaign(&pool, &WallClock, &content, 0, 1).await;
    let livekit = LocalLiveKit::start(&Options::default()).unwrap_or_else(|error| panic!("{error}"));
    let studio = Studio::new(StudioConfig {
        cache: None,
        tones_only: true,
    });
    let (carrier, network) = network(&livekit, &studio).await;
    network.check().await.expect("calls come in");
    let calling = carrier.clone();
    tokio::spawn(async move { calling.let_people_call().await });
    let dialer = Dialer::new(
        DialerConfig::new(stage::worker(&pool).await, 10, None),
        Store::from_pool(pool.clone()),
        Arc::new(network),
        voices(&studio, 1.0),
        Arc::new(WallClock),
        Arc::new(TestChance::default()),
        Arc::new(AlwaysNoon),
    );
    let stop = CancellationToken::new();
    let working = tokio::spawn(dialer.run(stop.clone()));

    let over = "SELECT count(*) FROM conversations JOIN inbound_calls USING (id)
                WHERE conversations.status NOT IN ('ringing', 'live')";
    let patience = Instant::now() + Duration::from_secs(150);
    while stage::count(&pool, over).await == 0 {
        assert!(
            Instant::now() < patience,
            "they do not call back, or do not come to an end"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (outcome, seconds): (String, i32) =
        sqlx::query_as("SELECT conversations.status, duration FROM conversations JOIN inbound_calls USING (id)")
            .fetch_one(&pool)
            .await
            .expect("one call came in");
    let lines: Vec<(String, String)> = sqlx::query_as(
        "SELECT speaker, text FROM transcript_segments JOIN inbound_calls ON id = conversation_id ORDER BY position",
    )
    .fetch_all(&pool)
    .await
    .expect("a transcript");
    assert!(
        matches!(outcome.as_str(), "completed" | "call_back" | "hung_up"),
        "{outcome}: {lines:?}"
    );
    assert!(seconds > 3, "{seconds} s: {lines:?}");
    let agent: Vec<&str> = lines
        .iter()
        .filter(|(speaker, _)| speaker == "agent")
        .map(|(_, text)| text.as_str())
        .collect();
    assert!(agent[0].contains("AI assistant"), "{lines:?}");
    assert!(agent.iter().any(|text| text.contains("calling back")), "{lines:?}");
    assert!(lines.iter().any(|(speaker, _)| speaker == "person"), "{lines:?}");
    // Our own call gave way, and nobody is called again who was talked with.
    let (outcome, reason): (String, Option<String>) = sqlx::query_as(
        "SELECT disposition, results ->> 'reason' FROM attempts JOIN conversations ON conversations.id = conversation_id",
    )
    .fetch_one(&pool)
    .await
    .expect("one try");
    assert_eq!(outcome, "no_answer");
    assert!(reason.is_some_and(|reason| reason.contains("was calling us")));
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM leads WHERE status IN ('done', 'pending')").await,
        1
    );
    stop.cancel();
    working.await.expect("ends");
    carrier.close().await;
}
