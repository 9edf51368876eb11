//! Delimited text, cut into rows as it comes in.
//!
//! Quoting is that of RFC 4180. Two things are done that a general CSV reader does not do: each row knows the line on
//! which it begins (also after quoted line breaks, blank lines, and any mix of line ends), and a quotation mark that is
//! never closed costs one row, not the rest of the file. Memory is bounded by [`LARGEST_ROW`] and the pieces pushed.

/// The most bytes of one row.
pub(super) const LARGEST_ROW: usize = 64 * 1024;

/// The most characters that are kept of a row that cannot be read.
const KEPT_OF_BROKEN: usize = 2_000;

/// A row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawRow {
    /// Line on which it begins, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
    pub(super) broken: Option<Broken>,
}

/// Why a row cannot be cut into cells; its first line is its only cell then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("A quotation mark on this line opens a cell that is never closed.")]
    UnclosedQuote,
    #[error("This line is longer than 64 kB.")]
    TooLong,
}

/// Cuts text into rows.
pub(super) struct RowReader {
    delimiter: u8,
    buffer: String,
    /// Where the next row begins in `buffer`.
    start: usize,
    /// The line of `start`.
    line: u64,
    /// The rest of a line that was too long is still to be thrown away.
    skipping: bool,
    ended: bool,
}

enum Cut {
    Row { cells: Vec<String>, end: usize, lines: u64 },
    Blank { end: usize },
    Broken(Broken),
    NeedMore,
}

impl RowReader {
    /// `delimiter` is an ASCII character.
    pub(super) fn new(delimiter: char) -> Self {
        Self {
            delimiter: u8::try_from(delimiter).unwrap_or(b','),
            buffer: String::new(),
            start: 0,
            line: 1,
            skipping: false,
            ended: false,
        }
    }

    /// Takes in the next piece of the text.
    pub(super) fn push(&mut self, text: &str) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.push_str(text);
    }

    /// No more text will come.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// The next row that is complete. Blank lines are no rows.
    pub(super) fn next_row(&mut self) -> Option<RawRow> {
        loop {
            if self.skipping && !self.skip_line() {
                return None;
            }
            match self.cut() {
                Cut::NeedMore => return None,
                Cut::Blank { end } => {
                    self.start = end;
                    self.line += 1;
                }
                Cut::Row { cells, end, lines } => {
                    let line = self.line;
                    self.start = end;
                    self.line += lines;
                    return Some(RawRow {
                        line,
                        cells,
                        broken: None,
                    });
                }
                Cut::Broken(broken) => return Some(self.give_up_line(broken)),
            }
        }
    }

    /// The first line of the row becomes a broken row; reading goes on with the line after it.
    fn give_up_line(&mut self, broken: Broken) -> RawRow {
        let rest = &self.buffer[self.start..];
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let row = RawRow {
            line: self.line,
            cells: vec![rest[..length].chars().take(KEPT_OF_BROKEN).collect()],
            broken: Some(broken),
        };
        self.start += length;
        self.skipping = true;
        row
    }

    /// Moves to the beginning of the next line; false if it is not there yet.
    fn skip_line(&mut self) -> bool {
        let bytes = &self.buffer.as_bytes()[self.start..];
        let Some(length) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.start = self.buffer.len();
            return false;
        };
        let Some(width) = line_end(&bytes[length..], self.ended) else {
            self.start += length;
            return false;
        };
        self.start += length + width;
        self.line += 1;
        self.skipping = false;
        true
    }

    fn cut(&self) -> Cut {
        let text = &self.buffer[self.start..];
        let bytes = text.as_bytes();
        if bytes.is_empty() {
            return Cut::NeedMore;
        }
        let mut cells = Vec::new();
        let mut cell = String::new();
        let (mut quoted, mut at_cell_start, mut any_quote) = (false, true, false);
        let (mut at, mut copied, mut lines) = (0, 0, 0);
        // `copied` is where the piece that still has to be copied into `cell` begins.
        while at < bytes.len() {
            if at > LARGEST_ROW {
                return Cut::Broken(if quoted { Broken::UnclosedQuote } else { Broken::TooLong });
            }
            let byte = bytes[at];
            if quoted {
                match byte {
                    b'"' if bytes.get(at + 1) == Some(&b'"') => {
                        cell.push_str(&text[copied..=at]);
                        at += 2;
                        copied = at;
                    }
                    b'"' if at + 1 == bytes.len() && !self.ended => return Cut::NeedMore,
                    b'"' => {
                        cell.push_str(&text[copied..at]);
                        at += 1;
                        copied = at;
                        quoted = false;
                    }
                    b'\n' | b'\r' => {
                        let Some(width) = line_end(&bytes[at..], self.ended) else {
                            return Cut::NeedMore;
                        };
                        cell.push_str(&text[copied..at]);
                        cell.push('\n');
                        at += width;
                        copied = at;
                        lines += 1;
                    }
                    _ => at += 1,
                }
                continue;
            }
            match byte {
                b'"' if at_cell_start => {
                    (quoted, at_cell_start, any_quote) = (true, false, true);
                    at += 1;
                    copied = at;
                }
                b'\n' | b'\r' => {
                    let Some(width) = line_end(&bytes[at..], self.ended) else {
                        return Cut::NeedMore;
                    };
                    cell.push_str(&text[copied..at]);
                    if cells.is_empty() && cell.is_empty() && !any_quote {
                        return Cut::Blank {
                            end: self.start + width,
                        };
                    }
                    cells.push(cell);
                    return Cut::Row {
                        cells,
                        end: self.start + at + width,
                        lines: lines + 1,
                    };
                }
                _ if byte == self.delimiter => {
                    cell.push_str(&text[copied..at]);
                    cells.push(std::mem::take(&mut cell));
                    at += 1;
                    copied = at;
                    at_cell_start = true;
                }
                _ => {
                    at += 1;
                    at_cell_start = false;
                }
            }
        }
        if !self.ended {
            return Cut::NeedMore;
        }
        if quoted {
            return Cut::Broken(Broken::UnclosedQuote);
        }
        cell.push_str(&text[copied..]);
        cells.push(cell);
        Cut::Row {
            cells,
            end: self.start + at,
            lines,
        }
    }
}

