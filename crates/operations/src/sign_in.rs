//! Coming in: sign-in, sessions, and one-time links.

use crate::{Caller, Operations};
use domain::{UnixMillis, UserError, views::InvitationLink};
use std::fmt;

/// A session that was just opened. The cookie's value exists only here: the database holds its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSession {
    /// 43 characters, safe in a cookie.
    pub cookie_value: String,
    /// The session ends here at the latest.
    pub expires_at: UnixMillis,
}

impl fmt::Debug for NewSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSession").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What a one-time link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Empty for the first administrator, who types it.
    pub email: String,
    pub name: String,
    /// It creates the first administrator.
    pub first: bool,
}

/// Opens a session for somebody who knows their password. `network_address` is the address of the client as the server
/// believes it to be, `browser` its User-Agent header.
///
/// # Errors
/// Wrong e-mail or password (401), too many failures (429).
pub async fn sign_in(
    _ops: &Operations,
    _email: &str,
    _password: &str,
    _network_address: &str,
    _browser: &str,
) -> Result<NewSession, UserError> {
    Err(UserError::unavailable())
}

/// Who the bearer of this cookie is; `None` if the session ended, or the cookie is none of ours.
///
/// # Errors
/// The database is away.
pub async fn authenticate(_ops: &Operations, _cookie_value: &str) -> Result<Option<Caller>, UserError> {
    Err(UserError::unavailable())
}

/// Ends the caller's session.
///
/// # Errors
/// The database is away.
pub async fn sign_out(_ops: &Operations, _caller: &Caller) -> Result<(), UserError> {
    Err(UserError::unavailable())
}

/// Ends all sessions of the caller, this one too.
///
/// # Errors
/// The database is away.
pub async fn sign_out_everywhere(_ops: &Operations, _caller: &Caller) -> Result<(), UserError> {
    Err(UserError::unavailable())
}

/// At start: a one-time link that creates the first administrator, as long as there is none who can sign in. Older such
/// links stop working.
///
/// # Errors
/// The database is away.
pub async fn ensure_first_invitation(_ops: &Operations) -> Result<Option<InvitationLink>, UserError> {
    Err(UserError::unavailable())
}

/// What the page behind a one-time link says.
///
/// # Errors
/// The link was used, replaced, has expired, or never was (404).
pub async fn invitation(_ops: &Operations, _token: &str) -> Result<Invitation, UserError> {
    Err(UserError::unavailable())
}

/// Uses a one-time link: sets name and password and signs in. `email` counts only for the first administrator.
///
/// # Errors
/// As [`invitation`]; or name, e-mail address or password will not do (422).
pub async fn accept_invitation(
    _ops: &Operations,
    _token: &str,
    _name: &str,
    _email: &str,
    _password: &str,
    _browser: &str,
) -> Result<NewSession, UserError> {
    Err(UserError::unavailable())
}
