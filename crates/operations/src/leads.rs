//! The people of a campaign.

use crate::{
    Caller, Operations,
    failure::{internal, missing},
    input, number_zones, page_cursor, phone_input,
};
use domain::{
    CampaignId, FieldError, LeadId, UserError,
    access::Permission,
    new_id,
    paging::{DEFAULT_PAGE_SIZE, Page},
    script,
    views::{LeadFilter, LeadRow, NewLead},
};
use std::collections::BTreeMap;
use store::{
    audit, campaigns,
    leads::{self, LeadQuery, LeadToAdd},
};

/// The longest name of a person, in characters.
pub const LONGEST_NAME: usize = 200;
/// The longest e-mail address, in characters (RFC 5321).
pub const LONGEST_EMAIL: usize = 254;
/// The longest value of a script variable, in characters.
pub const LONGEST_VALUE: usize = 2_000;
/// The most variables of one lead.
pub const MOST_VARIABLES: usize = 100;

/// A page of a campaign's leads, newest first. A search in a very large campaign may answer with fewer rows than fit a
/// page, or none, and still have a next page.
///
/// # Errors
/// The caller may not read, there is no such campaign, or the cursor is none of ours.
pub async fn list(
    ops: &Operations,
    caller: &Caller,
    campaign: CampaignId,
    mut filter: LeadFilter,
) -> Result<Page<LeadRow>, UserError> {
    caller.may(Permission::Read)?;
    let before = page_cursor::decode::<LeadId>(filter.after.as_deref())?;
    let search = input::text("search", filter.search.as_deref().unwrap_or(""), 200)?;
    filter.search = (!search.is_empty()).then_some(search);
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let content = campaigns::latest(&mut conn, campaign)
        .await
        .map_err(missing("campaign"))?
        .content;
    let number = filter
        .search
        .as_deref()
        .and_then(|search| phone_input::parse(search, &content.default_country).ok());
    let query = LeadQuery {
        campaign,
        filter,
        before,
        number,
        limit: page_cursor::LIMIT,
    };
    let (rows, goes_on) = leads::list(&mut conn, &query).await.map_err(internal)?;
    let mut page = Page::from_surplus(rows, DEFAULT_PAGE_SIZE, |row: &LeadRow| {
        page_cursor::encode(&row.lead_id)
    });
    page.next = page.next.or_else(|| goes_on.map(|id| page_cursor::encode(&id)));
    Ok(page)
}

/// Adds one lead. A number on the do-not-call list is added with that status, so that the list shows it, and is not
/// called.
///
/// # Errors
/// The caller may not, there is no such campaign, a field is wrong, or the campaign has the number already.
pub async fn add(ops: &Operations, caller: &Caller, campaign: CampaignId, lead: NewLead) -> Result<LeadId, UserError> {
    caller.may(Permission::EditCampaigns)?;
    let now = ops.clock.now();
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let content = campaigns::latest(&mut transaction, campaign)
        .await
        .map_err(missing("campaign"))?
        .content;
    let id = LeadId(new_id(now, &*ops.chance));
    let lead = checked(id, lead, &content.default_country)?;
    let added = leads::add(&mut transaction, campaign, &[lead], now)
        .await
        .map_err(internal)?;
    if added.is_empty() {
        return Err(UserError::field(
            "phone_number",
            "Somebody with this phone number is in the campaign already.",
        ));
    }
    audit::record(
        &mut transaction,
        now,
        Some(caller.user_id()),
        "added lead to campaign",
        &content.name,
    )
    .await
    .map_err(internal)?;
    campaigns::announce(&mut transaction, now, &[campaign])
        .await
        .map_err(internal)?;
    transaction.commit().await.map_err(|error| internal(error.into()))?;
    Ok(id)
}

fn checked(id: LeadId, lead: NewLead, default_country: &str) -> Result<LeadToAdd, UserError> {
    if lead.variables.len() > MOST_VARIABLES {
        return Err(UserError::field(
            "variables",
            format!("A lead has at most {MOST_VARIABLES} variables."),
        ));
    }
    let mut wrong: Vec<FieldError> = Vec::new();
    let mut keep = |result: Result<String, UserError>| {
        result.unwrap_or_else(|error| {
            wrong.extend(error.fields);
            String::new()
        })
    };
    let name = keep(input::text("name", &lead.name, LONGEST_NAME));
    let email = keep(input::text("email", &lead.email, LONGEST_EMAIL).and_then(|email| {
        if email.is_empty() || looks_like_email(&email) {
            Ok(email)
        } else {
            Err(UserError::field(
                "email",
                "Write an e-mail address, as in ada@example.com, or leave it empty.",
            ))
        }
    }));
    let mut variables = BTreeMap::new();
    for (variable, value) in &lead.variables {
        if !is_variable_name(variable) {
            keep(Err(UserError::field(
                "variables",
                "Name variables with letters, digits and underscores only, at most 60, and not as a lead's own columns.",
            )));
            continue;
        }
        let value = keep(input::text(&format!("variables[{variable}]"), value, LONGEST_VALUE));
        if !value.is_empty() {
            variables.insert(variable.clone(), value);
        }
    }
    let number = phone_input::parse(&lead.phone_number, default_country)
        .map_err(|error| keep(Err(UserError::field("phone_number", error.to_string()))));
    match (number, UserError::fields(wrong)) {
        (Ok(phone_number), None) => Ok(LeadToAdd {
            id,
            zones: number_zones::zones_of(&phone_number),
            phone_number,
            name: name.into(),
            email: email.into(),
            variables,
        }),
        (_, error) => Err(error.unwrap_or_else(UserError::unavailable)),
    }
}

/// True if a script may name a variable like this. First and last name may come from columns of their own; the other
/// built-in names are the lead's.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let well_formed = !name.is_empty()
        && name.chars().count() <= 60
        && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let own = script::BUILT_IN.contains(&name) && name != "first_name" && name != "last_name";
    well_formed && !own
}

fn looks_like_email(text: &str) -> bool {
    let Some((mailbox, host)) = text.rsplit_once('@') else {
        return false;
    };
    !mailbox.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text.chars().any(|sign| sign.is_whitespace() || sign.is_control())
}

#[cfg(test)]
mod tests;
