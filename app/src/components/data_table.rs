//! What every list of rows stands in.

use leptos::prelude::*;

/// The head of a column. The cells of a number's column bear the class `number` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Text(&'static str),
    Number(&'static str),
    /// Heard but not seen, such as that of a column of buttons.
    Hidden(&'static str),
}

/// A table; its children are its rows. It scrolls sideways where it is wider than the screen, also by keyboard, which is
/// why it can take the focus.
#[component]
pub fn DataTable(
    /// What the table lists.
    #[prop(into)]
    label: String,
    columns: &'static [Column],
    /// On a phone each row is a card; then rows and cells bear their ARIA roles (see `style/tables.css`).
    #[prop(default = true)]
    cards: bool,
    children: Children,
) -> impl IntoView {
    let heads = columns
        .iter()
        .map(|column| {
            let (class, head) = match *column {
                Column::Text(head) => (None, head.into_any()),
                Column::Number(head) => (Some("number"), head.into_any()),
                Column::Hidden(head) => (None, view! { <span class="visually-hidden">{head}</span> }.into_any()),
            };
            view! {
                <th role="columnheader" scope="col" class=class>
                    {head}
                </th>
            }
        })
        .collect_view();
    let of_frame = label.clone();
    view! {
        <div class="table-frame" role="group" aria-label=of_frame tabindex="0">
            <table class=if cards { "data cards" } else { "data" } role="table" aria-label=label>
                <thead role="rowgroup">
                    <tr role="row">{heads}</tr>
                </thead>
                <tbody role="rowgroup">{children()}</tbody>
            </table>
        </div>
    }
    .into_any()
}
