//! Who may sign in.

use crate::error::AppError;
use domain::{
    UserId,
    access::Role,
    views::{InvitationLink, UserRow},
};
use leptos::prelude::*;
use server_fn::codec::Json;

/// All users.
#[server(endpoint = "users/list", input = Json)]
pub async fn list_users() -> Result<Vec<UserRow>, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::users::list(&ops, &caller).await?)
}

/// Invites somebody and answers with the link to send them.
#[server(endpoint = "users/invite")]
pub async fn invite_user(name: String, email: String, role: Role) -> Result<InvitationLink, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::users::invite(&ops, &caller, &name, &email, role).await?)
}

/// Gives a user another role.
#[server(endpoint = "users/role")]
pub async fn set_user_role(user: UserId, role: Role) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::users::set_role(&ops, &caller, user, role).await?)
}

/// Locks a user out, or lets them in again.
#[server(endpoint = "users/locked")]
pub async fn set_user_locked(user: UserId, locked: bool) -> Result<(), AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::users::set_locked(&ops, &caller, user, locked).await?)
}

/// Makes a link by which a user chooses a new password.
#[server(endpoint = "users/reset-password")]
pub async fn reset_user_password(user: UserId) -> Result<InvitationLink, AppError> {
    let (ops, caller) = crate::caller::caller().await?;
    Ok(operations::users::reset_password(&ops, &caller, user).await?)
}
