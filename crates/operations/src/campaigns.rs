//! Campaigns: write, save, copy, delete, start and stop.

use crate::{Caller, Operations};
use domain::{
    CampaignId, UserError,
    campaign::{CampaignCommand, CampaignContent, CampaignStatus},
    paging::Page,
    views::{CampaignRow, CampaignView, SaveOutcome, ScriptPreview},
};

pub async fn list(
    _ops: &Operations,
    _caller: &Caller,
    _status: Option<CampaignStatus>,
    _after: Option<String>,
) -> Result<Page<CampaignRow>, UserError> {
    Err(UserError::unavailable())
}
pub async fn get(_ops: &Operations, _caller: &Caller, _id: CampaignId) -> Result<CampaignView, UserError> {
    Err(UserError::unavailable())
}
pub async fn create(_ops: &Operations, _caller: &Caller, _content: CampaignContent) -> Result<CampaignId, UserError> {
    Err(UserError::unavailable())
}
pub async fn save(
    _ops: &Operations,
    _caller: &Caller,
    _id: CampaignId,
    _base_revision: i64,
    _content: CampaignContent,
) -> Result<SaveOutcome, UserError> {
    Err(UserError::unavailable())
}
pub async fn duplicate(_ops: &Operations, _caller: &Caller, _id: CampaignId) -> Result<CampaignId, UserError> {
    Err(UserError::unavailable())
}
pub async fn delete(_ops: &Operations, _caller: &Caller, _id: CampaignId) -> Result<(), UserError> {
    Err(UserError::unavailable())
}
pub async fn command(
    _ops: &Operations,
    _caller: &Caller,
    _id: CampaignId,
    _command: CampaignCommand,
) -> Result<CampaignStatus, UserError> {
    Err(UserError::unavailable())
}
pub async fn preview(
    _ops: &Operations,
    _caller: &Caller,
    _id: Option<CampaignId>,
    _content: CampaignContent,
) -> Result<ScriptPreview, UserError> {
    Err(UserError::unavailable())
}
