//! Lists of people that come in as files: uploaded, looked at, confirmed, then read in the background.
//!
//! Every row of a file becomes a lead or a refusal with its line and reason, whatever its bytes. The file lies in the
//! database in pieces until it is read, so any process can read it and a crash costs nothing.

mod columns;
mod job;
mod reading;
mod refusals;
mod rows;
mod text;
mod upload;

use crate::{
    Caller, Operations,
    failure::{internal, missing},
    input, page_cursor, phone_input,
};
use bytes::Bytes;
use domain::{
    CampaignId, ImportId, UserError,
    access::Permission,
    import::{ColumnUse, ImportStatus, ImportView, RefusedRow},
    live::Happening,
    paging::Page,
};
use futures::Stream;
use store::{audit, campaigns, events, imports};
use tokio_util::sync::CancellationToken;
pub use upload::{ImportUpload, LARGEST_FILE};

const IMPORT: &str = "import";
/// The most imports of a campaign that are listed.
const LISTED: i64 = 100;

/// Begins an upload. `default_country` is that of numbers without a country code; the campaign's own if none is given.
///
/// # Errors
/// The caller may not, there is no such campaign, or there is no such country.
pub async fn begin(
    ops: &Operations,
    caller: &Caller,
    campaign: CampaignId,
    file_name: String,
    default_country: Option<String>,
) -> Result<ImportUpload, UserError> {
    caller.may(Permission::EditCampaigns)?;
    let content = {
        let mut conn = ops.store.connection().await.map_err(internal)?;
        campaigns::latest(&mut conn, campaign)
            .await
            .map_err(missing("campaign"))?
            .content
    };
    let country = default_country
        .filter(|country| !country.trim().is_empty())
        .unwrap_or(content.default_country);
    let country = checked_country(&country)?;
    // Some browsers send a whole path; only the last part is the name.
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or("");
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(200).collect();
    let name = if name.trim().is_empty() {
        "Pasted list".to_owned()
    } else {
        name
    };
    ImportUpload::new(ops, caller.user_id(), campaign, name, country)
}

fn checked_country(country: &str) -> Result<String, UserError> {
    let country = input::text("default_country", country, 2)?.to_ascii_uppercase();
    if phone_input::is_country(&country) {
        Ok(country)
    } else {
        Err(UserError::field("default_country", "Choose a country from the list."))
    }
}

/// One import.
///
/// # Errors
/// The caller may not read, or there is no such import.
pub async fn view(ops: &Operations, caller: &Caller, import: ImportId) -> Result<ImportView, UserError> {
    caller.may(Permission::Read)?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    imports::view(&mut conn, import).await.map_err(missing(IMPORT))
}

/// The campaign's imports, newest first.
///
/// # Errors
/// The caller may not read.
pub async fn list(ops: &Operations, caller: &Caller, campaign: CampaignId) -> Result<Vec<ImportView>, UserError> {
    caller.may(Permission::Read)?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    imports::list(&mut conn, campaign, LISTED).await.map_err(internal)
}

/// Confirms what each column is; reading begins in the background.
///
/// # Errors
/// The caller may not, there is no such import, it was started or cancelled already, or the mapping is wrong.
pub async fn start(
    ops: &Operations,
    caller: &Caller,
    import: ImportId,
    mapping: Vec<ColumnUse>,
    default_country: String,
) -> Result<(), UserError> {
    caller.may(Permission::EditCampaigns)?;
    let country = checked_country(&default_country)?;
    let now = ops.clock.now();
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let status = imports::lock(&mut transaction, import).await.map_err(missing(IMPORT))?;
    if status != ImportStatus::Uploaded {
        return Err(UserError::conflict(
            "This import was started or cancelled already. Reload the page to see how far it is.",
        ));
    }
    let view = imports::view(&mut transaction, import).await.map_err(missing(IMPORT))?;
    columns::check(&mapping, view.headers.len())?;
    imports::start(&mut transaction, import, &mapping, &country)
        .await
        .map_err(internal)?;
    moved(caller, transaction, import, "started import", &view.file_name, now).await
}

/// Stops an import. Leads that were added stay; the rest of the file is not read.
///
/// # Errors
/// The caller may not, there is no such import, or it has ended already.
pub async fn cancel(ops: &Operations, caller: &Caller, import: ImportId) -> Result<(), UserError> {
    caller.may(Permission::EditCampaigns)?;
    let now = ops.clock.now();
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let status = imports::lock(&mut transaction, import).await.map_err(missing(IMPORT))?;
    if !matches!(status, ImportStatus::Uploaded | ImportStatus::Running) {
        return Err(UserError::conflict(
            "This import has ended already. Reload the page to see how.",
        ));
    }
    let view = imports::view(&mut transaction, import).await.map_err(missing(IMPORT))?;
    imports::end(&mut transaction, import, ImportStatus::Cancelled, None)
        .await
        .map_err(internal)?;
    moved(caller, transaction, import, "cancelled import", &view.file_name, now).await
}

async fn moved(
    caller: &Caller,
    mut transaction: store::Transaction,
    import: ImportId,
    action: &str,
    subject: &str,
    now: domain::UnixMillis,
) -> Result<(), UserError> {
    audit::record(&mut transaction, now, Some(caller.user_id()), action, subject)
        .await
        .map_err(internal)?;
    let progress = imports::view(&mut transaction, import)
        .await
        .map_err(missing(IMPORT))?
        .progress;
    events::append(&mut transaction, now, &[Happening::ImportMoved { import: progress }])
        .await
        .map_err(internal)?;
    transaction.commit().await.map_err(|error| internal(error.into()))
}

/// A page of the rows that did not become leads, in the order of the file.
///
/// # Errors
/// The caller may not read, there is no such import, or the cursor is none of ours.
pub async fn refusals(
    ops: &Operations,
    caller: &Caller,
    import: ImportId,
    after: Option<String>,
) -> Result<Page<RefusedRow>, UserError> {
    caller.may(Permission::Read)?;
    let after = page_cursor::decode::<u64>(after.as_deref())?.unwrap_or(0);
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let delimiter = imports::delimiter(&mut conn, import).await.map_err(missing(IMPORT))?;
    let rows = imports::refusals(&mut conn, import, after, page_cursor::LIMIT)
        .await
        .map_err(internal)?;
    Ok(page_cursor::page(
        rows.into_iter().map(|row| (row.row, row.as_row(delimiter))).collect(),
    ))
}

/// All rows that did not become leads, as a CSV file to be corrected and imported again.
///
/// # Errors
/// The caller may not read, or there is no such import. Errors of the database end the stream.
pub async fn refusals_csv(
    ops: &Operations,
    caller: &Caller,
    import: ImportId,
) -> Result<impl Stream<Item = Result<Bytes, UserError>> + Send + use<>, UserError> {
    let view = view(ops, caller, import).await?;
    Ok(refusals::as_csv(ops.clone(), import, view.headers))
}

/// The job that reads imports, until `stop`. One runs in each process that has the role; they share the work by leases.
pub async fn run_pending(ops: &Operations, stop: CancellationToken) {
    job::run(ops, stop).await;
}

#[cfg(test)]
mod tests;
