//! The way in. A plain form: it works before WASM arrives and without it.

use crate::{
    api::sign_in::{SignIn as SignInCall, typed_email},
    components::form::{ErrorSummary, SubmitButton, TextField, action_error},
    pages::address::asked,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// The way in.
#[component]
pub fn SignIn() -> impl IntoView {
    let action = ServerAction::<SignInCall>::new();
    let error = action_error(action);
    let next = use_query_map().with_untracked(|query| asked(query, "next"));
    let typed = Resource::new(|| (), |()| typed_email());
    let pending = action.pending();
    view! {
        <Title text="Sign in" />
        <main class="door">
            <div class="card door-card">
                <p class="brand">
                    <img src="/favicon.svg" alt="" width="24" height="24" />
                    "Ringside"
                </p>
                <h1>"Sign in"</h1>
                <Transition>
                    {move || {
                        let next = next.clone();
                        Suspend::new(async move {
                            let email = typed.await.unwrap_or_default();
                            view! {
                                <ActionForm action=action attr:class="form">
                                    <ErrorSummary error=error />
                                    {next.map(|next| view! { <input type="hidden" name="next" value=next /> })}
                                    <TextField
                                        field="email"
                                        label="E-mail address"
                                        kind="email"
                                        value=email
                                        autocomplete="username"
                                        required=true
                                        autofocus=true
                                        error=error
                                    />
                                    <TextField
                                        field="password"
                                        label="Password"
                                        kind="password"
                                        autocomplete="current-password"
                                        required=true
                                        maxlength=1024
                                        error=error
                                    />
                                    <SubmitButton label="Sign in" pending=pending />
                                </ActionForm>
                            }
                        })
                    }}
                </Transition>
                <p class="muted small">"No password yet, or forgotten? Ask an administrator for a link."</p>
            </div>
        </main>
    }
}
