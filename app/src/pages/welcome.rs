//! Behind a one-time link: somebody chooses a password and is signed in.

use crate::{
    api::sign_in::{AcceptInvitation, InvitationView, invitation},
    components::{
        Loaded,
        form::{ErrorSummary, SubmitButton, TextField, action_error},
    },
    pages::address::asked,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Behind a one-time link: somebody chooses a password and is signed in.
#[component]
pub fn Welcome() -> impl IntoView {
    let token = use_query_map()
        .with_untracked(|query| asked(query, "token"))
        .unwrap_or_default();
    let found = Resource::new(
        {
            let token = token.clone();
            move || token.clone()
        },
        invitation,
    );
    view! {
        <Title text="Welcome" />
        <main class="door">
            <div class="card door-card">
                <p class="brand">
                    <img src="/favicon.svg" alt="" width="24" height="24" />
                    "Ringside"
                </p>
                <h1>"Welcome"</h1>
                <Loaded
                    resource=found
                    view=move |found| view! { <WelcomeForm token=token.clone() found=found /> }.into_any()
                />
            </div>
        </main>
    }
}

#[component]
fn WelcomeForm(token: String, found: InvitationView) -> impl IntoView {
    let action = ServerAction::<AcceptInvitation>::new();
    let error = action_error(action);
    let intro = if found.first {
        "You are the first here. Choose how you sign in; you will be the administrator."
    } else {
        "Choose a password. After that you are signed in."
    };
    let email = if found.first {
        view! {
            <TextField
                field="email"
                label="E-mail address"
                kind="email"
                value=found.email
                autocomplete="username"
                required=true
                error=error
            />
        }
        .into_any()
    } else {
        view! {
            <div class="field">
                <label for="field-email">"E-mail address"</label>
                <input id="field-email" name="email" type="email" value=found.email autocomplete="username" readonly />
            </div>
        }
        .into_any()
    };
    view! {
        <p>{intro}</p>
        <ActionForm action=action attr:class="form">
            <ErrorSummary error=error />
            <input type="hidden" name="token" value=token />
            <TextField
                field="name"
                label="Your name"
                value=found.name
                autocomplete="name"
                required=true
                maxlength=120
                error=error
            />
            {email}
            <TextField
                field="password"
                label="New password"
                kind="password"
                autocomplete="new-password"
                required=true
                minlength=12
                maxlength=200
                hint="At least 12 characters. A few words in a row are easy to remember and hard to guess."
                error=error
            />
            <SubmitButton label="Save and sign in" pending=action.pending() />
        </ActionForm>
    }
}
