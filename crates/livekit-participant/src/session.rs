//! One connection to a room: signalling and two peer connections, one for what we send, one for what we hear.

mod ice_servers;
mod resume;
mod tracks;

use crate::{Engine, JoinError, JoinOptions, LeaveReason, RoomError, peer, peer::Peer, sdp};
use livekit_protocol::{self as proto, signal_request::Message as Request, signal_response::Message as Response};
use livekit_signaling::{SignalClient, SignalEvent, SignalEvents, SignalOptions};
use prost::Message as _;
use resume::{Attempt, Heard, Resuming};
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};
use str0m::{
    Candidate, Event, IceConnectionState,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    channel::{ChannelConfig, ChannelId, Reliability},
    media::Mid,
    rtp::RtpPacket,
};
use tokio::time::{sleep_until, timeout};
pub(crate) use tracks::Published;

/// Most time until media can pass. A network that loses packets makes the handshakes repeat themselves, after 1, 2 and
/// 4 s.
const CONNECT: Duration = Duration::from_secs(15);
/// Most time to look up the server's name. Signalling has bounds of its own, 5 s for the connection and 5 s for an answer.
const NAME: Duration = Duration::from_secs(5);
/// Most time to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// A peer connection that is cut is given this long to come back, or to be explained: a participant who is put out
/// sees the connection close before it is told why.
const TROUBLE: Duration = Duration::from_millis(1_500);
/// Data packets that wait for their channel to open.
const MOST_WAITING: usize = 256;
/// With 18 the data channels would be negotiated in advance.
const PROTOCOL_VERSION: u32 = 17;

pub(crate) struct Session {
    signal: Arc<SignalClient>,
    signals: SignalEvents,
    resuming: Option<Resuming>,
    heard: Heard,
    publisher: Link,
    subscriber: Link,
    pub(crate) joined: proto::JoinResponse,
    offer_id: u32,
    offered: Option<(SdpPendingOffer, Vec<u64>)>,
    /// Tracks that are to be offered, and media sections that are not used any more.
    to_offer: Vec<u64>,
    to_stop: Vec<Mid>,
    tracks: BTreeMap<u64, Published>,
    reliable: ChannelId,
    lossy: ChannelId,
    open: HashSet<ChannelId>,
    waiting: VecDeque<(ChannelId, Vec<u8>)>,
    /// Track of every stream that comes in.
    pub(crate) streams: HashMap<u32, String>,
    trouble: Option<Instant>,
    pub(crate) events: VecDeque<SessionEvent>,
}

/// A peer connection with what cannot be used before it is described.
struct Link {
    peer: Peer,
    described: bool,
    candidates: Vec<Candidate>,
}

/// What there is to be handled.
pub(crate) enum Input {
    Signal(Option<SignalEvent>),
    Attempted(Attempt),
    Publisher,
    Subscriber,
    Time,
}

/// What became of it.
pub(crate) enum SessionEvent {
    /// Of those messages that are about the room.
    Message(Box<Response>),
    /// The streams have changed, and these tracks are not among them any more.
    Streams {
        gone: Vec<String>,
    },
    Packet(Box<RtpPacket>),
    Paused {
        ssrc: u32,
        paused: bool,
    },
    Data(Box<proto::DataPacket>),
    /// Our track has its name.
    Published {
        track: u64,
        sid: String,
    },
    /// Signalling was lost and is back. What was asked for shortly before may be lost.
    Resumed,
    /// The connection is over; with a reason if the server told one.
    Ended(Option<LeaveReason>),
}

