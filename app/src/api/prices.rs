//! What things cost.

use crate::error::AppError;
use domain::views::{PricesForm, PricesView};
use leptos::prelude::*;
use server_fn::codec::Json;

/// The prices in force.
#[server(endpoint = "settings/prices", input = Json)]
pub async fn get_prices() -> Result<PricesView, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::prices::get(&ops, &caller).await?)
}

/// Sets the prices for calls that end from now on.
#[server(prefix = "/api", endpoint = "settings/set-prices")]
pub async fn set_prices(form: PricesForm) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    operations::prices::set(&ops, &caller, form).await?;
    // Without WASM the answer to the form is the page again.
    if !crate::caller::asks_for_data() {
        leptos_axum::redirect("/settings");
    }
    Ok(())
}
