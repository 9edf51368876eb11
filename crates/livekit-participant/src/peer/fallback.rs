//! When ways other than UDP over IPv4 are tried. Pure: time is an argument.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use str0m::{Candidate, net::Protocol};

/// UDP over IPv4 gets this much of a lead: it is best for sound, and whoever is reached over it pays for nothing else.
const LEAD: Duration = Duration::from_millis(500);
/// If the server tells no such address, one may still be on its way.
const NO_LEAD: Duration = Duration::from_millis(100);
/// Addresses of a server that are tried.
const MOST_SERVERS: usize = 8;

#[derive(Debug, Default)]
pub(crate) struct Fallback {
    servers: Vec<(Protocol, SocketAddr)>,
    since: Option<Instant>,
    has_udp_over_v4: bool,
}

impl Fallback {
    /// The server told an address.
    pub(crate) fn offered(&mut self, candidate: &Candidate, now: Instant) {
        let server = (candidate.proto(), candidate.addr());
        match server {
            (Protocol::Udp, address) if address.is_ipv4() => self.has_udp_over_v4 = true,
            (Protocol::Udp | Protocol::Tcp, _)
                if self.servers.len() < MOST_SERVERS && !self.servers.contains(&server) =>
            {
                self.servers.push(server);
                self.since.get_or_insert(now);
            }
            _ => {}
        }
    }

    /// When [`Self::take`] is to be asked.
    pub(crate) fn due(&self) -> Option<Instant> {
        let lead = if self.has_udp_over_v4 { LEAD } else { NO_LEAD };
        self.since.map(|since| since + lead)
    }

    /// What is to be tried now, each once; nothing if the server is reached already.
    pub(crate) fn take(&mut self, now: Instant, reached: bool) -> Vec<(Protocol, SocketAddr)> {
        if self.due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.since = None;
        let servers = std::mem::take(&mut self.servers);
        if reached { Vec::new() } else { servers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(protocol: &str, address: &str) -> Candidate {
        Candidate::host(address.parse().expect("an address"), protocol).expect("a candidate")
    }

    #[test]
    fn other_ways_are_tried_once_and_only_in_vain() {
        let start = Instant::now();
        let tcp = candidate("tcp", "127.0.0.1:7881");
        let v6 = candidate("udp", "[::1]:7882");
        let mut fallback = Fallback::default();
        assert_eq!(fallback.due(), None);
        fallback.offered(&tcp, start);
        fallback.offered(&v6, start);
        fallback.offered(&tcp, start);
        assert_eq!(fallback.due(), Some(start + NO_LEAD));
        fallback.offered(&candidate("udp", "127.0.0.1:7882"), start);
        assert_eq!(fallback.due(), Some(start + LEAD));
        assert!(fallback.take(start + NO_LEAD, false).is_empty());
        let expected = [(Protocol::Tcp, tcp.addr()), (Protocol::Udp, v6.addr())];
        assert_eq!(fallback.take(start + LEAD, false), expected);
        assert!(fallback.take(start + 2 * LEAD, false).is_empty(), "once");

        fallback.offered(&tcp, start);
        assert!(fallback.take(start + LEAD, true).is_empty());
        assert_eq!(fallback.due(), None, "and not asked again");
    }
}
