//! Media through a relay (TURN, RFC 8656): for servers that nothing else reaches. `turn-client-proto` speaks the protocol
//! and does no input or output of its own, as str0m; the socket is ours.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::net::UdpSocket;
use turn_client_proto::{
    api::{Transmit, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet},
    prelude::{DelayedTransmitBuild as _, TurnClientApi as _},
    stun::Instant as TurnInstant,
    types::{TransportType, TurnCredentials},
    udp::TurnClientUdp,
};

/// Larger than any datagram here, with what the relay puts before it.
const DATAGRAM: usize = 2_100;
/// Addresses of the server that are reached through it.
const MOST_SERVERS: usize = 8;

const ZERO: TurnInstant = TurnInstant::ZERO;
/// Longer than any call.
const NEVER: Duration = Duration::from_secs(24 * 3_600);

/// A relay that LiveKit named, and what it is to be told.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) relay: SocketAddr,
    pub(crate) username: String,
    pub(crate) credential: String,
}

/// An address that a relay keeps for us.
pub(crate) struct Relay {
    client: TurnClientUdp,
    socket: UdpSocket,
    /// What the client counts its time from.
    epoch: Instant,
    deadline: Instant,
    /// The address, once there is one.
    ours: Option<SocketAddr>,
    /// The server's, which are to be let through.
    servers: Vec<SocketAddr>,
    received: Box<[u8; DATAGRAM]>,
}

/// What a relay has for us.
pub(crate) enum FromRelay {
    /// An address, and our own one towards the relay.
    Address {
        ours: SocketAddr,
        local: SocketAddr,
    },
    Datagram {
        source: SocketAddr,
        contents: Vec<u8>,
    },
}

impl Relay {
    /// Asks for an address.
    pub(crate) fn open(offer: &Offer, servers: &[SocketAddr], now: Instant) -> io::Result<Self> {
        let any = if offer.relay.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        let socket = std::net::UdpSocket::bind(SocketAddr::new(any, 0))?;
        socket.connect(offer.relay)?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let config = TurnConfig::new(TurnCredentials::new(&offer.username, &offer.credential));
        let mut relay = Self {
            client: TurnClientUdp::allocate(socket.local_addr()?, offer.relay, config),
            socket,
            epoch: now,
            deadline: now,
            ours: None,
            servers: servers.to_vec(),
            received: Box::new([0; DATAGRAM]),
        };
        relay.tick(now);
        Ok(relay)
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Waits for datagrams. Cancel safe.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// The address that it keeps for us.
    pub(crate) fn ours(&self) -> Option<SocketAddr> {
        self.ours
    }

    /// Lets datagrams from and to an address of the server through.
    pub(crate) fn permit(&mut self, server: SocketAddr, now: Instant) {
        if self.servers.len() >= MOST_SERVERS || self.servers.contains(&server) {
            return;
        }
        self.servers.push(server);
        if self.ours.is_some() {
            self.ask_for(server, now);
            self.tick(now);
        }
    }

    /// What has come, at most one thing at a time.
    pub(crate) fn receive(&mut self, now: Instant) -> Option<FromRelay> {
        loop {
            if let Some(address) = self.news(now) {
                return Some(address);
            }
            let length = self.socket.try_recv(&mut self.received[..]).ok()?;
            let (from, to) = (self.client.remote_addr(), self.client.local_addr());
            let at = self.time(now);
            let datagram = Transmit::new(&self.received[..length], TransportType::Udp, from, to);
            if let TurnRecvRet::PeerData(data) = self.client.recv(datagram, at) {
                return Some(FromRelay::Datagram {
                    source: data.peer,
                    contents: data.data().to_vec(),
                });
            }
            self.tick(now);
        }
    }

    /// Sends a datagram to the server, as far as the relay lets it through already.
    pub(crate) fn send(&mut self, server: SocketAddr, contents: &[u8], now: Instant) {
        let at = self.time(now);
        if let Ok(Some(wrapped)) = self.client.send_to(TransportType::Udp, server, contents, at) {
            // What the system has no room for is lost, as any other datagram may be.
            let _ = self.socket.try_send(&wrapped.data.build());
        }
    }

    /// To be called when the deadline has passed.
    pub(crate) fn tick(&mut self, now: Instant) {
        let at = self.time(now);
        self.deadline = match self.client.poll(at) {
            TurnPollRet::WaitUntil(when) => self.epoch + when.saturating_duration_since(ZERO),
            // Over; str0m finds out by itself that nothing passes any more.
            _ => now + NEVER,
        };
        while let Some(datagram) = self.client.poll_transmit(at) {
            let _ = self.socket.try_send(&datagram.data);
        }
    }

    /// Gives the address back.
    pub(crate) fn close(&mut self, now: Instant) {
        let at = self.time(now);
        let _ = self.client.delete(at);
        self.tick(now);
    }

    fn news(&mut self, now: Instant) -> Option<FromRelay> {
        while let Some(event) = self.client.poll_event() {
            match event {
                TurnEvent::AllocationCreated(_, ours) => {
                    self.ours = Some(ours);
                    for server in self.servers.clone() {
                        self.ask_for(server, now);
                    }
                    self.tick(now);
                    let local = self.client.local_addr();
                    return Some(FromRelay::Address { ours, local });
                }
                TurnEvent::AllocationCreateFailed(_) => tracing::info!("LiveKit's relay refuses us"),
                TurnEvent::PermissionCreateFailed(..) => tracing::info!("LiveKit's relay lets nothing through"),
                _ => {}
            }
        }
        None
    }

    /// A permission for its host, and a channel, which makes datagrams shorter.
    fn ask_for(&mut self, server: SocketAddr, now: Instant) {
        let at = self.time(now);
        let _ = self.client.create_permission(TransportType::Udp, server.ip(), at);
        let _ = self.client.bind_channel(TransportType::Udp, server, at);
    }

    fn time(&self, now: Instant) -> TurnInstant {
        ZERO + now.saturating_duration_since(self.epoch)
    }
}
