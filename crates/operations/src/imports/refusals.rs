//! The rows that did not become leads, as a file: to be corrected and imported again.

use crate::{Operations, failure::internal};
use bytes::Bytes;
use domain::{ImportId, UserError};
use futures::{Stream, stream};
use store::imports;

/// How many rows are in memory at once.
const ROWS: i64 = 500;

enum Next {
    Header(Vec<String>),
    RowsAfter(u64),
    End,
}

/// The file, piece by piece: UTF-8 with a byte order mark, since spreadsheets would not know otherwise.
pub(super) fn as_csv(
    ops: Operations,
    import: ImportId,
    headers: Vec<String>,
) -> impl Stream<Item = Result<Bytes, UserError>> + Send + use<> {
    stream::try_unfold((ops, Next::Header(headers)), move |(ops, next)| async move {
        match next {
            Next::Header(headers) => {
                let mut text = "\u{feff}".to_owned();
                write_row(
                    &mut text,
                    ["Refused line", "Refused because"]
                        .into_iter()
                        .chain(headers.iter().map(String::as_str)),
                );
                Ok(Some((Bytes::from(text), (ops, Next::RowsAfter(0)))))
            }
            Next::RowsAfter(after) => {
                let rows = {
                    let mut conn = ops.store.connection().await.map_err(internal)?;
                    imports::refusals(&mut conn, import, after, ROWS)
                        .await
                        .map_err(internal)?
                };
                let Some(last) = rows.last().map(|row| row.row) else {
                    return Ok(None);
                };
                let more = i64::try_from(rows.len()).is_ok_and(|count| count == ROWS);
                let mut text = String::new();
                for row in rows {
                    let line = row.line.to_string();
                    let ours = [line.as_str(), row.reason.as_str()].into_iter();
                    write_row(&mut text, ours.chain(row.cells.iter().map(String::as_str)));
                }
                let next = if more { Next::RowsAfter(last) } else { Next::End };
                Ok(Some((Bytes::from(text), (ops, next))))
            }
            Next::End => Ok(None),
        }
    })
}

/// Every cell quoted. A cell that a spreadsheet would run as a formula gets an apostrophe before it, which our own
/// reader of numbers takes off again.
fn write_row<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push('"');
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            text.push('\'');
        }
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_become_formulas() {
        let mut text = String::new();
        write_row(&mut text, ["=1+1", "say \"hi\"", "+49 30", "plain"].into_iter());
        assert_eq!(text, "\"'=1+1\",\"say \"\"hi\"\"\",\"'+49 30\",\"plain\"\r\n");
    }
}
