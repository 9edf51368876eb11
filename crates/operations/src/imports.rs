//! Lists of people that come in as files.

use crate::{Caller, Operations};
use bytes::Bytes;
use domain::{
    CampaignId, ImportId, UserError,
    import::{ColumnUse, ImportView, RefusedRow},
    paging::Page,
};
use futures::Stream;
use tokio_util::sync::CancellationToken;

pub struct ImportUpload {}

impl ImportUpload {
    pub async fn push(&mut self, _bytes: &[u8]) -> Result<(), UserError> {
        Err(UserError::unavailable())
    }
    pub async fn finish(self) -> Result<ImportId, UserError> {
        Err(UserError::unavailable())
    }
}

pub async fn begin(
    _ops: &Operations,
    _caller: &Caller,
    _campaign: CampaignId,
    _file_name: String,
    _default_country: Option<String>,
) -> Result<ImportUpload, UserError> {
    Err(UserError::unavailable())
}
pub async fn view(_ops: &Operations, _caller: &Caller, _import: ImportId) -> Result<ImportView, UserError> {
    Err(UserError::unavailable())
}
pub async fn list(_ops: &Operations, _caller: &Caller, _campaign: CampaignId) -> Result<Vec<ImportView>, UserError> {
    Err(UserError::unavailable())
}
pub async fn start(
    _ops: &Operations,
    _caller: &Caller,
    _import: ImportId,
    _mapping: Vec<ColumnUse>,
    _default_country: String,
) -> Result<(), UserError> {
    Err(UserError::unavailable())
}
pub async fn cancel(_ops: &Operations, _caller: &Caller, _import: ImportId) -> Result<(), UserError> {
    Err(UserError::unavailable())
}
pub async fn refusals(
    _ops: &Operations,
    _caller: &Caller,
    _import: ImportId,
    _after: Option<String>,
) -> Result<Page<RefusedRow>, UserError> {
    Err(UserError::unavailable())
}
pub async fn refusals_csv(
    _ops: &Operations,
    _caller: &Caller,
    _import: ImportId,
) -> Result<impl Stream<Item = Result<Bytes, UserError>> + Send + use<>, UserError> {
    if true {
        return Err(UserError::unavailable());
    }
    Ok(futures::stream::empty())
}
pub async fn run_pending(_ops: &Operations, stop: CancellationToken) {
    stop.cancelled().await;
}
