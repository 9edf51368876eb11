//! What a wide table stands in.

use leptos::prelude::*;

/// Scrolls sideways when the table is wider than the screen, also by keyboard, which is why it can take the focus.
#[component]
pub fn TableFrame(
    /// What the table lists.
    #[prop(into)]
    label: String,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="table-frame" role="group" aria-label=label tabindex="0">
            {children()}
        </div>
    }
}
