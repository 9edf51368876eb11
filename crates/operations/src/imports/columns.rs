//! What the columns of a file are: found by looking at its first rows, then confirmed by a person.

use super::rows::RowReader;
use crate::{leads::is_variable_name, phone_input};
use domain::{UserError, import::ColumnUse, plain_words::plain, script};
use std::collections::BTreeSet;

/// The most columns of a file.
const MOST_COLUMNS: usize = 100;
/// How many rows are looked at to find the delimiter and the columns.
const ROWS_LOOKED_AT: usize = 50;
/// How many rows, and how much of each cell, the mapping's page shows.
const SAMPLE_ROWS: usize = 5;
const SAMPLE_CELL: usize = 200;

/// What a look at the beginning of a file tells.
#[derive(Debug)]
pub(super) struct FirstLook {
    pub(super) delimiter: char,
    pub(super) headers: Vec<String>,
    /// Rows before the first lead.
    pub(super) rows_above: u32,
    pub(super) mapping: Vec<ColumnUse>,
    pub(super) sample: Vec<Vec<String>>,
}

/// Looks at the beginning of a file; `whole` if it is all of it.
///
/// # Errors
/// There is nothing in it, or it has too many columns.
pub(super) fn look(text: &str, whole: bool, default_country: &str) -> Result<FirstLook, UserError> {
    let (delimiter, mut rows_above) = delimiter_of(text, whole);
    let mut rows = first_rows(text, whole, delimiter, ROWS_LOOKED_AT);
    rows.drain(..rows.len().min(rows_above));
    let Some(first) = rows.first() else {
        return Err(UserError::field(
            "file",
            "There is nothing in this file. Choose the list of people to call.",
        ));
    };
    let is_number = |cell: &String| phone_input::parse(cell, default_country).is_ok();
    let is_data = |cell: &String| {
        is_number(cell) || cell.contains('@') || (cell.len() >= 4 && cell.chars().all(|sign| sign.is_ascii_digit()))
    };
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    if first.len() > MOST_COLUMNS || width > MOST_COLUMNS * 10 {
        return Err(UserError::field(
            "file",
            format!("This file has more than {MOST_COLUMNS} columns. Take out those that are not needed."),
        ));
    }
    let has_header = !first.iter().any(is_data);
    let headers: Vec<String> = (0..if has_header {
        first.len()
    } else {
        width.min(MOST_COLUMNS)
    })
        .map(|index| {
            let name: String = if has_header { &first[index] } else { "" }
                .trim()
                .replace('\0', "")
                .chars()
                .take(120)
                .collect();
            if name.is_empty() {
                format!("Column {}", index + 1)
            } else {
                name
            }
        })
        .collect();
    if has_header {
        rows.remove(0);
        rows_above += 1;
    }
    let mapping = guess_mapping(&headers, &rows, has_header, is_number);
    let sample = rows
        .into_iter()
        .take(SAMPLE_ROWS)
        .map(|row| {
            row.into_iter()
                .take(MOST_COLUMNS)
                .map(|cell| cell.replace('\0', "\u{fffd}").chars().take(SAMPLE_CELL).collect())
                .collect()
        })
        .collect();
    Ok(FirstLook {
        delimiter,
        headers,
        rows_above: u32::try_from(rows_above).unwrap_or(0),
        mapping,
        sample,
    })
}

fn first_rows(text: &str, whole: bool, delimiter: char, most: usize) -> Vec<Vec<String>> {
    let mut reader = RowReader::new(delimiter);
    reader.push(text);
    if whole {
        reader.end();
    }
    std::iter::from_fn(|| reader.next_row())
        .filter(|row| row.broken.is_none())
        .take(most)
        .map(|row| row.cells)
        .collect()
}

/// The delimiter that cuts most rows into the same number of cells, and how many rows only tell the delimiter
/// (`sep=;`, which a spreadsheet writes and hides).
fn delimiter_of(text: &str, whole: bool) -> (char, usize) {
    let first_line = text
        .lines()
        .next()
        .unwrap_or("")
        .trim()
        .trim_matches('"')
        .to_ascii_lowercase();
    if let Some(named) = first_line.strip_prefix("sep=").and_then(|rest| rest.chars().next())
        && [',', ';', '\t', '|'].contains(&named)
    {
        return (named, 1);
    }
    let score = |delimiter: char| {
        let rows = first_rows(text, whole, delimiter, ROWS_LOOKED_AT);
        let columns = rows.first().map_or(0, Vec::len);
        let alike = rows.iter().filter(|row| row.len() == columns).count();
        if columns < 2 {
            (0, 0)
        } else {
            (alike * 100 / rows.len().max(1), columns)
        }
    };
    let best = [',', ';', '\t', '|']
        .into_iter()
        .rev()
        .max_by_key(|delimiter| score(*delimiter))
        .filter(|delimiter| score(*delimiter).1 > 1);
    (best.unwrap_or(','), 0)
}

