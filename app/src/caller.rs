//! Who asks, on the server: from the session cookie of the request to a [`Caller`].
//!
//! The server provides [`Operations`] and [`CookieSettings`] as leptos contexts before it renders a page or runs a
//! server function.

use crate::{error::AppError, session::FrameView};
use domain::{UserError, views::SignedIn};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use operations::{Caller, Operations, sign_in};

/// How the session cookie is written.
#[derive(Clone, Copy, Debug)]
pub struct CookieSettings {
    /// True if people reach the server over https. Then the cookie is `Secure` and bound to the host by its name.
    pub secure: bool,
}

impl CookieSettings {
    /// Name of the session cookie.
    #[must_use]
    pub const fn name(self) -> &'static str {
        if self.secure { "__Host-ringside" } else { "ringside" }
    }

    /// The `Set-Cookie` value that begins a session and lasts `max_age_seconds`.
    #[must_use]
    pub fn begin(self, value: &str, max_age_seconds: i64) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_seconds}{secure}",
            self.name()
        )
    }

    /// The `Set-Cookie` value that ends the session in the browser.
    #[must_use]
    pub fn end(self) -> String {
        self.begin("", 0)
    }

    /// The session cookie's value in the headers of a request.
    #[must_use]
    pub fn read(self, headers: &HeaderMap) -> Option<String> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, value)| *name == self.name() && !value.is_empty())
            .map(|(_, value)| value.to_owned())
    }
}

/// The operations of this request.
///
/// # Errors
/// Unavailable if the server did not provide them, which is a mistake in its composition.
pub fn operations() -> Result<Operations, AppError> {
    use_context::<Operations>().ok_or_else(|| AppError(UserError::unavailable()))
}

/// How this server writes its cookies.
///
/// # Errors
/// Unavailable if the server did not provide it.
pub fn cookie_settings() -> Result<CookieSettings, AppError> {
    use_context::<CookieSettings>().ok_or_else(|| AppError(UserError::unavailable()))
}

/// The first line of every server function: what it works with, and who asks.
///
/// # Errors
/// Signed out if the request bears no valid session.
pub async fn caller() -> Result<(Operations, Caller), AppError> {
    let ops = operations()?;
    let cookie = cookie_settings()?;
    let value = use_context::<Parts>().and_then(|parts| cookie.read(&parts.headers));
    let caller = authenticated(&ops, value).await?;
    Ok((ops, caller))
}

async fn authenticated(ops: &Operations, cookie_value: Option<String>) -> Result<Caller, AppError> {
    let value = cookie_value.ok_or_else(UserError::signed_out)?;
    let caller = sign_in::authenticate(ops, &value).await?;
    Ok(caller.ok_or_else(UserError::signed_out)?)
}

/// What the frame around every page shows to whoever sent a request with these `headers`.
///
/// # Errors
/// Signed out if the request bears no valid session.
pub async fn frame(ops: &Operations, cookie: CookieSettings, headers: &HeaderMap) -> Result<FrameView, AppError> {
    let caller = authenticated(ops, cookie.read(headers)).await?;
    Ok(FrameView {
        signed_in: SignedIn {
            user_id: caller.user_id(),
            name: caller.name().to_owned(),
            role: caller.role(),
        },
        installation: operations::settings::installation(ops, &caller).await?,
        now: ops.clock.now(),
    })
}

/// True if a program asked (the WASM client wants JSON); false if a browser posted a plain form and wants a page.
#[must_use]
pub fn asks_for_data() -> bool {
    use_context::<Parts>().is_some_and(|parts| !wants_page(&parts.headers))
}

/// True if a browser asks in order to show the answer, not a script or a program.
#[must_use]
pub fn wants_page(headers: &HeaderMap) -> bool {
    let mut accept = headers.get_all(header::ACCEPT).iter();
    accept.any(|line| line.to_str().is_ok_and(|line| line.contains("text/html")))
}

/// Adds a `Set-Cookie` header to the answer of this request; does nothing outside a request.
pub fn set_cookie(cookie: &str) {
    if let (Some(response), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(cookie)) {
        response.append_header(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_only_under_its_own_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("zone=UTC; ringside=abc=d"));
        assert_eq!(
            CookieSettings { secure: false }.read(&headers).as_deref(),
            Some("abc=d")
        );
        assert_eq!(CookieSettings { secure: true }.read(&headers), None);
    }

    #[test]
    fn over_https_the_cookie_is_secure_and_bound_to_the_host() {
        let cookie = CookieSettings { secure: true }.begin("v", 60);
        assert_eq!(
            cookie,
            "__Host-ringside=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
    }
}
