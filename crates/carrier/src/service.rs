//! The service: who may ask, what is asked, and what is passed on to livekit-server.

use crate::{
    call::{self, CallPlan, Transfer},
    dispatch::DispatchRules,
    participant::LiveKitRooms,
    phones::{Invitation, Phones},
    request::{LONGEST_CALL, attributes, check, duration, invalid},
    room::{RoomLeg, Rooms},
    trunks::{Trunks, problem_with_headers},
    twirp::{self, Code, PROTOBUF, TwirpError},
};
use axum::{
    Router,
    extract::{Path, Request},
    http::{
        HeaderMap, Uri,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::post,
};
use axum_reverse_proxy::ReverseProxy;
use domain::Chance;
use livekit_api::access_token::{AccessToken, Claims, TokenVerifier, VideoGrants};
use livekit_protocol as proto;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a phone rings if the request does not say, as with LiveKit.
const RINGING: Duration = Duration::from_secs(180);
/// The same for whoever a phone is transferred to.
const TRANSFER_RINGING: Duration = Duration::from_secs(30);
/// Joining a room takes no longer.
pub(crate) const JOINING: Duration = Duration::from_secs(10);
/// Closing waits this long for calls to end.
const CLOSING: Duration = Duration::from_secs(5);
/// Requests are small.
const LONGEST_REQUEST: usize = 1 << 20;

/// Where the livekit-server is, and which trunks there are from the start.
#[derive(Clone)]
pub struct CarrierOptions {
    /// `http://` or `ws://` and a host: the livekit-server behind the carrier.
    pub livekit_url: String,
    /// Key and secret, the same for livekit-server, carrier, and whoever uses them.
    pub api_key: String,
    pub api_secret: String,
    pub outbound_trunks: Vec<proto::SipOutboundTrunkInfo>,
    pub inbound_trunks: Vec<proto::SipInboundTrunkInfo>,
}

impl CarrierOptions {
    /// With one trunk, whose calls show `number`.
    #[must_use]
    pub fn with_trunk(livekit_url: &str, api_key: &str, api_secret: &str, trunk_id: &str, number: &str) -> Self {
        Self {
            livekit_url: livekit_url.to_owned(),
            api_key: api_key.to_owned(),
            api_secret: api_secret.to_owned(),
            outbound_trunks: vec![proto::SipOutboundTrunkInfo {
                sip_trunk_id: trunk_id.to_owned(),
                name: "Simulated people".to_owned(),
                address: "rehearsal.invalid".to_owned(),
                numbers: vec![number.to_owned()],
                ..proto::SipOutboundTrunkInfo::default()
            }],
            inbound_trunks: Vec::new(),
        }
    }
}

/// The carrier cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    #[error("“{0}” is no address of a livekit-server, like ws://127.0.0.1:7880")]
    Address(String),
}

/// The carrier. Cheap to clone.
#[derive(Clone)]
pub struct Carrier {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    api_key: String,
    api_secret: String,
    verifier: TokenVerifier,
    livekit: String,
    pub(crate) rooms: Box<dyn Rooms>,
    pub(crate) phones: Box<dyn Phones>,
    chance: Arc<dyn Chance>,
    outbound: Trunks<proto::SipOutboundTrunkInfo>,
    pub(crate) inbound: Trunks<proto::SipInboundTrunkInfo>,
    pub(crate) dispatch: DispatchRules,
    /// The phones in rooms, by room and identity.
    calls: Mutex<HashMap<(String, String), Line>>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// A call that is going on.
struct Line {
    call_id: String,
    transfers: mpsc::Sender<Transfer>,
}

impl Carrier {
    /// A carrier in front of a livekit-server, with telephones behind it. Nothing is connected yet.
    ///
    /// # Errors
    /// [`CarrierError`].
    pub fn new(options: CarrierOptions, phones: impl Phones, chance: Arc<dyn Chance>) -> Result<Self, CarrierError> {
        let livekit = http_address(&options.livekit_url)?;
        let rooms = LiveKitRooms::new(&livekit);
        Ok(Self::with_rooms(options, livekit, rooms, phones, chance))
    }

