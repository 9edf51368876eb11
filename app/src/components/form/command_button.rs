use crate::error::AppError;
use leptos::web_sys::FormData;
use leptos::{
    prelude::*,
    server_fn::{Http, ServerFn, client::Client, codec::PostUrl, request::ClientReq},
};
use serde::de::DeserializeOwned;

/// One button that posts a server function with fixed input: a command like “Pause”. A plain form inside, so it works
/// before WebAssembly arrives.
#[component]
pub fn CommandButton<S, O>(
    action: ServerAction<S>,
    #[prop(into)] label: String,
    /// (name, value) of each argument.
    inputs: Vec<(&'static str, String)>,
    #[prop(default = "button")] class: &'static str,
    /// Said to screen readers instead of the label, where several buttons share one.
    #[prop(optional, into)]
    says: Option<String>,
) -> impl IntoView
where
    S: DeserializeOwned + ServerFn<Protocol = Http<PostUrl, O>, Error = AppError> + Clone + Send + Sync + 'static,
    <<S::Client as Client<AppError>>::Request as ClientReq<AppError>>::FormData: From<FormData>,
    S::Output: Send + Sync + 'static,
    <S as ServerFn>::Client: Client<AppError>,
    O: 'static,
{
    let pending = action.pending();
    view! {
        <ActionForm action=action attr:class="inline-form">
            {inputs
                .into_iter()
                .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
                .collect_view()}
            <button type="submit" class=class disabled=move || pending.get() aria-label=says>
                {label}
            </button>
        </ActionForm>
    }
    .into_any()
}
