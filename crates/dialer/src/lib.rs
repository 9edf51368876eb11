//! Who is called when, and the running of each call.
//!
//! A [`Dialer`] is one worker. Its loops, each in a file of its own: [`claiming`] asks the database for leads whose turn
//! has come, [`leases`] keeps the calls that this worker holds, [`recovery`] closes calls whose worker died, and
//! [`listening`] carries supervisors' commands to their calls. [`inbound`] answers people who call back. A claimed lead, like
//! a call that came in, becomes a [`call`], which [`endings`] writes down at its end. The decision whether somebody may be
//! called lies in [`gate`], the clocks it reads in [`zone_clock`].
//!
//! **This crate never knows** sound or wording: it hands a seat in a room and three voices to
//! [`agent::campaign_agent::CampaignAgent`] and waits for the end.
//!
//! Nothing here holds a fact that the database does not: a worker that is killed at any moment loses no lead, and its
//! calls are closed truthfully by whichever worker finds them.
//!
//! [`results_reader`] draws the results that could not be drawn when a call ended.
//!
//! [`trial`] is the exception: a conversation with a campaign's agent from a browser, of which nothing is kept; and
//! [`rehearsal`], in which simulated people play those who are called.

mod appointment;
mod brief;
mod call;
mod claiming;
pub mod endings;
mod fenced_seat;
pub mod gate;
mod glimpses;
mod inbound;
pub mod leases;
mod listening;
mod metric;
mod presence;
mod recorder;
mod recovery;
pub mod rehearsal;
pub mod results_reader;
mod scribe;
pub mod trial;
mod worker;
pub mod zone_clock;

pub use worker::{Dialer, DialerConfig};
pub use zone_clock::{IanaClock, ZoneClock};
