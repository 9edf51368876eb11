//! One call: a phone in a room, from the first ringing to the end.

use crate::{
    SipStatus,
    phones::{LegEvent, PhoneLeg},
    room::{RoomLeg, RoomSign},
    twirp::{Code, TwirpError},
};
use livekit_participant::LeaveReason;
use std::{collections::VecDeque, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// The attribute that tells where a call stands.
pub(crate) const STATUS: &str = "sip.callStatus";
/// A request that waits for an answer is answered after this time at the latest.
const LONGEST_WAIT: Duration = Duration::from_secs(80);
/// A phone from which no sound comes any more is given up.
const MEDIA_TIMEOUT: Duration = Duration::from_secs(15);
/// After a transfer the phone is hung up.
const AFTER_TRANSFER: Duration = Duration::from_secs(1);
/// How long a key is pressed that the request to dial asks for, with the pause after it.
const KEY: Duration = Duration::from_millis(250);
/// What `w` stands for between them.
const KEY_PAUSE: Duration = Duration::from_millis(500);

/// How a call is to be made.
pub(crate) struct CallPlan {
    /// How long it may ring.
    pub(crate) ringing: Duration,
    /// How long it may last from the answer on.
    pub(crate) longest: Option<Duration>,
    /// Keys to be pressed as soon as somebody answers; `w` is a pause.
    pub(crate) keys: VecDeque<char>,
    /// Somebody waits for the answer.
    pub(crate) waits: bool,
    /// The phone calls in: it is answered by whoever is heard in the room.
    pub(crate) comes_in: bool,
}

/// A wish to hand the phone over to somebody else.
pub(crate) struct Transfer {
    pub(crate) to: String,
    pub(crate) patience: Duration,
    pub(crate) done: oneshot::Sender<Result<(), TwirpError>>,
}

/// Where a call stands, as its participant shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Dialing,
    Ringing,
    /// Keys are being pressed.
    Automation,
    Active,
    HangUp,
}

impl Status {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Dialing => "dialing",
            Self::Ringing => "ringing",
            Self::Automation => "automation",
            Self::Active => "active",
            Self::HangUp => "hangup",
        }
    }
}

/// Why a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Refused(SipStatus),
    RangTooLong,
    /// Whoever waited for the answer has waited long enough.
    WaitedTooLong,
    /// The phone hung up, was handed over, has talked for as long as it may, or gave no sound any more.
    HungUp,
    /// The phone was put out of the room.
    PutOut,
}

impl Ending {
    /// What somebody who still waits for the answer is told.
    fn error(self) -> TwirpError {
        match self {
            Self::Refused(status) => status.error("INVITE"),
            Self::WaitedTooLong => TwirpError::new(Code::DeadlineExceeded, "context deadline exceeded"),
            Self::RangTooLong | Self::HungUp | Self::PutOut => TwirpError::new(Code::Canceled, "context canceled"),
        }
    }

    const fn leave_reason(self) -> LeaveReason {
        match self {
            Self::Refused(status) => status.leave_reason(),
            Self::RangTooLong | Self::WaitedTooLong => LeaveReason::UserUnavailable,
            Self::HungUp | Self::PutOut => LeaveReason::ClientInitiated,
        }
    }
}

/// Something whose time has come.
#[derive(Clone, Copy)]
enum Due {
    End(Ending),
    NextKey,
    GiveUpTransfer,
}

struct Call {
    room: Box<dyn RoomLeg>,
    phone: Box<dyn PhoneLeg>,
    plan: CallPlan,
    begun: Instant,
    status: Status,
    answered: Option<oneshot::Sender<Result<(), TwirpError>>>,
    answered_at: Instant,
    last_sound: Instant,
    next_key: Instant,
    /// Until when the phone may take to call somebody else, and who wants to know.
    transfer: Option<(Instant, oneshot::Sender<Result<(), TwirpError>>)>,
    parts_at: Option<Instant>,
}

/// Carries a call to its end. `answered` learns what became of it; `stop` ends it.
pub(crate) async fn carry(
    room: Box<dyn RoomLeg>,
    phone: Box<dyn PhoneLeg>,
    plan: CallPlan,
    answered: oneshot::Sender<Result<(), TwirpError>>,
    mut transfers: mpsc::Receiver<Transfer>,
    stop: CancellationToken,
) {
    let now = Instant::now();
    let status = if plan.comes_in {
        Status::Ringing
    } else {
        Status::Dialing
    };
    let mut call = Call {
        room,
        phone,
        plan,
        begun: now,
        status,
        answered: Some(answered),
        answered_at: now,
        last_sound: now,
        next_key: now,
        transfer: None,
        parts_at: None,
    };
    let ending = loop {
        let (at, due) = call.due();
        let ended = tokio::select! {
            () = stop.cancelled() => Some(Ending::HungUp),
            sign = call.room.next() => call.sign(sign).await,
            event = call.phone.next() => call.event(event).await,
            Some(transfer) = transfers.recv() => {
                call.begin_transfer(transfer);
                None
            }
            () = sleep_until(at) => call.time_has_come(due).await,
        };
        if let Some(ending) = ended {
            break ending;
        }
    };
    call.end(ending).await;
}

