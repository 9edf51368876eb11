//! Dispatch rules: into which room somebody who calls in comes.

use crate::{
    request::invalid,
    twirp::{Code, TwirpError},
};
use livekit_protocol::{self as proto, sip_dispatch_rule::Rule};
use std::sync::{Mutex, PoisonError};

/// All rules, kept as long as the carrier runs.
#[derive(Default)]
pub(crate) struct DispatchRules(Mutex<Vec<proto::SipDispatchRuleInfo>>);

impl DispatchRules {
    pub(crate) fn create(
        &self,
        rule: Option<proto::SipDispatchRuleInfo>,
        id: impl FnOnce() -> String,
    ) -> Result<proto::SipDispatchRuleInfo, TwirpError> {
        let mut rule = rule.ok_or_else(|| invalid("missing dispatch rule"))?;
        let Some(kind) = rule.rule.as_ref().and_then(|rule| rule.rule.as_ref()) else {
            return Err(invalid("missing rule"));
        };
        if matches!(kind, Rule::DispatchRuleDirect(direct) if direct.room_name.is_empty()) {
            return Err(invalid("missing room name"));
        }
        let mut all = self.lock();
        let same_trunks = |other: &proto::SipDispatchRuleInfo| {
            let both_for_all = other.trunk_ids.is_empty() && rule.trunk_ids.is_empty();
            both_for_all || other.trunk_ids.iter().any(|trunk| rule.trunk_ids.contains(trunk))
        };
        if all.iter().any(same_trunks) {
            return Err(TwirpError::new(
                Code::InvalidArgument,
                "Dispatch rule for the same trunk, number, and PIN combination already exists",
            ));
        }
        rule.sip_dispatch_rule_id = id();
        all.push(rule.clone());
        Ok(rule)
    }

    pub(crate) fn list(&self) -> Vec<proto::SipDispatchRuleInfo> {
        self.lock().clone()
    }

    /// Forgets it, if it is there.
    pub(crate) fn delete(&self, id: &str) {
        self.lock().retain(|rule| rule.sip_dispatch_rule_id != id);
    }

    /// The rule for calls to a trunk: one that names it goes before one for all.
    pub(crate) fn of_trunk(&self, trunk: &str) -> Option<proto::SipDispatchRuleInfo> {
        let all = self.lock();
        let named = all.iter().find(|rule| rule.trunk_ids.iter().any(|id| id == trunk));
        named
            .or_else(|| all.iter().find(|rule| rule.trunk_ids.is_empty()))
            .cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<proto::SipDispatchRuleInfo>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The room that a caller comes into, as LiveKit names it. Rules with a PIN lead nowhere: nobody types it here.
pub(crate) fn room(rule: &proto::SipDispatchRuleInfo, from: &str, random: impl FnOnce() -> String) -> Option<String> {
    match rule.rule.as_ref()?.rule.as_ref()? {
        Rule::DispatchRuleDirect(direct) => direct.pin.is_empty().then(|| direct.room_name.clone()),
        Rule::DispatchRuleIndividual(individual) => individual.pin.is_empty().then(|| {
            let mut room = from.to_owned();
            if !individual.room_prefix.is_empty() {
                room = format!("{}_{room}", individual.room_prefix);
            }
            if !individual.no_randomness {
                room = format!("{room}_{}", random());
            }
            room
        }),
        Rule::DispatchRuleCallee(_) => None,
    }
}
