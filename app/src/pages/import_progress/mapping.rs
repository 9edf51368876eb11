use crate::{
    api::imports::{CancelImport, StartImport},
    components::{
        Column, DataTable,
        form::{CommandButton, CountryField, ErrorSummary, SubmitButton, action_error},
    },
};
use domain::import::{ColumnUse, ImportView};
use leptos::prelude::*;

const COLUMNS: &[Column] = &[Column::Text("Column"), Column::Text("Is"), Column::Text("First rows")];

/// The word of a column's use in the form.
#[must_use]
pub fn column_word(column: &ColumnUse) -> String {
    match column {
        ColumnUse::PhoneNumber => "phone_number".to_owned(),
        ColumnUse::Name => "name".to_owned(),
        ColumnUse::FirstName => "first_name".to_owned(),
        ColumnUse::LastName => "last_name".to_owned(),
        ColumnUse::Email => "email".to_owned(),
        ColumnUse::Ignore => "ignore".to_owned(),
        ColumnUse::Variable(name) => format!("variable:{name}"),
    }
}

/// The use that a word of the form means.
#[must_use]
pub fn column_use(word: &str) -> Option<ColumnUse> {
    Some(match word {
        "phone_number" => ColumnUse::PhoneNumber,
        "name" => ColumnUse::Name,
        "first_name" => ColumnUse::FirstName,
        "last_name" => ColumnUse::LastName,
        "email" => ColumnUse::Email,
        "ignore" => ColumnUse::Ignore,
        other => ColumnUse::Variable(
            other
                .strip_prefix("variable:")
                .filter(|name| !name.is_empty())?
                .to_owned(),
        ),
    })
}

/// A variable's name made of a header: `First contact!` as `first_contact`.
fn variable_name(header: &str) -> String {
    let mut name = String::new();
    for letter in header.trim().chars() {
        if letter.is_alphanumeric() {
            name.extend(letter.to_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_').to_owned();
    if name.is_empty() { "column".to_owned() } else { name }
}

const USES: [(&str, &str); 6] = [
    ("phone_number", "Phone number"),
    ("name", "Whole name"),
    ("first_name", "First name"),
    ("last_name", "Last name"),
    ("email", "E-mail address"),
    ("ignore", "Leave out"),
];

/// What each column is: guessed, shown beside the first rows, corrected, confirmed.
#[component]
pub(super) fn MappingForm(import: ImportView, on_started: impl Fn() + Send + Sync + 'static) -> impl IntoView {
    let id = import.progress.import_id;
    let start = ServerAction::<StartImport>::new();
    let cancel = ServerAction::<CancelImport>::new();
    let error = action_error(start);
    let cancel_error = action_error(cancel);
    Effect::new(move |_| {
        let started = matches!(start.value().get(), Some(Ok(())));
        let cancelled = matches!(cancel.value().get(), Some(Ok(())));
        if started || cancelled {
            on_started();
        }
    });
    let columns = import
        .headers
        .iter()
        .enumerate()
        .map(|(index, header)| {
            let guess = import.mapping.get(index).unwrap_or(&ColumnUse::Ignore);
            let samples = import
                .sample
                .iter()
                .filter_map(|row| row.get(index))
                .filter(|cell| !cell.trim().is_empty())
                .take(3)
                .cloned()
                .collect::<Vec<_>>()
                .join(" · ");
            view! { <MappingRow index=index header=header.clone() guess=guess.clone() samples=samples /> }
        })
        .collect_view();
    view! {
        <ActionForm action=start attr:class="form">
            <ErrorSummary error=error />
            <ErrorSummary error=cancel_error />
            <input type="hidden" name="import" value=id.to_string() />
            <section class="card flush">
                <h2>"What is in each column?"</h2>
                <DataTable label="Columns of the file" columns=COLUMNS cards=false>
                    {columns}
                </DataTable>
            </section>
            <section class="card form narrow">
                <CountryField field="default_country" value=import.default_country.clone() error=error />
                <div class="actions">
                    <SubmitButton label="Import these rows" pending=start.pending() />
                </div>
            </section>
        </ActionForm>
        <CommandButton
            action=cancel
            label="Discard this file"
            inputs=vec![("import", id.to_string())]
            class="button quiet"
        />
    }
    .into_any()
}

#[component]
fn MappingRow(index: usize, header: String, guess: ColumnUse, samples: String) -> impl IntoView {
    let variable = match &guess {
        ColumnUse::Variable(name) => name.clone(),
        _ => variable_name(&header),
    };
    let chosen = column_word(&guess);
    let mut options: Vec<(String, String)> = USES
        .iter()
        .map(|(word, words)| ((*word).to_owned(), (*words).to_owned()))
        .collect();
    options.insert(
        5,
        (format!("variable:{variable}"), format!("Variable {{{{{variable}}}}}")),
    );
    let options = options
        .into_iter()
        .map(|(word, words)| {
            let selected = word == chosen;
            view! { <option value=word selected=selected>{words}</option> }
        })
        .collect_view();
    let id = format!("column-{index}");
    view! {
        <tr>
            <th scope="row" class="wrap">
                <label for=id.clone()>{header}</label>
            </th>
            <td>
                <select id=id name=format!("columns[{index}]")>
                    {options}
                </select>
            </td>
            <td class="wrap muted">{samples}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_survives_the_form() {
        for column in [
            ColumnUse::PhoneNumber,
            ColumnUse::Name,
            ColumnUse::FirstName,
            ColumnUse::LastName,
            ColumnUse::Email,
            ColumnUse::Ignore,
            ColumnUse::Variable("city".to_owned()),
        ] {
            assert_eq!(column_use(&column_word(&column)), Some(column));
        }
        assert_eq!(column_use("variable:"), None);
        assert_eq!(column_use("anything"), None);
    }

    #[test]
    fn headers_become_names_that_scripts_can_use() {
        assert_eq!(variable_name(" First contact! "), "first_contact");
        assert_eq!(variable_name("Größe (cm)"), "größe_cm");
        assert_eq!(variable_name("!!!"), "column");
    }
}
