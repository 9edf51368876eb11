//! The relays that LiveKit names.

use crate::peer::Offer;
use livekit_protocol::IceServer;
use std::{net::SocketAddr, time::Duration};
use tokio::{net::lookup_host, time::timeout};

/// LiveKit names relays by their address; a name is the owner's own choice, and a slow answer is not worth waiting for.
const NAME: Duration = Duration::from_secs(1);
/// RFC 7065, section 3.2.
const PORT: u16 = 3_478;

/// The first relay over UDP that can be found. Those over TCP and TLS are of no use here.
pub(super) async fn relay(servers: &[IceServer]) -> Option<Offer> {
    for server in servers {
        for (host, port) in server.urls.iter().filter_map(|url| turn_over_udp(url)) {
            let Ok(Ok(mut addresses)) = timeout(NAME, lookup_host((host, port))).await else {
                continue;
            };
            // What it keeps for us is an address of IPv4.
            if let Some(relay) = addresses.find(SocketAddr::is_ipv4) {
                return Some(Offer {
                    relay,
                    username: server.username.clone(),
                    credential: server.credential.clone(),
                });
            }
        }
    }
    None
}

/// Host and port of an address such as `turn:192.0.2.1:3478?transport=udp` (RFC 7065).
fn turn_over_udp(url: &str) -> Option<(&str, u16)> {
    let rest = url.strip_prefix("turn:")?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    if !matches!(query, "" | "transport=udp") {
        return None;
    }
    if place.ends_with(']') || !place.contains(':') {
        return Some((place.trim_matches(['[', ']']), PORT));
    }
    let (host, port) = place.rsplit_once(':')?;
    Some((host.trim_matches(['[', ']']), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relays_over_udp_are_taken() {
        assert_eq!(
            turn_over_udp("turn:192.0.2.1:443?transport=udp"),
            Some(("192.0.2.1", 443))
        );
        assert_eq!(turn_over_udp("turn:relay.example"), Some(("relay.example", 3_478)));
        assert_eq!(
            turn_over_udp("turn:[2001:db8::1]:5?transport=udp"),
            Some(("2001:db8::1", 5))
        );
        assert_eq!(turn_over_udp("turn:[2001:db8::1]"), Some(("2001:db8::1", 3_478)));
        for other in [
            "turns:relay.example:443?transport=tcp",
            "turn:relay.example:443?transport=tcp",
            "stun:192.0.2.1:3478",
            "turn:192.0.2.1:high",
            "",
        ] {
            assert_eq!(turn_over_udp(other), None, "{other}");
        }
    }
}
