use super::{FieldMessage, control_id, field_message, keep_typed_select};
use domain::UserError;
use leptos::{html, prelude::*};

/// A labelled `<select>` with hint and error.
#[component]
pub fn SelectField(
    #[prop(into)] field: String,
    #[prop(into)] label: String,
    /// (value, words) of each choice.
    options: Vec<(String, String)>,
    #[prop(optional, into)] name: Option<String>,
    #[prop(optional, into)] id: Option<String>,
    #[prop(optional, into)] value: String,
    #[prop(optional)] bind: Option<RwSignal<String>>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<UserError>>,
    #[prop(optional)] label_hidden: bool,
    #[prop(default = "field")] class: &'static str,
) -> impl IntoView {
    let id = id.unwrap_or_else(|| control_id(&field));
    let name = name.unwrap_or_else(|| field.clone());
    let node = NodeRef::<html::Select>::new();
    if let Some(signal) = bind {
        keep_typed_select(node, signal);
    }
    let initial = bind.map_or(value, |signal| signal.get_untracked());
    let wrong = {
        let field = field.clone();
        Memo::new(move |_| error.with(|error| field_message(error.as_ref(), &field).is_some()))
    };
    let error_id = format!("{id}-error");
    let options = options
        .into_iter()
        .map(|(value, words)| {
            let selected = value == initial;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect_view();
    view! {
        <div class=class>
            <label for=id.clone() class:visually-hidden=label_hidden>
                {label}
            </label>
            <select
                id=id.clone()
                name=name
                node_ref=node
                aria-invalid=move || wrong.get().then_some("true")
                aria-describedby=move || wrong.get().then(|| error_id.clone())
                on:change=move |event| {
                    if let Some(signal) = bind {
                        signal.set(event_target_value(&event));
                    }
                }
            >
                {options}
            </select>
            {hint.map(|hint| view! { <p class="hint">{hint}</p> })}
            <FieldMessage field=field id=id error=error />
        </div>
    }
    .into_any()
}

/// A checkbox with its label beside it.
#[component]
pub fn CheckField(
    #[prop(into)] field: String,
    #[prop(into)] label: String,
    #[prop(into)] name: String,
    bind: RwSignal<bool>,
) -> impl IntoView {
    let id = control_id(&field);
    view! {
        <div class="field-check">
            <input
                id=id.clone()
                name=name
                type="checkbox"
                value="true"
                checked=bind.get_untracked()
                prop:checked=move || bind.get()
                on:change=move |event| bind.set(event_target_checked(&event))
            />
            <label for=id>{label}</label>
        </div>
    }
}
