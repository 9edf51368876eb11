//! Keyset paging: a page is asked for by the last row of the one before, so page 2,000 costs what page 1 costs.

use serde::{Deserialize, Serialize};

/// Rows on a page if nothing else is asked for.
pub const DEFAULT_PAGE_SIZE: u16 = 50;
/// The most rows a page may have.
pub const LARGEST_PAGE_SIZE: u16 = 100;

/// One page of a list, newest first unless the operation says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Pass it as `after` to get the next page; `None` on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page from rows that were fetched with a limit of `size + 1`: the surplus row tells that there is more.
    /// `cursor` makes the cursor of a row.
    pub fn from_surplus(mut rows: Vec<T>, size: u16, cursor: impl Fn(&T) -> String) -> Self {
        let more = rows.len() > usize::from(size);
        rows.truncate(usize::from(size));
        let next = if more { rows.last().map(cursor) } else { None };
        Self { rows, next }
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            next: None,
        }
    }
}
