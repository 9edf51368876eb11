//! Addresses of lists with their filters, and counts in words.

use crate::components::grouped;
use leptos::prelude::*;
use leptos_router::{hooks::use_params_map, params::ParamsMap};
use std::str::FromStr;

/// `path` with a query of those pairs that have a value.
#[must_use]
pub(crate) fn address(path: &str, pairs: &[(&'static str, Option<String>)]) -> String {
    let mut query = ParamsMap::new();
    for (name, value) in pairs {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            query.insert(*name, value.clone());
        }
    }
    format!("{path}{}", query.to_query_string())
}

/// The value of `name` in the query, unless it is empty.
#[must_use]
pub(crate) fn asked(query: &ParamsMap, name: &str) -> Option<String> {
    query.get(name).filter(|value| !value.trim().is_empty())
}

/// The value of `name` in the query, if it is one of the words that `T` knows.
#[must_use]
pub(crate) fn asked_word<T: FromStr>(query: &ParamsMap, name: &str) -> Option<T> {
    asked(query, name)?.parse().ok()
}

/// The id in the address of this page; `None` if it is none.
#[must_use]
pub(crate) fn id_of_page<T>() -> Memo<Option<T>>
where
    T: FromStr + PartialEq + Send + Sync + 'static,
{
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("id")?.parse().ok()))
}

/// “1,204 leads”, “1 lead”.
#[must_use]
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A row of links, one for each choice of a filter; the chosen one is marked.
#[component]
pub(crate) fn FilterLinks(
    #[prop(into)] label: String,
    /// (address, words, chosen).
    links: Vec<(String, String, bool)>,
) -> impl IntoView {
    view! {
        <nav class="filter-links" aria-label=label>
            {links
                .into_iter()
                .map(|(address, words, chosen)| {
                    view! {
                        <a href=address class="filter-link" aria-current=chosen.then_some("true")>
                            {words}
                        </a>
                    }
                })
                .collect_view()}
        </nav>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_filters_leave_the_address_alone() {
        assert_eq!(
            address("/campaigns", &[("status", None), ("after", Some(String::new()))]),
            "/campaigns"
        );
        assert_eq!(
            address("/leads", &[("search", Some("a b&c".to_owned()))]),
            "/leads?search=a%20b%26c"
        );
    }

    #[test]
    fn nouns_follow_their_number() {
        assert_eq!(counted(1, "lead", "leads"), "1 lead");
        assert_eq!(counted(1_204, "lead", "leads"), "1,204 leads");
    }
}
