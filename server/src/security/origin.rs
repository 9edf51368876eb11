//! Requests that change state must come from our own pages.
//!
//! Browsers say where a request comes from in `Sec-Fetch-Site`, and older ones in `Origin`. A request with neither is
//! no browser's, so no page of a stranger can have sent it with somebody's cookie.

use http::{HeaderMap, HeaderName, Method, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// True if `method` cannot change anything.
#[must_use]
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// True if the request comes from one of our pages, or from no page at all. `public_url` is how people reach us.
#[must_use]
pub fn is_ours(headers: &HeaderMap, public_url: &str) -> bool {
    if headers.get_all(header::ORIGIN).iter().count() > 1 || headers.get_all(SEC_FETCH_SITE).iter().count() > 1 {
        return false;
    }
    let origin = headers
        .get(header::ORIGIN)
        .map(|value| value.to_str().unwrap_or("null"));
    if origin.is_some_and(|origin| origin == public_url) {
        return true;
    }
    match headers
        .get(SEC_FETCH_SITE)
        .map(|value| value.to_str().unwrap_or_default())
    {
        Some(site) => matches!(site, "same-origin" | "none"),
        None => origin.is_none_or(|origin| is_own(origin, headers, public_url)),
    }
}

/// True if `address` (a `Referer`) is one of ours: a form is led back there, and nobody is led elsewhere.
#[must_use]
pub fn is_own_address(address: &str, headers: &HeaderMap, public_url: &str) -> bool {
    let Some(scheme) = address.find("://") else {
        return false;
    };
    let end = address[scheme + 3..].find(['/', '?', '#', '\\']);
    let origin = end.map_or(address, |end| &address[..scheme + 3 + end]);
    is_own(origin, headers, public_url)
}

/// True if `origin` is how people reach us, or the host to which this request was sent.
fn is_own(origin: &str, headers: &HeaderMap, public_url: &str) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    origin == public_url || (host.is_some() && host == authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<HeaderName>().expect("a name"),
                    value.parse().expect("a value"),
                )
            })
            .collect()
    }

    const OURS: &str = "https://calls.example.com";

    #[test]
    fn our_pages_and_programs_pass() {
        for pairs in [
            vec![],
            vec![("sec-fetch-site", "same-origin")],
            vec![("sec-fetch-site", "none")],
            vec![("origin", OURS), ("host", "internal:3000")],
            vec![("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")],
        ] {
            assert!(is_ours(&headers(&pairs), OURS), "{pairs:?}");
        }
    }

    #[test]
    fn forms_are_led_back_to_our_pages_only() {
        let headers = headers(&[("host", "127.0.0.1:3000")]);
        for ours in [OURS, "https://calls.example.com/users?a=b", "http://127.0.0.1:3000/"] {
            assert!(is_own_address(ours, &headers, OURS), "{ours}");
        }
        for other in [
            "javascript:alert(1)",
            "about:client",
            "/users",
            "",
            "https://evil.example/https://calls.example.com/",
            "https://calls.example.com@evil.example/",
            "https://calls.example.com.evil.example/",
        ] {
            assert!(!is_own_address(other, &headers, OURS), "{other}");
        }
    }

    #[test]
    fn strangers_do_not() {
        for pairs in [
            vec![
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://evil.example"),
                ("host", "calls.example.com"),
            ],
            vec![("sec-fetch-site", "same-site"), ("origin", "https://other.example.com")],
            vec![("origin", "https://evil.example"), ("host", "calls.example.com")],
            vec![("origin", "null"), ("host", "null")],
            vec![
                ("origin", "https://calls.example.com.evil.example"),
                ("host", "calls.example.com"),
            ],
            vec![("origin", "https://evil.example")],
            vec![("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        ] {
            assert!(!is_ours(&headers(&pairs), OURS), "{pairs:?}");
        }
    }
}