impl Session {
    /// Joins, until media can pass both ways.
    pub(crate) async fn connect(options: &JoinOptions, engine: &Engine) -> Result<Self, JoinError> {
        let token = options.tokens.token().map_err(JoinError::Token)?;
        let (host, port) = host_and_port(&options.url)?;
        let addresses = match timeout(NAME, peer::local_addresses(&host, port)).await {
            Ok(addresses) => addresses?,
            Err(elapsed) => return Err(std::io::Error::from(elapsed).into()),
        };
        let mut publisher = Link::new(Peer::new(&addresses, engine).await?);
        let subscriber = Link::new(Peer::new(&addresses, engine).await?);

        let mut sdp = publisher.peer.rtc.sdp_api();
        let reliable = sdp.add_channel("_reliable".to_owned());
        let lossy = sdp.add_channel_with_config(ChannelConfig {
            label: "_lossy".to_owned(),
            ordered: false,
            reliability: Reliability::MaxRetransmits { retransmits: 0 },
            ..Default::default()
        });
        let offered = sdp.apply();
        publisher.peer.drain()?;

        let (signal, joined, signals) =
            SignalClient::connect(&options.url, &token, signal_options(options), None).await?;
        let mut session = Self {
            signal: Arc::new(signal),
            signals,
            resuming: None,
            heard: Heard::default(),
            publisher,
            subscriber,
            joined,
            offer_id: 0,
            offered: None,
            to_offer: Vec::new(),
            to_stop: Vec::new(),
            tracks: BTreeMap::new(),
            reliable,
            lossy,
            open: HashSet::new(),
            waiting: VecDeque::new(),
            streams: HashMap::new(),
            trouble: None,
            events: VecDeque::new(),
        };
        let relays = ice_servers::relays(&session.joined.ice_servers).await;
        session.publisher.peer.may_use(relays.clone());
        session.subscriber.peer.may_use(relays);
        if let Some((offer, pending)) = offered {
            session.send_offer(&offer, pending, Vec::new()).await;
        }
        let connected = match timeout(CONNECT, session.until_connected()).await {
            Ok(connected) => connected,
            Err(_) => Err(JoinError::Media(CONNECT)),
        };
        match connected {
            Ok(()) => Ok(session),
            Err(error) => {
                session.leave(proto::DisconnectReason::ClientInitiated).await;
                Err(error)
            }
        }
    }

    /// Data may come later: it waits for its channels, whose handshake repeats itself only after 3 s.
    async fn until_connected(&mut self) -> Result<(), JoinError> {
        while !(self.publisher.peer.rtc.is_connected() && self.subscriber.peer.rtc.is_connected()) {
            let input = self.wait().await;
            self.handle(input).await;
            if self.events.iter().any(|event| matches!(event, SessionEvent::Ended(_))) {
                return Err(JoinError::Ended);
            }
        }
        Ok(())
    }

    /// Waits for the next thing to handle. Cancel safe.
    pub(crate) async fn wait(&mut self) -> Input {
        let trouble = self.trouble.map(|since| since + TROUBLE);
        let deadline = self.publisher.peer.deadline().min(self.subscriber.peer.deadline());
        let deadline = [trouble, self.silent_at()]
            .into_iter()
            .flatten()
            .fold(deadline, Instant::min);
        tokio::select! {
            signal = self.signals.recv() => Input::Signal(signal),
            attempt = resume::attempted(&mut self.resuming) => Input::Attempted(attempt),
            () = self.publisher.peer.readable() => Input::Publisher,
            () = self.subscriber.peer.readable() => Input::Subscriber,
            () = sleep_until(deadline.into()) => Input::Time,
        }
    }

    /// Handles it; what became of it is among the `events`.
    pub(crate) async fn handle(&mut self, input: Input) {
        let handled = match input {
            Input::Signal(Some(SignalEvent::Message(message))) => self.message(*message).await,
            Input::Signal(_) => {
                self.lost_signalling();
                Ok(())
            }
            Input::Attempted(attempt) => self.attempted(attempt).await,
            Input::Publisher => self.publisher.peer.receive(),
            Input::Subscriber => self.subscriber.peer.receive(),
            Input::Time => self.time(),
        };
        if handled.is_err() {
            return self.end(None);
        }
        self.look_at_publisher();
        self.look_at_subscriber();
        let in_trouble = self.trouble.is_some_and(|since| since.elapsed() >= TROUBLE);
        if in_trouble || self.silent_at().is_some_and(|at| at <= Instant::now()) {
            self.end(None);
        }
    }

    /// Says goodbye and closes. Bounded.
    pub(crate) async fn leave(mut self, reason: proto::DisconnectReason) {
        let request = proto::LeaveRequest {
            reason: reason as i32,
            action: proto::leave_request::Action::Disconnect as i32,
            ..Default::default()
        };
        let goodbye = async {
            self.signal.send(Request::Leave(request)).await;
            self.signal.close().await;
        };
        let _ = timeout(GOODBYE, goodbye).await;
        self.publisher.peer.close();
        self.subscriber.peer.close();
    }

