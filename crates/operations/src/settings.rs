//! The installation: what it is made of, its switches, its audit log.

use crate::{Caller, Operations, failure::internal, page_cursor};
use domain::{
    UserError,
    access::Permission,
    live::Happening,
    paging::Page,
    views::{AuditRow, InstallationView, TroubleView},
};
use store::{StoreError, audit, events, settings};

/// What is connected and what is simulated.
///
/// # Errors
/// The role does not include it (403).
pub async fn installation(ops: &Operations, caller: &Caller) -> Result<InstallationView, UserError> {
    caller.may(Permission::Read)?;
    let mut view = InstallationView::clone(&ops.installation);
    for trouble in [&ops.voices_trouble, &ops.network_trouble] {
        if let Some(trouble) = trouble.get() {
            view.notices.insert(0, trouble);
        }
    }
    Ok(view)
}

/// Why no call is being started, if something is wrong with what every campaign needs.
///
/// # Errors
/// The role does not include it (403).
pub async fn trouble(ops: &Operations, caller: &Caller) -> Result<TroubleView, UserError> {
    caller.may(Permission::Read)?;
    Ok(TroubleView {
        voices: ops.voices_trouble.get(),
        network: ops.network_trouble.get(),
    })
}

/// Who did what, newest first.
///
/// # Errors
/// Not an administrator (403), not a cursor of ours (422).
pub async fn audit(ops: &Operations, caller: &Caller, after: Option<String>) -> Result<Page<AuditRow>, UserError> {
    caller.may(Permission::Administer)?;
    let before = page_cursor::decode::<i64>(after.as_deref())?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let rows = audit::list(&mut conn, before, page_cursor::LIMIT)
        .await
        .map_err(internal)?;
    Ok(page_cursor::page(rows))
}

/// True while no new call may start.
///
/// # Errors
/// The role does not include it (403).
pub async fn dialling_paused(ops: &Operations, caller: &Caller) -> Result<bool, UserError> {
    caller.may(Permission::Read)?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    settings::dialling_paused(&mut conn).await.map_err(internal)
}

/// Holds all dialling, or lets it go on. Calls in progress go on either way.
///
/// # Errors
/// The role does not include it (403).
pub async fn set_dialling_paused(ops: &Operations, caller: &Caller, paused: bool) -> Result<(), UserError> {
    caller.may(Permission::PauseDialling)?;
    let now = ops.clock.now();
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let changed = settings::set_dialling_paused(&mut transaction, now, caller.user_id, paused)
        .await
        .map_err(internal)?;
    if changed {
        let action = if paused { "paused dialling" } else { "resumed dialling" };
        audit::record(&mut transaction, now, Some(caller.user_id), action, "all campaigns")
            .await
            .map_err(internal)?;
        events::append(&mut transaction, now, &[Happening::DiallingPaused { paused }])
            .await
            .map_err(internal)?;
    }
    transaction.commit().await.map_err(StoreError::from).map_err(internal)
}

#[cfg(test)]
mod tests;
