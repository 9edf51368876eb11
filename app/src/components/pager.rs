//! From page to page of a long list.

use super::Icon;
use leptos::prelude::*;
use leptos_router::{components::A, hooks::use_location};

/// Links to the first and to the next page. They keep the rest of the address (the filters) and replace `after`.
#[component]
pub fn Pager(
    /// The cursor of the next page; `None` on the last.
    next: Option<String>,
) -> impl IntoView {
    let location = use_location();
    let (path, query) = (location.pathname.get_untracked(), location.query.get_untracked());
    let turned = query.get("after").is_some();
    let address = move |after: Option<&str>| {
        let mut query = query.clone();
        query.remove("after");
        if let Some(after) = after {
            query.insert("after", after.to_owned());
        }
        format!("{path}{}", query.to_query_string())
    };
    (turned || next.is_some()).then(|| {
        view! {
            <nav class="pager" aria-label="Parts of the list">
                {turned
                    .then(|| {
                        view! {
                            <A href=address(None) attr:class="button small">
                                <Icon name="chevron-left" />
                                "First page"
                            </A>
                        }
                    })}
                {next
                    .map(|next| {
                        view! {
                            <A href=address(Some(&next)) attr:class="button small push">
                                "Next page"
                                <Icon name="chevron-right" />
                            </A>
                        }
                    })}
            </nav>
        }
    })
}
