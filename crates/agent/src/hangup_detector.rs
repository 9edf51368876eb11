//! Decides that the far end is gone: because the network says so, or because the room has gone silent.

use crate::flow::Event;
use std::time::Duration;
use telephony::RoomEvent;

/// An answered room ticks every 20 ms of its own time. None for this long, by the wall clock, and it is dead.
const NO_TICKS: Duration = Duration::from_secs(5);
/// What a network may need on top of the ringing time before it tells what became of a call.
const NETWORK_PATIENCE: Duration = Duration::from_secs(30);

/// Watches for the end of the far side.
#[derive(Clone, Debug)]
pub struct HangupDetector {
    answered: bool,
    gone: bool,
    before_answer: Duration,
}

impl HangupDetector {
    /// For a call whose phone may ring for `ringing_timeout`.
    #[must_use]
    pub fn new(ringing_timeout: Duration) -> Self {
        Self {
            answered: false,
            gone: false,
            // A room may run slower than the wall clock too.
            before_answer: ringing_timeout * 2 + NETWORK_PATIENCE,
        }
    }

    /// How long to wait, by the wall clock, for the room's next sign of life.
    #[must_use]
    pub fn patience(&self) -> Duration {
        if self.answered { NO_TICKS } else { self.before_answer }
    }

    /// Takes what the room told, `None` if it told nothing within [`Self::patience`]. Gives the event that says the far
    /// end is gone, once.
    pub fn observe(&mut self, told: Option<&RoomEvent>) -> Option<Event> {
        let gone = match told {
            None => Event::RoomSilent,
            Some(RoomEvent::Left(far_end)) => Event::Left(far_end.clone()),
            Some(RoomEvent::NotAnswered(why)) => Event::NotAnswered(why.clone()),
            Some(RoomEvent::Answered) => {
                self.answered = true;
                return None;
            }
            Some(_) => return None,
        };
        if std::mem::replace(&mut self.gone, true) {
            None
        } else {
            Some(gone)
        }
    }

    /// True once nothing more can come from the far end.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telephony::{FarEnd, Frame};

    #[test]
    fn tells_the_end_once() {
        let mut detector = HangupDetector::new(Duration::from_secs(30));
        assert_eq!(detector.observe(Some(&RoomEvent::Ringing)), None);
        assert_eq!(detector.patience(), Duration::from_secs(90));
        assert_eq!(detector.observe(Some(&RoomEvent::Answered)), None);
        assert_eq!(detector.patience(), NO_TICKS);
        assert_eq!(detector.observe(Some(&RoomEvent::Tick(Frame::silence()))), None);
        let left = RoomEvent::Left(FarEnd::HungUp);
        assert_eq!(detector.observe(Some(&left)), Some(Event::Left(FarEnd::HungUp)));
        assert_eq!(detector.observe(Some(&left)), None);
        assert_eq!(detector.observe(None), None);
    }

    #[test]
    fn a_room_without_ticks_is_gone() {
        let mut detector = HangupDetector::new(Duration::from_secs(30));
        detector.observe(Some(&RoomEvent::Answered));
        assert_eq!(detector.observe(None), Some(Event::RoomSilent));
        assert!(detector.is_gone());
    }
}