    /// Closes without a word to the others: somebody else has taken our place, or the connection is dead.
    pub(crate) async fn abandon(self) {
        let _ = timeout(GOODBYE, self.signal.close()).await;
    }

    /// Sends a message of signalling, as soon as there is a connection.
    pub(crate) async fn request(&mut self, request: Request) {
        if let Some(request) = self.hold(request) {
            self.signal.send(request).await;
        }
    }

    pub(crate) fn next_request_id(&self) -> u32 {
        self.signal.next_request_id()
    }

    /// Sends a data packet.
    pub(crate) fn send_data(&mut self, packet: &proto::DataPacket, reliable: bool) -> Result<(), RoomError> {
        let channel = if reliable { self.reliable } else { self.lossy };
        let bytes = packet.encode_to_vec();
        if !self.open.contains(&channel) {
            if self.waiting.len() >= MOST_WAITING {
                return Err(RoomError::Busy);
            }
            self.waiting.push_back((channel, bytes));
            return Ok(());
        }
        self.write(channel, &bytes)
    }

    fn write(&mut self, channel: ChannelId, bytes: &[u8]) -> Result<(), RoomError> {
        let peer = &mut self.publisher.peer;
        let written = peer
            .rtc
            .channel(channel)
            .is_some_and(|mut channel| channel.write(true, bytes).unwrap_or(false));
        if peer.tick().is_err() || !written {
            Err(RoomError::Busy)
        } else {
            Ok(())
        }
    }

    fn end(&mut self, reason: Option<LeaveReason>) {
        self.events.push_back(SessionEvent::Ended(reason));
    }

    fn time(&mut self) -> Result<(), str0m::RtcError> {
        let now = Instant::now();
        for link in [&mut self.publisher, &mut self.subscriber] {
            if link.peer.deadline() <= now {
                link.peer.tick()?;
            }
        }
        Ok(())
    }

    async fn message(&mut self, message: Response) -> Result<(), str0m::RtcError> {
        match message {
            Response::Answer(answer) => self.answered(&answer).await?,
            Response::Offer(offer) => self.offered(offer).await?,
            Response::Trickle(trickle) => {
                let publisher = trickle.target == proto::SignalTarget::Publisher as i32;
                let link = if publisher {
                    &mut self.publisher
                } else {
                    &mut self.subscriber
                };
                if let Some(candidate) = candidate(&trickle.candidate_init) {
                    link.add(candidate)?;
                }
            }
            Response::TrackPublished(published) => self.named(published).await?,
            Response::Leave(leave) => {
                let reason = LeaveReason::from_proto(leave.reason);
                self.end(Some(reason));
            }
            other => self.events.push_back(SessionEvent::Message(Box::new(other))),
        }
        Ok(())
    }

    /// The server offers what we may hear.
    async fn offered(&mut self, offer: proto::SessionDescription) -> Result<(), str0m::RtcError> {
        let link = &mut self.subscriber;
        let answer = link
            .peer
            .rtc
            .sdp_api()
            .accept_offer(SdpOffer::from_sdp_string(&offer.sdp)?)?;
        link.describe()?;
        let answer = proto::SessionDescription {
            r#type: "answer".to_owned(),
            sdp: answer.to_sdp_string(),
            id: offer.id,
            ..Default::default()
        };
        self.signal.send(Request::Answer(answer.clone())).await;
        let streams = sdp::tracks_by_ssrc(&offer.sdp);
        let still: HashSet<&String> = streams.values().collect();
        let gone = self
            .streams
            .values()
            .filter(|track| !still.contains(track))
            .cloned()
            .collect();
        self.streams = streams;
        self.heard = Heard {
            offer: Some(offer),
            answer: Some(answer),
        };
        self.events.push_back(SessionEvent::Streams { gone });
        Ok(())
    }

    /// The server accepts what we offered.
    async fn answered(&mut self, answer: &proto::SessionDescription) -> Result<(), str0m::RtcError> {
        let Some((pending, tracks)) = self.offered.take() else {
            return Ok(());
        };
        let link = &mut self.publisher;
        link.peer
            .rtc
            .sdp_api()
            .accept_answer(pending, SdpAnswer::from_sdp_string(&answer.sdp)?)?;
        link.describe()?;
        for number in tracks {
            if let Some(track) = self.tracks.get_mut(&number) {
                track.answered = true;
                self.events.push_back(SessionEvent::Published {
                    track: number,
                    sid: track.info.sid.clone(),
                });
            }
        }
        self.negotiate().await
    }

