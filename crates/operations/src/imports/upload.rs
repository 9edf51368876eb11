//! A file on its way in.

use super::{
    columns,
    text::{EncodingGuess, TextDecoder},
};
use crate::{Operations, failure::internal};
use domain::{CampaignId, ErrorKind, ImportId, UnixMillis, UserError, UserId, live::Happening, new_id};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
};
use store::{
    StoreError, audit, events,
    imports::{self, Headers, NewImport},
};

/// The largest file, in bytes.
pub const LARGEST_FILE: u64 = 100 * 1024 * 1024;
/// The size of the pieces in which a file is stored, in bytes. A piece's rows are in memory at once.
pub(super) const PIECE: usize = 64 * 1024;
/// How many bytes are looked at to find out what the file is.
const LOOKED_AT: usize = 256 * 1024;

/// A file being uploaded. It is kept in a nameless temporary file, so that a slow sender holds no database connection
/// and an upload that breaks off leaves nothing behind.
pub struct ImportUpload {
    ops: Operations,
    campaign: CampaignId,
    by: UserId,
    file_name: String,
    default_country: String,
    file: File,
    bytes: u64,
    encoding: EncodingGuess,
    created_at: UnixMillis,
}

impl std::fmt::Debug for ImportUpload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportUpload")
            .field("campaign", &self.campaign)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl ImportUpload {
    pub(super) fn new(
        ops: &Operations,
        by: UserId,
        campaign: CampaignId,
        file_name: String,
        default_country: String,
    ) -> Result<Self, UserError> {
        Ok(Self {
            ops: ops.clone(),
            campaign,
            by,
            file_name,
            default_country,
            file: tempfile::tempfile().map_err(disk)?,
            bytes: 0,
            encoding: EncodingGuess::default(),
            created_at: ops.clock.now(),
        })
    }

    /// Takes in the next bytes of the file.
    ///
    /// # Errors
    /// The file is larger than [`LARGEST_FILE`].
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), UserError> {
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.bytes > LARGEST_FILE {
            return Err(UserError::new(
                ErrorKind::TooLarge,
                "The file is larger than 100 MB. Split it into several.",
            ));
        }
        self.encoding.push(bytes);
        // A piece as it comes from the network goes to the page cache in microseconds.
        self.file.write_all(bytes).map_err(disk)
    }

    /// The file is complete: looks at it and stores it, ready for its mapping to be confirmed.
    ///
    /// # Errors
    /// The file is no list, or the campaign is gone.
    pub async fn finish(mut self) -> Result<ImportId, UserError> {
        if self.bytes == 0 {
            return Err(UserError::field(
                "file",
                "There is nothing in this file. Choose the list of people to call.",
            ));
        }
        let encoding = self
            .encoding
            .finish()
            .map_err(|error| UserError::field("file", error.to_string()))?;
        self.file.seek(SeekFrom::Start(0)).map_err(disk)?;
        let mut beginning = Vec::with_capacity(LOOKED_AT);
        (&self.file)
            .take(u64::try_from(LOOKED_AT).unwrap_or(u64::MAX))
            .read_to_end(&mut beginning)
            .map_err(disk)?;
        let whole = beginning.len() < LOOKED_AT;
        let text = TextDecoder::new(encoding).decode(&beginning, whole);
        let found = columns::look(&text, whole, &self.default_country)?;

        let id = ImportId(new_id(self.created_at, &*self.ops.chance));
        let import = NewImport {
            id,
            campaign: self.campaign,
            file_name: std::mem::take(&mut self.file_name),
            encoding: encoding.name().to_owned(),
            delimiter: found.delimiter,
            headers: Headers {
                names: found.headers,
                rows_above: found.rows_above,
            },
            mapping: found.mapping,
            sample: found.sample,
            default_country: std::mem::take(&mut self.default_country),
            bytes_total: self.bytes,
            created_by: self.by,
            created_at: self.created_at,
        };
        let mut transaction = self.ops.store.begin().await.map_err(internal)?;
        imports::insert(&mut transaction, &import)
            .await
            .map_err(|error| match error {
                StoreError::Constraint(_) => UserError::not_found("campaign"),
                other => internal(other),
            })?;
        self.file.seek(SeekFrom::Start(0)).map_err(disk)?;
        let mut piece = vec![0; PIECE];
        for position in 0.. {
            let length = fill(&self.file, &mut piece)?;
            if length == 0 {
                break;
            }
            imports::add_chunk(&mut transaction, id, position, &piece[..length])
                .await
                .map_err(internal)?;
        }
        audit::record(
            &mut transaction,
            self.created_at,
            Some(self.by),
            "uploaded list",
            &import.file_name,
        )
        .await
        .map_err(internal)?;
        let progress = imports::view(&mut transaction, id).await.map_err(internal)?.progress;
        events::append(
            &mut transaction,
            self.created_at,
            &[Happening::ImportMoved { import: progress }],
        )
        .await
        .map_err(internal)?;
        transaction.commit().await.map_err(|error| internal(error.into()))?;
        Ok(id)
    }
}

/// Reads until `piece` is full or the file ends.
fn fill(mut file: &File, piece: &mut [u8]) -> Result<usize, UserError> {
    let mut filled = 0;
    while filled < piece.len() {
        match file.read(&mut piece[filled..]).map_err(disk)? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn disk(error: std::io::Error) -> UserError {
    tracing::error!(%error, "an upload cannot be kept in a temporary file");
    UserError::unavailable()
}
