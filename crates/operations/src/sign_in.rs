//! Coming in: sign-in, sessions, and one-time links.

use crate::{Caller, Operations, failure::internal, passwords, person_input, throttle, throttle::before, tokens};
use domain::{ErrorKind, UnixMillis, UserError, UserId, access::Role, new_id, views::InvitationLink};
use std::{fmt, time::Duration};
use store::{
    PgConnection, StoreError, audit, sessions,
    sessions::LinkFor,
    users::{self, Account, EMAIL_TAKEN},
};

const DAY: Duration = Duration::from_secs(86_400);
/// A session ends after this time, used or not.
const LONGEST_SESSION: Duration = DAY.saturating_mul(30);
/// A session that was not used for this time has ended.
pub(crate) const LONGEST_IDLE: Duration = DAY.saturating_mul(14);
/// How exactly it is remembered when a session was used.
const SEEN_EVERY: Duration = Duration::from_secs(60);
/// How long the link for the first administrator works.
const FIRST_LINK: Duration = DAY;

/// A session that was just opened. The cookie's value exists only here: the database holds its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSession {
    /// 43 characters, safe in a cookie.
    pub cookie_value: String,
    /// The session ends here at the latest.
    pub expires_at: UnixMillis,
}

impl fmt::Debug for NewSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSession")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a one-time link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Empty for the first administrator, who types it.
    pub email: String,
    pub name: String,
    /// It creates the first administrator.
    pub first: bool,
}

/// Opens a session for somebody who knows their password. `network_address` is the address of the client as the server
/// believes it to be, `browser` its User-Agent header.
///
/// # Errors
/// Wrong e-mail or password (401), too many failures (429).
pub async fn sign_in(
    ops: &Operations,
    email: &str,
    password: &str,
    network_address: &str,
    browser: &str,
) -> Result<NewSession, UserError> {
    let tried = throttle::begin(ops, email, Some(network_address)).await?;
    let account = account_of(ops, email).await?;
    let may = account.as_ref().is_some_and(|account| !account.locked);
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let right = passwords::verify(password, hash.clone()).await?;
    let Some(account) = account.filter(|_| right && may) else {
        return Err(UserError::new(
            ErrorKind::SignedOut,
            "The e-mail address or the password is not right. Check both and try again.",
        ));
    };
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let now = users::for_update(&mut transaction, account.user_id)
        .await
        .map_err(internal)?;
    if now.locked || now.password_hash != hash {
        return Err(UserError::signed_out());
    }
    let session = open(ops, &mut transaction, account.user_id, browser).await?;
    record(ops, &mut transaction, account.user_id, "signed in", &account.name).await?;
    transaction.commit().await.map_err(StoreError::from).map_err(internal)?;
    tried.succeeded(ops).await?;
    Ok(session)
}

/// The account with this e-mail address. What is no address cannot belong to anybody.
async fn account_of(ops: &Operations, email: &str) -> Result<Option<Account>, UserError> {
    let Ok(email) = person_input::email(email) else {
        return Ok(None);
    };
    let mut conn = ops.store.connection().await.map_err(internal)?;
    users::by_email(&mut conn, &email).await.map_err(internal)
}

/// Who the bearer of this cookie is; `None` if the session ended, or the cookie is none of ours.
///
/// # Errors
/// The database is away.
pub async fn authenticate(ops: &Operations, cookie_value: &str) -> Result<Option<Caller>, UserError> {
    let Some(token) = tokens::stored_form(cookie_value) else {
        return Ok(None);
    };
    let now = ops.clock.now();
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let Some(session) = sessions::open(&mut conn, &token, now, before(now, LONGEST_IDLE))
        .await
        .map_err(internal)?
    else {
        return Ok(None);
    };
    if now.since(session.last_seen_at) >= SEEN_EVERY {
        sessions::touch(&mut conn, session.session_id, now)
            .await
            .map_err(internal)?;
    }
    Ok(Some(Caller {
        user_id: session.user_id,
        name: session.name,
        role: session.role,
        session_id: session.session_id,
    }))
}

/// Ends the caller's session.
///
/// # Errors
/// The database is away.
pub async fn sign_out(ops: &Operations, caller: &Caller) -> Result<(), UserError> {
    let mut conn = ops.store.connection().await.map_err(internal)?;
    sessions::end(&mut conn, caller.session_id).await.map_err(internal)
}

/// Ends all sessions of the caller, this one too.
///
/// # Errors
/// The database is away.
pub async fn sign_out_everywhere(ops: &Operations, caller: &Caller) -> Result<(), UserError> {
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    sessions::end_all(&mut transaction, caller.user_id, None)
        .await
        .map_err(internal)?;
    record(
        ops,
        &mut transaction,
        caller.user_id,
        "signed out everywhere",
        &caller.name,
    )
    .await?;
    transaction.commit().await.map_err(StoreError::from).map_err(internal)
}

/// At start: a one-time link that creates the first administrator, as long as there is none who can sign in. Older such
/// links stop working.
///
/// # Errors
/// The database is away.
pub async fn ensure_first_invitation(ops: &Operations) -> Result<Option<InvitationLink>, UserError> {
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let there_is_one = !users::administrators_for_update(&mut transaction)
        .await
        .map_err(internal)?
        .is_empty();
    let made = if there_is_one {
        sessions::withdraw_links(&mut transaction, LinkFor::FirstAdministrator)
            .await
            .map_err(internal)?;
        None
    } else {
        Some(link(ops, &mut transaction, LinkFor::FirstAdministrator, FIRST_LINK).await?)
    };
    transaction.commit().await.map_err(StoreError::from).map_err(internal)?;
    Ok(made)
}

