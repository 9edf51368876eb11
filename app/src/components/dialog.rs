//! A native dialog: it traps the focus, closes on Escape and gives the focus back, all by the browser.

use super::IconButton;
use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

/// The browser gives the focus back to what opened the dialog. If that is gone by now (a row of a live table), the page
/// takes it, so that the keyboard does not begin at the top again.
fn keep_focus_on_page() {
    let document = document();
    let lost = document
        .active_element()
        .is_none_or(|focused| focused.tag_name() == "BODY");
    if let (true, Some(page)) = (lost, document.get_element_by_id("page")) {
        // An element of the document can take the focus.
        let _ = page.unchecked_into::<web_sys::HtmlElement>().focus();
    }
}

/// A modal dialog, open while `open` is true. Its children exist only while it is open.
#[component]
pub fn Dialog(
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    /// The size of the call monitor; the whole screen on a phone.
    #[prop(optional)]
    wide: bool,
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let (open, Some(dialog)) = (open.get(), element.get()) else {
            return;
        };
        if open && !dialog.open() {
            // It fails only if the element has just left the document.
            let _ = dialog.show_modal();
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    let children = StoredValue::new(children);
    view! {
        <dialog
            node_ref=element
            class=if wide { "dialog wide" } else { "dialog" }
            aria-label=move || title.get()
            on:close=move |_| {
                open.set(false);
                keep_focus_on_page();
            }
        >
            <Show when=move || open.get()>
                <header>
                    <h2>{move || title.get()}</h2>
                    <IconButton icon="x" label="Close" on_press=move |_| open.set(false) />
                </header>
                <div class="body">{children.with_value(|children| children())}</div>
            </Show>
        </dialog>
    }
}
