//! One's own sign-ins and password.

use crate::error::AppError;
use domain::views::SessionRow;
use leptos::prelude::*;
use server_fn::codec::Json;

/// Where one is signed in.
#[server(endpoint = "account/sessions", input = Json)]
pub async fn list_sessions() -> Result<Vec<SessionRow>, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::account::sessions(&ops, &caller).await?)
}

/// Changes one's own password.
#[server(endpoint = "account/password")]
pub async fn change_password(old: String, new: String) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::account::change_password(&ops, &caller, &old, &new).await?)
}