/// What the page behind a one-time link says.
///
/// # Errors
/// The link was used, replaced, has expired, or never was (404).
pub async fn invitation(ops: &Operations, token: &str) -> Result<Invitation, UserError> {
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    match follow(ops, &mut transaction, token, false).await? {
        None => Ok(Invitation {
            email: String::new(),
            name: String::new(),
            first: true,
        }),
        Some(account) => Ok(Invitation {
            email: account.email,
            name: account.name,
            first: false,
        }),
    }
}

/// Uses a one-time link: sets name and password and signs in. `email` counts only for the first administrator.
///
/// # Errors
/// As [`invitation`]; or name, e-mail address or password will not do (422).
pub async fn accept_invitation(
    ops: &Operations,
    token: &str,
    name: &str,
    email: &str,
    password: &str,
    browser: &str,
) -> Result<NewSession, UserError> {
    // Looked at first without using it: a typing error must not cost the link, nor a stranger's guess a hash.
    let first = invitation(ops, token).await?.first;
    let (name, email) = if first {
        person_input::name_and_email(name, email)?
    } else {
        let name = person_input::name(name).map_err(|wrong| UserError::field(wrong.field, wrong.message))?;
        (name, String::new())
    };
    passwords::check("password", password)?;
    let hash = passwords::hash(ops, password).await?;

    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let user_id = match follow(ops, &mut transaction, token, true).await? {
        None => {
            let account = Account {
                user_id: UserId(new_id(ops.clock.now(), &*ops.chance)),
                name: name.clone(),
                email,
                role: Role::Administrator,
                locked: false,
                password_hash: Some(hash),
            };
            users::insert(&mut transaction, ops.clock.now(), &account)
                .await
                .map_err(|error| {
                    if error.is_constraint(EMAIL_TAKEN) {
                        UserError::field(
                            "email",
                            "There is already a user with this e-mail address. Choose another.",
                        )
                    } else {
                        internal(error)
                    }
                })?;
            record(
                ops,
                &mut transaction,
                account.user_id,
                "became the first administrator",
                &name,
            )
            .await?;
            account.user_id
        }
        Some(mut account) => {
            account.name.clone_from(&name);
            account.password_hash = Some(hash);
            users::update(&mut transaction, &account).await.map_err(internal)?;
            sessions::end_all(&mut transaction, account.user_id, None)
                .await
                .map_err(internal)?;
            record(
                ops,
                &mut transaction,
                account.user_id,
                "chose a password by a one-time link",
                &name,
            )
            .await?;
            account.user_id
        }
    };
    let session = open(ops, &mut transaction, user_id, browser).await?;
    transaction.commit().await.map_err(StoreError::from).map_err(internal)?;
    Ok(session)
}

/// The account a link is for; `None` for the first administrator's.
async fn follow(
    ops: &Operations,
    conn: &mut PgConnection,
    token: &str,
    use_it: bool,
) -> Result<Option<Account>, UserError> {
    let gone = || {
        UserError::new(
            ErrorKind::NotFound,
            "This link was used already, was replaced, or is too old. Ask an administrator for a new one.",
        )
    };
    let token = tokens::stored_form(token).ok_or_else(gone)?;
    let purpose = sessions::link(&mut *conn, &token, ops.clock.now(), use_it)
        .await
        .map_err(internal)?
        .ok_or_else(gone)?;
    match purpose {
        LinkFor::FirstAdministrator => {
            let there_is_one = !users::administrators_for_update(conn)
                .await
                .map_err(internal)?
                .is_empty();
            if there_is_one { Err(gone()) } else { Ok(None) }
        }
        LinkFor::User(user) => {
            let account = users::for_update(conn, user).await.map_err(internal)?;
            if account.locked { Err(gone()) } else { Ok(Some(account)) }
        }
    }
}

/// Makes a one-time link.
pub(crate) async fn link(
    ops: &Operations,
    conn: &mut PgConnection,
    purpose: LinkFor,
    works_for: Duration,
) -> Result<InvitationLink, UserError> {
    let now = ops.clock.now();
    let expires_at = now.plus(works_for);
    let (token, stored) = tokens::new(ops);
    sessions::make_link(conn, now, &stored, purpose, expires_at)
        .await
        .map_err(internal)?;
    Ok(InvitationLink {
        path: format!("/welcome?token={token}"),
        expires_at,
    })
}

async fn open(ops: &Operations, conn: &mut PgConnection, user: UserId, browser: &str) -> Result<NewSession, UserError> {
    let now = ops.clock.now();
    let expires_at = now.plus(LONGEST_SESSION);
    let (cookie_value, stored) = tokens::new(ops);
    let id = new_id(now, &*ops.chance);
    sessions::insert(
        conn,
        now,
        id,
        &stored,
        user,
        expires_at,
        &person_input::browser(browser),
    )
    .await
    .map_err(internal)?;
    Ok(NewSession {
        cookie_value,
        expires_at,
    })
}

async fn record(
    ops: &Operations,
    conn: &mut PgConnection,
    actor: UserId,
    action: &str,
    subject: &str,
) -> Result<(), UserError> {
    audit::record(conn, ops.clock.now(), Some(actor), action, subject)
        .await
        .map_err(internal)
}

#[cfg(test)]
mod tests;
