//! A page's data: while it comes, when it is there, and when it is refused.

use super::{Problem, Skeleton};
use crate::error::AppError;
use leptos::prelude::*;

/// Waits for `resource` and shows it with `view`; an error is shown by [`Problem`]. What is on the screen stays there
/// while the resource is fetched again.
#[component]
pub fn Loaded<T>(
    resource: Resource<Result<T, AppError>>,
    /// Lines of the skeleton: about as high as the data will be.
    #[prop(default = 6)]
    lines: usize,
    view: impl Fn(T) -> AnyView + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
{
    view! {
        <Transition fallback=move || {
            view! { <Skeleton lines=lines /> }
        }>
            {move || {
                let view = view.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(value) => view(value),
                        Err(error) => view! { <Problem error=error /> }.into_any(),
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}