const PHONE: &str = "phone|phone number|phonenumber|phone no|telephone|telephone number|tel|tel no|mobile|mobile phone|\
    mobile number|cell|cell phone|cellphone|contact number|number|telefon|telefonnummer|telefonnr|tel nr|rufnummer|\
    nummer|handy|handynummer|mobil|mobilnummer|mobiltelefon|festnetz|telefono|numero de telefono|telefono movil|movil|\
    celular|numero|telephone portable|numero de telephone|telephone mobile|portable|numero de portable|e164|msisdn";
const NAME: &str = "name|full name|fullname|contact|contact name|customer|customer name|lead|vollstandiger name|kunde|\
    kundenname|ansprechpartner|nombre completo|nombre y apellidos|cliente|nom complet|nom et prenom|client";
const FIRST_NAME: &str =
    "first name|firstname|given name|forename|first|vorname|rufname|nombre|nombres|primer nombre|prenom";
const LAST_NAME: &str = "last name|lastname|surname|family name|last|nachname|familienname|zuname|apellido|apellidos|\
    nom|nom de famille";
const EMAIL: &str = "email|e mail|mail|email address|e mail address|e mail adresse|emailadresse|mailadresse|correo|\
    correo electronico|courriel|adresse email|adresse e mail|adresse mail";
/// The columns that a download of refused rows adds.
const OURS: &str = "refused line|refused because";

fn is_one_of(words: &str, header: &str) -> bool {
    words.split('|').any(|word| word.trim() == header)
}

fn guess_mapping(
    headers: &[String],
    rows: &[Vec<String>],
    has_header: bool,
    is_number: impl Fn(&String) -> bool,
) -> Vec<ColumnUse> {
    let plain_headers: Vec<String> = headers.iter().map(|header| plain(header)).collect();
    let share = |column: usize, test: &dyn Fn(&String) -> bool| {
        let filled: Vec<&String> = rows
            .iter()
            .filter_map(|row| row.get(column))
            .filter(|cell| !cell.trim().is_empty())
            .collect();
        filled.iter().filter(|cell| test(cell)).count() * 100 / filled.len().max(1)
    };
    let mut mapping: Vec<Option<ColumnUse>> = vec![None; headers.len()];
    let mut take = |index: Option<usize>, wanted: ColumnUse| {
        if let Some(index) = index
            && mapping[index].is_none()
        {
            mapping[index] = Some(wanted);
        }
    };
    let by_word = |words: &str| plain_headers.iter().position(|header| is_one_of(words, header));
    // Of several telephone columns, the one in which most cells are numbers; of those, the first.
    let phone = (0..headers.len())
        .filter(|column| is_one_of(PHONE, &plain_headers[*column]))
        .max_by_key(|column| (share(*column, &is_number), headers.len() - column))
        .or_else(|| {
            (0..headers.len())
                .filter(|column| share(*column, &is_number) >= 50)
                .max_by_key(|column| (share(*column, &is_number), headers.len() - column))
        });
    take(phone, ColumnUse::PhoneNumber);
    let is_email = |cell: &String| cell.contains('@');
    let email = by_word(EMAIL).or_else(|| (0..headers.len()).find(|column| share(*column, &is_email) >= 50));
    take(email, ColumnUse::Email);
    if has_header {
        let (name, first, last) = (by_word(NAME), by_word(FIRST_NAME), by_word(LAST_NAME));
        // Beside a “Vorname”, a column “Name” is the surname; a lone “Nombre” or “Nom” is the whole name.
        match (name, first, last) {
            (Some(name), Some(first), None) => {
                take(Some(name), ColumnUse::LastName);
                take(Some(first), ColumnUse::FirstName);
            }
            (None, Some(only), None) | (None, None, Some(only))
                if ["nombre", "nom"].contains(&plain_headers[only].as_str()) =>
            {
                take(Some(only), ColumnUse::Name);
            }
            _ => {
                take(name, ColumnUse::Name);
                take(first, ColumnUse::FirstName);
                take(last, ColumnUse::LastName);
            }
        }
    } else {
        let is_name = |cell: &String| {
            cell.chars().any(char::is_alphabetic)
                && !cell.contains('@')
                && !cell.chars().any(|sign| sign.is_ascii_digit())
        };
        take(
            (0..headers.len()).find(|column| share(*column, &is_name) >= 80),
            ColumnUse::Name,
        );
    }
    let mut taken = BTreeSet::new();
    mapping
        .into_iter()
        .zip(&plain_headers)
        .map(|(found, header)| {
            found.unwrap_or_else(|| {
                if is_one_of(OURS, header) {
                    return ColumnUse::Ignore;
                }
                variable_name(header, &mut taken).map_or(ColumnUse::Ignore, ColumnUse::Variable)
            })
        })
        .collect()
}

/// A variable's name for a header: “Kunden-Nr.” becomes `kunden_nr`.
fn variable_name(plain_header: &str, taken: &mut BTreeSet<String>) -> Option<String> {
    let mut stem: String = plain_header.replace(' ', "_").chars().take(50).collect();
    if script::BUILT_IN.contains(&stem.as_str()) {
        stem.push_str("_2");
    }
    let name = (1..)
        .map(|count| {
            if count == 1 {
                stem.clone()
            } else {
                format!("{stem}_{count}")
            }
        })
        .find(|name| !taken.contains(name))
        .filter(|name| is_variable_name(name))?;
    taken.insert(name.clone());
    Some(name)
}

