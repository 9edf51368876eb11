//! Numbers that nobody may call, whatever the campaign.

use crate::{Caller, Operations, failure::internal, input, page_cursor, phone_input};
use domain::{PhoneNumber, UserError, access::Permission, paging::Page, views::DoNotCallRow};
use store::{StoreError, audit, campaigns, do_not_call};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// A page of the list, newest first; `search` is a part of a number.
///
/// # Errors
/// The caller may not read, or the cursor is none of ours.
pub async fn list(
    ops: &Operations,
    caller: &Caller,
    search: Option<String>,
    after: Option<String>,
) -> Result<Page<DoNotCallRow>, UserError> {
    caller.may(Permission::Read)?;
    let after = page_cursor::decode::<(i64, PhoneNumber)>(after.as_deref())?
        .map(|(micros, number)| (micros.max(0), number.e164().to_owned()));
    let search = input::text("search", search.as_deref().unwrap_or(""), 60)?;
    // A number is searched for as it is written: without signs, and without the zero that only a country dials.
    let digits: String = search.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    if !search.is_empty() && digits.is_empty() {
        return Ok(Page::default());
    }
    let digits = (!digits.is_empty()).then_some(digits);
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let rows = do_not_call::list(&mut conn, digits, after, page_cursor::LIMIT)
        .await
        .map_err(internal)?;
    Ok(page_cursor::page(rows))
}

/// Puts a number on the list. Leads that wait for a call to it are set aside in every campaign.
///
/// # Errors
/// The caller may not, or a field is wrong. A number that is on the list already is no error.
pub async fn add(ops: &Operations, caller: &Caller, number: String, reason: String) -> Result<(), UserError> {
    caller.may(Permission::AddDoNotCall)?;
    let number = parse(&number)?;
    let reason = input::text("reason", &reason, LONGEST_REASON)?;
    let reason = if reason.is_empty() {
        "Added by hand".to_owned()
    } else {
        reason
    };
    let now = ops.clock.now();
    let by = Some(caller.user_id());
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let changed = do_not_call::add(&mut transaction, &number, &reason, by, None, now)
        .await
        .map_err(internal)?;
    audit::record(
        &mut transaction,
        now,
        by,
        "added to the do-not-call list",
        &number.masked(),
    )
    .await
    .map_err(internal)?;
    campaigns::announce(&mut transaction, now, &changed)
        .await
        .map_err(internal)?;
    transaction.commit().await.map_err(|error| internal(error.into()))
}

/// Takes a number off the list. Leads that were set aside because of it stay aside: whoever wants them called adds them
/// to a campaign anew.
///
/// # Errors
/// The caller may not, the number is not on the list, or no reason is given.
pub async fn remove(ops: &Operations, caller: &Caller, number: String, reason: String) -> Result<(), UserError> {
    caller.may(Permission::RemoveDoNotCall)?;
    let number = parse(&number)?;
    let reason = input::text("reason", &reason, LONGEST_REASON)?;
    if reason.is_empty() {
        return Err(UserError::field(
            "reason",
            "Write why this number may be called again. It goes to the audit log.",
        ));
    }
    let now = ops.clock.now();
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    do_not_call::remove(&mut transaction, &number)
        .await
        .map_err(|error| match error {
            StoreError::Missing => UserError::not_found("entry of the do-not-call list"),
            other => internal(other),
        })?;
    let subject = format!("{}: {reason}", number.masked());
    audit::record(
        &mut transaction,
        now,
        Some(caller.user_id()),
        "removed from the do-not-call list",
        &subject,
    )
    .await
    .map_err(internal)?;
    transaction.commit().await.map_err(|error| internal(error.into()))
}

/// No country is assumed: the list holds for all campaigns, and a number read wrongly would protect a stranger.
fn parse(number: &str) -> Result<PhoneNumber, UserError> {
    let trimmed = number.trim();
    if let Ok(known) = trimmed.parse() {
        return Ok(known);
    }
    phone_input::parse(trimmed, "").map_err(|error| {
        let message = match error {
            phone_input::PhoneInputError::NoSuchNumber | phone_input::PhoneInputError::CountryCode => {
                "Write the number with its country code, as in +1 415 555 0123.".to_owned()
            }
            other => other.to_string(),
        };
        UserError::field("number", message)
    })
}

#[cfg(test)]
mod tests;
