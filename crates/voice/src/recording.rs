//! Both sides of a call, kept.

use telephony::Frame;

/// Gets both sides of every tick of a call, from the answer to the end.
pub trait CallRecorder: Send {
    /// The next 20 ms. Never blocks for long: it is called in the rhythm of the call.
    fn tick(&mut self, agent: &Frame, person: &Frame);
}
