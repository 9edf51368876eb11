//! The last check before a phone rings.

use crate::leases::Hold;
use async_trait::async_trait;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
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
}
