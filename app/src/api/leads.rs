//! The people of a campaign.

use crate::error::AppError;
use domain::{
    CampaignId, LeadId,
    paging::Page,
    views::{LeadFilter, LeadRow, NewLead},
};
use leptos::prelude::*;
use server_fn::codec::Json;

/// A page of a campaign's leads.
#[server(endpoint = "leads/list", input = Json)]
pub async fn list_leads(campaign: CampaignId, filter: LeadFilter) -> Result<Page<LeadRow>, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::leads::list(&ops, &caller, campaign, filter).await?)
}

/// Adds one lead that was typed in.
#[server(endpoint = "leads/add")]
pub async fn add_lead(campaign: CampaignId, lead: NewLead) -> Result<LeadId, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::leads::add(&ops, &caller, campaign, lead).await?)
}
