use domain::{UserError, views::ScriptPreview};
use leptos::prelude::*;
use leptos_router::components::A;

/// The texts as one lead would hear them, and what the leads lack.
#[component]
pub(super) fn PreviewPanel(
    preview: RwSignal<Result<ScriptPreview, UserError>>,
    leaves_message: Signal<bool>,
    /// Where the saved campaign is rehearsed.
    rehearsal: Option<String>,
) -> impl IntoView {
    let body = move || match preview.get() {
        Err(error) => view! { <p class="problem">{error.message}</p> }.into_any(),
        Ok(preview) => {
            let message = preview.voicemail_message.reveal().to_owned();
            view! {
                <p class="muted">{format!("As {} would hear it", preview.lead_name.reveal())}</p>
                <h3>"First sentence"</h3>
                <p class="preview-text">{preview.opening.reveal().to_owned()}</p>
                <h3>"Script"</h3>
                <p class="preview-text">{preview.script.reveal().to_owned()}</p>
                <div hidden=move || !leaves_message.get()>
                    <h3>"Voicemail message"</h3>
                    <p class="preview-text">{message}</p>
                </div>
                <details>
                    <summary>"All that a language model is told"</summary>
                    <p class="hint">
                        "Our rules, then your script. Values from the list of people are cut and put on one line, so that \
                         they cannot be read as instructions; what is said and looked up in the call follows as data."
                    </p>
                    <p class="preview-text">{preview.prompt.reveal().to_owned()}</p>
                </details>
                {rehearsal
                    .clone()
                    .map(|href| view! { <p><A href=href>"Hear what simulated people make of it"</A></p> })}
                <h3>"Variables"</h3>
                <VariableUse used=preview.used_variables />
            }
            .into_any()
        }
    };
    view! {
        <aside class="card preview" aria-label="Preview">
            <h2>"Preview"</h2>
            {body}
        </aside>
    }
    .into_any()
}

#[component]
fn VariableUse(used: Vec<(String, u64, u64)>) -> impl IntoView {
    if used.is_empty() {
        return view! { <p class="muted">"The texts use no variables."</p> }.into_any();
    }
    let rows = used
        .into_iter()
        .map(|(name, lacking, leads)| {
            let words = match (lacking, leads) {
                (_, 0) => "no leads yet".to_owned(),
                (0, _) => "all leads have it".to_owned(),
                (lacking, leads) => format!("{lacking} of {leads} leads lack it"),
            };
            view! {
                <li class:lacking=(lacking > 0)>
                    <code>{name}</code>
                    " "
                    <span>{words}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="variable-use">{rows}</ul> }.into_any()
}
