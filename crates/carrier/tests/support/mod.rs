//! A carrier in front of a real livekit-server, with phones that a test moves by hand.

use async_trait::async_trait;
use carrier::{Carrier, CarrierOptions, Invitation, LegEvent, PhoneLeg, Phones};
use livekit_protocol::SipInboundTrunkInfo;
pub(crate) use local_livekit::{API_KEY as KEY, API_SECRET as SECRET};
use local_livekit::{LocalLiveKit, Options};
use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};
use telephony::{
    Frame,
    livekit::{LiveKitNetwork, LiveKitSettings, ParticipantEngine},
};
use tokio::{sync::mpsc, time::timeout};

pub(crate) const TRUNK: &str = "ST_1";
pub(crate) const INBOUND_TRUNK: &str = "ST_in";
pub(crate) const OUR_NUMBER: &str = "+12025550100";
pub(crate) const NUMBER: &str = "+14155550123";
/// On a busy machine everything takes longer than it should.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("within a minute")
}

struct Counter(AtomicU8);

impl domain::Chance for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

/// A livekit-server with a carrier in front of it.
pub(crate) struct Telephony {
    _server: LocalLiveKit,
    pub(crate) carrier: Carrier,
    /// The carrier's, which is all that anybody else knows.
    pub(crate) url: String,
}

impl Telephony {
    pub(crate) async fn start(phones: impl Phones) -> Self {
        Self::start_with(phones, &Options::default()).await
    }

    pub(crate) async fn start_with(phones: impl Phones, options: &Options) -> Self {
        let server = LocalLiveKit::start(options).unwrap_or_else(|error| panic!("{error}"));
        let options = CarrierOptions {
            inbound_trunks: vec![SipInboundTrunkInfo {
                sip_trunk_id: INBOUND_TRUNK.to_owned(),
                numbers: vec![OUR_NUMBER.to_owned()],
                ..SipInboundTrunkInfo::default()
            }],
            ..CarrierOptions::with_trunk(&server.url(), KEY, SECRET, TRUNK, OUR_NUMBER)
        };
        let carrier = Carrier::new(options, phones, Arc::new(Counter(AtomicU8::new(0)))).expect("an address");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("ws://{}", listener.local_addr().expect("bound"));
        let router = carrier.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            _server: server,
            carrier,
            url,
        }
    }

    /// The product's own way to LiveKit, with the carrier's address for LIVEKIT_URL.
    pub(crate) fn product(&self) -> LiveKitNetwork {
        let settings = LiveKitSettings {
            trunk_id: Some(TRUNK.to_owned()),
            inbound_trunk_id: Some(INBOUND_TRUNK.to_owned()),
            ..LiveKitSettings::new(&self.url, KEY, SECRET)
        };
        LiveKitNetwork::new(settings, ParticipantEngine::new())
    }
}

/// A phone that the test moves.
pub(crate) struct HandPhones {
    events: Mutex<Option<mpsc::UnboundedReceiver<LegEvent>>>,
    /// Keys that were pressed for it; closes when it is hung up.
    keys: Mutex<Option<mpsc::UnboundedSender<char>>>,
}

struct HandPhone {
    events: mpsc::UnboundedReceiver<LegEvent>,
    keys: mpsc::UnboundedSender<char>,
}

impl HandPhones {
    pub(crate) fn new() -> (Self, mpsc::UnboundedSender<LegEvent>, mpsc::UnboundedReceiver<char>) {
        let (events, coming) = mpsc::unbounded_channel();
        let (keys, pressed) = mpsc::unbounded_channel();
        let phones = Self {
            events: Mutex::new(Some(coming)),
            keys: Mutex::new(Some(keys)),
        };
        (phones, events, pressed)
    }
}

#[async_trait]
impl Phones for HandPhones {
    fn call(&self, _invitation: &Invitation) -> Box<dyn PhoneLeg> {
        Box::new(HandPhone {
            events: self.events.lock().expect("unpoisoned").take().expect("one call"),
            keys: self.keys.lock().expect("unpoisoned").take().expect("one call"),
        })
    }
}

#[async_trait]
impl PhoneLeg for HandPhone {
    async fn next(&mut self) -> LegEvent {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }
    fn hear(&mut self, _frame: Frame) {}
    fn press(&mut self, key: char) {
        let _ = self.keys.send(key);
    }
    fn refer(&mut self, _to: &str) {}
}
