//! What the dashboard asks for.

use crate::error::AppError;
use domain::live::LiveState;
use leptos::prelude::*;

/// The whole state of the dashboard, in one consistent snapshot.
#[server(prefix = "/api", endpoint = "dashboard")]
pub async fn dashboard() -> Result<LiveState, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::dashboard::state(&ops, &caller).await?)
}

/// Holds all dialling, or lets it go on. Calls in progress are not touched.
#[server(prefix = "/api", endpoint = "set-dialling-paused")]
pub async fn set_dialling_paused(paused: bool) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    operations::settings::set_dialling_paused(&ops, &caller, paused).await?;
    // Without WASM the answer to the form is the dashboard again.
    if !crate::caller::asks_for_data() {
        leptos_axum::redirect("/");
    }
    Ok(())
}
