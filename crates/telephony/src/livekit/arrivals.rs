//! Calls that come in through a dispatch rule with our prefix: each gets a room of its own, in which its phone rings until
//! somebody speaks there.

use super::{
    LiveKitSettings, names,
    outcome::{self, is_not_found},
};
use crate::{Arrival, TelephonyError};
use domain::Personal;
use livekit_api::services::{
    ServiceError,
    room::RoomClient,
    sip::{CreateSIPDispatchRuleOptions, ListSIPDispatchRuleFilter, ListSIPInboundTrunkFilter, SIPClient},
};
use livekit_protocol::{self as proto, SipDispatchRuleIndividual, participant_info::Kind, sip_dispatch_rule::Rule};
use std::collections::HashMap;

/// The attribute that only calls that came in have.
const RULE_ATTRIBUTE: &str = "sip.ruleID";
const NUMBER_ATTRIBUTE: &str = "sip.phoneNumber";
/// Longest name of a room or participant that is taken, bytes.
const LONGEST_NAME: usize = 200;
/// What the dispatch rule that we make is called.
const RULE_NAME: &str = "Ringside: people who call back";

/// The name of a room into which a call came in; `None` if it is another room.
pub(crate) fn room(name: &str) -> Option<Personal> {
    (names::came_in(name) && name.len() <= LONGEST_NAME).then(|| name.into())
}

/// A phone in a room, if it came in through a rule of ours.
pub(crate) fn arrival(room: &str, identity: &str, attribute: impl Fn(&str) -> Option<String>) -> Option<Arrival> {
    let room = self::room(room)?;
    let may_be = (1..=LONGEST_NAME).contains(&identity.len()) && names::may_be_a_caller(identity);
    if !may_be || attribute(RULE_ATTRIBUTE).is_none_or(|rule| rule.is_empty()) {
        return None;
    }
    Some(Arrival {
        room,
        caller: identity.into(),
        // Whoever withholds it is called “anonymous” or the like.
        number: attribute(NUMBER_ATTRIBUTE).and_then(|number| number.parse().ok()),
    })
}

/// The phone of a call that came in.
pub(crate) fn arrival_of(room: &str, participant: &proto::ParticipantInfo) -> Option<Arrival> {
    let is_phone = participant.kind() == Kind::Sip;
    let of_phone = is_phone.then(|| {
        arrival(room, &participant.identity, |name| {
            participant.attributes.get(name).cloned()
        })
    });
    of_phone.flatten()
}

/// Rooms in which a phone rings and nobody is who could answer.
pub(crate) async fn waiting(rooms: &RoomClient) -> Result<Vec<Arrival>, TelephonyError> {
    let failed = |error: ServiceError| TelephonyError::Unavailable(outcome::sentence(&error).to_owned());
    let mut waiting = Vec::new();
    for room in rooms.list_rooms(Vec::new()).await.map_err(failed)? {
        // An agent, or somebody who listens: the call has been taken.
        if !names::came_in(&room.name) || room.num_participants > 1 {
            continue;
        }
        let participants = match rooms.list_participants(&room.name).await {
            Ok(participants) => participants,
            Err(error) if is_not_found(&error) => continue,
            Err(error) => return Err(failed(error)),
        };
        if let [alone] = &participants[..] {
            waiting.extend(arrival_of(&room.name, alone));
        }
    }
    Ok(waiting)
}

/// Sees to it that calls to the inbound trunk come to us: looks for a dispatch rule, and makes it if there is none.
pub(crate) async fn be_reachable(sip: &SIPClient, settings: &LiveKitSettings) -> Result<(), String> {
    let Some(trunk) = &settings.inbound_trunk_id else {
        return Ok(());
    };
    let sentence = |error: ServiceError| format!("{}.", outcome::sentence(&error));
    let trunks = sip
        .list_sip_inbound_trunk(ListSIPInboundTrunkFilter::All)
        .await
        .map_err(sentence)?;
    if !trunks.iter().any(|known| known.sip_trunk_id == *trunk) {
        return Err(
            "Nobody can call back: LiveKit does not know the inbound SIP trunk. Check LIVEKIT_INBOUND_TRUNK_ID."
                .to_owned(),
        );
    }
    let rules = sip
        .list_sip_dispatch_rule(ListSIPDispatchRuleFilter::All)
        .await
        .map_err(sentence)?;
    let of_trunk = |rule: &&proto::SipDispatchRuleInfo| rule.trunk_ids.is_empty() || rule.trunk_ids.contains(trunk);
    let rules: Vec<&proto::SipDispatchRuleInfo> = rules.iter().filter(of_trunk).collect();
    if rules.iter().any(|rule| leads_here(rule)) {
        return Ok(());
    }
    // One that is meant for this trunk, and sends its calls elsewhere, is somebody's decision.
    if rules.iter().any(|rule| !rule.trunk_ids.is_empty()) {
        return Err(format!("Nobody can call back: {}.", elsewhere()));
    }
    let rule = Rule::DispatchRuleIndividual(SipDispatchRuleIndividual {
        room_prefix: names::ARRIVAL_PREFIX.to_owned(),
        ..SipDispatchRuleIndividual::default()
    });
    let options = CreateSIPDispatchRuleOptions {
        name: RULE_NAME.to_owned(),
        trunk_ids: vec![trunk.clone()],
        attributes: HashMap::new(),
        ..CreateSIPDispatchRuleOptions::default()
    };
    match sip.create_sip_dispatch_rule(rule, options).await {
        Ok(_) => {
            tracing::info!("LiveKit now sends calls to the inbound SIP trunk here");
            Ok(())
        }
        Err(error) => Err(format!(
            "Nobody can call back: the SIP dispatch rule for LIVEKIT_INBOUND_TRUNK_ID is missing and could not be made ({}).",
            outcome::sentence(&error)
        )),
    }
}

