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
/// A relay costs its owner most. The next one is tried this much later.
const LEAD_OF_ALL: Duration = Duration::from_millis(1_500);
/// Addresses of a server that are tried.
const MOST_SERVERS: usize = 8;

/// Another way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    V6(SocketAddr),
    Tcp(SocketAddr),
    /// By its place among those that are offered.
    Relay(usize),
}

#[derive(Debug, Default)]
pub(crate) struct Fallback {
    /// Since when each is known.
    ways: Vec<(Way, Instant)>,
    has_udp_over_v4: bool,
    only_relay: bool,
}

impl Fallback {
    /// With `only_relay` nothing but a relay is tried, and that at once.
    pub(crate) fn new(only_relay: bool) -> Self {
        Self {
            only_relay,
            ..Self::default()
        }
    }

    /// The server told an address.
    pub(crate) fn offered(&mut self, candidate: &Candidate, now: Instant) {
        match (candidate.proto(), candidate.addr()) {
            (Protocol::Udp, address) if address.is_ipv4() => self.has_udp_over_v4 = true,
            (Protocol::Udp, address) => self.add(Way::V6(address), now),
            (Protocol::Tcp, address) => self.add(Way::Tcp(address), now),
            _ => {}
        }
    }

    /// The server told of so many relays.
    pub(crate) fn offered_relays(&mut self, count: usize, now: Instant) {
        for which in 0..count {
            self.add(Way::Relay(which), now);
        }
    }

    fn add(&mut self, way: Way, now: Instant) {
        let known = self.ways.iter().any(|(known, _)| *known == way);
        if self.ways.len() < MOST_SERVERS && !known && (matches!(way, Way::Relay(_)) || !self.only_relay) {
            self.ways.push((way, now));
        }
    }

    fn due_at(&self, (way, since): (Way, Instant)) -> Instant {
        let lead = match way {
            Way::Relay(which) => LEAD_OF_ALL * (u32::try_from(which).unwrap_or(0) + u32::from(!self.only_relay)),
            _ if self.has_udp_over_v4 => LEAD,
            _ => NO_LEAD,
        };
        since + lead
    }

    /// When [`Self::take`] is to be asked.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.ways.iter().map(|way| self.due_at(*way)).min()
    }

    /// What is to be tried now, each once; nothing if the server is reached already.
    pub(crate) fn take(&mut self, now: Instant, reached: bool) -> Vec<Way> {
        let ways = std::mem::take(&mut self.ways);
        let (due, later): (Vec<_>, Vec<_>) = ways.into_iter().partition(|way| self.due_at(*way) <= now);
        self.ways = later;
        let due = due.into_iter().map(|(way, _)| way);
        if reached { Vec::new() } else { due.collect() }
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
        let expected = [Way::Tcp(tcp.addr()), Way::V6(v6.addr())];
        assert_eq!(fallback.take(start + LEAD, false), expected);
        assert!(fallback.take(start + 2 * LEAD, false).is_empty(), "once");

        fallback.offered(&tcp, start);
        assert!(fallback.take(start + LEAD, true).is_empty());
        assert_eq!(fallback.due(), None, "and not asked again");
    }

    #[test]
    fn a_relay_is_the_last_way_unless_it_is_the_only_one() {
        let start = Instant::now();
        let tcp = candidate("tcp", "127.0.0.1:7881");
        let mut fallback = Fallback::default();
        fallback.offered_relays(2, start);
        fallback.offered(&tcp, start);
        assert_eq!(fallback.take(start + NO_LEAD, false), [Way::Tcp(tcp.addr())]);
        assert_eq!(fallback.due(), Some(start + LEAD_OF_ALL));
        assert_eq!(fallback.take(start + LEAD_OF_ALL, false), [Way::Relay(0)]);
        assert_eq!(fallback.take(start + 2 * LEAD_OF_ALL, false), [Way::Relay(1)]);

        let mut only = Fallback::new(true);
        only.offered(&tcp, start);
        only.offered_relays(2, start);
        assert_eq!(only.take(start, false), [Way::Relay(0)]);
        assert_eq!(only.due(), Some(start + LEAD_OF_ALL));
        assert!(
            only.take(start + LEAD_OF_ALL, true).is_empty(),
            "the first one is good enough"
        );
        assert_eq!(only.due(), None);
    }
}
