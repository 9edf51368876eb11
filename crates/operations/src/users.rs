//! Who has an account.

use crate::{Caller, Operations, failure::internal, failure::missing, person_input, sign_in};
use domain::{
    UserError, UserId,
    access::{Permission, Role},
    new_id,
    views::{InvitationLink, UserRow},
};
use std::time::Duration;
use store::{
    PgConnection, StoreError, audit, sessions,
    sessions::LinkFor,
    users::{Account, EMAIL_TAKEN},
};

/// How long the link to a new account works.
const INVITATION: Duration = Duration::from_secs(7 * 86_400);
/// How long the link to a new password works.
const NEW_PASSWORD: Duration = Duration::from_secs(86_400);

/// All users, by name.
///
/// # Errors
/// Not an administrator (403).
pub async fn list(ops: &Operations, caller: &Caller) -> Result<Vec<UserRow>, UserError> {
    caller.may(Permission::Administer)?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    store::users::list(&mut conn).await.map_err(internal)
}

/// Creates a user and the link by which they choose a password.
///
/// # Errors
/// Name or e-mail address will not do (422), the address is taken (409), not an administrator (403).
pub async fn invite(
    ops: &Operations,
    caller: &Caller,
    name: &str,
    email: &str,
    role: Role,
) -> Result<InvitationLink, UserError> {
    caller.may(Permission::Administer)?;
    let (name, email) = person_input::name_and_email(name, email)?;
    let now = ops.clock.now();
    let account = Account {
        user_id: UserId(new_id(now, &*ops.chance)),
        name,
        email,
        role,
        locked: false,
        password_hash: None,
    };
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    store::users::insert(&mut transaction, now, &account)
        .await
        .map_err(|error| {
            if error.is_constraint(EMAIL_TAKEN) {
                let mut taken = UserError::field("email", "There is already a user with this e-mail address.");
                taken.kind = domain::ErrorKind::Conflict;
                taken
            } else {
                internal(error)
            }
        })?;
    let link = sign_in::link(ops, &mut transaction, LinkFor::User(account.user_id), INVITATION).await?;
    record(ops, &mut transaction, caller, &format!("invited {role}"), &account.name).await?;
    transaction.commit().await.map_err(StoreError::from).map_err(internal)?;
    Ok(link)
}

/// Gives a user another role, in force at their next request.
///
/// # Errors
/// It would leave no administrator (409), no such user (404), not an administrator (403).
pub async fn set_role(ops: &Operations, caller: &Caller, user: UserId, role: Role) -> Result<(), UserError> {
    caller.may(Permission::Administer)?;
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    if role != Role::Administrator {
        keep_an_administrator(&mut transaction, user).await?;
    }
    let mut account = store::users::for_update(&mut transaction, user)
        .await
        .map_err(missing("user"))?;
    if account.role != role {
        account.role = role;
        store::users::update(&mut transaction, &account)
            .await
            .map_err(internal)?;
        record(ops, &mut transaction, caller, &format!("made {role}"), &account.name).await?;
    }
    transaction.commit().await.map_err(StoreError::from).map_err(internal)
}

/// Locks a user out, ending all their sessions, or lets them in again.
///
/// # Errors
/// It would leave no administrator, or it is oneself (409), no such user (404), not an administrator (403).
pub async fn set_locked(ops: &Operations, caller: &Caller, user: UserId, locked: bool) -> Result<(), UserError> {
    caller.may(Permission::Administer)?;
    if locked && user == caller.user_id {
        return Err(UserError::conflict(
            "You cannot lock yourself out. Ask another administrator.",
        ));
    }
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    if locked {
        keep_an_administrator(&mut transaction, user).await?;
    }
    let mut account = store::users::for_update(&mut transaction, user)
        .await
        .map_err(missing("user"))?;
    if account.locked != locked {
        account.locked = locked;
        store::users::update(&mut transaction, &account)
            .await
            .map_err(internal)?;
        let action = if locked { "locked" } else { "unlocked" };
        record(ops, &mut transaction, caller, action, &account.name).await?;
    }
    if locked {
        sessions::end_all(&mut transaction, user, None)
            .await
            .map_err(internal)?;
        sessions::withdraw_links(&mut transaction, LinkFor::User(user))
            .await
            .map_err(internal)?;
    }
    transaction.commit().await.map_err(StoreError::from).map_err(internal)
}

/// Takes a user's password away, ends their sessions, and makes a link by which they choose a new one.
///
/// # Errors
/// It is oneself, or the user is locked (409), no such user (404), not an administrator (403).
pub async fn reset_password(ops: &Operations, caller: &Caller, user: UserId) -> Result<InvitationLink, UserError> {
    caller.may(Permission::Administer)?;
    if user == caller.user_id {
        // Else the last administrator could lose the way in together with the link.
        return Err(UserError::conflict("Change your own password on your account page."));
    }
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let mut account = store::users::for_update(&mut transaction, user)
        .await
        .map_err(missing("user"))?;
    if account.locked {
        return Err(UserError::conflict("This user is locked. Unlock them first."));
    }
    account.password_hash = None;
    store::users::update(&mut transaction, &account)
        .await
        .map_err(internal)?;
    sessions::end_all(&mut transaction, user, None)
        .await
        .map_err(internal)?;
    let link = sign_in::link(ops, &mut transaction, LinkFor::User(user), NEW_PASSWORD).await?;
    record(ops, &mut transaction, caller, "reset the password of", &account.name).await?;
    transaction.commit().await.map_err(StoreError::from).map_err(internal)?;
    Ok(link)
}

/// Refuses if `user` is the only administrator who can sign in.
async fn keep_an_administrator(conn: &mut PgConnection, user: UserId) -> Result<(), UserError> {
    let administrators = store::users::administrators_for_update(conn).await.map_err(internal)?;
    if administrators == [user] {
        return Err(UserError::conflict(
            "This is the only administrator. Make somebody else an administrator first.",
        ));
    }
    Ok(())
}

async fn record(
    ops: &Operations,
    conn: &mut PgConnection,
    caller: &Caller,
    action: &str,
    subject: &str,
) -> Result<(), UserError> {
    audit::record(conn, ops.clock.now(), Some(caller.user_id), action, subject)
        .await
        .map_err(internal)
}

#[cfg(test)]
mod tests;
