//! From “dial” to “answered” or not, and to the end: what the signs that LiveKit gives mean, whatever order they come in.
//!
//! There are two witnesses. The room shows the person's participant, which is there *before* anybody answers, with its
//! attribute `sip.callStatus`. The request that dialled waits until the phone is answered and tells why it was not. Either
//! may be first, and the room's reason for a leave is the poorer one of the two, so it is used only if the request gives
//! none.

use crate::{FarEnd, NotAnswered, RoomEvent};

/// The attribute of the person's participant that [`SipStatus`] reads.
pub(crate) const STATUS_ATTRIBUTE: &str = "sip.callStatus";

/// Where the phone leg stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SipStatus {
    /// The network was asked, or is dialling an extension: nobody can be spoken to.
    Dialing,
    Ringing,
    Active,
    HangUp,
}

impl SipStatus {
    /// `None` for a word that this release does not know.
    pub(crate) fn read(word: &str) -> Option<Self> {
        match word {
            "dialing" | "automation" => Some(Self::Dialing),
            "ringing" => Some(Self::Ringing),
            "active" => Some(Self::Active),
            "hangup" => Some(Self::HangUp),
            _ => None,
        }
    }
}

/// How the person's participant went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// By itself.
    HungUp,
    /// LiveKit says nobody was there.
    Unavailable,
    /// LiveKit says the call was turned down; busy looks the same.
    Rejected,
    /// The connection broke, or somebody took the participant out.
    Lost,
}

/// What the request to dial came to if nobody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DialFailure {
    NotAnswered(NotAnswered),
    /// Whether a phone rang is not known: the answer was lost or makes no sense.
    Unclear,
}

/// What is observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Status(SipStatus),
    /// The request to dial has ended.
    Request(Result<(), DialFailure>),
    Gone(Gone),
    /// It was waited long enough for anything more.
    GaveUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Calling,
    Answered,
    Over,
}

/// One call as far as its signs tell.
#[derive(Clone, Debug)]
pub(crate) struct CallProgress {
    stage: Stage,
    rang: bool,
    gone: Option<Gone>,
    /// The request has ended without telling what became of the call.
    request_is_no_help: bool,
    /// They called us.
    came_in: bool,
}

impl CallProgress {
    pub(crate) fn new() -> Self {
        Self {
            stage: Stage::Calling,
            rang: false,
            gone: None,
            request_is_no_help: false,
            came_in: false,
        }
    }

    /// A call that came in: nobody was asked to dial, and whoever goes has given up.
    pub(crate) fn came_in() -> Self {
        Self {
            request_is_no_help: true,
            came_in: true,
            ..Self::new()
        }
    }

    /// Somebody else saw the answer.
    pub(crate) fn answered() -> Self {
        Self {
            stage: Stage::Answered,
            ..Self::new()
        }
    }

    /// Nothing more is told.
    pub(crate) fn over() -> Self {
        Self {
            stage: Stage::Over,
            ..Self::new()
        }
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.stage == Stage::Answered
    }

    pub(crate) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// The person's participant went before anybody answered, and the request has not told yet why.
    pub(crate) fn waits_for_the_reason(&self) -> bool {
        self.stage == Stage::Calling && self.gone.is_some()
    }

    /// What a sign means for the agent. Over all signs that is: at most one ringing, at most one answer, and at most one
    /// end, in this order.
    pub(crate) fn observe(&mut self, sign: Sign) -> Vec<RoomEvent> {
        match self.stage {
            Stage::Over => Vec::new(),
            Stage::Answered => match sign {
                Sign::Gone(gone) => vec![self.leave(gone)],
                Sign::Status(SipStatus::HangUp) => vec![self.leave(Gone::HungUp)],
                _ => Vec::new(),
            },
            Stage::Calling => self.before_answer(sign),
        }
    }

    fn before_answer(&mut self, sign: Sign) -> Vec<RoomEvent> {
        match sign {
            Sign::Status(SipStatus::Dialing) => Vec::new(),
            Sign::Status(SipStatus::Ringing) if self.rang => Vec::new(),
            Sign::Status(SipStatus::Ringing) => {
                self.rang = true;
                vec![RoomEvent::Ringing]
            }
            Sign::Status(SipStatus::Active) | Sign::Request(Ok(())) => {
                self.stage = Stage::Answered;
                let mut events = vec![RoomEvent::Answered];
                // Picked up and put down before we heard of the one.
                events.extend(self.gone.map(|gone| self.leave(gone)));
                events
            }
            Sign::Request(Err(DialFailure::NotAnswered(why))) => {
                self.stage = Stage::Over;
                // A phone that rang was dialled, whatever the request says.
                let why = match why {
                    NotAnswered::Refused { .. } if self.rang => NotAnswered::Unreachable { sip_code: None },
                    why => why,
                };
                vec![RoomEvent::NotAnswered(why)]
            }
            Sign::Request(Err(DialFailure::Unclear)) => {
                self.request_is_no_help = true;
                self.gone.map(|gone| self.not_answered(gone)).into_iter().collect()
            }
            Sign::Status(SipStatus::HangUp) => self.went(Gone::HungUp),
            Sign::Gone(gone) => self.went(gone),
            Sign::GaveUp => vec![self.not_answered(self.gone.unwrap_or(Gone::Lost))],
        }
    }