    pub(crate) fn with_rooms(
        options: CarrierOptions,
        livekit: String,
        rooms: impl Rooms,
        phones: impl Phones,
        chance: Arc<dyn Chance>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                verifier: TokenVerifier::with_api_key(&options.api_key, &options.api_secret),
                api_key: options.api_key,
                api_secret: options.api_secret,
                livekit,
                rooms: Box::new(rooms),
                phones: Box::new(phones),
                chance,
                outbound: Trunks::new(options.outbound_trunks),
                inbound: Trunks::new(options.inbound_trunks),
                dispatch: DispatchRules::default(),
                calls: Mutex::default(),
                tasks: TaskTracker::new(),
                stop: CancellationToken::new(),
            }),
        }
    }

    /// Everything the carrier answers to.
    pub fn router(&self) -> Router {
        let proxy = ReverseProxy::new("/", self.shared.livekit.clone());
        let (shared, livekit) = (Arc::clone(&self.shared), proxy.clone());
        let sip = move |Path(method): Path<String>, request: Request| {
            let (shared, livekit) = (Arc::clone(&shared), livekit.clone());
            async move {
                match shared.claims(request.headers()) {
                    Ok(claims) => shared.answer(&method, &claims, request).await.into_response(),
                    // LiveKit itself says what is wrong with the token.
                    Err(NoToken) => livekit.proxy_request(request).await.into_response(),
                }
            }
        };
        Router::new()
            .route("/twirp/livekit.SIP/{method}", post(sip))
            .fallback_service(proxy)
    }

    /// Ends all calls and waits a moment until they have left their rooms.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        if tokio::time::timeout(CLOSING, self.shared.tasks.wait()).await.is_err() {
            tracing::warn!("some calls could not leave their rooms in time");
        }
    }
}

/// As `http://`.
fn http_address(url: &str) -> Result<String, CarrierError> {
    let address = match url.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        _ => url.to_owned(),
    };
    let known = address
        .parse::<Uri>()
        .is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.authority().is_some());
    known
        .then_some(address)
        .ok_or_else(|| CarrierError::Address(url.to_owned()))
}

/// A phone's place in a room.
pub(crate) struct Seat<'a> {
    pub(crate) room: &'a str,
    pub(crate) identity: &'a str,
    pub(crate) name: &'a str,
    pub(crate) metadata: &'a str,
    pub(crate) attributes: HashMap<String, String>,
}

/// The request bears a token that is not good.
struct NoToken;

fn denied() -> TwirpError {
    TwirpError::new(Code::Unauthenticated, "permissions denied")
}

impl Shared {
    /// What the bearer may do; nothing without a token.
    fn claims(&self, headers: &HeaderMap) -> Result<Option<Claims>, NoToken> {
        let Some(header) = headers.get(AUTHORIZATION) else {
            return Ok(None);
        };
        let token = header.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        let claims = token.and_then(|token| self.verifier.verify(token).ok());
        claims.map(Some).ok_or(NoToken)
    }

