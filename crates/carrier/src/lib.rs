//! A carrier for tests and rehearsal: it speaks LiveKit's public SIP API, and lets telephones into the rooms of a real
//! livekit-server.
//!
//! LiveKit's own SIP service needs a telephone provider. The carrier stands in for both: `livekit.SIP` is answered here,
//! everything else, WebSockets too, is passed on to the livekit-server behind it. So whoever is told the carrier's address
//! as `LIVEKIT_URL` dials, hears and hangs up just as with the real thing, through the same code.
//!
//! - [`Carrier`]: the service.
//! - [`Phones`]: the phone leg as a port. [`SimulatedPhones`] are the rehearsal's people.
//! - [`Carrier::call_in`]: somebody calls, and comes into the room that the dispatch rule of the inbound trunk names.
//!
//! **This crate never knows** campaigns or conversations, and the product never knows this crate: only tests and
//! `cargo xtask run --livekit` do.
//!
//! What it leaves out of LiveKit's API: updates of trunks and rules are answered with `unimplemented`, PINs lead nowhere; headers, encryption and dial tones are accepted and have no effect, for there is no SIP on the wire.

mod call;
mod calling_in;
mod dispatch;
mod participant;
mod phones;
mod request;
mod room;
mod service;
mod simulated;
mod sip_status;
mod trunks;
mod twirp;

pub use calling_in::{Caller, NotConnected};
pub use phones::{Invitation, LegEvent, PhoneLeg, Phones};
pub use service::{Carrier, CarrierError, CarrierOptions};
pub use simulated::SimulatedPhones;
pub use sip_status::SipStatus;

#[cfg(test)]
mod tests;
