//! The relays that LiveKit names.

use crate::peer::{Offer, Transport};
use livekit_protocol::IceServer;
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{net::lookup_host, time::timeout};

/// LiveKit names relays by their address; a name is the owner's own choice, and a slow answer is not worth waiting for.
const NAME: Duration = Duration::from_secs(1);
/// RFC 7065, section 3.2.
const PORT: u16 = 3_478;
const TLS_PORT: u16 = 5_349;

/// The relays that can be found, one for each way to reach it: over UDP, which is best for sound, then over TCP and TLS.
pub(super) async fn relays(servers: &[IceServer]) -> Vec<Offer> {
    let mut found: Vec<Offer> = Vec::new();
    for server in servers {
        for url in &server.urls {
            let Some((transport, host, port)) = turn(url) else {
                continue;
            };
            if found.iter().any(|known| rank(&known.transport) == rank(&transport)) {
                continue;
            }
            if let Some(relay) = find(host, port).await {
                found.push(Offer {
                    relay,
                    transport,
                    username: server.username.clone(),
                    credential: server.credential.clone(),
                });
            }
        }
    }
    found.sort_by_key(|offer| rank(&offer.transport));
    found
}

/// What it keeps for us is an address of IPv4, so that is how it is reached.
async fn find(host: &str, port: u16) -> Option<SocketAddr> {
    // Not every resolver knows these (RFC 6761, section 6.3).
    if host.ends_with(".localhost") {
        return Some((Ipv4Addr::LOCALHOST, port).into());
    }
    let mut addresses = timeout(NAME, lookup_host((host, port))).await.ok()?.ok()?;
    addresses.find(SocketAddr::is_ipv4)
}

const fn rank(transport: &Transport) -> u8 {
    match transport {
        Transport::Udp => 0,
        Transport::Tcp => 1,
        Transport::Tls(_) => 2,
    }
}

/// Transport, host and port of an address such as `turn:192.0.2.1:3478?transport=udp` or `turns:relay.example` (RFC 7065).
fn turn(url: &str) -> Option<(Transport, &str, u16)> {
    let (scheme, rest) = url.split_once(':')?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let usual = if scheme == "turns" { TLS_PORT } else { PORT };
    let (host, port) = if place.ends_with(']') || !place.contains(':') {
        (place, usual)
    } else {
        let (host, port) = place.rsplit_once(':')?;
        (host, port.parse().ok()?)
    };
    let host = host.trim_matches(['[', ']']);
    let transport = match (scheme, query) {
        ("turn", "" | "transport=udp") => Transport::Udp,
        ("turn", "transport=tcp") => Transport::Tcp,
        ("turns", "" | "transport=tcp") => Transport::Tls(host.to_owned()),
        _ => return None,
    };
    (!host.is_empty()).then_some((transport, host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_are_read_from_their_addresses() {
        let tls = |name: &str| Transport::Tls(name.to_owned());
        for (url, expected) in [
            ("turn:192.0.2.1:443?transport=udp", (Transport::Udp, "192.0.2.1", 443)),
            ("turn:relay.example", (Transport::Udp, "relay.example", 3_478)),
            ("turn:[2001:db8::1]:5?transport=udp", (Transport::Udp, "2001:db8::1", 5)),
            ("turn:[2001:db8::1]", (Transport::Udp, "2001:db8::1", 3_478)),
            (
                "turn:relay.example:443?transport=tcp",
                (Transport::Tcp, "relay.example", 443),
            ),
            (
                "turns:relay.example:443?transport=tcp",
                (tls("relay.example"), "relay.example", 443),
            ),
            ("turns:relay.example", (tls("relay.example"), "relay.example", 5_349)),
        ] {
            assert_eq!(turn(url), Some(expected), "{url}");
        }
        for other in [
            "stun:192.0.2.1:3478",
            "turn:192.0.2.1:high",
            "turns:relay.example:443?transport=udp",
            "turn:",
            "turn::443",
            "",
        ] {
            assert_eq!(turn(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn datagrams_are_preferred() {
        let server = |urls: &[&str]| IceServer {
            urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            ..IceServer::default()
        };
        let offers = relays(&[
            server(&["turns:127.0.0.1:443", "stun:127.0.0.1:3478"]),
            server(&["turn:127.0.0.1:1?transport=udp", "turn:127.0.0.1:2"]),
        ])
        .await;
        let found: Vec<_> = offers
            .iter()
            .map(|offer| (offer.relay.port(), rank(&offer.transport)))
            .collect();
        assert_eq!(found, [(1, 0), (443, 2)]);
    }
}
