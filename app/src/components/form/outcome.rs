use crate::error::AppError;
use domain::UserError;
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use server_fn::error::ServerFnUrlError;

/// The error that the server function at `path` answered to a form posted without WebAssembly: it came back in the
/// address of the page.
#[must_use]
pub fn posted_error(path: &str) -> Option<UserError> {
    use_query_map().with_untracked(|query| {
        (query.get_str("__path")? == path)
            .then(|| ServerFnUrlError::<AppError>::decode_err(query.get_str("__err").unwrap_or_default()).0)
    })
}

/// What is wrong with the last input of `action`, whether it was posted by the browser or sent from the page.
#[must_use]
pub fn action_error<S>(action: ServerAction<S>) -> Signal<Option<UserError>>
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let posted = posted_error(S::PATH);
    let value = action.value();
    let version = action.version();
    Signal::derive(move || {
        value.with(|value| match value {
            Some(Err(error)) => Some(error.0.clone()),
            Some(Ok(_)) => None,
            None if version.get() > 0 => None,
            None => posted.clone(),
        })
    })
}
