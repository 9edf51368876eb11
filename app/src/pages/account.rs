//! One's own account: where one is signed in, and the password.

use crate::{
    api::{
        account::{ChangePassword, list_sessions},
        sign_in::SignOutEverywhere,
    },
    components::{
        Loaded, Moment, PageHeader, Toasts,
        form::{CommandButton, ErrorSummary, SubmitButton, TextField, action_error},
    },
    pages::users::role_label,
    session::signed_in,
};
use domain::views::SessionRow;
use leptos::{html, prelude::*};

/// One's own account.
#[component]
pub fn Account() -> impl IntoView {
    let version = RwSignal::new(0_u32);
    let sessions = Resource::new(move || version.get(), |_| list_sessions());
    let everywhere = ServerAction::<SignOutEverywhere>::new();
    let error = action_error(everywhere);
    let who = signed_in().map(|me| format!("{}, {}", me.name, role_label(me.role).to_lowercase()));
    view! {
        <PageHeader title="Account" />
        {who.map(|who| view! { <p class="muted">{who}</p> })}
        <div class="columns">
            <section class="card stack">
                <h2>"Where you are signed in"</h2>
                <ErrorSummary error=error />
                <Loaded resource=sessions lines=2 view=|sessions| view! { <SessionList sessions=sessions /> }.into_any() />
                <CommandButton action=everywhere label="Sign out everywhere" inputs=Vec::new() />
            </section>
            <PasswordForm on_changed=move || version.update(|version| *version += 1) />
        </div>
    }
    .into_any()
}

#[component]
fn SessionList(sessions: Vec<SessionRow>) -> impl IntoView {
    let rows = sessions
        .into_iter()
        .map(|session| {
            let browser = if session.browser.is_empty() {
                "Unknown browser".to_owned()
            } else {
                session.browser
            };
            view! {
                <li>
                    <span class="browser">
                        {browser}
                        {session
                            .current
                            .then(|| {
                                view! {
                                    " "
                                    <span class="badge tone-live">
                                        <span>"This one"</span>
                                    </span>
                                }
                            })}
                    </span>
                    <span class="muted small">
                        "since " <Moment at=session.created_at /> ", last seen " <Moment at=session.last_seen_at />
                    </span>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="sessions">{rows}</ul> }
}

#[component]
fn PasswordForm(on_changed: impl Fn() + Send + Sync + 'static) -> impl IntoView {
    let action = ServerAction::<ChangePassword>::new();
    let error = action_error(action);
    let form = NodeRef::<html::Form>::new();
    let toasts = Toasts::of_app();
    Effect::new(move |_| {
        if let Some(Ok(())) = action.value().get() {
            toasts.done("Your password was changed, and your other sessions were ended.");
            if let Some(form) = form.get_untracked() {
                form.reset();
            }
            on_changed();
        }
    });
    view! {
        <section class="card">
            <h2>"Change the password"</h2>
            <ActionForm action=action node_ref=form attr:class="form">
                <ErrorSummary error=error />
                <TextField
                    field="old"
                    label="Password until now"
                    kind="password"
                    required=true
                    maxlength=200
                    autocomplete="current-password"
                    error=error
                />
                <TextField
                    field="new"
                    label="New password"
                    kind="password"
                    required=true
                    minlength=12
                    maxlength=200
                    autocomplete="new-password"
                    hint="At least 12 characters."
                    error=error
                />
                <div class="actions">
                    <SubmitButton label="Change the password" pending=action.pending() />
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}
