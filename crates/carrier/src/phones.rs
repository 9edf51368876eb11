//! The phone leg as a port: [`Phones`]. Simulated people are behind it now ([`crate::SimulatedPhones`]); a real SIP trunk
//! can be another day.

use crate::{Caller, SipStatus};
use async_trait::async_trait;
use telephony::Frame;

/// A call that is to be made.
#[derive(Clone)]
pub struct Invitation {
    /// Whom to call: a phone number or a SIP user.
    pub to: String,
    /// The number that they see.
    pub from: String,
}

/// A network of telephones.
#[async_trait]
pub trait Phones: Send + Sync + 'static {
    /// Begins to call. What becomes of it comes by [`PhoneLeg::next`].
    fn call(&self, invitation: &Invitation) -> Box<dyn PhoneLeg>;

    /// Waits for somebody who wants to call in. Cancel safe.
    async fn next_caller(&self) -> Caller {
        std::future::pending().await
    }
}

/// One call towards a phone, or from one. Dropping it gives up or hangs up.
#[async_trait]
pub trait PhoneLeg: Send {
    /// What happens next, cancel safe. After [`LegEvent::Refused`] and [`LegEvent::HungUp`] nothing does, for ever.
    async fn next(&mut self) -> LegEvent;
    /// 20 ms of what the room sounds like; to be called once after each [`LegEvent::Sound`]. Never blocks.
    fn hear(&mut self, frame: Frame);
    /// Whoever called in with this phone has been answered.
    fn picked_up(&mut self) {}
    /// Somebody in the room pressed a key: 0-9, `*`, `#`, A-D.
    fn press(&mut self, key: char);
    /// Asks the phone to call somebody else instead, a `tel:` or `sip:` address. [`LegEvent::Referred`] tells what became
    /// of it.
    fn refer(&mut self, to: &str);
}

/// What happens on the phone leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegEvent {
    Ringing,
    Answered,
    /// It was not answered, or the phone cannot be called.
    Refused(SipStatus),
    /// The next 20 ms from an answered phone. A line that breaks just stops giving any.
    Sound(Frame),
    /// A key of the phone's keypad.
    Key(char),
    /// The phone has called whom it was referred to, or could not.
    Referred(Result<(), SipStatus>),
    HungUp,
}
