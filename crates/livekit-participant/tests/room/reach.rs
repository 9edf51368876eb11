//! Ways to the server other than UDP over IPv4.

use crate::support::{self, token};
use livekit_participant::{Engine, JoinError, JoinOptions};
use local_livekit::{LocalLiveKit, Options};
use std::net::{Ipv4Addr, Ipv6Addr};

/// 3 s of sound.
const FRAMES: usize = 150;

#[tokio::test]
async fn a_server_that_takes_only_tcp_is_reached() {
    let options = Options {
        tcp_only: true,
        ..Default::default()
    };
    talk(&LocalLiveKit::start(&options).unwrap()).await;
}

/// livekit-server takes nothing on IPv6's loopback, so it has to be another address of this machine; where there is none,
/// this cannot be tried.
#[tokio::test]
#[expect(clippy::print_stderr, reason = "whoever runs it should know")]
async fn a_server_that_has_only_ipv6_is_reached() {
    let Some(host) = v6_address() else {
        eprintln!("not tried: this machine has no address of IPv6");
        return;
    };
    for tcp_only in [false, true] {
        let options = Options {
            host: Some(host.into()),
            tcp_only,
            ..Default::default()
        };
        talk(&LocalLiveKit::start(&options).unwrap()).await;
    }
}

/// An address of this machine that is neither loopback nor of one link only, as Linux lists them.
fn v6_address() -> Option<Ipv6Addr> {
    let list = std::fs::read_to_string("/proc/net/if_inet6").ok()?;
    let global = list.lines().find(|line| line.split_whitespace().nth(3) == Some("00"))?;
    u128::from_str_radix(global.split_whitespace().next()?, 16)
        .ok()
        .map(Ipv6Addr::from)
}

#[tokio::test]
async fn a_server_that_is_reached_only_through_its_relay_is_reached() {
    let options = Options {
        relay: true,
        host: Some(Ipv4Addr::LOCALHOST.into()),
        ..Default::default()
    };
    let server = LocalLiveKit::start(&options).unwrap();
    talk_by(&Engine::new().through_relay_only(), &server.url()).await;
}

#[tokio::test]
async fn without_a_relay_nothing_goes_another_way() {
    let server = LocalLiveKit::start(&Options::default()).unwrap();
    let options = JoinOptions::new(server.url(), token("reach", "agent", "agent"));
    let joined = Engine::new().through_relay_only().join(options).await;
    assert!(matches!(joined, Err(JoinError::Media(_))), "{:?}", joined.err());
}

async fn talk(server: &LocalLiveKit) {
    talk_by(&Engine::new(), &server.url()).await;
}

/// Two participants hear each other.
pub(crate) async fn talk_by(engine: &Engine, server: &str) {
    let talked = support::talk(engine, server, "reach", FRAMES).await;
    for (_, heard) in [talked.by_agent, talked.by_phone] {
        assert!(heard.frames > FRAMES * 3 / 4, "{heard:?}");
        assert!(heard.gaps < heard.frames / 10, "{heard:?}");
    }
    talked.phone.0.leave().await;
    talked.agent.0.leave().await;
}
