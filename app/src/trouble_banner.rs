//! Why no call is being started: a service that every campaign needs does not work.

use crate::{
    api::settings::trouble,
    components::{LinkButton, Notice, Tone},
    error::AppError,
    every::every,
};
use domain::views::TroubleView;
use leptos::prelude::*;
use std::time::Duration;

/// How often it is asked for.
const PACE: Duration = Duration::from_secs(5);

/// What the banner shows; to be made at the top of a page.
pub(crate) type Troubles = Resource<Result<TroubleView, AppError>>;

/// Asks what is wrong, now and again and again.
pub(crate) fn troubles() -> Troubles {
    let troubles = Resource::new(|| (), |()| trouble());
    every(PACE, move || troubles.refetch());
    troubles
}

/// Nothing while all is well, or while the server cannot be asked.
#[component]
pub(crate) fn TroubleBanner(troubles: Troubles) -> impl IntoView {
    view! {
        <Transition>
            {move || Suspend::new(async move {
                let TroubleView { voices, network } = troubles.await.unwrap_or_default();
                let voices = voices
                    .map(|why| {
                        view! {
                            <Trouble
                                title="No campaign starts a new call, because the agent could not speak with anybody."
                                why=why
                            />
                        }
                    });
                let network = network
                    .map(|why| {
                        view! { <Trouble title="No call can be made, because the telephone network does not work." why=why /> }
                    });
                view! {
                    {voices}
                    {network}
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Trouble(title: &'static str, why: String) -> impl IntoView {
    view! {
        <div class="trouble">
            <Notice tone=Tone::Failed>
                <p>
                    <strong>{title}</strong>
                </p>
                <p>{why}</p>
                <p>"Dialling goes on by itself as soon as it works again. Calls in progress are not ended."</p>
                <LinkButton href="/settings" icon="settings" class="small">
                    "See what is connected"
                </LinkButton>
            </Notice>
        </div>
    }
}
