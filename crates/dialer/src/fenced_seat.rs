//! The last check before a phone rings.

use crate::leases::Hold;
use async_trait::async_trait;
use domain::PhoneNumber;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use telephony::{AgentSeat, DialRequest, Frame, RoomEvent, TelephonyError};

/// A seat that does not dial once the lease may have passed to somebody else: a process that was stopped between
/// writing down that it will dial and dialling must find its hands tied when it goes on.
pub(crate) struct FencedSeat {
    seat: Box<dyn AgentSeat>,
    hold: Arc<Hold>,
    refused: Arc<AtomicBool>,
}

impl FencedSeat {
    /// With the flag that tells, after the call, whether dialling was refused here.
    pub(crate) fn new(seat: Box<dyn AgentSeat>, hold: Arc<Hold>) -> (Self, Arc<AtomicBool>) {
        let refused = Arc::new(AtomicBool::new(false));
        let fenced = Self {
            seat,
            hold,
            refused: Arc::clone(&refused),
        };
        (fenced, refused)
    }
}

#[async_trait]
impl AgentSeat for FencedSeat {
    async fn dial(&mut self, request: DialRequest) -> Result<(), TelephonyError> {
        if !self.hold.is_valid() {
            self.refused.store(true, Ordering::Release);
            return Err(TelephonyError::Unavailable(
                "the lease on this call has expired".to_owned(),
            ));
        }
        self.seat.dial(request).await
    }

    async fn next(&mut self) -> RoomEvent {
        self.seat.next().await
    }

    fn speak(&mut self, frame: Frame) {
        self.seat.speak(frame);
    }

    async fn hang_up(&mut self) {
        self.seat.hang_up().await;
    }

    async fn expect_browser(&mut self, identity: &str) -> Result<(), TelephonyError> {
        self.seat.expect_browser(identity).await
    }

    async fn send_dtmf(&mut self, digit: char) -> Result<(), TelephonyError> {
        self.seat.send_dtmf(digit).await
    }

    async fn transfer(&mut self, to: &PhoneNumber) -> Result<(), TelephonyError> {
        self.seat.transfer(to).await
    }

    async fn bring_in(&mut self, to: &PhoneNumber, ringing_timeout: Duration) -> Result<Arc<str>, TelephonyError> {
        self.seat.bring_in(to, ringing_timeout).await
    }

    async fn put_out(&mut self, identity: &str) -> Result<(), TelephonyError> {
        self.seat.put_out(identity).await
    }

    async fn let_person_hear(&mut self, identity: &str, hear: bool) -> Result<(), TelephonyError> {
        self.seat.let_person_hear(identity, hear).await
    }
}