    async fn answer(
        self: &Arc<Self>,
        method: &str,
        claims: &Option<Claims>,
        request: Request,
    ) -> Result<Response, TwirpError> {
        let may = |allowed: fn(&Claims) -> bool| claims.as_ref().filter(|claims| allowed(claims)).ok_or_else(denied);
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind != Some(PROTOBUF) {
            let kind = kind.unwrap_or_default();
            return Err(TwirpError::new(
                Code::BadRoute,
                format!("unexpected Content-Type: \"{kind}\""),
            ));
        }
        let body = axum::body::to_bytes(request.into_body(), LONGEST_REQUEST)
            .await
            .map_err(|_| TwirpError::new(Code::Malformed, "failed to read request body"))?;
        if matches!(method, "CreateSIPParticipant" | "TransferSIPParticipant") {
            let claims = may(|claims| claims.sip.call)?;
            return if method == "CreateSIPParticipant" {
                Ok(twirp::write(&self.create_participant(twirp::read(&body)?).await?))
            } else {
                self.transfer_participant(claims, twirp::read(&body)?).await?;
                // google.protobuf.Empty
                Ok(twirp::write(&()))
            };
        }
        may(|claims| claims.sip.admin)?;
        Ok(match method {
            "CreateSIPOutboundTrunk" => {
                let request: proto::CreateSipOutboundTrunkRequest = twirp::read(&body)?;
                twirp::write(&self.outbound.create(request.trunk, || self.id("ST_"))?)
            }
            "CreateSIPInboundTrunk" => {
                let request: proto::CreateSipInboundTrunkRequest = twirp::read(&body)?;
                twirp::write(&self.inbound.create(request.trunk, || self.id("ST_"))?)
            }
            "ListSIPOutboundTrunk" => {
                let request: proto::ListSipOutboundTrunkRequest = twirp::read(&body)?;
                let items = self.outbound.list(&request.trunk_ids, &request.numbers);
                twirp::write(&proto::ListSipOutboundTrunkResponse { items })
            }
            "ListSIPInboundTrunk" => {
                let request: proto::ListSipInboundTrunkRequest = twirp::read(&body)?;
                let items = self.inbound.list(&request.trunk_ids, &request.numbers);
                twirp::write(&proto::ListSipInboundTrunkResponse { items })
            }
            "DeleteSIPTrunk" => {
                let request: proto::DeleteSipTrunkRequest = twirp::read(&body)?;
                if request.sip_trunk_id.is_empty() {
                    return Err(invalid("trunk ID is required"));
                }
                self.outbound.delete(&request.sip_trunk_id);
                self.inbound.delete(&request.sip_trunk_id);
                twirp::write(&proto::SipTrunkInfo {
                    sip_trunk_id: request.sip_trunk_id,
                    ..proto::SipTrunkInfo::default()
                })
            }
            "CreateSIPDispatchRule" => {
                let request: proto::CreateSipDispatchRuleRequest = twirp::read(&body)?;
                twirp::write(&self.dispatch.create(request.dispatch_rule, || self.id("SDR_"))?)
            }
            "ListSIPDispatchRule" => {
                let items = self.dispatch.list();
                twirp::write(&proto::ListSipDispatchRuleResponse { items })
            }
            "DeleteSIPDispatchRule" => {
                let request: proto::DeleteSipDispatchRuleRequest = twirp::read(&body)?;
                self.dispatch.delete(&request.sip_dispatch_rule_id);
                twirp::write(&proto::SipDispatchRuleInfo {
                    sip_dispatch_rule_id: request.sip_dispatch_rule_id,
                    ..proto::SipDispatchRuleInfo::default()
                })
            }
            _ => {
                return Err(TwirpError::new(
                    Code::Unimplemented,
                    "this carrier for tests and rehearsal does not do that",
                ));
            }
        })
    }

    async fn create_participant(
        self: &Arc<Self>,
        request: proto::CreateSipParticipantRequest,
    ) -> Result<proto::SipParticipantInfo, TwirpError> {
        check(&request)?;
        let (from, host) = self.from(&request)?;
        let call_id = self.id("SCL_");
        let identity = if request.participant_identity.is_empty() {
            format!("sip_{}", request.sip_call_to)
        } else {
            request.participant_identity.clone()
        };
        let token = self.token(Seat {
            room: &request.room_name,
            identity: &identity,
            name: &request.participant_name,
            metadata: &request.participant_metadata,
            attributes: attributes(&request, &call_id, &from, &host),
        })?;
        let unavailable = |problem: String| TwirpError::new(Code::Unavailable, problem);
        let room = tokio::time::timeout(JOINING, self.rooms.join(token))
            .await
            .map_err(|_| unavailable("the room could not be joined in time".to_owned()))?
            .map_err(|error| unavailable(error.to_string()))?;
        let info = proto::SipParticipantInfo {
            participant_id: room.sid(),
            participant_identity: identity.clone(),
            room_name: request.room_name.clone(),
            sip_call_id: call_id.clone(),
        };
        let answered = self.begin(room, (request.room_name.clone(), identity), call_id, from, &request);
        if request.wait_until_answered {
            answered
                .await
                .unwrap_or_else(|_| Err(TwirpError::new(Code::Canceled, "context canceled")))?;
        }
        Ok(info)
    }

