//! Ending the call, after asking once.

use super::Watching;
use crate::{
    api::calls::command_call,
    components::{Confirm, Toasts},
};
use domain::call_command::CallCommand;
use leptos::prelude::*;

#[component]
pub(super) fn EndCall(done: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let watching = expect_context::<Watching>();
    let toasts = Toasts::of_app();
    let end = Action::new(move |(): &()| command_call(watching.id, CallCommand::End));
    Effect::new(move || match end.value().get() {
        Some(Ok(())) => {
            toasts.done("The call is being ended.");
            done();
        }
        Some(Err(error)) => toasts.failed(error.0.message),
        None => {}
    });
    view! {
        <Confirm
            question="End this call?"
            keep="Let it go on"
            go_on="End call"
            icon="phone-off"
            pending=end.pending()
            on_keep=done
            on_go_on=move || {
                end.dispatch(());
            }
        />
    }
}
