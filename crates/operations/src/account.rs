//! One's own account.

use crate::{Caller, Operations};
use domain::{UserError, views::SessionRow};

/// The caller's open sessions, the most recently used first.
///
/// # Errors
/// The database is away.
pub async fn sessions(_ops: &Operations, _caller: &Caller) -> Result<Vec<SessionRow>, UserError> {
    Err(UserError::unavailable())
}

/// Changes the caller's password and ends all their other sessions.
///
/// # Errors
/// The old password is wrong or the new one will not do (422), too many tries (429).
pub async fn change_password(_ops: &Operations, _caller: &Caller, _old: &str, _new: &str) -> Result<(), UserError> {
    Err(UserError::unavailable())
}
