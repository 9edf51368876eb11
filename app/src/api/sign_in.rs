//! The doors for people who are not signed in yet, and the ways out.

use crate::error::AppError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::codec::Json;

/// What the page behind a one-time link says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    /// Empty for the first administrator, who types it.
    pub email: String,
    pub name: String,
    /// It creates the first administrator.
    pub first: bool,
}

/// What was typed when the last sign-in without WebAssembly failed; empty otherwise.
#[server(endpoint = "sign-in/typed", input = Json)]
pub async fn typed_email() -> Result<String, AppError> {
    Ok(super::browser_request::typed_email().unwrap_or_default())
}

/// Signs in and leads to `next`, a path of this site, or to the dashboard.
#[server(endpoint = "sign-in")]
pub async fn sign_in(email: String, password: String, next: Option<String>) -> Result<(), AppError> {
    use super::browser_request as request;
    let ops = crate::caller::operations()?;
    let opened = operations::sign_in::sign_in(
        &ops,
        &email,
        &password,
        &request::network_address(),
        &request::browser(),
    )
    .await;
    match opened {
        Ok(session) => {
            request::forget_typed_email();
            request::begin_session(&session, ops.clock.now())?;
            leptos_axum::redirect(request::own_path(next.as_deref()));
            Ok(())
        }
        Err(error) => {
            request::remember_typed_email(&email);
            Err(error.into())
        }
    }
}

/// Ends this session and leads to the sign-in page. A plain form posts here, so that it works without WASM.
#[server(endpoint = "sign-out")]
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

/// Ends all of one's sessions, this one too.
#[server(endpoint = "sign-out-everywhere")]
pub async fn sign_out_everywhere() -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    operations::sign_in::sign_out_everywhere(&ops, &caller).await?;
    crate::caller::set_cookie(&crate::caller::cookie_settings()?.end());
    leptos_axum::redirect("/sign-in");
    Ok(())
}

/// Whom a one-time link is for.
#[server(endpoint = "welcome/invitation", input = Json)]
pub async fn invitation(token: String) -> Result<InvitationView, AppError> {
    let ops = crate::caller::operations()?;
    let found = operations::sign_in::invitation(&ops, &token).await?;
    Ok(InvitationView {
        email: found.email,
        name: found.name,
        first: found.first,
    })
}

/// Uses a one-time link: sets name and password, signs in, and leads to the dashboard.
#[server(endpoint = "welcome")]
pub async fn accept_invitation(
    token: String,
    name: String,
    #[server(default)] email: String,
    password: String,
) -> Result<(), AppError> {
    let ops = crate::caller::operations()?;
    let browser = super::browser_request::browser();
    let session = operations::sign_in::accept_invitation(&ops, &token, &name, &email, &password, &browser).await?;
    super::browser_request::begin_session(&session, ops.clock.now())?;
    leptos_axum::redirect("/");
    Ok(())
}
