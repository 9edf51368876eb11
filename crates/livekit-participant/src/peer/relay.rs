//! Media through a relay (TURN, RFC 8656): for servers that nothing else reaches. `turn-client-proto` speaks the protocol
//! and does no input or output of its own, as str0m; what carries it is ours (`wire`).

mod wire;

pub(crate) use wire::Transport;

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use turn_client_proto::{
    api::{Transmit, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet},
    prelude::{DelayedTransmitBuild as _, TurnClientApi as _},
    stun::Instant as TurnInstant,
    tcp::TurnClientTcp,
    types::{TransportType, TurnCredentials},
    udp::TurnClientUdp,
};
use wire::Wire;

/// Larger than any datagram here, with what the relay puts before it.
const DATAGRAM: usize = 2_100;
/// Addresses of the server that are reached through it.
const MOST_SERVERS: usize = 8;

const ZERO: TurnInstant = TurnInstant::ZERO;
/// Longer than any call.
const NEVER: Duration = Duration::from_secs(24 * 3_600);

turn_client_proto::impl_client!(Client, (Udp, TurnClientUdp), (Tcp, TurnClientTcp));

/// A relay that LiveKit named, and what it is to be told.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) relay: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) username: String,
    pub(crate) credential: String,
}

/// An address that a relay keeps for us.
pub(crate) struct Relay {
    client: Client,
    wire: Wire,
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
        let wire = Wire::open(offer.relay, &offer.transport)?;
        let local = wire.local_addr()?;
        let config = TurnConfig::new(TurnCredentials::new(&offer.username, &offer.credential));
        let client = match wire {
            Wire::Datagrams(_) => TurnClientUdp::allocate(local, offer.relay, config).into(),
            Wire::Stream(_) => TurnClientTcp::allocate(local, offer.relay, config).into(),
        };
        let mut relay = Self {
            client,
            wire,
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
        self.wire.readable().await
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
            let at = self.time(now);
            // A piece of a stream may hold several.
            if let Some(data) = self.client.poll_recv(at) {
                return Some(FromRelay::Datagram {
                    source: data.peer,
                    contents: data.data().to_vec(),
                });
            }
            let length = self.wire.try_recv(&mut self.received)?;
            let (from, to) = (self.client.remote_addr(), self.client.local_addr());
            let piece = Transmit::new(&self.received[..length], self.client.transport(), from, to);
            if let TurnRecvRet::PeerData(data) = self.client.recv(piece, at) {
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
            self.wire.try_send(&wrapped.data.build());
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
            self.wire.try_send(&datagram.data);
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
