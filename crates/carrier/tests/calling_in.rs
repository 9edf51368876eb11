//! People who call in, through the carrier, a real livekit-server and the product's own network.

mod support;

use async_trait::async_trait;
use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use carrier::{Caller, LegEvent, NotConnected, PhoneLeg};
use domain::{Clock, ConversationId, UnixMillis};
use livekit_api::services::sip::{ListSIPDispatchRuleFilter, SIPClient};
use local_livekit::Options;
use std::time::Duration;
use support::{HandPhones, INBOUND_TRUNK, KEY, NUMBER, OUR_NUMBER, SECRET, Telephony, soon};
use telephony::{
    AgentSeat, Arrival, CallRoom, FRAME_SAMPLES, FarEnd, Frame, NotAnswered, RoomEvent, TelephoneNetwork,
    livekit::{ARRIVAL_PREFIX, RoomNews, WebhookVerifier},
};
use tokio::sync::mpsc;

/// The phone of somebody who calls: hums as soon as it is picked up.
struct CallersPhone {
    events: mpsc::UnboundedReceiver<LegEvent>,
    seen: mpsc::UnboundedSender<Seen>,
}

#[derive(Debug, PartialEq)]
enum Seen {
    PickedUp,
    Heard,
    HungUp,
}

/// What a test does with the phone, and what happens to it.
struct Hand {
    events: mpsc::UnboundedSender<LegEvent>,
    seen: mpsc::UnboundedReceiver<Seen>,
}

fn phone() -> (Box<dyn PhoneLeg>, Hand) {
    let (events, coming) = mpsc::unbounded_channel();
    let (told, seen) = mpsc::unbounded_channel();
    let phone = CallersPhone {
        events: coming,
        seen: told,
    };
    (Box::new(phone), Hand { events, seen })
}

#[async_trait]
impl PhoneLeg for CallersPhone {
    async fn next(&mut self) -> LegEvent {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }
    fn hear(&mut self, frame: Frame) {
        if frame.peak() > 300 {
            // The test may be over.
            let _ = self.seen.send(Seen::Heard);
        }
    }
    fn picked_up(&mut self) {
        let _ = self.seen.send(Seen::PickedUp);
    }
    fn press(&mut self, _key: char) {}
    fn refer(&mut self, _to: &str) {}
}

impl Drop for CallersPhone {
    fn drop(&mut self) {
        let _ = self.seen.send(Seen::HungUp);
    }
}

impl Hand {
    async fn next(&mut self) -> Seen {
        soon(self.seen.recv())
            .await
            .expect("the phone is there, or says that it is not")
    }

    fn hum(&self) -> tokio::task::JoinHandle<()> {
        let events = self.events.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            while events.send(LegEvent::Sound(tone())).is_ok() {
                ticks.tick().await;
            }
        })
    }
}

fn tone() -> Frame {
    Frame::new(std::array::from_fn::<i16, FRAME_SAMPLES, _>(|n| {
        (4_000.0 * (n as f64 * 0.157).sin()) as i16
    }))
}

fn room_of(arrival: &Arrival) -> CallRoom {
    let conversation: ConversationId = "01900000-0000-7000-8000-000000000001".parse().expect("an id");
    CallRoom {
        conversation,
        came_in: Some(arrival.room.clone()),
    }
}

async fn call(telephony: &Telephony, from: &str) -> (Result<String, NotConnected>, Hand) {
    let (phone, hand) = phone();
    let caller = Caller {
        from: from.to_owned(),
        to: OUR_NUMBER.to_owned(),
        phone,
    };
    (soon(telephony.carrier.call_in(caller)).await, hand)
}

/// The next event that is no tick.
async fn told(seat: &mut Box<dyn AgentSeat>) -> RoomEvent {
    soon(async {
        loop {
            match seat.next().await {
                RoomEvent::Tick(_) => seat.speak(tone()),
                other => return other,
            }
        }
    })
    .await
}

