use super::role_options;
use crate::{
    api::users::InviteUser,
    components::{
        Icon, Moment, Notice, Tone,
        form::{ErrorSummary, SelectField, SubmitButton, TextField, action_error},
    },
};
use domain::views::InvitationLink;
use leptos::{html, prelude::*};
use wasm_bindgen_futures::JsFuture;

/// Invites somebody; the link appears for copying, because Ringside sends no e-mail.
#[component]
pub(super) fn InviteForm(
    link: RwSignal<Option<(String, InvitationLink)>>,
    on_invited: impl Fn() + Send + Sync + 'static,
) -> impl IntoView {
    let action = ServerAction::<InviteUser>::new();
    let error = action_error(action);
    let form = NodeRef::<html::Form>::new();
    let invited = StoredValue::new(String::new());
    Effect::new(move |_| {
        if let Some(input) = action.input().get() {
            invited.set_value(input.name);
        }
    });
    Effect::new(move |_| {
        if let Some(Ok(made)) = action.value().get() {
            link.set(Some((invited.get_value(), made)));
            if let Some(form) = form.get_untracked() {
                form.reset();
            }
            on_invited();
        }
    });
    let opened = error.with_untracked(Option::is_some);
    view! {
        <details class="card" open=opened>
            <summary>"Invite somebody"</summary>
            <ActionForm action=action node_ref=form attr:class="form">
                <ErrorSummary error=error />
                <div class="field-row">
                    <TextField field="name" label="Name" required=true maxlength=120 autocomplete="off" error=error />
                    <TextField
                        field="email"
                        label="E-mail address"
                        kind="email"
                        required=true
                        autocomplete="off"
                        error=error
                    />
                    <SelectField field="role" label="Role" options=role_options() value="viewer" error=error />
                </div>
                <p class="hint muted">
                    "Viewers read. Supervisors also listen, whisper and end calls. Managers also write campaigns and start \
                     them. Administrators do everything."
                </p>
                <div class="actions">
                    <SubmitButton label="Make an invitation" pending=action.pending() />
                </div>
            </ActionForm>
        </details>
    }
    .into_any()
}

/// A one-time link, to be copied and sent by whatever way is trusted.
#[component]
pub(super) fn LinkNotice(whom: String, link: InvitationLink) -> impl IntoView {
    let address = RwSignal::new(link.path.clone());
    Effect::new(move |_| {
        if let Ok(origin) = window().location().origin() {
            address.set(format!("{origin}{}", link.path));
        }
    });
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let promise = window().navigator().clipboard().write_text(&address.get_untracked());
        leptos::task::spawn_local(async move {
            if JsFuture::from(promise).await.is_ok() {
                let _ = copied.try_set(true);
            }
        });
    };
    view! {
        <Notice tone=Tone::Live>
            <p>
                {format!("Send this link to {whom}. It works once, until ")} <Moment at=link.expires_at />
                ", and is not shown again."
            </p>
            <p class="row">
                <label class="visually-hidden" for="invitation-link">
                    "Link"
                </label>
                <input
                    id="invitation-link"
                    class="mono grow"
                    readonly
                    prop:value=move || address.get()
                    value=address.get_untracked()
                    on:focus=move |event| { event_target::<web_sys::HtmlInputElement>(&event).select() }
                />
                <button type="button" class="button" on:click=copy>
                    <Icon name=Signal::derive(move || if copied.get() { "check" } else { "copy" }) />
                    {move || if copied.get() { "Copied" } else { "Copy" }}
                </button>
            </p>
        </Notice>
    }
    .into_any()
}
