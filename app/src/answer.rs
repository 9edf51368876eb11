//! The HTTP answer that a page is part of, while the server renders it. In the browser there is none, and nothing here
//! does anything.

use domain::ErrorKind;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Bytes of an address that is worth coming back to: it travels in a header, and becomes longer there.
const LONGEST_WAY_BACK: usize = 1_000;

/// Sets the status of the page's answer. Being signed out is no status but a redirect.
pub(crate) fn set_status(kind: ErrorKind) {
    if kind != ErrorKind::SignedOut {
        response::set_status(kind.http_status());
    }
}

/// The sign-in page, with the way back to here.
pub(crate) fn sign_in_address() -> String {
    let location = use_location();
    let here = format!(
        "{}{}",
        location.pathname.get_untracked(),
        location.query.get_untracked().to_query_string()
    );
    if here == "/" || here.len() > LONGEST_WAY_BACK {
        return "/sign-in".to_owned();
    }
    let mut query = leptos_router::params::ParamsMap::new();
    query.insert("next", here);
    format!("/sign-in{}", query.to_query_string())
}

#[cfg(feature = "ssr")]
mod response {
    use leptos::prelude::use_context;

    pub(super) fn set_status(status: u16) {
        if let (Some(response), Ok(status)) = (
            use_context::<leptos_axum::ResponseOptions>(),
            http::StatusCode::from_u16(status),
        ) {
            response.set_status(status);
        }
    }
}

#[cfg(not(feature = "ssr"))]
mod response {
    pub(super) fn set_status(_status: u16) {}
}