    /// Lets a call take its course, whether or not somebody waits for the answer.
    fn begin(
        self: &Arc<Self>,
        room: Box<dyn RoomLeg>,
        key: (String, String),
        call_id: String,
        from: String,
        request: &proto::CreateSipParticipantRequest,
    ) -> oneshot::Receiver<Result<(), TwirpError>> {
        let phone = self.phones.call(&Invitation {
            to: request.sip_call_to.clone(),
            from,
        });
        let plan = CallPlan {
            ringing: duration(request.ringing_timeout).unwrap_or(RINGING),
            longest: Some(duration(request.max_call_duration).unwrap_or(LONGEST_CALL)),
            keys: request.dtmf.chars().collect(),
            waits: request.wait_until_answered,
            comes_in: false,
        };
        let (answer, answered) = oneshot::channel();
        let (transfers, wishes) = mpsc::channel(1);
        let line = Line {
            call_id: call_id.clone(),
            transfers,
        };
        self.calls().insert(key.clone(), line);
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            call::carry(room, phone, plan, answer, wishes, shared.stop.clone()).await;
            let mut calls = shared.calls();
            if calls.get(&key).is_some_and(|line| line.call_id == call_id) {
                calls.remove(&key);
            }
        });
        answered
    }

    async fn transfer_participant(
        &self,
        claims: &Claims,
        request: proto::TransferSipParticipantRequest,
    ) -> Result<(), TwirpError> {
        if request.room_name.is_empty() {
            return Err(invalid("Missing room name"));
        }
        if request.participant_identity.is_empty() {
            return Err(invalid("Missing participant identity"));
        }
        if !claims.video.room_admin || claims.video.room != request.room_name {
            return Err(denied());
        }
        if request.transfer_to.is_empty() {
            return Err(invalid("missing transfer to"));
        }
        let address = request.transfer_to.trim_start_matches('<').trim_end_matches('>');
        if !["sip:", "sips:", "tel:"]
            .iter()
            .any(|scheme| address.starts_with(scheme))
        {
            return Err(invalid(
                "transfer_to must be a valid SIP(s) or TEL URI (sip:, sips: or tel:)",
            ));
        }
        if let Some(problem) = problem_with_headers(&request.headers) {
            return Err(invalid(problem));
        }
        let gone = || TwirpError::new(Code::NotFound, "participant does not exist");
        let key = (request.room_name, request.participant_identity);
        let transfers = self
            .calls()
            .get(&key)
            .map(|line| line.transfers.clone())
            .ok_or_else(gone)?;
        let (done, outcome) = oneshot::channel();
        let wish = Transfer {
            to: address.to_owned(),
            patience: duration(request.ringing_timeout).unwrap_or(TRANSFER_RINGING),
            done,
        };
        transfers.send(wish).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }

    /// The number that the phone shows, and the host that is called.
    fn from(&self, request: &proto::CreateSipParticipantRequest) -> Result<(String, String), TwirpError> {
        let (numbers, host) = if request.sip_trunk_id.is_empty() {
            let host = request.trunk.as_ref().map(|trunk| trunk.hostname.clone());
            (Vec::new(), host.unwrap_or_default())
        } else {
            let trunk = self.outbound.find(&request.sip_trunk_id)?;
            (trunk.numbers, trunk.address)
        };
        let chosen = if request.sip_number.is_empty() {
            numbers.into_iter().next()
        } else {
            Some(request.sip_number.clone())
        };
        let from = chosen.ok_or_else(|| TwirpError::new(Code::FailedPrecondition, "no numbers on outbound trunk"))?;
        Ok((from, host))
    }

    /// Opens the room to the phone.
    pub(crate) fn token(&self, seat: Seat<'_>) -> Result<String, TwirpError> {
        let grants = VideoGrants {
            room_join: true,
            room: seat.room.to_owned(),
            can_update_own_metadata: Some(true),
            ..VideoGrants::default()
        };
        AccessToken::with_api_key(&self.api_key, &self.api_secret)
            .with_ttl(LONGEST_CALL)
            .with_kind("sip")
            .with_identity(seat.identity)
            .with_name(seat.name)
            .with_metadata(seat.metadata)
            .with_attributes(seat.attributes)
            .with_grants(grants)
            .to_jwt()
            .map_err(|error| TwirpError::new(Code::Unknown, error.to_string()))
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Line>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new id, as LiveKit's look.
    pub(crate) fn id(&self, prefix: &str) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyz2345678";
        let mut bytes = [0; 12];
        self.chance.fill(&mut bytes);
        let letters = bytes.map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
        letters.iter().fold(prefix.to_owned(), |mut id, letter| {
            id.push(*letter);
            id
        })
    }
}
