use crate::components::form::AreaField;
use domain::UserError;
use leptos::{html, prelude::*};

/// A text with variables: chips above it insert `{{variable}}` where the caret is.
#[component]
pub(super) fn TemplateText(
    field: &'static str,
    label: &'static str,
    text: RwSignal<String>,
    variables: Memo<Vec<String>>,
    rows: u32,
    maxlength: u32,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] hint: Option<String>,
    error: Signal<Option<UserError>>,
) -> impl IntoView {
    let node = NodeRef::<html::Textarea>::new();
    let insert = move |variable: &str| {
        let chip = format!("{{{{{variable}}}}}");
        let Some(area) = node.get_untracked() else { return };
        let typed: Vec<u16> = area.value().encode_utf16().collect();
        let end_of_text = u32::try_from(typed.len()).unwrap_or(u32::MAX);
        let caret = |position: Result<Option<u32>, _>| position.ok().flatten().unwrap_or(end_of_text);
        let (from, to) = (
            caret(area.selection_start()) as usize,
            caret(area.selection_end()) as usize,
        );
        let (from, to) = (from.min(typed.len()), to.min(typed.len()));
        let before = String::from_utf16_lossy(&typed[..from]);
        let after = String::from_utf16_lossy(&typed[to.max(from)..]);
        let text_now = format!("{before}{chip}{after}");
        area.set_value(&text_now);
        text.set(text_now);
        let behind = u32::try_from(from + chip.encode_utf16().count()).unwrap_or(end_of_text);
        let _ = area.focus();
        let _ = area.set_selection_range(behind, behind);
    };
    let chips = move || {
        variables
            .get()
            .into_iter()
            .map(|variable| {
                let says = format!("Insert {variable} into {}", label.to_lowercase());
                let shown = variable.clone();
                view! {
                    <button type="button" class="chip" aria-label=says on:click=move |_| insert(&variable)>
                        {shown}
                    </button>
                }
            })
            .collect_view()
    };
    view! {
        <AreaField
            field=field
            name=format!("form[{field}]")
            label=label
            bind=text
            node_ref=node
            rows=rows
            maxlength=maxlength
            required=required
            hint=hint.unwrap_or_default()
            error=error
        >
            <div class="chips" role="group" aria-label=format!("Variables for {}", label.to_lowercase())>
                {chips}
            </div>
        </AreaField>
    }
}
