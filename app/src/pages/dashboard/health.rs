//! The strip at the top: are calls being made, and is the news arriving.

use super::live_state::LiveSignals;
use crate::{
    api::dashboard::SetDiallingPaused,
    components::{Icon, Look, StatusBadge, Toasts, Tone},
    live_feed::FeedStatus,
    session::may,
};
use domain::access::Permission;
use leptos::prelude::*;

#[component]
pub(super) fn Health(signals: LiveSignals, feed: ReadSignal<FeedStatus>) -> impl IntoView {
    let paused = signals.dialling_paused;
    let running = Signal::derive(move || signals.campaigns.with(|campaigns| campaigns.iter().any(is_running)));
    let calling = Signal::derive(move || signals.calls_now.get() > 0);
    let look = Signal::derive(move || match (paused.get(), running.get()) {
        (true, _) => Look {
            tone: Tone::Warning,
            icon: "circle-pause",
            label: "All dialling is paused",
        },
        (false, _) if calling.get() => Look {
            tone: Tone::Live,
            icon: "phone-outgoing",
            label: "Calls are being made",
        },
        (false, true) => Look {
            tone: Tone::Neutral,
            icon: "hourglass",
            label: "Running, nobody is being called",
        },
        (false, false) => Look {
            tone: Tone::Neutral,
            icon: "hourglass",
            label: "No campaign is running",
        },
    });
    let news = Signal::derive(move || match feed.get() {
        FeedStatus::Opening => Look {
            tone: Tone::Neutral,
            icon: "activity",
            label: "As of loading",
        },
        FeedStatus::Following => Look {
            tone: Tone::Live,
            icon: "activity",
            label: "Live",
        },
        FeedStatus::Reconnecting => Look {
            tone: Tone::Warning,
            icon: "wifi-off",
            label: "Reconnecting",
        },
    });
    let action = ServerAction::<SetDiallingPaused>::new();
    let toasts = Toasts::of_app();
    let asked_to_pause = StoredValue::new(false);
    Effect::new(move || {
        if let Some(input) = action.input().get() {
            asked_to_pause.set_value(input.paused);
        }
    });
    Effect::new(move || match action.value().get() {
        Some(Ok(())) => toasts.done(if asked_to_pause.get_value() {
            "No new call starts. Those in progress go on."
        } else {
            "Dialling goes on."
        }),
        Some(Err(error)) => toasts.failed(error.0.message),
        None => {}
    });
    view! {
        <section class="health" aria-label="Dialling">
            <div class="row" role="status">
                <StatusBadge status=look />
                <StatusBadge status=news plain=true />
            </div>
            {may(Permission::PauseDialling)
                .then(|| {
                    view! {
                        <div class="push">
                            <ActionForm action=action>
                                <input type="hidden" name="paused" value=move || (!paused.get()).to_string() />
                                <button type="submit" class="button small" disabled=move || action.pending().get()>
                                    <Icon name=Signal::derive(move || if paused.get() { "play" } else { "pause" }) />
                                    {move || if paused.get() { "Go on dialling" } else { "Pause all dialling" }}
                                </button>
                            </ActionForm>
                        </div>
                    }
                })}
        </section>
    }
}

fn is_running(campaign: &domain::live::CampaignProgress) -> bool {
    campaign.status == domain::campaign::CampaignStatus::Running
}