    async fn send_offer(&mut self, offer: &SdpOffer, pending: SdpPendingOffer, tracks: Vec<u64>) {
        self.offered = Some((pending, tracks));
        self.offer_id += 1;
        let offer = proto::SessionDescription {
            r#type: "offer".to_owned(),
            sdp: offer.to_sdp_string(),
            id: self.offer_id,
            ..Default::default()
        };
        self.signal.send(Request::Offer(offer)).await;
    }

    fn look_at_publisher(&mut self) {
        while let Some(event) = self.publisher.peer.events.pop_front() {
            match event {
                Event::ChannelOpen(channel, _) => {
                    self.open.insert(channel);
                    for (channel, bytes) in std::mem::take(&mut self.waiting) {
                        if self.open.contains(&channel) {
                            let _ = self.write(channel, &bytes);
                        } else {
                            self.waiting.push_back((channel, bytes));
                        }
                    }
                }
                other => self.look_at_connection(&other),
            }
        }
    }

    fn look_at_subscriber(&mut self) {
        while let Some(event) = self.subscriber.peer.events.pop_front() {
            match event {
                Event::RtpPacket(packet) => self.events.push_back(SessionEvent::Packet(Box::new(packet))),
                Event::ChannelData(data) => {
                    if let Ok(packet) = proto::DataPacket::decode(&data.data[..]) {
                        self.events.push_back(SessionEvent::Data(Box::new(packet)));
                    }
                }
                Event::StreamPaused(stream) => {
                    self.events.push_back(SessionEvent::Paused {
                        ssrc: *stream.ssrc,
                        paused: stream.paused,
                    });
                }
                other => self.look_at_connection(&other),
            }
        }
    }

    fn look_at_connection(&mut self, event: &Event) {
        match event {
            Event::Closed | Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                self.trouble.get_or_insert_with(Instant::now);
            }
            Event::IceConnectionStateChange(IceConnectionState::Connected | IceConnectionState::Completed) => {
                self.trouble = None;
            }
            _ => {}
        }
    }
}

impl Link {
    fn new(peer: Peer) -> Self {
        Self {
            peer,
            described: false,
            candidates: Vec::new(),
        }
    }

    fn add(&mut self, candidate: Candidate) -> Result<(), str0m::RtcError> {
        if !self.described {
            self.candidates.push(candidate);
            return Ok(());
        }
        self.peer.add(candidate)
    }

    /// The other side's description is known: its candidates can be used.
    fn describe(&mut self) -> Result<(), str0m::RtcError> {
        self.described = true;
        let candidates = std::mem::take(&mut self.candidates);
        candidates.into_iter().try_for_each(|candidate| self.add(candidate))?;
        self.peer.tick()
    }
}

fn signal_options(options: &JoinOptions) -> SignalOptions {
    let mut signal = SignalOptions::default();
    signal.auto_subscribe = options.auto_subscribe;
    signal.protocol_version = PROTOCOL_VERSION;
    signal.region_failover = false;
    signal.client_capabilities = Vec::new();
    // Otherwise the server offers only TCP to whoever lost a connection shortly before.
    signal.sdk_options.sdk = "go".to_owned();
    signal
}

fn host_and_port(url: &str) -> Result<(String, u16), JoinError> {
    let malformed = |why: &str| livekit_signaling::SignalError::UrlParse(why.to_owned());
    let url = url::Url::parse(url).map_err(|error| malformed(&error.to_string()))?;
    let host = url
        .host_str()
        .ok_or_else(|| malformed("no host"))?
        .trim_matches(['[', ']'])
        .to_owned();
    let secure = matches!(url.scheme(), "https" | "wss");
    Ok((
        host,
        url.port_or_known_default().unwrap_or(if secure { 443 } else { 80 }),
    ))
}

/// A candidate of LiveKit's, which comes in the JSON of a browser's `RTCIceCandidateInit`.
fn candidate(json: &str) -> Option<Candidate> {
    let init: serde_json::Value = serde_json::from_str(json).ok()?;
    let line = init.get("candidate")?.as_str()?;
    Candidate::from_sdp_string(line).ok()
}
