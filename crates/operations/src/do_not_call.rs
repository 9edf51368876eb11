//! Numbers that nobody may call.

use crate::{Caller, Operations};
use domain::{UserError, paging::Page, views::DoNotCallRow};

pub async fn list(
    _ops: &Operations,
    _caller: &Caller,
    _search: Option<String>,
    _after: Option<String>,
) -> Result<Page<DoNotCallRow>, UserError> {
    Err(UserError::unavailable())
}
pub async fn add(_ops: &Operations, _caller: &Caller, _number: String, _reason: String) -> Result<(), UserError> {
    Err(UserError::unavailable())
}
pub async fn remove(_ops: &Operations, _caller: &Caller, _number: String, _reason: String) -> Result<(), UserError> {
    Err(UserError::unavailable())
}
