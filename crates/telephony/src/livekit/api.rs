//! What is asked of LiveKit's server API.

use super::{
    LiveKitSettings, MediaEncryption, arrivals, names,
    outcome::{self, is_not_found},
    progress::{DialFailure, STATUS_ATTRIBUTE, SipStatus},
    tokens::ApiKey,
};
use crate::{Arrival, CallRoom, TelephonyError};
use domain::{ConversationId, PhoneNumber};
use livekit_api::services::{
    ServiceError,
    room::{CreateRoomOptions, RoomClient},
    sip::{CreateSIPParticipantOptions, ListSIPOutboundTrunkFilter, SIPClient, TransferSIPParticipantOptions},
};
use livekit_protocol::{ParticipantInfo, SipMediaEncryption};
use std::time::Duration;

/// Everything but dialling is answered within this time or not at all.
const PATIENCE: Duration = Duration::from_secs(5);
/// A phone rings no longer: LiveKit's server answers within 80 s whatever happens, and that answer is needed.
const LONGEST_RINGING: Duration = Duration::from_secs(75);
const SHORTEST_RINGING: Duration = Duration::from_secs(5);
/// What the request to dial may take on top of the ringing.
const DIALLING_MARGIN: Duration = Duration::from_secs(5);
/// LiveKit hangs up by itself this long after the call should have been ended by us.
const OVERTIME: Duration = Duration::from_secs(90);
/// An empty room is closed after this time, seconds; one that people have left, after the other.
const EMPTY_TIMEOUT: u32 = 60;
const DEPARTURE_TIMEOUT: u32 = 20;
/// How long whoever a person is transferred to may ring.
const TRANSFER_RINGING: Duration = Duration::from_secs(30);

/// LiveKit's server API with our key.
pub(crate) struct Api {
    rooms: RoomClient,
    sip: SIPClient,
    pub(crate) key: ApiKey,
    pub(crate) settings: LiveKitSettings,
}

/// Whom to dial into a room.
pub(crate) struct DialOrder {
    pub(crate) identity: String,
    pub(crate) number: PhoneNumber,
    pub(crate) caller_id: Option<PhoneNumber>,
    pub(crate) ringing: Duration,
    pub(crate) longest_call: Duration,
}

impl DialOrder {
    /// How long it really rings.
    pub(crate) fn ringing(&self) -> Duration {
        self.ringing.clamp(SHORTEST_RINGING, LONGEST_RINGING)
    }
}

impl Api {
    pub(crate) fn new(settings: LiveKitSettings) -> Self {
        let (url, key, secret) = (&settings.url, &settings.api_key, &settings.api_secret);
        Self {
            rooms: RoomClient::with_api_key(url, key, secret).with_request_timeout(PATIENCE),
            // It would send a request that failed half-way once more, to another region: a phone would ring twice.
            sip: SIPClient::with_api_key(url, key, secret)
                .with_request_timeout(PATIENCE)
                .with_failover(false),
            key: ApiKey {
                key: key.clone(),
                secret: secret.clone(),
            },
            settings,
        }
    }

    /// Makes the room of a call, or finds it.
    pub(crate) async fn create_room(&self, conversation: ConversationId) -> Result<(), TelephonyError> {
        let options = CreateRoomOptions {
            empty_timeout: EMPTY_TIMEOUT,
            departure_timeout: DEPARTURE_TIMEOUT,
            metadata: serde_json::json!({ "conversation": conversation }).to_string(),
            ..CreateRoomOptions::default()
        };
        let room = names::room_of(&conversation.into());
        self.rooms
            .create_room(&room, options)
            .await
            .map(|_| ())
            .map_err(|error| unavailable(&error))
    }

    /// Closes a room; all who are in it are put out, phones hang up. One that is not there is closed already.
    pub(crate) async fn delete_room(&self, room: &str) -> Result<(), TelephonyError> {
        found(self.rooms.delete_room(room).await)
    }

    /// Puts somebody out; a phone hangs up. One who is not there is out already.
    pub(crate) async fn remove(&self, room: &str, identity: &str) -> Result<(), TelephonyError> {
        found(self.rooms.remove_participant(room, identity).await)
    }

    /// The person of a call who has answered and is still there.
    pub(crate) async fn person_on_the_line(&self, call: &CallRoom) -> Result<Option<String>, TelephonyError> {
        let room = names::room_of(call);
        let answered = |status: &String| SipStatus::read(status) == Some(SipStatus::Active);
        let is_person = |participant: &ParticipantInfo| match call.came_in {
            Some(_) => arrivals::arrival_of(&room, participant).is_some(),
            None => names::is_person(&participant.identity),
        };
        let person = self.participants(&room).await?.into_iter().find(|participant| {
            is_person(participant) && participant.attributes.get(STATUS_ATTRIBUTE).is_some_and(answered)
        });
        Ok(person.map(|person| person.identity))
    }

