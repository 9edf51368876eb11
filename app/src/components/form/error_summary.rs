use super::{control_id, field_message};
use domain::UserError;
use leptos::{html, prelude::*, wasm_bindgen::JsCast, web_sys::HtmlElement};

/// What is wrong with a form, at its top: the sentence, and a link to each field. Takes the focus when it appears.
#[component]
pub fn ErrorSummary(#[prop(into)] error: Signal<Option<UserError>>) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if error.with(Option::is_some)
            && let Some(summary) = node.get()
        {
            let _ = summary.focus();
        }
    });
    move || {
        error.get().map(|error| {
            let several = error.fields.len() > 1;
            let links = error
                .fields
                .into_iter()
                .map(|wrong| {
                    let id = control_id(&wrong.field);
                    let href = format!("#{id}");
                    view! {
                        <li>
                            <a
                                href=href
                                rel="external"
                                on:click=move |event| {
                                    if let Some(control) = document()
                                        .get_element_by_id(&id)
                                        .and_then(|control| control.dyn_into::<HtmlElement>().ok())
                                    {
                                        event.prevent_default();
                                        let _ = control.focus();
                                    }
                                }
                            >
                                {wrong.message}
                            </a>
                        </li>
                    }
                })
                .collect_view();
            view! {
                <div class="error-summary" role="alert" tabindex="-1" node_ref=node>
                    <p class="error-summary-title">{error.message}</p>
                    {several.then(|| view! { <ul>{links}</ul> })}
                </div>
            }
        })
    }
}

/// The sentence under one control; the control names it in `aria-describedby` as `<id>-error`.
#[component]
pub fn FieldMessage(
    #[prop(into)] field: String,
    #[prop(into)] id: String,
    #[prop(into)] error: Signal<Option<UserError>>,
) -> impl IntoView {
    let message = Memo::new(move |_| error.with(|error| field_message(error.as_ref(), &field)));
    let id = format!("{id}-error");
    view! {
        <p class="problem" id=id hidden=move || message.with(Option::is_none)>
            {move || message.get().unwrap_or_default()}
        </p>
    }
}
