//! A seat that records all that is said in its room.

use async_trait::async_trait;
use telephony::{AgentSeat, DialRequest, Frame, RoomEvent, TelephonyError};
use voice::recording::CallRecorder;

/// Records from the answer on, whatever the campaign's rule: there is nobody who would have to be told.
pub(super) struct RecordingSeat {
    seat: Box<dyn AgentSeat>,
    recorder: Box<dyn CallRecorder>,
    /// The tick that is going on: what the person says in it, and the agent.
    person: Option<Frame>,
    agent: Option<Frame>,
}

impl RecordingSeat {
    pub(super) fn boxed(seat: Box<dyn AgentSeat>, recorder: Box<dyn CallRecorder>) -> Box<dyn AgentSeat> {
        Box::new(Self {
            seat,
            recorder,
            person: None,
            agent: None,
        })
    }

    fn close_tick(&mut self) {
        if let Some(person) = self.person.take() {
            let agent = self.agent.take().unwrap_or_else(Frame::silence);
            self.recorder.tick(&agent, &person);
        }
    }
}

#[async_trait]
impl AgentSeat for RecordingSeat {
    async fn dial(&mut self, request: DialRequest) -> Result<(), TelephonyError> {
        self.seat.dial(request).await
    }

    async fn next(&mut self) -> RoomEvent {
        let event = self.seat.next().await;
        if let RoomEvent::Tick(person) = &event {
            self.close_tick();
            self.person = Some(person.clone());
        }
        event
    }

    fn speak(&mut self, frame: Frame) {
        self.agent = Some(frame.clone());
        self.seat.speak(frame);
    }

    async fn send_dtmf(&mut self, digit: char) -> Result<(), TelephonyError> {
        self.seat.send_dtmf(digit).await
    }

    async fn hang_up(&mut self) {
        self.close_tick();
        self.seat.hang_up().await;
    }
}

impl Drop for RecordingSeat {
    fn drop(&mut self) {
        self.close_tick();
    }
}