/// Checks a mapping that a person confirmed.
///
/// # Errors
/// A sentence that says what is missing or doubled.
pub(super) fn check(mapping: &[ColumnUse], columns: usize) -> Result<(), UserError> {
    let wrong = |message: String| Err(UserError::field("columns", message));
    if mapping.len() != columns {
        return wrong("Choose a use for each column.".to_owned());
    }
    let count = |wanted: &ColumnUse| mapping.iter().filter(|used| *used == wanted).count();
    if count(&ColumnUse::PhoneNumber) == 0 {
        return wrong("Choose the column that holds the phone number.".to_owned());
    }
    for (column_use, label) in [
        (ColumnUse::PhoneNumber, "phone number"),
        (ColumnUse::Name, "name"),
        (ColumnUse::FirstName, "first name"),
        (ColumnUse::LastName, "last name"),
        (ColumnUse::Email, "e-mail address"),
    ] {
        if count(&column_use) > 1 {
            return wrong(format!("Only one column can be the {label}."));
        }
    }
    let mut names = BTreeSet::new();
    for used in mapping {
        let ColumnUse::Variable(name) = used else { continue };
        if !is_variable_name(name) || script::BUILT_IN.contains(&name.as_str()) {
            let shown: String = name.chars().filter(|letter| !letter.is_control()).take(40).collect();
            return wrong(format!(
                "“{shown}” cannot be the name of a variable. Use letters, digits and underscores, at most 60, \
                 and none of {}.",
                script::BUILT_IN.join(", ")
            ));
        }
        if !names.insert(name) {
            return wrong(format!("Two columns give the variable “{name}”. Rename one."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ColumnUse::{Email, FirstName, Ignore, LastName, Name, PhoneNumber, Variable};

    fn mapping(text: &str) -> Vec<ColumnUse> {
        look(text, true, "DE").expect("a list").mapping
    }

    fn variable(name: &str) -> ColumnUse {
        Variable(name.to_owned())
    }

    #[test]
    fn headers_in_four_languages() {
        assert_eq!(
            mapping("First Name,Last Name,Phone Number,E-mail,Plan\n"),
            [FirstName, LastName, PhoneNumber, Email, variable("plan")]
        );
        assert_eq!(
            mapping("Name;Vorname;Telefon;E-Mail-Adresse;Kunden-Nr.\n"),
            [LastName, FirstName, PhoneNumber, Email, variable("kunden_nr")]
        );
        assert_eq!(
            mapping("Nombre\tTeléfono móvil\tCorreo electrónico\n"),
            [Name, PhoneNumber, Email]
        );
        assert_eq!(
            mapping("Prénom|Nom|Numéro de téléphone|Courriel\n"),
            [FirstName, LastName, PhoneNumber, Email]
        );
        assert_eq!(
            mapping("Refused line,Refused because,Name,Phone\n"),
            [Ignore, Ignore, Name, PhoneNumber]
        );
    }

    #[test]
    fn a_file_without_header_is_read_by_its_cells() {
        let found = look(
            "Ada Lovelace;030 901820;ada@example.com\nAlan;030 901821;\n",
            true,
            "DE",
        )
        .expect("a list");
        assert_eq!(found.headers, ["Column 1", "Column 2", "Column 3"]);
        assert_eq!((found.delimiter, found.rows_above), (';', 0));
        assert_eq!(found.mapping, [Name, PhoneNumber, Email]);
        assert_eq!(found.sample.len(), 2);
    }

    #[test]
    fn the_better_phone_column_wins() {
        assert_eq!(
            mapping("Phone,Mobile,Phone\n-,030 901820,x\n"),
            [variable("phone"), PhoneNumber, variable("phone_2")]
        );
        assert_eq!(mapping("Wen,Wohin\nAda,030 901820\n"), [variable("wen"), PhoneNumber]);
    }

    #[test]
    fn delimiters_inside_quotes_do_not_count() {
        assert_eq!(
            look("name;phone\n\"a,b,c\";1\n\"d,e,f\";2\n", true, "US")
                .expect("a list")
                .delimiter,
            ';'
        );
        assert_eq!(look("sep=;\nname,x;phone\n", true, "US").expect("a list").rows_above, 2);
        assert_eq!(look("phone\n030\n", true, "US").expect("a list").delimiter, ',');
        assert!(look("\n\n", true, "US").is_err());
        assert!(look(&",".repeat(200), true, "US").is_err());
    }

    #[test]
    fn a_confirmed_mapping_is_checked() {
        assert!(check(&[PhoneNumber, Name], 2).is_ok());
        for wrong in [
            vec![Name, Ignore],
            vec![PhoneNumber],
            vec![PhoneNumber, PhoneNumber],
            vec![PhoneNumber, variable("a b")],
            vec![PhoneNumber, variable("name")],
            vec![PhoneNumber, variable("a\0")],
        ] {
            assert!(check(&wrong, 2).is_err(), "{wrong:?}");
        }
        assert!(check(&[PhoneNumber, variable("a"), variable("a")], 3).is_err());
    }
}
