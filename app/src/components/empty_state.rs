//! What stands where a list would be.

use super::Icon;
use leptos::prelude::*;

/// One sentence, one action.
#[component]
pub fn EmptyState(
    #[prop(default = "circle-dashed")] icon: &'static str,
    #[prop(into)] sentence: String,
    /// The action: a button or a link.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name=icon />
            <p>{sentence}</p>
            {children.map(|children| children())}
        </div>
    }
}