impl Call {
    fn is_answered(&self) -> bool {
        matches!(self.status, Status::Automation | Status::Active)
    }

    /// What is due next.
    fn due(&self) -> (Instant, Due) {
        let end = |at, ending| (at, Due::End(ending));
        let mut all = Vec::with_capacity(4);
        if self.is_answered() {
            all.push(end(self.last_sound + MEDIA_TIMEOUT, Ending::HungUp));
            let time_is_up = self.plan.longest.map(|longest| self.answered_at + longest);
            all.extend(time_is_up.map(|at| end(at, Ending::HungUp)));
            all.extend(self.parts_at.map(|at| end(at, Ending::HungUp)));
            all.extend(self.transfer.as_ref().map(|(at, _)| (*at, Due::GiveUpTransfer)));
            if self.status == Status::Automation {
                all.push((self.next_key, Due::NextKey));
            }
        } else {
            all.push(end(self.begun + self.plan.ringing, Ending::RangTooLong));
            if self.plan.waits {
                all.push(end(self.begun + LONGEST_WAIT, Ending::WaitedTooLong));
            }
        }
        let next = all.into_iter().min_by_key(|(at, _)| *at);
        next.unwrap_or((self.begun, Due::End(Ending::HungUp)))
    }

    async fn sign(&mut self, sign: RoomSign) -> Option<Ending> {
        match sign {
            RoomSign::Heard if self.plan.comes_in && !self.is_answered() => {
                self.phone.picked_up();
                self.answer().await;
            }
            RoomSign::Heard => {}
            RoomSign::Key(key) => self.phone.press(key),
            RoomSign::CameBack => self.room.set(STATUS, self.status.as_str()).await,
            RoomSign::PutOut => return Some(Ending::PutOut),
        }
        None
    }

    async fn event(&mut self, event: LegEvent) -> Option<Ending> {
        match event {
            LegEvent::Ringing if self.status == Status::Dialing => self.go(Status::Ringing).await,
            LegEvent::Answered if !self.is_answered() => self.answer().await,
            LegEvent::Sound(frame) if self.is_answered() => {
                self.last_sound = Instant::now();
                self.room.say(&frame);
                let heard = self.room.hear();
                self.phone.hear(heard);
            }
            LegEvent::Key(key) => self.room.press(key).await,
            LegEvent::Referred(outcome) => {
                if let Some((_, done)) = self.transfer.take() {
                    if outcome.is_ok() {
                        self.parts_at = Some(Instant::now() + AFTER_TRANSFER);
                    }
                    // Whoever asked may have gone.
                    let _ = done.send(outcome.map_err(|status| status.error("REFER")));
                }
            }
            LegEvent::Refused(status) => return Some(Ending::Refused(status)),
            LegEvent::HungUp => return Some(Ending::HungUp),
            LegEvent::Ringing | LegEvent::Answered | LegEvent::Sound(_) => {}
        }
        None
    }

    async fn go(&mut self, status: Status) {
        self.status = status;
        self.room.set(STATUS, status.as_str()).await;
    }

    async fn answer(&mut self) {
        let now = Instant::now();
        (self.answered_at, self.last_sound, self.next_key) = (now, now, now);
        if self.plan.keys.is_empty() {
            self.be_active().await;
        } else {
            self.go(Status::Automation).await;
        }
    }

    async fn be_active(&mut self) {
        self.go(Status::Active).await;
        if let Some(answered) = self.answered.take() {
            // Not everybody waits for it.
            let _ = answered.send(Ok(()));
        }
    }

    fn begin_transfer(&mut self, transfer: Transfer) {
        if !self.is_answered() || self.transfer.is_some() || self.parts_at.is_some() {
            let refusal = TwirpError::new(Code::FailedPrecondition, "the call cannot be transferred now");
            // Whoever asked may have gone.
            let _ = transfer.done.send(Err(refusal));
            return;
        }
        self.phone.refer(&transfer.to);
        self.transfer = Some((Instant::now() + transfer.patience, transfer.done));
    }

    async fn time_has_come(&mut self, due: Due) -> Option<Ending> {
        match due {
            Due::End(ending) => return Some(ending),
            Due::NextKey => match self.plan.keys.pop_front() {
                Some('w' | 'W') => self.next_key += KEY_PAUSE,
                Some(key) => {
                    self.phone.press(key);
                    self.next_key += KEY;
                }
                None => self.be_active().await,
            },
            Due::GiveUpTransfer => {
                if let Some((_, done)) = self.transfer.take() {
                    // Whoever asked may have gone.
                    let _ = done.send(Err(Ending::WaitedTooLong.error()));
                }
            }
        }
        None
    }

    async fn end(mut self, ending: Ending) {
        drop(self.phone);
        if let Some(answered) = self.answered.take() {
            // Not everybody waits for it.
            let _ = answered.send(Err(ending.error()));
        }
        if ending == Ending::PutOut {
            return;
        }
        if matches!(self.status, Status::Automation | Status::Active) {
            self.room.set(STATUS, Status::HangUp.as_str()).await;
        }
        self.room.leave(ending.leave_reason()).await;
    }
}
