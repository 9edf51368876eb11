//! The task of a room: it lives through connections, and turns what they tell into events.

mod rejoin;

use crate::{
    Engine, JoinError, JoinOptions, LeaveReason, ParticipantInfo, RemoteAudioTrack, Room, RoomError, RoomEvent,
    RoomEvents, SpeakerLevel,
    data::Incoming,
    events::ConnectionQuality,
    local_track::OutgoingSound,
    remote_track::Inbox,
    room::{Command, Facts},
    roster::Roster,
    session::{Session, SessionEvent},
};
use livekit_protocol::{
    self as proto, request_response, signal_request::Message as Request, signal_response::Message as Response,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Packets of sound that may wait for the task; 200 ms, as much as is not stale.
const MOST_SOUNDS: usize = 10;

pub(crate) struct Started {
    pub(crate) room: Room,
    pub(crate) events: RoomEvents,
}

/// Joins, and starts the task.
pub(crate) async fn start(options: JoinOptions, engine: Engine) -> Result<Started, JoinError> {
    let session = Box::pin(Session::connect(&options, &engine)).await?;
    let (commands, asked) = mpsc::unbounded_channel();
    let (sounds, to_send) = mpsc::channel(MOST_SOUNDS);
    let (events, happened) = mpsc::unbounded_channel();
    let (leaving, left) = (CancellationToken::new(), CancellationToken::new());
    let facts = Arc::new(Mutex::new(Facts::default()));
    let room = Room {
        commands,
        sounds,
        facts: facts.clone(),
        leaving: leaving.clone(),
        left: left.clone(),
    };
    let mut task = RoomTask {
        options,
        engine,
        session,
        roster: Roster::default(),
        incoming: Incoming::default(),
        published: BTreeMap::new(),
        last_track: 0,
        allowed: None,
        inboxes: HashMap::new(),
        by_ssrc: HashMap::new(),
        attributes: HashMap::new(),
        events,
        facts,
        asked,
        to_send,
        leaving,
        _left: left.drop_guard(),
    };
    task.take_over_join();
    tokio::spawn(task.run());
    Ok(Started {
        room,
        events: RoomEvents {
            events: happened,
            ended: None,
        },
    })
}

struct RoomTask {
    options: JoinOptions,
    engine: Engine,
    session: Session,
    roster: Roster,
    incoming: Incoming,
    published: BTreeMap<u64, Ours>,
    last_track: u64,
    /// Who may subscribe to us, once that has been said.
    allowed: Option<Option<Vec<String>>>,
    /// By track.
    inboxes: HashMap<String, Arc<Inbox>>,
    by_ssrc: HashMap<u32, (String, Arc<Inbox>)>,
    /// Changes of attributes that wait for an answer, by request.
    attributes: HashMap<u32, oneshot::Sender<Result<(), RoomError>>>,
    events: mpsc::UnboundedSender<RoomEvent>,
    facts: Arc<Mutex<Facts>>,
    asked: mpsc::UnboundedReceiver<Command>,
    to_send: mpsc::Receiver<OutgoingSound>,
    leaving: CancellationToken,
    _left: DropGuard,
}

/// A track of ours, whatever the connection.
struct Ours {
    name: String,
    muted: bool,
    reply: Option<oneshot::Sender<Result<(u64, String), RoomError>>>,
}

/// How a connection ended.
enum End {
    /// Somebody meant it.
    Meant(LeaveReason),
    Lost,
}

impl RoomTask {
    async fn run(mut self) {
        let reason = loop {
            match self.look().await {
                None => {}
                Some(End::Meant(reason)) => break reason,
                Some(End::Lost) => {
                    if let Err(reason) = self.rejoin().await {
                        break reason;
                    }
                    continue;
                }
            }
            tokio::select! {
                () = self.leaving.cancelled() => break LeaveReason::ClientInitiated,
                command = self.asked.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => break LeaveReason::ClientInitiated,
                },
                Some(sound) = self.to_send.recv() => self.session.send_sound(&sound),
                input = self.session.wait() => self.session.handle(input).await,
            }
        };
        if reason == LeaveReason::ClientInitiated {
            let because = self
                .facts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .leaving_because;
            self.session.leave(because.unwrap_or(reason).to_proto()).await;
        } else {
            self.session.abandon().await;
        }
        let _ = self.events.send(RoomEvent::Disconnected(reason));
    }

    /// What the session has told.
    async fn look(&mut self) -> Option<End> {
        while let Some(event) = self.session.events.pop_front() {
            match event {
                SessionEvent::Message(message) => self.message(*message),
                SessionEvent::Streams { gone } => {
                    for track in gone {
                        self.forget(&track);
                    }
                    self.find_streams();
                }
                SessionEvent::Packet(packet) => {
                    if let Some((_, inbox)) = self.by_ssrc.get(&*packet.header.ssrc) {
                        inbox.put(*packet.seq_no, packet.time.numer(), packet.payload, packet.timestamp);
                    }
                }
                SessionEvent::Paused { ssrc, paused } => {
                    if let Some((sid, _)) = self.by_ssrc.get(&ssrc) {
                        self.tell(RoomEvent::TrackPaused {
                            sid: sid.clone(),
                            paused,
                        });
                    }
                }
                SessionEvent::Data(packet) => {
                    self.incoming
                        .take_in(*packet)
                        .into_iter()
                        .for_each(|event| self.tell(event));
                }
                SessionEvent::Published { track, sid } => self.published(track, sid).await,
                SessionEvent::Resumed => self.resumed().await,
                SessionEvent::Ended(Some(reason)) if reason.is_meant() => return Some(End::Meant(reason)),
                SessionEvent::Ended(_) => return Some(End::Lost),
            }
        }
        None
    }

    fn message(&mut self, message: Response) {
        match message {
            Response::Update(update) => self.participants(&update.participants),
            Response::RoomUpdate(proto::RoomUpdate { room: Some(room) }) => {
                self.tell(RoomEvent::RoomMetadataChanged(room.metadata));
            }
            Response::SpeakersChanged(changed) => {
                let speakers = changed.speakers.into_iter().filter_map(|speaker| {
                    let identity = self.identity(&speaker.sid)?;
                    Some(SpeakerLevel {
                        identity,
                        level: speaker.level,
                        active: speaker.active,
                    })
                });
                let speakers = speakers.collect();
                self.tell(RoomEvent::Speakers(speakers));
            }
            Response::ConnectionQuality(update) => {
                let qualities = update.updates.into_iter().filter_map(|info| {
                    let quality = proto::ConnectionQuality::try_from(info.quality).ok()?.into();
                    Some(ConnectionQuality {
                        identity: self.identity(&info.participant_sid)?,
                        quality,
                    })
                });
                let qualities = qualities.collect();
                self.tell(RoomEvent::ConnectionQuality(qualities));
            }
            Response::RequestResponse(response) => self.answer(response),
            _ => {}
        }
    }

    /// The server refuses something, or says that it was done.
    fn answer(&mut self, response: proto::RequestResponse) {
        use request_response::{Reason, Request as Asked};
        if response.reason == Reason::Queued as i32 {
            return;
        }
        let done = response.reason == Reason::Ok as i32;
        let refused = || {
            let reason = Reason::try_from(response.reason).map_or("UNKNOWN", |reason| reason.as_str_name());
            RoomError::Refused(reason.to_owned())
        };
        if let Some(reply) = self.attributes.remove(&response.request_id) {
            let _ = reply.send(if done { Ok(()) } else { Err(refused()) });
        }
        if let (Some(Asked::AddTrack(track)), false) = (&response.request, done)
            && let Some(number) = self.session.number_of(&track.cid)
            && let Some(reply) = self.published.remove(&number).and_then(|ours| ours.reply)
        {
            let _ = reply.send(Err(refused()));
        }
    }

    fn participants(&mut self, news: &[proto::ParticipantInfo]) {
        let us = self.local();
        if let Some(info) = news.iter().find(|info| info.sid == us.sid) {
            self.facts.lock().unwrap_or_else(PoisonError::into_inner).local = info.into();
            // Versions of the server that do not answer show it so.
            for (_, reply) in self.attributes.drain() {
                let _ = reply.send(Ok(()));
            }
        }
        let events = self.roster.update(&us.identity, news);
        self.tell_of_participants(events);
    }

    fn tell_of_participants(&mut self, events: Vec<RoomEvent>) {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).others = self.roster.everybody();
        for event in events {
            if let RoomEvent::TrackUnpublished { sid, .. } = &event {
                self.forget(sid);
            }
            self.tell(event);
        }
        self.find_streams();
    }

    /// Which stream is whose: told by the offers, and by what is said of the participants, in any order.
    fn find_streams(&mut self) {
        self.by_ssrc.clear();
        for (ssrc, sid) in self.session.streams.clone() {
            let inbox = match self.inboxes.get(&sid) {
                Some(inbox) => inbox.clone(),
                None => {
                    let Some(publisher) = self.roster.publisher(&sid) else {
                        continue;
                    };
                    let inbox = Inbox::new(Instant::now());
                    let Ok(track) = RemoteAudioTrack::new(sid.clone(), publisher.to_owned(), inbox.clone()) else {
                        continue;
                    };
                    self.inboxes.insert(sid.clone(), inbox.clone());
                    self.tell(RoomEvent::TrackSubscribed(track));
                    inbox
                }
            };
            self.by_ssrc.insert(ssrc, (sid, inbox));
        }
    }

    fn forget(&mut self, track: &str) {
        if self.inboxes.remove(track).is_some() {
            self.by_ssrc.retain(|_, (sid, _)| sid != track);
            self.tell(RoomEvent::TrackUnsubscribed { sid: track.to_owned() });
        }
    }

    async fn published(&mut self, track: u64, sid: String) {
        let Some(ours) = self.published.get_mut(&track) else {
            return;
        };
        if let Some(reply) = ours.reply.take() {
            let _ = reply.send(Ok((track, sid)));
        }
        if ours.muted {
            self.session.mute(track, true).await;
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Publish { name, reply } => {
                self.last_track += 1;
                self.session.publish(self.last_track, &name).await;
                self.published.insert(
                    self.last_track,
                    Ours {
                        name,
                        muted: false,
                        reply: Some(reply),
                    },
                );
            }
            Command::Unpublish { track } => {
                self.published.remove(&track);
                self.session.unpublish(track).await;
            }
            Command::Mute { track, muted } => {
                if let Some(ours) = self.published.get_mut(&track) {
                    ours.muted = muted;
                    self.session.mute(track, muted).await;
                }
            }
            Command::Subscribe { sid, on } => {
                let request = proto::UpdateSubscription {
                    track_sids: vec![sid],
                    subscribe: on,
                    ..Default::default()
                };
                self.session.request(Request::Subscription(request)).await;
            }
            Command::AllowSubscribers(identities) => {
                self.allowed = Some(identities);
                self.say_who_may_subscribe().await;
            }
            Command::Send {
                value,
                to,
                reliable,
                reply,
            } => {
                let kind = if reliable {
                    proto::data_packet::Kind::Reliable
                } else {
                    proto::data_packet::Kind::Lossy
                };
                #[expect(deprecated, reason = "older servers go by it")]
                let packet = proto::DataPacket {
                    kind: kind as i32,
                    destination_identities: to,
                    value: Some(*value),
                    ..Default::default()
                };
                let _ = reply.send(self.session.send_data(&packet, reliable));
            }
            Command::Attributes { changes, reply } => {
                let request_id = self.session.next_request_id();
                let local = self.local();
                let request = proto::UpdateParticipantMetadata {
                    metadata: local.metadata,
                    name: local.name,
                    attributes: changes,
                    request_id,
                };
                self.attributes.insert(request_id, reply);
                self.session.request(Request::UpdateMetadata(request)).await;
            }
        }
    }

    async fn say_who_may_subscribe(&mut self) {
        let Some(allowed) = &self.allowed else { return };
        let permission = |identity: &String| proto::TrackPermission {
            participant_identity: identity.clone(),
            all_tracks: true,
            ..Default::default()
        };
        let request = proto::SubscriptionPermission {
            all_participants: allowed.is_none(),
            track_permissions: allowed.iter().flatten().map(permission).collect(),
        };
        self.session.request(Request::SubscriptionPermission(request)).await;
    }

    /// What the server says of the room when we join.
    fn take_over_join(&mut self) {
        let joined = self.session.joined.clone();
        let local = joined
            .participant
            .as_ref()
            .map(ParticipantInfo::from)
            .unwrap_or_default();
        {
            let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
            facts.local = local.clone();
            if let Some(room) = joined.room {
                (facts.name, facts.sid) = (room.name, room.sid);
            }
        }
        let events = self.roster.rejoined(&local.identity, &joined.other_participants);
        self.tell_of_participants(events);
    }

    fn local(&self) -> ParticipantInfo {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).local.clone()
    }

    fn identity(&self, sid: &str) -> Option<String> {
        let local = self.local();
        if local.sid == sid {
            Some(local.identity)
        } else {
            self.roster.identity(sid).map(str::to_owned)
        }
    }

    fn tell(&self, event: RoomEvent) {
        // Nobody has to listen.
        let _ = self.events.send(event);
    }
}
