use crate::{error::AppError, pages::rehearsal::ScenarioForm};
use domain::{CampaignId, RehearsalId, rehearsal::RehearsalsView};
use leptos::{prelude::*, server_fn::codec::Json};

/// The rehearsals of a campaign, and one of them whole: `shown`, or the newest.
#[server(endpoint = "rehearsals/view", input = Json)]
pub async fn view_rehearsals(campaign: CampaignId, shown: Option<RehearsalId>) -> Result<RehearsalsView, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::rehearsals::view(&ops, &caller, campaign, shown).await?)
}

/// Asks for a rehearsal, and shows how it goes.
#[server(endpoint = "rehearsals/start")]
pub async fn start_rehearsal(
    campaign: CampaignId,
    #[server(default)] scenarios: Vec<ScenarioForm>,
) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    let scenarios = crate::pages::rehearsal::scenarios(&scenarios)?;
    operations::rehearsals::start(&ops, &caller, campaign, scenarios).await?;
    leptos_axum::redirect(&format!("/campaigns/{campaign}/rehearsal"));
    Ok(())
}

/// Ends a rehearsal. The calls that were made stay.
#[server(endpoint = "rehearsals/cancel")]
pub async fn cancel_rehearsal(id: RehearsalId) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    let campaign = operations::rehearsals::cancel(&ops, &caller, id).await?;
    leptos_axum::redirect(&format!("/campaigns/{campaign}/rehearsal"));
    Ok(())
}
