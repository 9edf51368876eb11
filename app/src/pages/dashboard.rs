//! The live dashboard: RealTimeDashboard.

mod health;
mod live_calls;
mod live_state;
mod outcomes;
mod running_campaigns;

use crate::{
    api,
    components::{Loaded, Sparkline, Tile, grouped},
    live_feed::{Topic, follow},
    trouble_banner::{TroubleBanner, troubles},
};
use domain::live::{LiveState, RATE_MINUTES};
use leptos::prelude::*;
use leptos_meta::Title;
use live_state::LiveSignals;
use std::sync::Arc;

/// What is going on, live. The first HTML holds the state; the event stream keeps it current.
#[component]
pub fn Dashboard() -> impl IntoView {
    let troubles = troubles();
    let state = Resource::new(|| (), |()| api::dashboard::dashboard());
    let reload = Arc::new(move || state.refetch());
    view! {
        <Title text="Dashboard" />
        <h1 class="visually-hidden">"Dashboard"</h1>
        <TroubleBanner troubles=troubles />
        <Loaded
            resource=state
            lines=12
            view=move |state| view! { <RealTimeDashboard state=state reload=reload.clone() /> }.into_any()
        />
    }
}

/// The dashboard from `state` on. `reload` is called when too much was missed to go on from it.
#[component]
fn RealTimeDashboard(state: LiveState, reload: Arc<dyn Fn() + Send + Sync>) -> impl IntoView {
    let after = state.cursor;
    let signals = LiveSignals::new(state);
    let feed = follow(
        Topic::Dashboard,
        after,
        move |batches| signals.take_in(&batches),
        move || reload(),
    );
    signals.move_on_with_the_clock();
    let tiles = signals.tiles;
    let number =
        move |read: fn(&domain::live::Tiles) -> u64| Signal::derive(move || tiles.with(|tiles| grouped(read(tiles))));
    let rate = Signal::derive(move || tiles.with(|tiles| tiles.calls_a_minute().to_string()));
    let history =
        Signal::derive(move || tiles.with(|tiles| tiles.started_per_minute.iter().copied().collect::<Vec<_>>()));
    let now = Signal::derive(move || signals.calls_now.get().to_string());
    view! {
        <health::Health signals=signals feed=feed />
        <div class="tiles">
            <Tile label="Calls now" icon="phone-call" value=now />
            <Tile label="Answered today" icon="user-round" value=number(|tiles| tiles.answered) hint="Since midnight UTC" />
            <Tile label="Called back today" icon="phone-incoming" value=number(|tiles| tiles.called_back) />
            <Tile label="Completed today" icon="circle-check" value=number(|tiles| tiles.completed) />
            <Tile label="Refused today" icon="shield" value=number(|tiles| tiles.refused) hint="By the calling-hour gate" />
            <Tile label="Calls a minute" icon="gauge" value=rate class="wide">
                <Sparkline values=history label=format!("Calls started in each of the last {RATE_MINUTES} minutes") />
            </Tile>
        </div>
        <live_calls::LiveCalls signals=signals />
        <div class="dashboard-below">
            <running_campaigns::RunningCampaigns signals=signals />
            <outcomes::Outcomes signals=signals />
        </div>
    }
    .into_any()
}
