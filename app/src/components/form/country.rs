use super::SelectField;
use domain::UserError;
use leptos::prelude::*;

/// Countries that the forms offer: ISO 3166 alpha-2 code and English name, by name.
pub const COUNTRIES: [(&str, &str); 62] = [
    ("AR", "Argentina"),
    ("AU", "Australia"),
    ("AT", "Austria"),
    ("BE", "Belgium"),
    ("BR", "Brazil"),
    ("BG", "Bulgaria"),
    ("CA", "Canada"),
    ("CL", "Chile"),
    ("CN", "China"),
    ("CO", "Colombia"),
    ("HR", "Croatia"),
    ("CZ", "Czechia"),
    ("DK", "Denmark"),
    ("EG", "Egypt"),
    ("EE", "Estonia"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("DE", "Germany"),
    ("GR", "Greece"),
    ("HK", "Hong Kong"),
    ("HU", "Hungary"),
    ("IS", "Iceland"),
    ("IN", "India"),
    ("ID", "Indonesia"),
    ("IE", "Ireland"),
    ("IL", "Israel"),
    ("IT", "Italy"),
    ("JP", "Japan"),
    ("KE", "Kenya"),
    ("LV", "Latvia"),
    ("LT", "Lithuania"),
    ("LU", "Luxembourg"),
    ("MY", "Malaysia"),
    ("MX", "Mexico"),
    ("MA", "Morocco"),
    ("NL", "Netherlands"),
    ("NZ", "New Zealand"),
    ("NG", "Nigeria"),
    ("NO", "Norway"),
    ("PK", "Pakistan"),
    ("PE", "Peru"),
    ("PH", "Philippines"),
    ("PL", "Poland"),
    ("PT", "Portugal"),
    ("RO", "Romania"),
    ("SA", "Saudi Arabia"),
    ("RS", "Serbia"),
    ("SG", "Singapore"),
    ("SK", "Slovakia"),
    ("SI", "Slovenia"),
    ("ZA", "South Africa"),
    ("KR", "South Korea"),
    ("ES", "Spain"),
    ("SE", "Sweden"),
    ("CH", "Switzerland"),
    ("TW", "Taiwan"),
    ("TH", "Thailand"),
    ("TR", "Türkiye"),
    ("UA", "Ukraine"),
    ("AE", "United Arab Emirates"),
    ("GB", "United Kingdom"),
    ("US", "United States"),
];

/// Chooses the country of numbers that are written without a country code. A code that is not offered stays
/// selectable, so that saving does not change it.
#[component]
pub fn CountryField(
    #[prop(into)] field: String,
    #[prop(optional, into)] name: Option<String>,
    #[prop(optional, into)] value: String,
    #[prop(optional)] bind: Option<RwSignal<String>>,
    #[prop(optional, into)] error: Signal<Option<UserError>>,
) -> impl IntoView {
    let initial = bind.map_or(value, |signal| signal.get_untracked());
    let mut options: Vec<(String, String)> = COUNTRIES
        .iter()
        .map(|(code, country)| ((*code).to_owned(), format!("{country} ({code})")))
        .collect();
    if !initial.is_empty() && COUNTRIES.iter().all(|(code, _)| *code != initial) {
        options.push((initial.clone(), initial.clone()));
    }
    let name = name.unwrap_or_else(|| field.clone());
    match bind {
        Some(bind) => view! {
            <SelectField field=field name=name label="Country of numbers without a country code" options=options bind=bind error=error />
        }
        .into_any(),
        None => view! {
            <SelectField field=field name=name label="Country of numbers without a country code" options=options value=initial error=error />
        }
        .into_any(),
    }
}
