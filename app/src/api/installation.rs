//! The way out.

use crate::error::AppError;
use leptos::prelude::*;

/// Ends this session and leads to the sign-in page. A plain form posts here, so that it works without WASM.
#[server(prefix = "/api", endpoint = "sign-out")]
pub async fn sign_out() -> Result<(), AppError> {
    let cookie = crate::caller::cookie_settings()?;
    // Whoever is signed out already gets what they wanted.
    if let Ok((ops, caller)) = crate::caller::caller().await {
        operations::sign_in::sign_out(&ops, &caller).await?;
    }
    crate::caller::set_cookie(&cookie.end());
    leptos_axum::redirect("/sign-in");
    Ok(())
}