/// The width of the line end with which `bytes` begin; `None` if it is a carriage return and what follows is not known.
fn line_end(bytes: &[u8], ended: bool) -> Option<usize> {
    match bytes {
        [b'\r', b'\n', ..] => Some(2),
        [b'\r'] if !ended => None,
        _ => Some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, piece: usize) -> Vec<RawRow> {
        let mut reader = RowReader::new(',');
        let mut rows = Vec::new();
        let letters: Vec<char> = text.chars().collect();
        for part in letters.chunks(piece.max(1)) {
            reader.push(&part.iter().collect::<String>());
            rows.extend(std::iter::from_fn(|| reader.next_row()));
        }
        reader.end();
        rows.extend(std::iter::from_fn(|| reader.next_row()));
        rows
    }

    fn lines_and_cells(text: &str) -> Vec<(u64, Vec<String>)> {
        read(text, 3).into_iter().map(|row| (row.line, row.cells)).collect()
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn lines_are_right_whatever_ends_them() {
        let expected = [row(1, &["a", "b"]), row(2, &["one\ntwo", "x"]), row(6, &["c", ""])];
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("a,b{end}\"one{end}two\",x{end}{end}{end}c,{end}");
            assert_eq!(lines_and_cells(&text), expected, "{end:?}");
        }
        assert_eq!(lines_and_cells("a\r\n\n\rb"), [row(1, &["a"]), row(4, &["b"])]);
    }

    #[test]
    fn quotes_as_spreadsheets_write_them() {
        assert_eq!(
            lines_and_cells("\"say \"\"hi\"\"\",\"a,b\",c\"d\n\"\"\n"),
            [row(1, &["say \"hi\"", "a,b", "c\"d"]), row(2, &[""])]
        );
    }

    #[test]
    fn an_unclosed_quote_costs_one_row() {
        for filler in [0, 30_000] {
            let many = "x,y\n".repeat(filler);
            let rows = read(&format!("a,b\n\"c,d\ne,f\n{many}g,h"), 10_000);
            assert_eq!(rows.len(), 4 + filler);
            assert_eq!(rows[1].line, 2);
            assert_eq!(rows[1].broken, Some(Broken::UnclosedQuote));
            assert_eq!(rows[1].cells, ["\"c,d"]);
            assert_eq!((rows[2].line, rows[2].cells[0].as_str()), (3, "e"));
        }
    }

    #[test]
    fn an_endless_line_costs_one_row() {
        let rows = read(&format!("a\n{}\nb", "x".repeat(LARGEST_ROW * 3)), 5_000);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1].broken, Some(Broken::TooLong));
        assert_eq!((rows[2].line, rows[2].cells[0].as_str()), (3, "b"));
    }

    proptest! {
        #[test]
        fn the_pieces_do_not_matter(text in "[a,\"\r\n é]{0,60}", piece in 1_usize..9) {
            prop_assert_eq!(read(&text, piece), read(&text, 1_000));
        }

        #[test]
        fn reads_what_a_csv_writer_wrote(table in prop::collection::vec(prop::collection::vec("[a,\"\n é;]{0,6}", 2..4), 1..8)) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for cells in &table {
                writer.write_record(cells).expect("memory can be written");
            }
            let text = String::from_utf8(writer.into_inner().expect("memory can be flushed")).expect("UTF-8 in, UTF-8 out");
            let cells: Vec<Vec<String>> = read(&text, 7).into_iter().map(|row| row.cells).collect();
            prop_assert_eq!(cells, table);
        }
    }
}
