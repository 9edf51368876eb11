use super::{FieldMessage, control_id, field_message, keep_typed, keep_typed_area};
use domain::UserError;
use leptos::{html, prelude::*};

/// A labelled `<input>` with hint and error.
#[component]
pub fn TextField(
    /// Field name in errors; also the control's `name` unless `name` is given.
    #[prop(into)]
    field: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] name: Option<String>,
    /// Id of the control where one page has several fields of this name.
    #[prop(optional, into)]
    id: Option<String>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional, into)] value: String,
    /// Tied to this signal in both directions; its value is then the initial one.
    #[prop(optional)]
    bind: Option<RwSignal<String>>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<UserError>>,
    #[prop(optional)] required: bool,
    #[prop(optional)] autofocus: bool,
    #[prop(optional, into)] autocomplete: Option<String>,
    #[prop(optional, into)] inputmode: Option<String>,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(optional)] minlength: Option<u32>,
    #[prop(default = 320)] maxlength: u32,
    #[prop(optional, into)] min: Option<String>,
    #[prop(optional, into)] max: Option<String>,
    #[prop(optional, into)] step: Option<String>,
    #[prop(optional)] label_hidden: bool,
    #[prop(default = "field")] class: &'static str,
) -> impl IntoView {
    let id = id.unwrap_or_else(|| control_id(&field));
    let name = name.unwrap_or_else(|| field.clone());
    let node = NodeRef::<html::Input>::new();
    if let Some(signal) = bind {
        keep_typed(node, signal);
    }
    let initial = bind.map_or(value, |signal| signal.get_untracked());
    let wrong = {
        let field = field.clone();
        Memo::new(move |_| error.with(|error| field_message(error.as_ref(), &field).is_some()))
    };
    let described = {
        let (hint_id, error_id) = (hint.is_some().then(|| format!("{id}-hint")), format!("{id}-error"));
        move || {
            let hint = hint_id.clone().unwrap_or_default();
            let text = if wrong.get() {
                format!("{error_id} {hint}")
            } else {
                hint
            };
            (!text.trim().is_empty()).then(|| text.trim().to_owned())
        }
    };
    let length = (kind != "number" && kind != "time").then_some(maxlength);
    view! {
        <div class=class>
            <label for=id.clone() class:visually-hidden=label_hidden>
                {label}
            </label>
            <input
                id=id.clone()
                name=name
                type=kind
                value=initial
                node_ref=node
                required=required
                autofocus=autofocus
                autocomplete=autocomplete
                inputmode=inputmode
                placeholder=placeholder
                minlength=minlength
                maxlength=length
                min=min
                max=max
                step=step
                aria-invalid=move || wrong.get().then_some("true")
                aria-describedby=described
                on:input=move |event| {
                    if let Some(signal) = bind {
                        signal.set(event_target_value(&event));
                    }
                }
            />
            {hint.map(|hint| view! { <p class="hint" id=format!("{id}-hint")>{hint}</p> })}
            <FieldMessage field=field id=id error=error />
        </div>
    }
    .into_any()
}

/// A labelled `<textarea>` with hint and error.
#[component]
pub fn AreaField(
    #[prop(into)] field: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] name: Option<String>,
    #[prop(optional)] bind: Option<RwSignal<String>>,
    #[prop(optional)] node_ref: Option<NodeRef<html::Textarea>>,
    #[prop(default = 4)] rows: u32,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<UserError>>,
    #[prop(optional)] required: bool,
    #[prop(default = 20_000)] maxlength: u32,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(default = "field")] class: &'static str,
    /// Shown between label and control, for example chips that insert text.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let id = control_id(&field);
    let name = name.unwrap_or_else(|| field.clone());
    let hint = hint.filter(|hint| !hint.is_empty());
    let node = node_ref.unwrap_or_default();
    if let Some(signal) = bind {
        keep_typed_area(node, signal);
    }
    let initial = bind.map(|signal| signal.get_untracked()).unwrap_or_default();
    let wrong = {
        let field = field.clone();
        Memo::new(move |_| error.with(|error| field_message(error.as_ref(), &field).is_some()))
    };
    let described = {
        let (hint_id, error_id) = (hint.is_some().then(|| format!("{id}-hint")), format!("{id}-error"));
        move || {
            let hint = hint_id.clone().unwrap_or_default();
            let text = if wrong.get() {
                format!("{error_id} {hint}")
            } else {
                hint
            };
            (!text.trim().is_empty()).then(|| text.trim().to_owned())
        }
    };
    view! {
        <div class=class>
            <label for=id.clone()>{label}</label>
            {children.map(|children| children())}
            <textarea
                id=id.clone()
                name=name
                rows=rows
                node_ref=node
                required=required
                maxlength=maxlength
                placeholder=placeholder
                aria-invalid=move || wrong.get().then_some("true")
                aria-describedby=described
                on:input=move |event| {
                    if let Some(signal) = bind {
                        signal.set(event_target_value(&event));
                    }
                }
            >
                {initial}
            </textarea>
            {hint.map(|hint| view! { <p class="hint" id=format!("{id}-hint")>{hint}</p> })}
            <FieldMessage field=field id=id error=error />
        </div>
    }
    .into_any()
}
