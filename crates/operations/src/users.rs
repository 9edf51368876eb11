//! Who has an account.

use crate::{Caller, Operations};
use domain::{
    UserError, UserId,
    access::Role,
    views::{InvitationLink, UserRow},
};

/// All users, by name.
///
/// # Errors
/// Not an administrator (403).
pub async fn list(_ops: &Operations, _caller: &Caller) -> Result<Vec<UserRow>, UserError> {
    Err(UserError::unavailable())
}

/// Creates a user and the link by which they choose a password.
///
/// # Errors
/// Name or e-mail address will not do (422), the address is taken (409), not an administrator (403).
pub async fn invite(
    _ops: &Operations,
    _caller: &Caller,
    _name: &str,
    _email: &str,
    _role: Role,
) -> Result<InvitationLink, UserError> {
    Err(UserError::unavailable())
}

/// Gives a user another role, in force at their next request.
///
/// # Errors
/// It would leave no administrator (409), no such user (404), not an administrator (403).
pub async fn set_role(_ops: &Operations, _caller: &Caller, _user: UserId, _role: Role) -> Result<(), UserError> {
    Err(UserError::unavailable())
}

/// Locks a user out, ending all their sessions, or lets them in again.
///
/// # Errors
/// It would leave no administrator, or it is oneself (409), no such user (404), not an administrator (403).
pub async fn set_locked(_ops: &Operations, _caller: &Caller, _user: UserId, _locked: bool) -> Result<(), UserError> {
    Err(UserError::unavailable())
}

/// Takes a user's password away, ends their sessions, and makes a link by which they choose a new one.
///
/// # Errors
/// It is oneself, or the user is locked (409), no such user (404), not an administrator (403).
pub async fn reset_password(_ops: &Operations, _caller: &Caller, _user: UserId) -> Result<InvitationLink, UserError> {
    Err(UserError::unavailable())
}
