//! The document around the application, and the list of its routes.

use crate::{call_room::IMPORT, frame::Frame, pages};
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};
use std::sync::Arc;

/// Addresses of the built files, as the browser asks for them. The server fills in names that bear a hash.
#[derive(Clone, Debug)]
pub struct Assets {
    /// The style sheet.
    pub style: Arc<str>,
    /// The JavaScript made by wasm-bindgen (`--target web`).
    pub script: Arc<str>,
    /// The WASM.
    pub wasm: Arc<str>,
}

impl Default for Assets {
    fn default() -> Self {
        Self {
            style: "/pkg/main.css".into(),
            script: "/pkg/frontend.js".into(),
            wasm: "/pkg/frontend_bg.wasm".into(),
        }
    }
}

/// The document: everything outside the part that the browser takes over.
#[must_use]
pub fn shell(assets: &Assets) -> impl IntoView + use<> {
    let Assets { style, script, wasm } = assets.clone();
    let nonce = leptos::nonce::use_nonce();
    let start = format!(
        "globalThis.{IMPORT} = (path) => import(path);\nimport start, {{ hydrate }} from {script:?};\nawait start({{ module_or_path: {wasm:?} }});\nhydrate();"
    );
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#F7F8FA" />
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0E1117" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=style.to_string() />
                <link rel="modulepreload" href=script.to_string() />
                <link rel="preload" href=wasm.to_string() r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
                <script type="module" nonce=nonce>
                    {start}
                </script>
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The application: what server and browser render alike.
///
/// Every route renders completely before it is sent (`SsrMode::Async`): its first HTML holds the data, its status code
/// is right, and it can be read without WASM.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let whole = SsrMode::Async;
    view! {
        <Title formatter=|page: String| if page.is_empty() { "Ringside".to_owned() } else { format!("{page} · Ringside") } />
        <Router>
            <Routes fallback=|| view! { <pages::not_found::NotFound /> }.into_any()>
                <Route path=path!("/sign-in") view=|| view! { <pages::sign_in::SignIn /> }.into_any() ssr=whole.clone() />
                <Route path=path!("/welcome") view=|| view! { <pages::welcome::Welcome /> }.into_any() ssr=whole.clone() />
                <ParentRoute path=path!("") view=|| view! { <Frame /> }.into_any() ssr=whole.clone()>
                    <Route path=path!("") view=|| view! { <pages::dashboard::Dashboard /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("campaigns") view=|| view! { <pages::campaigns::Campaigns /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("campaigns/new") view=|| view! { <pages::campaign_editor::CampaignEditor /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("campaigns/:id") view=|| view! { <pages::campaign::Campaign /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("campaigns/:id/edit") view=|| view! { <pages::campaign_editor::CampaignEditor /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("campaigns/:id/leads") view=|| view! { <pages::leads::Leads /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("campaigns/:id/import") view=|| view! { <pages::lead_import::LeadImport /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("campaigns/:id/rehearsal") view=|| view! { <pages::rehearsal::Rehearsal /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("imports/:id") view=|| view! { <pages::import_progress::ImportProgress /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("conversations") view=|| view! { <pages::conversations::Conversations /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("conversations/:id") view=|| view! { <pages::conversation::Conversation /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("monitor/:id") view=|| view! { <pages::monitor::Monitor /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("do-not-call") view=|| view! { <pages::do_not_call::DoNotCall /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("users") view=|| view! { <pages::users::Users /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("account") view=|| view! { <pages::account::Account /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("settings") view=|| view! { <pages::settings::Settings /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("audit") view=|| view! { <pages::audit::Audit /> }.into_any() ssr=whole.clone() />
                    <Route path=path!("gallery") view=|| view! { <pages::gallery::Gallery /> }.into_any() ssr=whole />
                </ParentRoute>
            </Routes>
        </Router>
    }
}
