//! The job that reads imports: takes one by lease, reads it batch by batch, goes on where a dead process stopped.

use super::reading::{DecidedRow, ImportReading};
use crate::Operations;
use domain::{LeadId, UnixMillis, import::ImportStatus, live::Happening, new_id};
use std::{collections::HashMap, time::Duration};
use store::{
    StoreError, campaigns, events,
    imports::{self, Advance, ImportWork},
    leads::{self, LeadToAdd},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long an import belongs to a process that says nothing; every batch renews it.
const LEASE: Duration = Duration::from_secs(60);
/// How often to look for work.
const PAUSE: Duration = Duration::from_millis(500);
/// Rows in one transaction.
const BATCH: usize = 1_000;
/// An upload whose mapping nobody confirms is let go after this time.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3_600);
/// How often to look for abandoned uploads, in rounds of [`PAUSE`].
const SWEEP_EVERY: u32 = 7_200;

/// Reads imports until `stop`.
pub(super) async fn run(ops: &Operations, stop: CancellationToken) {
    let mut round = 0_u32;
    while !stop.is_cancelled() {
        let worked = match run_next(ops, &stop).await {
            Ok(worked) => worked,
            Err(error) => {
                tracing::error!(%error, "an import stumbled; it goes on when its lease has run out");
                false
            }
        };
        if round.is_multiple_of(SWEEP_EVERY) {
            let before = UnixMillis(ops.clock.now().0 - i64::try_from(ABANDONED_AFTER.as_millis()).unwrap_or(0));
            if let Err(error) = sweep(ops, before).await {
                tracing::error!(%error, "abandoned uploads could not be let go");
            }
        }
        round = round.wrapping_add(1);
        if !worked {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

async fn sweep(ops: &Operations, before: UnixMillis) -> Result<(), StoreError> {
    let mut conn = ops.store.connection().await?;
    imports::cancel_abandoned(&mut conn, before).await?;
    Ok(())
}

/// Reads one import, if one waits; false if none does.
pub(super) async fn run_next(ops: &Operations, stop: &CancellationToken) -> Result<bool, StoreError> {
    let work = {
        let mut conn = ops.store.connection().await?;
        imports::take(&mut conn, LEASE).await?
    };
    let Some(work) = work else {
        return Ok(false);
    };
    tracing::info!(import_id = %work.id, campaign_id = %work.campaign, rows_read = work.rows_read, "reading an import");
    read(ops, &work, stop).await?;
    Ok(true)
}

/// One piece of the file, turned into rows.
struct ReadPiece {
    reading: ImportReading,
    rows: Vec<DecidedRow>,
    /// Bytes of the file up to the end of this piece.
    bytes_read: u64,
    /// This was the end of the file.
    ended: bool,
}

async fn read(ops: &Operations, work: &ImportWork, stop: &CancellationToken) -> Result<(), StoreError> {
    let mut rows_read = work.rows_read;
    let mut position = 0;
    let mut next = Some(read_piece(ops, work, position, ImportReading::new(work), 0).await?);
    while let Some(reading) = next.take() {
        let Ok(piece) = reading.await else {
            return fail(
                ops,
                work,
                "The file cannot be read. Save it as CSV in UTF-8 and import it again.",
            )
            .await;
        };
        let (mut rows, bytes_read) = (piece.rows, piece.bytes_read);
        if !piece.ended {
            // The next piece is read while this one is written.
            position += 1;
            next = Some(read_piece(ops, work, position, piece.reading, bytes_read).await?);
        }
        while !rows.is_empty() {
            if stop.is_cancelled() {
                let mut conn = ops.store.connection().await?;
                return imports::release(&mut conn, work.id).await;
            }
            let rest = rows.split_off(rows.len().min(BATCH));
            let batch = std::mem::replace(&mut rows, rest);
            let count = u64::try_from(batch.len()).unwrap_or(0);
            if !write_batch(ops, work, batch, rows_read, bytes_read).await? {
                return Ok(());
            }
            rows_read += count;
        }
    }
    finish(ops, work, rows_read).await
}

/// Begins to read a piece. Decoding and number plans take the processor for milliseconds: not on a thread that serves
/// others.
async fn read_piece(
    ops: &Operations,
    work: &ImportWork,
    position: i32,
    mut reading: ImportReading,
    bytes_before: u64,
) -> Result<JoinHandle<ReadPiece>, StoreError> {
    let piece = {
        let mut conn = ops.store.connection().await?;
        imports::chunk(&mut conn, work.id, position).await?
    };
    Ok(tokio::task::spawn_blocking(move || ReadPiece {
        rows: reading.read(piece.as_deref()),
        reading,
        bytes_read: bytes_before + u64::try_from(piece.as_ref().map_or(0, Vec::len)).unwrap_or(0),
        ended: piece.is_none(),
    }))
}

/// Writes one batch in one transaction; false if the import is not ours to read any more.
async fn write_batch(
    ops: &Operations,
    work: &ImportWork,
    batch: Vec<DecidedRow>,
    rows_read: u64,
    bytes_read: u64,
) -> Result<bool, StoreError> {
    let now = ops.clock.now();
    let rows = u64::try_from(batch.len()).unwrap_or(0);
    let mut refusals = Vec::new();
    let mut candidates: Vec<(LeadId, DecidedRow)> = Vec::new();
    let mut to_add = Vec::new();
    let mut first_lines: HashMap<String, u64> = HashMap::new();
    for mut row in batch {
        match std::mem::replace(&mut row.decision, Err(String::new())) {
            Err(reason) => refusals.push(row.refusal(reason)),
            Ok(person) => {
                let number = person.phone_number.e164().to_owned();
                if let Some(line) = first_lines.get(&number) {
                    let reason = format!("This phone number stands on line {line} already.");
                    refusals.push(row.refusal(reason));
                    continue;
                }
                first_lines.insert(number, row.line);
                let id = LeadId(new_id(now, &*ops.chance));
                to_add.push(LeadToAdd {
                    id,
                    phone_number: person.phone_number,
                    name: person.name.into(),
                    email: person.email.into(),
                    variables: person.variables,
                    zones: person.zones,
                });
                candidates.push((id, row));
            }
        }
    }
    let mut transaction = ops.store.begin().await?;
    if !imports::begin_batch(&mut transaction, work.id, rows_read, LEASE).await? {
        return Ok(false);
    }
    let added = leads::add(&mut transaction, work.campaign, &to_add, now).await?;
    for (id, row) in candidates {
        if !added.contains(&id) {
            refusals.push(
                row.refusal("This phone number is in the campaign already, or stands earlier in this file.".to_owned()),
            );
        }
    }
    imports::refuse(&mut transaction, work.id, &refusals).await?;
    let advance = Advance {
        rows,
        bytes_read,
        added: u64::try_from(added.len()).unwrap_or(0),
        refused: u64::try_from(refusals.len()).unwrap_or(0),
    };
    imports::advance(&mut transaction, work.id, advance).await?;
    announce(&mut transaction, work, now).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn finish(ops: &Operations, work: &ImportWork, rows_read: u64) -> Result<(), StoreError> {
    let mut transaction = ops.store.begin().await?;
    if !imports::begin_batch(&mut transaction, work.id, rows_read, LEASE).await? {
        return Ok(());
    }
    imports::end(&mut transaction, work.id, ImportStatus::Completed, None).await?;
    announce(&mut transaction, work, ops.clock.now()).await?;
    transaction.commit().await?;
    tracing::info!(import_id = %work.id, campaign_id = %work.campaign, rows_read, "an import is complete");
    Ok(())
}

async fn fail(ops: &Operations, work: &ImportWork, why: &str) -> Result<(), StoreError> {
    let mut transaction = ops.store.begin().await?;
    if imports::lock(&mut transaction, work.id).await? != ImportStatus::Running {
        return Ok(());
    }
    imports::end(&mut transaction, work.id, ImportStatus::Failed, Some(why)).await?;
    announce(&mut transaction, work, ops.clock.now()).await?;
    transaction.commit().await?;
    Ok(())
}

async fn announce(transaction: &mut store::PgConnection, work: &ImportWork, now: UnixMillis) -> Result<(), StoreError> {
    let import = imports::view(transaction, work.id).await?.progress;
    events::in_order(transaction).await?;
    let campaign = campaigns::progress(transaction, work.campaign).await?;
    let happenings = [
        Happening::ImportMoved { import },
        Happening::CampaignChanged { campaign },
    ];
    events::append(transaction, now, &happenings).await
}