/// Whether a rule brings each call into a room of its own that bears our prefix, and tells who calls.
fn leads_here(rule: &proto::SipDispatchRuleInfo) -> bool {
    let kind = rule.rule.as_ref().and_then(|rule| rule.rule.as_ref());
    let fits = matches!(kind, Some(Rule::DispatchRuleIndividual(individual))
        if individual.room_prefix == names::ARRIVAL_PREFIX && individual.pin.is_empty() && !individual.no_randomness);
    fits && !rule.hide_phone_number
}

fn elsewhere() -> String {
    format!(
        "the SIP dispatch rule of the trunk in LIVEKIT_INBOUND_TRUNK_ID leads elsewhere. Make it an individual rule with the \
         room prefix {}, without PIN, and with phone numbers shown, or remove it",
        names::ARRIVAL_PREFIX
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(room: &str, identity: &str, attributes: &[(&str, &str)]) -> Option<Arrival> {
        arrival(room, identity, |wanted| {
            let found = attributes.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const ROOM: &str = "ringside-inbound_+14155550123_4rX";
    const RULE: (&str, &str) = ("sip.ruleID", "SDR_1");

    #[test]
    fn a_phone_that_came_in_tells_its_number() {
        let told = |number| told(ROOM, "sip_+14155550123", &[RULE, ("sip.phoneNumber", number)]).expect("came in");
        let number = told("+14155550123").number.expect("a number");
        assert_eq!(number.e164(), "+14155550123");
        let long = "+".to_owned() + &"9".repeat(5_000);
        for nonsense in [
            "anonymous",
            "",
            "4155550123",
            "+1415555012x",
            "+0",
            "+14155550123;x=1",
            &long,
        ] {
            assert_eq!(told(nonsense).number, None, "{nonsense}");
        }
        assert_eq!(
            super::tests::told(ROOM, "sip_anonymous", &[RULE])
                .expect("came in")
                .number,
            None
        );
    }

    #[test]
    fn what_did_not_come_in_through_a_rule_of_ours_is_no_arrival() {
        let number = ("sip.phoneNumber", "+14155550123");
        let long = format!("ringside-inbound_{}", "9".repeat(200));
        for (room, identity, attributes) in [
            // A call of ours, somebody else's room, and one whose name only looks like ours.
            (
                "call-01900000-0000-7000-8000-000000000000",
                "sip_1",
                &[RULE, number][..],
            ),
            ("meeting", "sip_1", &[RULE, number]),
            ("ringside-inboundary", "sip_1", &[RULE, number]),
            (&long, "sip_1", &[RULE, number]),
            // Dialled into the room, not come in.
            (ROOM, "sip_1", &[number]),
            (ROOM, "sip_1", &[("sip.ruleID", ""), number]),
            (ROOM, "supervisor-phone-1", &[RULE, number]),
            (ROOM, "agent", &[RULE, number]),
            (ROOM, "", &[RULE, number]),
        ] {
            assert_eq!(told(room, identity, attributes), None, "{room} {identity}");
        }
    }

    #[test]
    fn a_rule_leads_here_only_if_every_call_gets_a_room_of_its_own_and_tells_its_number() {
        let rule = |individual, hide_phone_number| proto::SipDispatchRuleInfo {
            rule: Some(proto::SipDispatchRule {
                rule: Some(Rule::DispatchRuleIndividual(individual)),
            }),
            hide_phone_number,
            ..proto::SipDispatchRuleInfo::default()
        };
        let good = SipDispatchRuleIndividual {
            room_prefix: names::ARRIVAL_PREFIX.to_owned(),
            ..SipDispatchRuleIndividual::default()
        };
        assert!(leads_here(&rule(good.clone(), false)));
        assert!(!leads_here(&rule(good.clone(), true)));
        assert!(!leads_here(&proto::SipDispatchRuleInfo::default()));
        for wrong in [
            SipDispatchRuleIndividual {
                no_randomness: true,
                ..good.clone()
            },
            SipDispatchRuleIndividual {
                pin: "1234".to_owned(),
                ..good.clone()
            },
            SipDispatchRuleIndividual {
                room_prefix: "call".to_owned(),
                ..good
            },
        ] {
            assert!(!leads_here(&rule(wrong, false)));
        }
    }
}
