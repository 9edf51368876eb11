//! What things cost. Prices hold from the moment they are saved: calls that have ended keep those they were reckoned by.

use crate::{Caller, Operations, failure::internal};
use domain::{
    FieldError, UserError,
    access::Permission,
    cost::{PriceTable, amount_text, parse_amount},
    views::{PricesForm, PricesView},
};
use jiff::tz::TimeZone;
use store::{StoreError, audit, costs, settings};

/// The prices in force, as the form shows them.
///
/// # Errors
/// Not an administrator (403).
pub async fn get(ops: &Operations, caller: &Caller) -> Result<PricesView, UserError> {
    caller.may(Permission::Administer)?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let prices = settings::prices(&mut conn).await.map_err(internal)?;
    Ok(PricesView {
        are_set: prices.is_some(),
        form: form(&prices.unwrap_or_default()),
    })
}

fn form(prices: &PriceTable) -> PricesForm {
    PricesForm {
        currency: prices.currency.clone(),
        input_tokens: amount_text(prices.input_tokens),
        output_tokens: amount_text(prices.output_tokens),
        characters: amount_text(prices.characters),
        recognition_minute: amount_text(prices.recognition_minute),
        telephone_minute: amount_text(prices.telephone_minute),
        zone: prices.zone.clone(),
    }
}

/// Sets the prices for calls that end from now on.
///
/// # Errors
/// Not an administrator (403), or one entry for each field that is wrong (422).
pub async fn set(ops: &Operations, caller: &Caller, form: PricesForm) -> Result<(), UserError> {
    caller.may(Permission::Administer)?;
    let prices = checked(&form)?;
    let now = ops.clock.now();
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    // It is the database that reckons days.
    if costs::day_of(&mut transaction, &prices.zone, now).await.is_err() {
        return Err(UserError::field("zone", NO_ZONE));
    }
    let changed = settings::set_prices(&mut transaction, now, caller.user_id, &prices)
        .await
        .map_err(internal)?;
    if changed {
        let subject = in_words(&prices);
        audit::record(&mut transaction, now, Some(caller.user_id), "set prices", &subject)
            .await
            .map_err(internal)?;
    }
    transaction.commit().await.map_err(StoreError::from).map_err(internal)
}

const NO_ZONE: &str = "Write a time zone of the IANA database, for example Europe/Berlin.";

fn checked(form: &PricesForm) -> Result<PriceTable, UserError> {
    let mut wrong = Vec::new();
    let mut refuse = |field: &str, message: &str| {
        wrong.push(FieldError {
            field: field.to_owned(),
            message: message.to_owned(),
        });
    };
    let currency = form.currency.trim().to_ascii_uppercase();
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        refuse("currency", "Write the three letters of the currency, for example USD.");
    }
    let zone = form.zone.trim().to_owned();
    if zone.is_empty() || TimeZone::get(&zone).is_err() {
        refuse("zone", NO_ZONE);
    }
    let mut amount = |field: &str, text: &str| {
        parse_amount(text).unwrap_or_else(|| {
            refuse(
                field,
                "Write an amount from 0 to 1,000,000 with a point and at most six decimals, for example 0.15.",
            );
            0
        })
    };
    let prices = PriceTable {
        input_tokens: amount("input_tokens", &form.input_tokens),
        output_tokens: amount("output_tokens", &form.output_tokens),
        characters: amount("characters", &form.characters),
        recognition_minute: amount("recognition_minute", &form.recognition_minute),
        telephone_minute: amount("telephone_minute", &form.telephone_minute),
        currency,
        zone,
    };
    match UserError::fields(wrong) {
        None => Ok(prices),
        Some(error) => Err(error),
    }
}

/// For the audit log.
fn in_words(prices: &PriceTable) -> String {
    format!(
        "{}: {} and {} a million tokens in and out, {} a million characters, {} a minute recognised, {} a minute on the \
         telephone; days of {}",
        prices.currency,
        amount_text(prices.input_tokens),
        amount_text(prices.output_tokens),
        amount_text(prices.characters),
        amount_text(prices.recognition_minute),
        amount_text(prices.telephone_minute),
        prices.zone
    )
}

#[cfg(test)]
mod tests;
