//! Headers that tell a browser what it may do with an answer.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The content security policy of a page whose inline script bears `nonce`. Nothing may be loaded from elsewhere, and
/// nothing may frame us: the call monitor opens in a window of its own. Connections may go to `rooms` too, where browsers
/// join the rooms of calls (`ws://` or `wss://` and a host).
#[must_use]
pub fn content_security_policy(nonce: Option<&str>, rooms: Option<&str>) -> String {
    let nonce = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    // LiveKit's client asks by HTTP why it was not let in.
    let rooms = rooms
        .and_then(|rooms| Some(format!(" {rooms} http{}", rooms.strip_prefix("ws")?)))
        .unwrap_or_default();
    format!(
        "default-src 'self'; script-src 'self'{nonce} 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         media-src 'self' blob:; connect-src 'self'{rooms}; worker-src 'self' blob:; font-src 'self'; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// Adds what every answer bears; what is already there stays.
pub fn add(headers: &mut HeaderMap, https: bool) {
    let fixed: [(HeaderName, &str); 6] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
        ),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY)
        && let Ok(policy) = HeaderValue::from_str(&content_security_policy(None, None))
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if https {
        headers
            .entry(header::STRICT_TRANSPORT_SECURITY)
            .or_insert(HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
    // What somebody saw must not come back from the cache after they signed out.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}
