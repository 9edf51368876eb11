//! What a server function reads from the request it answers, beyond its arguments.

use crate::{caller, error::AppError};
use axum::extract::ConnectInfo;
use domain::UnixMillis;
use http::{header, request::Parts};
use leptos::prelude::use_context;
use operations::sign_in::NewSession;
use std::net::SocketAddr;

/// Holds the e-mail address of a failed sign-in for a minute, so that a browser without JavaScript shows it again.
const TYPED: &str = "ringside-typed";
const LONGEST_EMAIL: usize = 320;

/// The address of the client as the server believes it to be; the server puts a proxy's word for it into
/// [`ClientAddress`] if it trusts that proxy.
pub(crate) fn network_address() -> String {
    let Some(parts) = use_context::<Parts>() else {
        return "unknown".to_owned();
    };
    parts
        .extensions
        .get::<ClientAddress>()
        .map(|address| address.0.clone())
        .or_else(|| {
            parts
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|peer| peer.0.ip().to_string())
        })
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The client's address, found by middleware of the server. An extension of the request.
#[derive(Clone, Debug)]
pub struct ClientAddress(pub String);

/// The browser, as it calls itself.
pub(crate) fn browser() -> String {
    header(header::USER_AGENT).unwrap_or_default()
}

/// `next` if it is a path of this site, else the dashboard: nobody can be led elsewhere by a link to the sign-in page.
pub(crate) fn own_path(next: Option<&str>) -> &str {
    next.filter(|path| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    })
    .unwrap_or("/")
}

/// Gives the browser the cookie of a new session.
pub(crate) fn begin_session(session: &NewSession, now: UnixMillis) -> Result<(), AppError> {
    let seconds = i64::try_from(session.expires_at.since(now).as_secs()).unwrap_or(i64::MAX);
    caller::set_cookie(&caller::cookie_settings()?.begin(&session.cookie_value, seconds));
    Ok(())
}

pub(crate) fn remember_typed_email(email: &str) {
    let hex: String = email
        .bytes()
        .take(LONGEST_EMAIL)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    set_typed(&hex, 60);
}

pub(crate) fn forget_typed_email() {
    set_typed("", 0);
}

fn set_typed(hex: &str, max_age_seconds: u8) {
    let https = caller::cookie_settings().is_ok_and(|settings| settings.secure);
    let secure = if https { "; Secure" } else { "" };
    caller::set_cookie(&format!(
        "{TYPED}={hex}; Path=/sign-in; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}"
    ));
}

pub(crate) fn typed_email() -> Option<String> {
    let cookies = header(header::COOKIE)?;
    let hex = cookies
        .split(';')
        .find_map(|cookie| cookie.trim().strip_prefix(TYPED)?.strip_prefix('='))?;
    decode_hex(hex)
}

fn decode_hex(hex: &str) -> Option<String> {
    let digits: Option<Vec<u32>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let bytes = digits?
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok())
        .collect::<Option<_>>()?;
    String::from_utf8(bytes).ok()
}

fn header(name: header::HeaderName) -> Option<String> {
    let parts = use_context::<Parts>()?;
    Some(parts.headers.get(name)?.to_str().ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_only_to_paths_of_this_site() {
        assert_eq!(own_path(Some("/campaigns?status=running")), "/campaigns?status=running");
        for elsewhere in [
            None,
            Some(""),
            Some("//evil.example"),
            Some("https://evil.example"),
            Some("/\\evil.example"),
            Some("/a\r\nb"),
        ] {
            assert_eq!(own_path(elsewhere), "/", "{elsewhere:?}");
        }
    }

    #[test]
    fn only_whole_hex_is_decoded() {
        assert_eq!(decode_hex("c3a4").as_deref(), Some("ä"));
        assert_eq!(decode_hex("zz"), None);
        assert_eq!(decode_hex("ff"), None);
    }
}
