//! What the dashboard begins with.

use crate::{Caller, Operations, failure::internal};
use domain::{UserError, access::Permission, live::LiveState};
use store::live;

/// The state of everything at one moment; the event stream goes on after its `cursor`.
///
/// # Errors
/// The role does not include it (403).
pub async fn state(ops: &Operations, caller: &Caller) -> Result<LiveState, UserError> {
    caller.may(Permission::Read)?;
    live::dashboard(&ops.store, ops.clock.now()).await.map_err(internal)
}

#[cfg(test)]
mod tests;
