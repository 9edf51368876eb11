//! One's own account.

use crate::{Caller, Operations, failure::internal, passwords, sign_in::LONGEST_IDLE, throttle, throttle::before};
use domain::{UserError, views::SessionRow};
use store::{StoreError, audit, sessions, users};

/// The caller's open sessions, the most recently used first.
///
/// # Errors
/// The database is away.
pub async fn sessions(ops: &Operations, caller: &Caller) -> Result<Vec<SessionRow>, UserError> {
    let now = ops.clock.now();
    let mut conn = ops.store.connection().await.map_err(internal)?;
    sessions::list(
        &mut conn,
        caller.user_id,
        caller.session_id,
        now,
        before(now, LONGEST_IDLE),
    )
    .await
    .map_err(internal)
}

/// Changes the caller's password and ends all their other sessions.
///
/// # Errors
/// The old password is wrong or the new one will not do (422), too many tries (429).
pub async fn change_password(ops: &Operations, caller: &Caller, old: &str, new: &str) -> Result<(), UserError> {
    passwords::check("new", new)?;
    let before = account(ops, caller).await?;
    let tried = throttle::begin(ops, &before.email, None).await?;
    if !passwords::verify(old, before.password_hash.clone()).await? {
        return Err(UserError::field("old", "This is not your present password."));
    }
    let hash = passwords::hash(ops, new).await?;
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let mut now = users::for_update(&mut transaction, caller.user_id)
        .await
        .map_err(internal)?;
    if now.password_hash != before.password_hash {
        return Err(UserError::conflict(
            "Your password was changed meanwhile. Reload the page.",
        ));
    }
    now.password_hash = Some(hash);
    users::update(&mut transaction, &now).await.map_err(internal)?;
    sessions::end_all(&mut transaction, caller.user_id, Some(caller.session_id))
        .await
        .map_err(internal)?;
    audit::record(
        &mut transaction,
        ops.clock.now(),
        Some(caller.user_id),
        "changed their password",
        &now.name,
    )
    .await
    .map_err(internal)?;
    transaction.commit().await.map_err(StoreError::from).map_err(internal)?;
    tried.succeeded(ops).await
}

/// The caller's account as it is now.
async fn account(ops: &Operations, caller: &Caller) -> Result<users::Account, UserError> {
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    users::for_update(&mut transaction, caller.user_id)
        .await
        .map_err(internal)
}
