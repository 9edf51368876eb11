//! The people of a campaign.

use crate::{Caller, Operations};
use domain::{
    CampaignId, LeadId, UserError,
    paging::Page,
    views::{LeadFilter, LeadRow, NewLead},
};

pub async fn list(
    _ops: &Operations,
    _caller: &Caller,
    _campaign: CampaignId,
    _filter: LeadFilter,
) -> Result<Page<LeadRow>, UserError> {
    Err(UserError::unavailable())
}
pub async fn add(
    _ops: &Operations,
    _caller: &Caller,
    _campaign: CampaignId,
    _lead: NewLead,
) -> Result<LeadId, UserError> {
    Err(UserError::unavailable())
}
