//! Lists of people as they come in: what a column means, and what became of each row.

use crate::{CampaignId, ImportId, UnixMillis};
use serde::{Deserialize, Serialize};

/// What one column of a file is used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "use", content = "name")]
pub enum ColumnUse {
    PhoneNumber,
    /// The whole name.
    Name,
    FirstName,
    LastName,
    Email,
    /// A variable for the script, by this name.
    Variable(String),
    Ignore,
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// The file is here; the mapping waits to be confirmed.
    Uploaded,
    /// Rows are being read.
    Running,
    Completed,
    /// A person stopped it. Leads that were added stay, and the rest were not read.
    Cancelled,
    /// The file could not be read to its end; `ImportView::failure` says why.
    Failed,
}

impl ImportStatus {
    pub const ALL: [Self; 5] = [
        Self::Uploaded,
        Self::Running,
        Self::Completed,
        Self::Cancelled,
        Self::Failed,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportProgress {
    pub import_id: ImportId,
    pub campaign_id: CampaignId,
    pub status: ImportStatus,
    /// Bytes read so far and in all; their ratio is the progress bar.
    pub bytes_read: u64,
    pub bytes_total: u64,
    /// Rows that became leads.
    pub added: u64,
    /// Rows that were refused, each listed with line and reason.
    pub refused: u64,
}

/// An import as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    pub progress: ImportProgress,
    pub file_name: String,
    /// “UTF-8”, “UTF-16LE”, “windows-1252”.
    pub encoding: String,
    /// “comma”, “semicolon”, “tab”.
    pub delimiter: String,
    /// The header row; made-up names (“Column 1”) if the file has none.
    pub headers: Vec<String>,
    /// One use for each header: guessed at first, then as confirmed.
    pub mapping: Vec<ColumnUse>,
    /// The first rows, to check the mapping against. At most 5.
    pub sample: Vec<Vec<String>>,
    /// The country of numbers without a country code, ISO 3166 alpha-2.
    pub default_country: String,
    pub failure: Option<String>,
    pub created_at: UnixMillis,
}

/// A row that did not become a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRow {
    /// Line of the file on which the row begins, from 1.
    pub line: u64,
    /// A sentence that says what is wrong with it.
    pub reason: String,
    /// The row as it was, cells joined by the file's delimiter.
    pub row: String,
}
