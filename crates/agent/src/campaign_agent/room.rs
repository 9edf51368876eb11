//! What is asked of the room. Nothing here waits for people: what they do comes as news.

use super::{Call, HANGING_UP};
use crate::flow::{Effect, Event};
use domain::call_command::NotReached;
use std::{sync::Arc, time::Duration};
use telephony::{NotAnswered, TelephonyError};

/// The room does what it is asked within this time, by the wall clock.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a colleague's phone may ring.
const COLLEAGUE_RINGS: Duration = Duration::from_secs(40);

impl Call {
    /// Carries out an effect that needs the room.
    pub(super) async fn change_room(&mut self, effect: Effect) {
        match effect {
            Effect::HangUp => {
                let hung_up = tokio::time::timeout(HANGING_UP, self.seat.hang_up()).await;
                if hung_up.is_err() {
                    tracing::warn!(conversation_id = %self.brief.conversation_id, "hanging up took too long");
                }
            }
            Effect::Transfer(to) => {
                let asked = in_time(self.seat.transfer(&to)).await;
                if !is_done(asked, "a call was not transferred") {
                    self.events.push_back(Event::Transferred(false));
                }
            }
            Effect::CallColleague(to) => {
                let asked = in_time(self.seat.bring_in(&to, COLLEAGUE_RINGS)).await;
                let called = asked.map_err(|error| {
                    tracing::warn!(%error, "a colleague was not called");
                    NotReached::NotDialled
                });
                self.events.push_back(Event::ColleagueCalled(called));
            }
            Effect::PutOut(identity) => {
                self.supervisors.left(&identity, self.now_ms);
                let asked = in_time(self.seat.put_out(&identity)).await;
                is_done(asked, "a colleague could not be put out of the room");
            }
            Effect::Press(key) => {
                let asked = in_time(self.seat.send_dtmf(key)).await;
                let pressed = is_done(asked, "a key could not be pressed");
                self.events.push_back(Event::Pressed(key, pressed));
            }
            Effect::LetPersonHear { identity, hear } => self.let_person_hear(&identity, hear).await,
            _ => {}
        }
    }

    async fn let_person_hear(&mut self, identity: &Arc<str>, hear: bool) {
        let asked = in_time(self.seat.let_person_hear(identity, hear)).await;
        if is_done(asked, "whom the person hears could not be changed") {
            self.supervisors.let_person_hear(identity, hear);
        } else if hear {
            self.events.push_back(Event::PersonCannotHear(Arc::clone(identity)));
        }
    }
}

async fn in_time<T>(asking: impl Future<Output = Result<T, TelephonyError>>) -> Result<T, TelephonyError> {
    let late = |_| Err(TelephonyError::Unavailable("it did not answer in time".to_owned()));
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(late)
}

fn is_done(asked: Result<(), TelephonyError>, otherwise: &'static str) -> bool {
    match asked {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "{otherwise}");
            false
        }
    }
}

pub(super) const fn not_reached(why: &NotAnswered) -> NotReached {
    match why {
        NotAnswered::NoAnswer { .. } => NotReached::NoAnswer,
        NotAnswered::Busy { .. } => NotReached::Busy,
        NotAnswered::Rejected { .. } => NotReached::Rejected,
        NotAnswered::Unreachable { .. } => NotReached::Unreachable,
        NotAnswered::Refused { .. } => NotReached::NotDialled,
    }
}
