//! Participants on a bad network.

use crate::support::{
    Talked,
    relay::{Relay, Weather},
    signal_proxy::{Detour, SignalProxy},
    talk, until,
};
use livekit_participant::{Engine, OutgoingData, RoomEvent};
use local_livekit::{LocalLiveKit, Options};
use std::{net::Ipv4Addr, sync::atomic::Ordering, time::Duration};

/// 12 s of sound.
const FRAMES: usize = 600;

#[tokio::test]
async fn speech_stays_intelligible_when_packets_are_lost_late_and_out_of_order() {
    let options = Options {
        host: Some(Ipv4Addr::LOCALHOST.into()),
        ..Default::default()
    };
    let server = LocalLiveKit::start(&options).unwrap();
    let weather = Weather {
        loss: 0.05,
        jitter: Duration::from_millis(30),
        seed: 20,
    };
    let relay = Relay::start(server.media_address(), weather).await;
    let detour = Detour {
        server: server.media_address(),
        through: relay.address,
    };
    let proxy = SignalProxy::start(server.address(), Some(detour)).await;
    let engine = Engine::new();
    let Talked {
        agent: (_agent, mut agent_events),
        phone: (phone, _phone_events),
        by_agent,
        by_phone,
    } = talk(&engine, &proxy.url(), "storm", FRAMES).await;

    // All of it went through the bad network, and bad it was.
    let [lost, delivered, overtaken] = [&relay.passed.lost, &relay.passed.delivered, &relay.passed.overtaken]
        .map(|count| count.load(Ordering::Relaxed));
    assert!(delivered > 4 * FRAMES as u64, "{delivered}");
    assert!(lost > delivered / 30, "{lost} of {delivered}");
    assert!(overtaken > delivered / 50, "{overtaken} of {delivered}");
    for (track, heard) in [by_agent, by_phone] {
        let stats = track.stats();
        assert!(heard.frames > FRAMES * 9 / 10, "{heard:?} {stats:?}");
        // A tenth of the packets is lost on the two ways together. Most of them are rebuilt from the next one.
        assert!(stats.received < FRAMES as u64 * 95 / 100, "{stats:?}");
        assert!(stats.recovered > FRAMES as u64 / 20, "{stats:?}");
        // Frames that a busy machine came too late to play are its own fault.
        let left_out = usize::try_from(stats.left_out).unwrap();
        assert!(heard.gaps < heard.frames / 20 + left_out, "{heard:?} {stats:?}");
        assert!(heard.longest_gap <= 8, "{heard:?} {stats:?}");
        // A tone is the hardest: it lives by what was before.
        assert!(heard.quiet < heard.frames / 3 + left_out, "{heard:?} {stats:?}");
        assert!(heard.error < 0.15, "{heard:?} {stats:?}");
    }

    // What must come, comes, and in order.
    for number in 0..20 {
        let data = OutgoingData {
            payload: vec![number],
            reliable: true,
            ..Default::default()
        };
        phone.send_data(data).await.unwrap();
    }
    for number in 0..20 {
        let got = until(&mut agent_events, "data", |event| match event {
            RoomEvent::Data { payload, .. } => Some(payload),
            _ => None,
        });
        assert_eq!(got.await, [number]);
    }
}
