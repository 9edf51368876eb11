//! The installation: what it is made of, its switches, its audit log.

use crate::{Caller, Operations};
use domain::{
    UserError,
    paging::Page,
    views::{AuditRow, InstallationView},
};

/// What is connected and what is simulated.
///
/// # Errors
/// The role does not include it (403).
pub async fn installation(_ops: &Operations, _caller: &Caller) -> Result<InstallationView, UserError> {
    Err(UserError::unavailable())
}

/// Who did what, newest first.
///
/// # Errors
/// Not an administrator (403), not a cursor of ours (422).
pub async fn audit(_ops: &Operations, _caller: &Caller, _after: Option<String>) -> Result<Page<AuditRow>, UserError> {
    Err(UserError::unavailable())
}

/// True while no new call may start.
///
/// # Errors
/// The role does not include it (403).
pub async fn dialling_paused(_ops: &Operations, _caller: &Caller) -> Result<bool, UserError> {
    Err(UserError::unavailable())
}

/// Holds all dialling, or lets it go on. Calls in progress go on either way.
///
/// # Errors
/// The role does not include it (403).
pub async fn set_dialling_paused(_ops: &Operations, _caller: &Caller, _paused: bool) -> Result<(), UserError> {
    Err(UserError::unavailable())
}
