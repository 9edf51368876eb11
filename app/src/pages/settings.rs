//! What this installation is connected to, and what is simulated.

mod prices;

use crate::{
    api::{
        dashboard::SetDiallingPaused,
        prices::get_prices,
        settings::{dialling_paused, installation},
    },
    components::{
        LinkButton, Loaded, Notice, PageHeader, Tone,
        form::{CommandButton, ErrorSummary, action_error},
    },
    session::may,
};
use domain::{access::Permission, views::InstallationView};
use leptos::prelude::*;
use prices::Prices;

/// What this installation is connected to.
#[component]
pub fn Settings() -> impl IntoView {
    let pause = ServerAction::<SetDiallingPaused>::new();
    let error = action_error(pause);
    let data = Resource::new(
        move || pause.version().get(),
        |_| async move { Ok((installation().await?, dialling_paused().await?)) },
    );
    let administers = may(Permission::Administer);
    let prices = Resource::new(
        || (),
        move |()| async move {
            if administers {
                get_prices().await.map(Some)
            } else {
                Ok(None)
            }
        },
    );
    view! {
        <PageHeader title="Settings">
            {may(Permission::Administer)
                .then(|| {
                    view! {
                        <LinkButton href="/audit" icon="scroll-text">
                            "Audit log"
                        </LinkButton>
                    }
                })}
        </PageHeader>
        <ErrorSummary error=error />
        <Loaded
            resource=data
            view=move |(installation, paused)| {
                view! {
                    <Dialling paused=paused pause=pause />
                    <Installation installation=installation />
                }
                    .into_any()
            }
        />
        <Loaded
            resource=prices
            view=|prices| prices.map(|prices| view! { <Prices prices=prices /> }).into_any()
        />
    }
    .into_any()
}

#[component]
fn Dialling(paused: bool, pause: ServerAction<SetDiallingPaused>) -> impl IntoView {
    let (words, label) = if paused {
        (
            "All dialling is paused. No campaign starts a new call.",
            "Let dialling go on",
        )
    } else {
        ("Running campaigns start new calls.", "Pause all dialling")
    };
    view! {
        <section class="card stack">
            <h2>"Dialling"</h2>
            <p>{words}</p>
            {may(Permission::PauseDialling)
                .then(|| {
                    view! {
                        <CommandButton action=pause label=label inputs=vec![("paused", (!paused).to_string())] />
                    }
                })}
        </section>
    }
    .into_any()
}

#[component]
fn Installation(installation: InstallationView) -> impl IntoView {
    let rows = installation
        .settings
        .into_iter()
        .map(|(name, value)| {
            view! {
                <dt>{name}</dt>
                <dd>{value}</dd>
            }
        })
        .collect_view();
    let notices = installation
        .notices
        .into_iter()
        .map(|notice| view! { <Notice tone=Tone::Warning>{notice}</Notice> })
        .collect_view();
    let network = match installation.telephone_network.as_str() {
        "rehearsal" => "Rehearsal: simulated people, no real phone is called".to_owned(),
        "livekit" => "LiveKit: whoever its SIP trunk reaches is called".to_owned(),
        other => other.to_owned(),
    };
    view! {
        <section class="card stack">
            <h2>"Connected and simulated"</h2>
            {notices}
            <dl class="facts">
                <dt>"Telephone network"</dt>
                <dd>{network}</dd>
                {rows}
                <dt>"Table of time zones"</dt>
                <dd>{installation.zone_data_version}</dd>
                <dt>"Version"</dt>
                <dd>{installation.version}</dd>
            </dl>
            <p class="muted small">
                "Settings are made in the configuration of the server, which is read when it starts."
            </p>
        </section>
    }
    .into_any()
}
