//! What the frame around every page asks for, and the way out.

use crate::{error::AppError, session::FrameView};
use leptos::prelude::*;

/// Who is signed in, and what this installation is.
#[server(prefix = "/api", endpoint = "frame")]
pub async fn frame() -> Result<FrameView, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(FrameView {
        signed_in: domain::views::SignedIn {
            user_id: caller.user_id(),
            name: caller.name().to_owned(),
            role: caller.role(),
        },
        installation: operations::settings::installation(&ops, &caller).await?,
        now: ops.clock.now(),
    })
}

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
