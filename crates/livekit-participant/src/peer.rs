//! One peer connection: str0m, which does no input or output of its own, and the sockets that do it.

mod fallback;
mod relay;
mod tcp;

use crate::Engine;
use fallback::{Fallback, Way};
use relay::{FromRelay, Relay};
pub(crate) use relay::{Offer, Transport};
use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Instant,
};
use str0m::{
    Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcConfig,
    net::{Protocol, Receive, TcpType, Transmit},
};
use tcp::{Arrival, Arrived, Connections, Ends};
use tokio::net::UdpSocket;

/// Larger than any datagram here.
const DATAGRAM: usize = 2_000;

pub(crate) struct Peer {
    /// Large.
    pub(crate) rtc: Box<Rtc>,
    /// IPv4.
    socket: UdpSocket,
    /// Our own addresses of IPv4, as the candidates tell them.
    addresses: Vec<SocketAddr>,
    /// For servers that are not reached so.
    fallback: Fallback,
    over_v6: Option<(UdpSocket, SocketAddr)>,
    tcp: Connections,
    arrived: Option<Arrival>,
    /// Relays, in the order in which they are tried.
    offers: Vec<Offer>,
    relay: Option<Relay>,
    /// The server's addresses of UDP over IPv4, which a relay has to let through.
    servers: Vec<SocketAddr>,
    /// Whether datagrams pass.
    reached: bool,
    /// When the last one came.
    pub(crate) heard: Instant,
    /// When str0m wants to be asked again.
    deadline: Instant,
    pub(crate) events: VecDeque<Event>,
    received: Box<[u8; DATAGRAM]>,
}

impl Peer {
    /// Binds a socket of its own: the server tells peers apart by the pair of addresses.
    pub(crate) async fn new(addresses: &[IpAddr], engine: &Engine) -> Result<Self, crate::JoinError> {
        let now = Instant::now();
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        let port = socket.local_addr()?.port();
        let rtc = RtcConfig::new()
            .set_rtp_mode(true)
            .set_dtls_cert(engine.certificate.clone())
            .clear_codecs()
            .enable_opus(true, false)
            .build(now);
        let mut rtc = Box::new(rtc);
        let addresses = if engine.relay_only { &[] } else { addresses };
        let addresses: Vec<_> = addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        for address in &addresses {
            let candidate =
                Candidate::host(*address, "udp").map_err(|_| io::Error::other("an address that is none"))?;
            rtc.add_local_candidate(candidate);
        }
        let events = VecDeque::new();
        Ok(Self {
            rtc,
            socket,
            addresses,
            fallback: Fallback::new(engine.relay_only),
            over_v6: None,
            tcp: Connections::new(),
            arrived: None,
            offers: Vec::new(),
            relay: None,
            servers: Vec::new(),
            reached: false,
            heard: now,
            deadline: now,
            events,
            received: Box::new([0; DATAGRAM]),
        })
    }

    /// A candidate of the server's; its description has to be known.
    pub(crate) fn add(&mut self, candidate: Candidate) -> Result<(), str0m::RtcError> {
        let (now, server) = (Instant::now(), candidate.addr());
        self.fallback.offered(&candidate, now);
        if candidate.proto() == Protocol::Udp && server.is_ipv4() {
            self.servers.push(server);
            if let Some(relay) = &mut self.relay {
                relay.permit(server, now);
            }
        }
        self.rtc.add_remote_candidate(candidate);
        self.tick()
    }

    /// Relays that may be used, in this order.
    pub(crate) fn may_use(&mut self, offers: Vec<Offer>) {
        self.fallback.offered_relays(offers.len(), Instant::now());
        self.offers = offers;
    }

    /// When [`Self::tick`] is to be called.
    pub(crate) fn deadline(&self) -> Instant {
        let others = [self.fallback.due(), self.relay.as_ref().map(Relay::deadline)];
        others.into_iter().flatten().fold(self.deadline, Instant::min)
    }