/// The one call that waits.
async fn waiting(network: &impl TelephoneNetwork) -> Arrival {
    soon(async {
        loop {
            if let Some(arrival) = network.arrivals().await.expect("told").pop() {
                return arrival;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_person_calls_hears_the_agent_and_is_heard() {
    let telephony = Telephony::start(HandPhones::new().0).await;
    let network = telephony.product();
    assert_eq!(
        call(&telephony, NUMBER).await.0,
        Err(NotConnected::NoRule),
        "nothing leads here yet"
    );
    network.check().await.expect("it makes the rule");
    network.check().await.expect("and finds it again");
    let client = SIPClient::with_api_key(&telephony.url, KEY, SECRET).with_failover(false);
    let rules = client.list_sip_dispatch_rule(ListSIPDispatchRuleFilter::All).await;
    let rules = rules.expect("listed");
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0].trunk_ids, [INBOUND_TRUNK]);

    let (room, mut hand) = call(&telephony, NUMBER).await;
    assert!(room.expect("it rings").starts_with(ARRIVAL_PREFIX));
    let arrival = waiting(&network).await;
    assert_eq!(arrival.number.as_ref().map(|number| number.e164()), Some(NUMBER));
    let room = room_of(&arrival);
    let seat = soon(network.answer(&room, arrival.caller.reveal()))
        .await
        .expect("asked");
    let mut seat = seat.expect("the caller is there");
    assert!(matches!(told(&mut seat).await, RoomEvent::Ringing));
    assert!(matches!(told(&mut seat).await, RoomEvent::Answered));
    assert_eq!(hand.next().await, Seen::PickedUp);
    assert!(network.arrivals().await.expect("told").is_empty(), "it was answered");
    let humming = hand.hum();
    // The agent speaks in the ticks until the caller has heard it, and the agent hears the caller.
    soon(async {
        loop {
            match seat.next().await {
                RoomEvent::Tick(frame) if frame.peak() > 300 => return,
                RoomEvent::Tick(_) => seat.speak(tone()),
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
    assert_eq!(hand.next().await, Seen::Heard);

    // Another process goes on with it, as with a call of ours.
    let second = telephony.product();
    let mut new = soon(second.rejoin(&room))
        .await
        .expect("asked")
        .expect("somebody is on the line");
    assert!(
        matches!(told(&mut seat).await, RoomEvent::Left(FarEnd::Lost)),
        "replaced"
    );
    hand.events.send(LegEvent::HungUp).expect("the call goes on");
    assert!(matches!(told(&mut new).await, RoomEvent::Left(FarEnd::HungUp)));
    new.hang_up().await;
    humming.abort();
    telephony.carrier.close().await;
}

#[tokio::test]
async fn who_gives_up_is_not_answered_and_who_is_let_go_is_hung_up() {
    let telephony = Telephony::start(HandPhones::new().0).await;
    let network = telephony.product();
    network.check().await.expect("it makes the rule");
    let (room, hand) = call(&telephony, "anonymous").await;
    room.expect("it rings");
    let arrival = waiting(&network).await;
    assert_eq!(arrival.number, None);
    hand.events.send(LegEvent::HungUp).expect("it rings");
    soon(async {
        while !network.arrivals().await.expect("told").is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let nobody = soon(network.answer(&room_of(&arrival), arrival.caller.reveal())).await;
    assert!(nobody.expect("asked").is_none());

    let (room, mut hand) = call(&telephony, NUMBER).await;
    room.expect("it rings");
    let arrival = waiting(&network).await;
    soon(network.end_orphan(&room_of(&arrival))).await.expect("closed");
    assert_eq!(hand.next().await, Seen::HungUp);
    telephony.carrier.close().await;
}

#[tokio::test]
async fn a_rule_of_somebody_else_is_left_alone_and_told_of() {
    use livekit_api::services::sip::CreateSIPDispatchRuleOptions;
    use livekit_protocol::{SipDispatchRuleDirect, sip_dispatch_rule::Rule};
    let telephony = Telephony::start(HandPhones::new().0).await;
    let client = SIPClient::with_api_key(&telephony.url, KEY, SECRET).with_failover(false);
    let elsewhere = Rule::DispatchRuleDirect(SipDispatchRuleDirect {
        room_name: "reception".to_owned(),
        ..SipDispatchRuleDirect::default()
    });
    let options = CreateSIPDispatchRuleOptions {
        trunk_ids: vec![INBOUND_TRUNK.to_owned()],
        ..CreateSIPDispatchRuleOptions::default()
    };
    let made = client.create_sip_dispatch_rule(elsewhere, options).await.expect("made");
    let network = telephony.product();
    let told = network.check().await.expect_err("nobody can call back");
    assert!(
        told.contains("leads elsewhere") && told.contains(ARRIVAL_PREFIX),
        "{told}"
    );
    let (room, _hand) = call(&telephony, NUMBER).await;
    assert_eq!(room.as_deref(), Ok("reception"));
    assert!(
        network.arrivals().await.expect("told").is_empty(),
        "a room of somebody else's"
    );
    client
        .delete_sip_dispatch_rule(&made.sip_dispatch_rule_id)
        .await
        .expect("deleted");
    network.check().await.expect("now it makes its own");
    telephony.carrier.close().await;
}

struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "livekit-server signs with the real time")]
    fn now(&self) -> UnixMillis {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("after 1970");
        UnixMillis(i64::try_from(since.as_millis()).expect("before the year 292 million"))
    }
}

/// Listens where livekit-server tells its events.
async fn news() -> (String, mpsc::UnboundedReceiver<RoomNews>) {
    let (told, news) = mpsc::unbounded_channel();
    let receive = move |headers: HeaderMap, body: Bytes| {
        let told = told.clone();
        async move {
            let verifier = WebhookVerifier::new(KEY, SECRET).expect("a secret");
            let signature = headers.get("authorization").and_then(|value| value.to_str().ok());
            let news = verifier.verify(&body, signature.unwrap_or_default(), WallClock.now());
            let _ = told.send(news.expect("livekit-server's own"));
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let router = Router::new().route("/", post(receive));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, news)
}

#[tokio::test]
async fn a_real_server_tells_of_a_caller_as_they_come_and_as_they_go() {
    let (url, mut news) = news().await;
    let options = Options {
        webhook: Some(url),
        ..Options::default()
    };
    let telephony = Telephony::start_with(HandPhones::new().0, &options).await;
    let network = telephony.product();
    network.check().await.expect("it makes the rule");
    let (room, hand) = call(&telephony, NUMBER).await;
    let room = room.expect("it rings");
    let arrival = loop {
        let news = soon(news.recv()).await.expect("told");
        assert_eq!(news.conversation, None);
        if let Some(arrival) = news.arrival {
            break arrival;
        }
    };
    assert_eq!(arrival, waiting(&network).await, "both ways tell the same");
    assert_eq!(arrival.room.reveal(), room);
    hand.events.send(LegEvent::HungUp).expect("it rings");
    loop {
        let news = soon(news.recv()).await.expect("told");
        assert_eq!(news.arrival, None);
        if news.somebody_went() {
            assert_eq!(news.came_in, Some(arrival.room));
            break;
        }
    }
    telephony.carrier.close().await;
}

#[tokio::test]
async fn a_caller_who_hangs_up_while_the_agent_comes_was_not_answered() {
    let telephony = Telephony::start(HandPhones::new().0).await;
    let network = telephony.product();
    network.check().await.expect("it makes the rule");
    let (room, hand) = call(&telephony, NUMBER).await;
    room.expect("it rings");
    let arrival = waiting(&network).await;
    let seat = soon(network.answer(&room_of(&arrival), arrival.caller.reveal()))
        .await
        .expect("asked");
    let mut seat = seat.expect("the caller is there");
    hand.events.send(LegEvent::HungUp).expect("it rings");
    // Whichever was first, it is told, and nothing else.
    let mut events = Vec::new();
    loop {
        let event = told(&mut seat).await;
        let over = matches!(event, RoomEvent::NotAnswered(_) | RoomEvent::Left(_));
        events.push(event);
        if over {
            break;
        }
    }
    let answered = events.contains(&RoomEvent::Answered);
    let end = if answered {
        RoomEvent::Left(FarEnd::HungUp)
    } else {
        RoomEvent::NotAnswered(NotAnswered::NoAnswer { sip_code: None })
    };
    assert_eq!(events.last(), Some(&end), "{events:?}");
    seat.hang_up().await;
    telephony.carrier.close().await;
}