    /// Whether somebody is in a room.
    pub(crate) async fn is_in(&self, room: &str, identity: &str) -> Result<bool, TelephonyError> {
        let participants = self.participants(room).await?;
        Ok(participants.iter().any(|participant| participant.identity == identity))
    }

    /// Nobody is in a room that is not there.
    async fn participants(&self, room: &str) -> Result<Vec<ParticipantInfo>, TelephonyError> {
        match self.rooms.list_participants(room).await {
            Ok(participants) => Ok(participants),
            Err(error) if is_not_found(&error) => Ok(Vec::new()),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Calls that have come in and that nobody has answered.
    pub(crate) async fn arrivals(&self) -> Result<Vec<Arrival>, TelephonyError> {
        if self.settings.inbound_trunk_id.is_none() {
            return Ok(Vec::new());
        }
        arrivals::waiting(&self.rooms).await
    }

    /// Whether `identity` hears these tracks.
    pub(crate) async fn subscribe(
        &self,
        room: &str,
        identity: &str,
        tracks: Vec<String>,
        on: bool,
    ) -> Result<(), TelephonyError> {
        let done = self.rooms.update_subscriptions(room, identity, tracks, on).await;
        done.map_err(|error| unavailable(&error))
    }

    /// Rings a phone and waits until it is answered or not.
    pub(crate) async fn dial(&self, room: String, order: DialOrder) -> Result<(), DialFailure> {
        let Some(trunk) = self.settings.trunk_id.clone() else {
            return Err(DialFailure::NotAnswered(crate::NotAnswered::Refused {
                reason: format!("{NO_TRUNK_CONFIGURED}."),
            }));
        };
        let ringing = order.ringing();
        let headers = &self.settings.sip_headers;
        let options = CreateSIPParticipantOptions {
            participant_identity: order.identity,
            sip_number: order.caller_id.map(|number| number.e164().to_owned()),
            wait_until_answered: Some(true),
            // Neither name nor number of a person shows in a room.
            hide_phone_number: Some(true),
            ringing_timeout: Some(ringing),
            max_call_duration: Some(order.longest_call + OVERTIME),
            headers: (!headers.is_empty()).then(|| headers.clone().into_iter().collect()),
            media_encryption: Some(match self.settings.media_encryption {
                MediaEncryption::Disable => SipMediaEncryption::SipMediaEncryptDisable,
                MediaEncryption::Allow => SipMediaEncryption::SipMediaEncryptAllow,
                MediaEncryption::Require => SipMediaEncryption::SipMediaEncryptRequire,
            }),
            timeout: Some(ringing + DIALLING_MARGIN),
            ..CreateSIPParticipantOptions::default()
        };
        let dialled = self
            .sip
            .create_sip_participant(trunk, order.number.e164().to_owned(), room, options, None)
            .await;
        dialled.map(|_| ()).map_err(|error| outcome::of_dial(&error))
    }

    /// Hands a phone over to another number (REFER); answers when it is on the way there.
    pub(crate) async fn transfer(
        &self,
        room: String,
        identity: String,
        to: &PhoneNumber,
    ) -> Result<(), TelephonyError> {
        let options = TransferSIPParticipantOptions {
            ringing_timeout: Some(TRANSFER_RINGING),
            ..TransferSIPParticipantOptions::default()
        };
        let to = format!("tel:{}", to.e164());
        let done = self.sip.transfer_sip_participant(room, identity, to, options).await;
        done.map_err(|error| match outcome::of_dial(&error) {
            DialFailure::NotAnswered(_) => TelephonyError::Unavailable("the transfer was not taken".to_owned()),
            DialFailure::Unclear => unavailable(&error),
        })
    }

    /// Whether calls can be made, as far as that can be found out without making one; and that calls can come in.
    pub(crate) async fn check(&self) -> Result<(), String> {
        let sentence = |error: ServiceError| format!("{}.", outcome::sentence(&error));
        self.rooms
            .list_rooms(vec!["a room that is not there".to_owned()])
            .await
            .map_err(sentence)?;
        let Some(trunk) = &self.settings.trunk_id else {
            return Err(format!("{NO_TRUNK_CONFIGURED}."));
        };
        let trunks = self
            .sip
            .list_sip_outbound_trunk(ListSIPOutboundTrunkFilter::All)
            .await
            .map_err(sentence)?;
        if !trunks.iter().any(|known| known.sip_trunk_id == *trunk) {
            return Err(format!("{}.", outcome::NO_TRUNK));
        }
        arrivals::be_reachable(&self.sip, &self.settings).await
    }
}

pub(crate) const NO_TRUNK_CONFIGURED: &str = "No phone can be called, because LIVEKIT_SIP_TRUNK_ID is not set";

fn found(done: Result<(), ServiceError>) -> Result<(), TelephonyError> {
    match done {
        Ok(()) => Ok(()),
        Err(error) if is_not_found(&error) => Ok(()),
        Err(error) => Err(unavailable(&error)),
    }
}

fn unavailable(error: &ServiceError) -> TelephonyError {
    TelephonyError::Unavailable(outcome::sentence(error).to_owned())
}
