//! People who call in: a phone comes into the room that the dispatch rule names, and it rings there until somebody speaks.

use crate::{
    Carrier, PhoneLeg,
    call::{self, CallPlan, STATUS, Status},
    dispatch,
    service::{JOINING, Seat},
    twirp::TwirpError,
};
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// It rings no longer, as with LiveKit.
const RINGING: Duration = Duration::from_secs(180);

/// Somebody who calls in.
pub struct Caller {
    /// As whom they show themselves: a number, or a word like “anonymous”.
    pub from: String,
    /// Which number they call.
    pub to: String,
    /// Their phone. It makes no sound before [`PhoneLeg::picked_up`].
    pub phone: Box<dyn PhoneLeg>,
}

/// A call does not come in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotConnected {
    #[error("no inbound trunk has this number")]
    NoTrunk,
    #[error("no dispatch rule leads anywhere")]
    NoRule,
    #[error("the room could not be joined: {0}")]
    NoRoom(String),
}

impl From<TwirpError> for NotConnected {
    fn from(error: TwirpError) -> Self {
        Self::NoRoom(format!("{error:?}"))
    }
}

impl Carrier {
    /// Lets somebody call in. Answers with the room in which it rings; the call then takes its course.
    ///
    /// # Errors
    /// [`NotConnected`].
    pub async fn call_in(&self, caller: Caller) -> Result<String, NotConnected> {
        let shared = &self.shared;
        let Caller { from, to, phone } = caller;
        let trunk = shared.inbound.list(&[], std::slice::from_ref(&to)).into_iter().next();
        let trunk = trunk.ok_or(NotConnected::NoTrunk)?;
        let rule = shared
            .dispatch
            .of_trunk(&trunk.sip_trunk_id)
            .ok_or(NotConnected::NoRule)?;
        let room_name = dispatch::room(&rule, &from, || shared.id("")).ok_or(NotConnected::NoRule)?;
        let (identity, call_id) = (format!("sip_{from}"), shared.id("SCL_"));
        let mut attributes: HashMap<String, String> = rule.attributes.clone();
        let mut set = |name: &str, value: &str| attributes.insert(name.to_owned(), value.to_owned());
        set("sip.callID", &call_id);
        set("sip.trunkID", &trunk.sip_trunk_id);
        set("sip.ruleID", &rule.sip_dispatch_rule_id);
        set(STATUS, Status::Ringing.as_str());
        if !rule.hide_phone_number {
            set("sip.phoneNumber", &from);
            set("sip.trunkPhoneNumber", &to);
        }
        let token = shared.token(Seat {
            room: &room_name,
            identity: &identity,
            name: "",
            metadata: &rule.metadata,
            attributes,
        })?;
        let room = tokio::time::timeout(JOINING, shared.rooms.join(token))
            .await
            .map_err(|_| NotConnected::NoRoom("not in time".to_owned()))?
            .map_err(|error| NotConnected::NoRoom(error.to_string()))?;
        let plan = CallPlan {
            ringing: RINGING,
            longest: None,
            keys: VecDeque::new(),
            waits: false,
            comes_in: true,
        };
        let stop = shared.stop.clone();
        shared.tasks.spawn(async move {
            // Nobody waits for the answer, and nobody hands over whoever called.
            let ((answer, _answered), (_transfers, wishes)) = (oneshot::channel(), mpsc::channel(1));
            call::carry(room, phone, plan, answer, wishes, stop).await;
        });
        Ok(room_name)
    }

    /// Lets everybody call in who wants to, for ever.
    pub async fn let_people_call(&self) {
        loop {
            let caller = self.shared.phones.next_caller().await;
            match self.call_in(caller).await {
                Ok(_) => tracing::info!("somebody calls back"),
                Err(error) => tracing::info!(%error, "somebody calls back in vain"),
            }
        }
    }
}