    /// Waits for datagrams. Cancel safe.
    pub(crate) async fn readable(&mut self) {
        let over_v6 = async {
            match &self.over_v6 {
                Some((socket, _)) => socket.readable().await,
                None => std::future::pending().await,
            }
        };
        let relay = async {
            match &self.relay {
                Some(relay) => relay.readable().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.socket.readable() => {}
            _ = over_v6 => {}
            _ = relay => {}
            arrival = self.tcp.next(), if self.arrived.is_none() => self.arrived = Some(arrival),
        }
    }

    /// Takes all datagrams that are there.
    pub(crate) fn receive(&mut self) -> Result<(), str0m::RtcError> {
        if let Some(arrival) = self.arrived.take() {
            self.arrived(arrival)?;
        }
        // Bounded, so that a flood cannot keep the room from its other work.
        for _ in 0..64 {
            let Some((length, source, destination)) = self.next_datagram() else {
                break;
            };
            let datagram = (Protocol::Udp, source, destination);
            if let Some(at) = hand_in(&mut self.rtc, datagram, &self.received[..length])? {
                self.heard = at;
                self.drain()?;
            }
        }
        self.receive_from_relay()
    }

    fn receive_from_relay(&mut self) -> Result<(), str0m::RtcError> {
        for _ in 0..64 {
            let Some(relay) = &mut self.relay else { break };
            match relay.receive(Instant::now()) {
                None => break,
                Some(FromRelay::Address { ours, local }) => {
                    if let Ok(ours) = Candidate::relayed(ours, local, Protocol::Udp) {
                        self.rtc.add_local_candidate(ours);
                    }
                    self.tick()?;
                }
                Some(FromRelay::Datagram { source, contents }) => {
                    let Some(destination) = relay.ours() else { continue };
                    let datagram = (Protocol::Udp, source, destination);
                    if let Some(at) = hand_in(&mut self.rtc, datagram, &contents)? {
                        self.heard = at;
                        self.drain()?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts a datagram in its place: how long it is, where it comes from and where it went to.
    fn next_datagram(&mut self) -> Option<(usize, SocketAddr, SocketAddr)> {
        if let Ok((length, source)) = self.socket.try_recv_from(&mut self.received[..]) {
            return Some((length, source, address_towards(&self.addresses, source)));
        }
        let (socket, address) = self.over_v6.as_ref()?;
        let (length, source) = socket.try_recv_from(&mut self.received[..]).ok()?;
        Some((length, source, *address))
    }

    /// Something about a connection over TCP.
    fn arrived(&mut self, Arrival { ends, what }: Arrival) -> Result<(), str0m::RtcError> {
        match what {
            Arrived::Opened(sender) => {
                let ours = Candidate::builder().tcp().host(ends.local).tcptype(TcpType::Active);
                if let Ok(ours) = ours.build() {
                    self.tcp.opened(ends, sender);
                    self.rtc.add_local_candidate(ours);
                }
                self.tick()
            }
            Arrived::Datagram(contents) => {
                let datagram = (Protocol::Tcp, ends.remote, ends.local);
                if let Some(at) = hand_in(&mut self.rtc, datagram, &contents)? {
                    self.heard = at;
                    self.drain()?;
                }
                Ok(())
            }
            // str0m finds out by itself that nothing passes any more.
            Arrived::Closed => {
                self.tcp.closed(ends);
                Ok(())
            }
        }
    }

    /// To be called when the deadline has passed, and after every write: packets are made on time input only. Also after
    /// every change of descriptions and candidates: without a time str0m would put off its first check for ever.
    pub(crate) fn tick(&mut self) -> Result<(), str0m::RtcError> {
        self.drain()?;
        let now = Instant::now();
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain()?;
        if let Some(relay) = self.relay.as_mut().filter(|relay| relay.deadline() <= now) {
            relay.tick(now);
        }
        let mut opened = false;
        for way in self.fallback.take(now, self.reached) {
            match way {
                Way::Tcp(server) => self.tcp.connect(server),
                Way::V6(server) => opened |= self.open_v6(server),
                Way::Relay(which) => self.open_relay(which, now),
            }
        }
        if opened { self.tick() } else { Ok(()) }
    }

    /// One that was tried before, in vain, is given up.
    fn open_relay(&mut self, which: usize, now: Instant) {
        let offer = self.offers.get(which);
        self.relay = offer.and_then(|offer| Relay::open(offer, &self.servers, now).ok());
    }

    /// Says goodbye.
    pub(crate) fn close(&mut self) {
        let _ = self.rtc.close();
        let _ = self.drain();
        if let Some(relay) = &mut self.relay {
            relay.close(Instant::now());
        }
    }

    /// Opens a socket towards an address of IPv6. One is enough: it reaches whatever else this machine reaches from the
    /// same address.
    fn open_v6(&mut self, server: SocketAddr) -> bool {
        if self.over_v6.is_some() {
            return false;
        }
        let Ok((socket, address)) = v6_socket_towards(server) else {
            return false;
        };
        let Ok(ours) = Candidate::host(address, Protocol::Udp) else {
            return false;
        };
        self.over_v6 = Some((socket, address));
        self.rtc.add_local_candidate(ours);
        true
    }

    /// Sends what is to be sent, and keeps the events. Must follow every change of `rtc`.
    pub(crate) fn drain(&mut self) -> Result<(), str0m::RtcError> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => {
                    self.deadline = at;
                    return Ok(());
                }
                Output::Transmit(datagram) => self.transmit(datagram),
                Output::Event(event) => {
                    if let Event::IceConnectionStateChange(state) = &event {
                        self.reached = matches!(state, IceConnectionState::Connected | IceConnectionState::Completed);
                    }
                    self.events.push_back(event);
                }
            }
        }
    }

    /// A datagram that the system has no room for is lost, as any other may be.
    fn transmit(&mut self, datagram: Transmit) {
        let relay = self
            .relay
            .as_mut()
            .filter(|relay| relay.ours() == Some(datagram.source));
        if let Some(relay) = relay {
            return relay.send(datagram.destination, &datagram.contents, Instant::now());
        }
        match datagram.proto {
            Protocol::Tcp => {
                let ends = Ends {
                    local: datagram.source,
                    remote: datagram.destination,
                };
                self.tcp.send(ends, datagram.contents.into());
            }
            _ => {
                let socket = match &self.over_v6 {
                    Some((socket, _)) if datagram.destination.is_ipv6() => socket,
                    _ => &self.socket,
                };
                let _ = socket.try_send_to(&datagram.contents, datagram.destination);
            }
        }
    }
}

/// Gives str0m what came by a protocol, from an address, to one of ours: when it did. `None` for what is nothing of
/// WebRTC's. Must be followed by [`Peer::drain`].
fn hand_in(
    rtc: &mut Rtc,
    (proto, source, destination): (Protocol, SocketAddr, SocketAddr),
    contents: &[u8],
) -> Result<Option<Instant>, str0m::RtcError> {
    let Ok(contents) = contents.try_into() else {
        return Ok(None);
    };
    let now = Instant::now();
    let datagram = Receive {
        proto,
        source,
        destination,
        contents,
    };
    rtc.handle_input(Input::Receive(now, datagram))?;
    Ok(Some(now))
}

/// Which of our addresses a datagram was sent to; the socket is bound to all of them and does not say.
fn address_towards(ours: &[SocketAddr], source: SocketAddr) -> SocketAddr {
    let fits = |address: &&SocketAddr| address.ip().is_loopback() == source.ip().is_loopback();
    ours.iter().find(fits).or(ours.first()).copied().unwrap_or(source)
}

/// A socket bound to our own address towards a server.
fn v6_socket_towards(server: SocketAddr) -> io::Result<(UdpSocket, SocketAddr)> {
    let probe = std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?;
    // Nothing is sent: the system only says which way it would.
    probe.connect(server)?;
    let socket = std::net::UdpSocket::bind((probe.local_addr()?.ip(), 0))?;
    socket.set_nonblocking(true)?;
    let socket = UdpSocket::from_std(socket)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// Our addresses of IPv4: the one towards the server, and the one towards everything else, which differ when signalling goes
/// through a proxy on this machine.
pub(crate) async fn local_addresses(host: &str, port: u16) -> io::Result<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    let towards: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
        .await?
        .filter(SocketAddr::is_ipv4)
        .collect();
    // 192.0.2.1 is for documentation (RFC 5737): nothing is sent, the system only says which way it would.
    for target in towards
        .into_iter()
        .take(1)
        .chain([SocketAddr::from(([192, 0, 2, 1], 9))])
    {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        if socket.connect(target).await.is_ok() {
            let ip = socket.local_addr()?.ip();
            if !addresses.contains(&ip) && !ip.is_unspecified() {
                addresses.push(ip);
            }
        }
    }
    Ok(addresses)
}
