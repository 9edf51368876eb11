//! What the dashboard begins with.

use crate::{Caller, Operations};
use domain::{UserError, live::LiveState};

/// The state of everything at one moment; the event stream goes on after its `cursor`.
///
/// # Errors
/// The role does not include it (403).
pub async fn state(_ops: &Operations, _caller: &Caller) -> Result<LiveState, UserError> {
    Err(UserError::unavailable())
}
