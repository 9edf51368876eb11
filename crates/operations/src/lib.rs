//! What a person may do: one action, one function. Server functions and REST routes are thin doors to these.
//!
//! Every operation takes the [`Operations`] it works with, then who asks ([`Caller`], or nothing for the few that serve
//! people who are not signed in), then its input, and returns `Result<_, UserError>`. In this order it
//! checks the permission, checks the input, writes, appends events, writes the audit log.
//!
//! **This crate never knows** HTTP or Leptos.

pub mod account;
pub mod caller;
pub mod calls;
pub mod campaigns;
pub mod conversations;
pub mod dashboard;
pub mod do_not_call;
pub mod event_feed;
mod failure;
pub mod housekeeping;
pub mod imports;
mod input;
pub mod leads;
pub mod number_zones;
mod page_cursor;
mod passwords;
mod person_input;
pub mod phone_input;
pub mod prices;
pub mod recordings;
pub mod rehearsals;
pub mod settings;
pub mod sign_in;
#[cfg(test)]
mod testing;
mod throttle;
mod tokens;
mod trouble;
pub mod users;

pub use caller::Caller;
use domain::{Chance, Clock};
use std::sync::Arc;
use store::Store;
pub use throttle::shared_throttle_key;
pub use trouble::Trouble;

/// What every operation needs.
#[derive(Clone)]
pub struct Operations {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    /// What is connected and what is simulated; fixed at start.
    pub installation: Arc<domain::views::InstallationView>,
    pub network_trouble: Trouble,
    /// The same for what the agent hears, thinks and speaks with.
    pub voices_trouble: Trouble,
    /// Key of the keyed hashes in the sign-in throttle. Processes with different keys count failures apart, so it should be
    /// [`shared_throttle_key`] wherever there can be several.
    pub throttle_key: [u8; 32],
}
