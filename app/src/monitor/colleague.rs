//! A colleague who is called into the call: where that stands, and what can be done about it.

use super::{Watching, speaking::OwnVoice};
use crate::{
    api::calls::command_call,
    components::{Icon, IconButton, Notice, Toasts, Tone},
    session::signed_in,
};
use domain::call_command::{CallCommand, Colleague, NotReached};
use leptos::prelude::*;

/// Nothing while nobody is called in.
#[component]
pub(super) fn ColleagueState(voice: OwnVoice) -> impl IntoView {
    let watching = expect_context::<Watching>();
    let toasts = Toasts::of_app();
    let stage = watching.colleague;
    let put_aside = RwSignal::new(false);
    Effect::new(move || {
        stage.track();
        put_aside.set(false);
    });
    let send = Action::new(move |command: &CallCommand| command_call(watching.id, command.clone()));
    Effect::new(move || {
        if let Some(Err(error)) = send.value().get() {
            toasts.failed(error.0.message);
        }
    });
    let pending = send.pending();
    let say = move |command: CallCommand| {
        if command == CallCommand::ConnectColleague {
            voice.be_silent();
        }
        send.dispatch(command);
    };
    let dismiss = move |label: &'static str| {
        view! {
            <button
                type="button"
                class="button"
                disabled=move || pending.get()
                on:click=move |_| say(CallCommand::DismissColleague)
            >
                <Icon name="undo-2" />
                {label}
            </button>
        }
    };
    let me = signed_in().map(|me| me.user_id);
    view! {
        <div role="status">
            {move || match stage.get() {
                Colleague::Nobody => ().into_any(),
                Colleague::NotReached(why) => {
                    view! {
                        <Show when=move || !put_aside.get()>
                            <Gone why=why on_close=move || put_aside.set(true) />
                        </Show>
                    }
                        .into_any()
                }
                Colleague::Ringing(_) => {
                    view! {
                        <InTheCall icon="bell-ring" says="A colleague’s phone rings. The agent goes on with the person.">
                            {dismiss("Stop ringing")}
                        </InTheCall>
                    }
                        .into_any()
                }
                Colleague::Briefed(by) => {
                    let says = if me == Some(by.id) {
                        "Your colleague is on the line and hears the call. The person does not hear them.".to_owned()
                    } else {
                        format!(
                            "{} briefs a colleague, who hears the call. The person hears neither of them.",
                            by.name.reveal(),
                        )
                    };
                    view! {
                        <InTheCall icon="users" says=says>
                            <button
                                type="button"
                                class="button primary"
                                disabled=move || pending.get()
                                on:click=move |_| say(CallCommand::ConnectColleague)
                            >
                                <Icon name="phone-call" />
                                "Connect with the person"
                            </button>
                            {dismiss("Send away")}
                        </InTheCall>
                    }
                        .into_any()
                }
                Colleague::Connected(_) => {
                    view! {
                        <InTheCall icon="users" says="The colleague and the person speak with each other.">
                            {dismiss("Return to the agent")}
                        </InTheCall>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

/// Where it stands, and what can be done about it.
#[component]
fn InTheCall(icon: &'static str, #[prop(into)] says: String, children: Children) -> impl IntoView {
    view! {
        <div class="colleague" role="group" aria-label="A colleague in the call">
            <p>
                <Icon name=icon />
                {says}
            </p>
            <div class="row">{children()}</div>
        </div>
    }
}

/// Why nobody came, or is there any more.
#[component]
fn Gone(why: NotReached, on_close: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    view! {
        <div class="colleague-gone">
            <Notice tone=Tone::Warning>{why.sentence()} " The agent goes on with the person."</Notice>
            <IconButton icon="x" label="Close" on_press=move |_| on_close() />
        </div>
    }
}