    fn went(&mut self, gone: Gone) -> Vec<RoomEvent> {
        // The status says that it ended, the leave says how.
        let known = match self.gone {
            Some(known) if known != Gone::HungUp => known,
            _ => gone,
        };
        self.gone = Some(known);
        if self.request_is_no_help {
            vec![self.not_answered(known)]
        } else {
            Vec::new()
        }
    }

    fn not_answered(&mut self, gone: Gone) -> RoomEvent {
        self.stage = Stage::Over;
        let sip_code = None;
        RoomEvent::NotAnswered(match gone {
            Gone::Lost => return RoomEvent::Left(FarEnd::Lost),
            Gone::Unavailable => NotAnswered::NoAnswer { sip_code },
            // It was we who did not answer.
            _ if self.came_in => NotAnswered::NoAnswer { sip_code },
            Gone::Rejected => NotAnswered::Rejected { sip_code },
            Gone::HungUp => NotAnswered::Unreachable { sip_code },
        })
    }

    fn leave(&mut self, gone: Gone) -> RoomEvent {
        self.stage = Stage::Over;
        RoomEvent::Left(match gone {
            Gone::Lost => FarEnd::Lost,
            Gone::HungUp | Gone::Unavailable | Gone::Rejected => FarEnd::HungUp,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(signs: impl IntoIterator<Item = Sign>) -> Vec<RoomEvent> {
        let mut progress = CallProgress::new();
        signs.into_iter().flat_map(|sign| progress.observe(sign)).collect()
    }

    fn is_end(event: &RoomEvent) -> bool {
        matches!(event, RoomEvent::NotAnswered(_) | RoomEvent::Left(_))
    }

    fn busy() -> DialFailure {
        DialFailure::NotAnswered(NotAnswered::Busy { sip_code: Some(486) })
    }

    /// What really happens in a call that is answered, in its natural order.
    fn answered_call() -> Vec<Sign> {
        vec![
            Sign::Status(SipStatus::Dialing),
            Sign::Status(SipStatus::Ringing),
            Sign::Status(SipStatus::Active),
            Sign::Request(Ok(())),
        ]
    }

    proptest! {
        #[test]
        fn an_answer_comes_once_whatever_the_order(signs in Just(answered_call()).prop_shuffle()) {
            let events = all(signs);
            prop_assert_eq!(events.iter().filter(|event| **event == RoomEvent::Answered).count(), 1);
            prop_assert!(!events.iter().any(is_end));
        }

        #[test]
        fn an_answer_comes_at_its_first_sign(signs in Just(answered_call()).prop_shuffle()) {
            let mut progress = CallProgress::new();
            for sign in signs {
                let tells = matches!(sign, Sign::Status(SipStatus::Active) | Sign::Request(Ok(())));
                let was_answered = progress.is_answered();
                let events = progress.observe(sign);
                prop_assert_eq!(events.contains(&RoomEvent::Answered), tells && !was_answered);
            }
        }

        #[test]
        fn the_request_tells_why_nobody_answered_whatever_the_order(
            signs in Just(vec![
                Sign::Status(SipStatus::Dialing),
                Sign::Status(SipStatus::Ringing),
                Sign::Status(SipStatus::HangUp),
                Sign::Gone(Gone::Rejected),
                Sign::Request(Err(busy())),
            ]).prop_shuffle(),
        ) {
            let events = all(signs);
            let ends: Vec<&RoomEvent> = events.iter().filter(|event| is_end(event)).collect();
            prop_assert_eq!(ends, [&RoomEvent::NotAnswered(NotAnswered::Busy { sip_code: Some(486) })]);
            prop_assert!(!events.contains(&RoomEvent::Answered));
        }

        #[test]
        fn one_story_comes_of_any_signs(
            signs in proptest::collection::vec(prop_oneof![
                Just(Sign::Status(SipStatus::Dialing)),
                Just(Sign::Status(SipStatus::Ringing)),
                Just(Sign::Status(SipStatus::Active)),
                Just(Sign::Status(SipStatus::HangUp)),
                Just(Sign::Request(Ok(()))),
                Just(Sign::Request(Err(busy()))),
                Just(Sign::Request(Err(DialFailure::Unclear))),
                Just(Sign::Request(Err(DialFailure::NotAnswered(NotAnswered::Refused { reason: String::new() })))),
                Just(Sign::Gone(Gone::HungUp)),
                Just(Sign::Gone(Gone::Lost)),
                Just(Sign::Gone(Gone::Unavailable)),
                Just(Sign::GaveUp),
            ], 0..12),
        ) {
            let gave_up = signs.contains(&Sign::GaveUp);
            let events = all(signs);
            let place = |wanted: &RoomEvent| events.iter().position(|event| event == wanted);
            let count = |wanted: &RoomEvent| events.iter().filter(|event| *event == wanted).count();
            prop_assert!(count(&RoomEvent::Ringing) <= 1);
            prop_assert!(count(&RoomEvent::Answered) <= 1);
            prop_assert!(events.iter().filter(|event| is_end(event)).count() <= 1);
            let end = events.iter().position(is_end);
            if let Some(end) = end {
                prop_assert_eq!(end, events.len() - 1);
            }
            if let (Some(rang), Some(answered)) = (place(&RoomEvent::Ringing), place(&RoomEvent::Answered)) {
                prop_assert!(rang < answered);
            }
            // Who answered was reached.
            if place(&RoomEvent::Answered).is_some() {
                prop_assert!(!events.iter().any(|event| matches!(event, RoomEvent::NotAnswered(_))));
            }
            // A phone that rang is never said not to have been dialled.
            if place(&RoomEvent::Ringing).is_some() {
                let refused = |event: &RoomEvent| matches!(event, RoomEvent::NotAnswered(NotAnswered::Refused { .. }));
                prop_assert!(!events.iter().any(refused));
            }
            // Nobody waits for ever.
            if gave_up {
                prop_assert!(end.is_some() || place(&RoomEvent::Answered).is_some());
            }
        }
    }

    #[test]
    fn the_rooms_reason_serves_if_the_request_gives_none() {
        let cases = [
            (
                Gone::Unavailable,
                RoomEvent::NotAnswered(NotAnswered::NoAnswer { sip_code: None }),
            ),
            (
                Gone::Rejected,
                RoomEvent::NotAnswered(NotAnswered::Rejected { sip_code: None }),
            ),
            (
                Gone::HungUp,
                RoomEvent::NotAnswered(NotAnswered::Unreachable { sip_code: None }),
            ),
            (Gone::Lost, RoomEvent::Left(FarEnd::Lost)),
        ];
        for (gone, expected) in cases {
            let unclear = Sign::Request(Err(DialFailure::Unclear));
            let expected = vec![expected];
            assert_eq!(all([unclear.clone(), Sign::Gone(gone)]), expected);
            assert_eq!(all([Sign::Gone(gone), unclear]), expected);
            assert_eq!(all([Sign::Gone(gone), Sign::GaveUp]), expected);
        }
    }

    #[test]
    fn who_picks_up_and_puts_down_at_once_was_reached() {
        let events = all([Sign::Gone(Gone::HungUp), Sign::Request(Ok(()))]);
        assert_eq!(events, [RoomEvent::Answered, RoomEvent::Left(FarEnd::HungUp)]);
    }

    #[test]
    fn who_calls_us_is_answered_when_they_hear_us_or_has_given_up() {
        let all = |signs: &[Sign]| -> Vec<RoomEvent> {
            let mut progress = CallProgress::came_in();
            signs.iter().flat_map(|sign| progress.observe(sign.clone())).collect()
        };
        let (ringing, active) = (Sign::Status(SipStatus::Ringing), Sign::Status(SipStatus::Active));
        let answered = all(&[ringing.clone(), active, Sign::Gone(Gone::HungUp)]);
        let expected = [RoomEvent::Ringing, RoomEvent::Answered, RoomEvent::Left(FarEnd::HungUp)];
        assert_eq!(answered, expected);
        for gone in [Gone::HungUp, Gone::Unavailable, Gone::Rejected] {
            let no_answer = RoomEvent::NotAnswered(NotAnswered::NoAnswer { sip_code: None });
            assert_eq!(
                all(&[ringing.clone(), Sign::Gone(gone)]),
                [RoomEvent::Ringing, no_answer]
            );
        }
        assert_eq!(all(&[Sign::GaveUp]), [RoomEvent::Left(FarEnd::Lost)]);
    }

    #[test]
    fn a_request_that_fails_after_the_answer_ends_nothing() {
        let events = all([
            Sign::Status(SipStatus::Active),
            Sign::Request(Err(DialFailure::Unclear)),
            Sign::Request(Err(busy())),
            Sign::GaveUp,
        ]);
        assert_eq!(events, [RoomEvent::Answered]);
    }
}
