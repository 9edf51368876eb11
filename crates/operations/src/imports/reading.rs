//! From the bytes of a file to leads and refusals. Pure: the same bytes give the same rows, so a reader that died is
//! followed by one that skips what is done.

use super::{
    rows::{RawRow, RowReader},
    text::TextDecoder,
};
use crate::{
    leads::{LONGEST_EMAIL, LONGEST_NAME, LONGEST_VALUE},
    number_zones, phone_input,
};
use domain::{PhoneNumber, import::ColumnUse};
use encoding_rs::{Encoding, UTF_8};
use std::collections::BTreeMap;
use store::imports::{ImportWork, Refusal};

/// The most cells that are kept of a refused row.
const KEPT_CELLS: usize = 200;

/// What a row is to become.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) phone_number: PhoneNumber,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) zones: Vec<String>,
}

/// A row whose fate, as far as the file alone decides it, is known.
#[derive(Debug)]
pub(super) struct DecidedRow {
    /// Counts from 1; rows above the first lead are not counted.
    pub(super) row: u64,
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
    pub(super) decision: Result<Box<Person>, String>,
}

impl DecidedRow {
    pub(super) fn refusal(self, reason: String) -> Refusal {
        Refusal {
            row: self.row,
            line: self.line,
            reason,
            cells: self
                .cells
                .into_iter()
                .take(KEPT_CELLS)
                .map(|cell| {
                    if cell.contains('\0') {
                        cell.replace('\0', "\u{fffd}")
                    } else {
                        cell
                    }
                })
                .collect(),
        }
    }
}

/// Reads one import.
pub(super) struct ImportReading {
    decoder: TextDecoder,
    rows: RowReader,
    rows_above: u64,
    /// Rows cut so far, those above the first lead counted.
    cut: u64,
    /// Rows that were decided in an earlier life of the import.
    done: u64,
    headers: Vec<String>,
    mapping: Vec<ColumnUse>,
    default_country: String,
}

impl ImportReading {
    pub(super) fn new(work: &ImportWork) -> Self {
        let encoding = Encoding::for_label(work.encoding.as_bytes()).unwrap_or(UTF_8);
        Self {
            decoder: TextDecoder::new(encoding),
            rows: RowReader::new(work.delimiter),
            rows_above: u64::from(work.headers.rows_above),
            cut: 0,
            done: work.rows_read,
            headers: work.headers.names.clone(),
            mapping: work.mapping.clone(),
            default_country: work.default_country.clone(),
        }
    }

    /// The rows that the next piece of the file completes; `None` is the end of the file.
    pub(super) fn read(&mut self, piece: Option<&[u8]>) -> Vec<DecidedRow> {
        let text = self.decoder.decode(piece.unwrap_or_default(), piece.is_none());
        self.rows.push(&text);
        if piece.is_none() {
            self.rows.end();
        }
        let mut decided = Vec::new();
        while let Some(raw) = self.rows.next_row() {
            // A broken line above the first lead is no header: it was not counted as one, and is refused like others.
            if raw.broken.is_none() && self.rows_above > 0 {
                self.rows_above -= 1;
                continue;
            }
            self.cut += 1;
            if self.cut <= self.done {
                continue;
            }
            decided.push(DecidedRow {
                row: self.cut,
                line: raw.line,
                decision: self.decide(&raw).map(Box::new),
                cells: raw.cells,
            });
        }
        decided
    }

    fn decide(&self, raw: &RawRow) -> Result<Person, String> {
        if let Some(broken) = raw.broken {
            return Err(broken.to_string());
        }
        if raw.cells.iter().all(|cell| cell.trim().is_empty()) {
            return Err("This row is empty.".to_owned());
        }
        let columns = self.mapping.len();
        if raw.cells.iter().skip(columns).any(|cell| !cell.trim().is_empty()) {
            return Err(format!(
                "This row has {} cells, but the list has {columns} columns. \
                 Put a cell that contains the delimiter in quotation marks.",
                raw.cells.len()
            ));
        }
        let mut phone = "";
        let (mut name, mut first, mut last, mut email) = (String::new(), String::new(), String::new(), String::new());
        let mut variables = BTreeMap::new();
        for (index, (cell, column_use)) in raw.cells.iter().zip(&self.mapping).enumerate() {
            let longest = match column_use {
                ColumnUse::Ignore => continue,
                ColumnUse::PhoneNumber | ColumnUse::Variable(_) => LONGEST_VALUE,
                ColumnUse::Name | ColumnUse::FirstName | ColumnUse::LastName => LONGEST_NAME,
                ColumnUse::Email => LONGEST_EMAIL,
            };
            let column = self.headers.get(index).map_or("", String::as_str);
            if cell.contains('\0') {
                return Err(format!(
                    "The cell in column “{column}” contains a character that cannot be stored (NUL)."
                ));
            }
            let cell = cell.trim();
            if cell.chars().count() > longest {
                return Err(format!(
                    "The cell in column “{column}” is longer than {longest} characters."
                ));
            }
            match column_use {
                ColumnUse::PhoneNumber => phone = cell,
                ColumnUse::Name => name = one_line(cell),
                ColumnUse::FirstName => first = one_line(cell),
                ColumnUse::LastName => last = one_line(cell),
                ColumnUse::Email => email = one_line(cell),
                ColumnUse::Variable(variable) if !cell.is_empty() => {
                    variables.insert(variable.clone(), cell.to_owned());
                }
                ColumnUse::Variable(_) | ColumnUse::Ignore => {}
            }
        }
        let phone_number = phone_input::parse(phone, &self.default_country).map_err(|error| error.to_string())?;
        if name.is_empty() {
            name = format!("{first} {last}").trim().to_owned();
        }
        // Columns of their own know better than the first blank where “Anna Maria van der Berg” divides.
        for (variable, value) in [("first_name", first), ("last_name", last)] {
            if !value.is_empty() {
                variables.insert(variable.to_owned(), value);
            }
        }
        Ok(Person {
            zones: number_zones::zones_of(&phone_number),
            phone_number,
            name,
            email,
            variables,
        })
    }
}

/// A name or an address is one line, whatever the cell was.
fn one_line(cell: &str) -> String {
    if cell.chars().any(char::is_control) {
        cell.split(|sign: char| sign.is_control())
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    } else {
        cell.to_owned()
    }
}
