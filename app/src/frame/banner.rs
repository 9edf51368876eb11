//! What everybody should know about this installation.

use crate::{components::Icon, session::installation};
use leptos::prelude::*;

/// The notices: that no real phone is called, that the voices are tones.
#[component]
pub(super) fn Banner() -> impl IntoView {
    let mut notices = installation().map(|view| view.notices).unwrap_or_default().into_iter();
    notices.next().map(|first| {
        let more: Vec<_> = notices.collect();
        view! {
            <aside class="banner" aria-label="About this installation">
                <Icon name="info" />
                {if more.is_empty() {
                    view! { <p>{first}</p> }.into_any()
                } else {
                    view! {
                        <details>
                            <summary>{first}</summary>
                            {more.into_iter().map(|notice| view! { <p>{notice}</p> }).collect_view()}
                        </details>
                    }
                        .into_any()
                }}
            </aside>
        }
    })
}
