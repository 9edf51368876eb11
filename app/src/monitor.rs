//! The call monitor: one call as it goes on, in a popup over any page or in a window of its own.

mod actions;
mod colleague;
mod end_call;
mod floor_banner;
mod keypad;
mod listen_button;
mod side;
mod speaking;
mod transcript;
mod transfer;

use crate::{
    api::calls,
    components::{CallTimer, CalledBack, Dialog, Icon, LinkButton, Loaded, StatusBadge, once_taken_over},
    live_feed::{FeedStatus, Topic, follow},
    session::may,
};
use domain::{
    ConversationId,
    access::Permission,
    call_command::{CallFloor, Colleague},
    conversation::ConversationStatus,
    monitor::MonitorState,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::sync::Arc;

/// Opens the popup from anywhere inside the frame.
#[derive(Clone, Copy)]
pub struct OpenMonitor {
    watched: RwSignal<Option<ConversationId>>,
    open: RwSignal<bool>,
}

impl OpenMonitor {
    pub(crate) fn new() -> Self {
        Self {
            watched: RwSignal::new(None),
            open: RwSignal::new(false),
        }
    }

    /// Shows the call `id` over the page.
    pub fn watch(self, id: ConversationId) {
        self.watched.set(Some(id));
        self.open.set(true);
    }
}

/// A button that opens the popup; without WASM a link to the monitor's own page.
#[component]
pub fn MonitorButton(
    id: ConversationId,
    /// Whose call, for those who cannot see the row.
    #[prop(into)]
    lead: Signal<String>,
) -> impl IntoView {
    let open = use_context::<OpenMonitor>();
    view! {
        <a
            class="button small"
            href=format!("/monitor/{id}")
            aria-label=move || format!("Monitor the call with {}", lead.get())
            on:click=move |press| {
                let plain = !(press.ctrl_key() || press.meta_key() || press.shift_key());
                if let (Some(open), true) = (open, plain) {
                    press.prevent_default();
                    open.watch(id);
                }
            }
        >
            <Icon name="activity" />
            "Monitor"
        </a>
    }
}

/// The popup of the frame. `?monitor=<id>` in a page's address opens it.
#[component]
pub fn CallMonitorPopup(open: OpenMonitor) -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| query.get("monitor").and_then(|id| id.parse().ok())));
    once_taken_over(move || {
        if let Some(id) = asked.get_untracked() {
            open.watch(id);
        }
    });
    view! {
        <Dialog open=open.open title="Call monitor" wide=true>
            {move || open.watched.get().map(|id| view! { <CallMonitor id=id /> })}
        </Dialog>
    }
}

/// One call, watched. It fetches the state once and then follows the call's events.
#[component]
pub fn CallMonitor(
    id: ConversationId,
    /// In a window of its own, which needs no link to itself.
    #[prop(optional)]
    own_window: bool,
) -> impl IntoView {
    let state = Resource::new(move || id, calls::monitor);
    let reload = Arc::new(move || state.refetch());
    view! {
        <Loaded
            resource=state
            lines=8
            view=move |state| {
                view! { <Watched state=state own_window=own_window reload=reload.clone() /> }.into_any()
            }
        />
    }
}

/// What the parts of the monitor share.
#[derive(Clone, Copy)]
struct Watching {
    id: ConversationId,
    state: RwSignal<MonitorState>,
    status: Memo<ConversationStatus>,
    /// Whom the person hears.
    floor: Memo<CallFloor>,
    /// Whom a supervisor calls in.
    colleague: Memo<Colleague>,
}

impl Watching {
    fn ended(self) -> bool {
        matches!(self.status.get(), ConversationStatus::Ended(_))
    }
}

#[component]
fn Watched(state: MonitorState, own_window: bool, reload: Arc<dyn Fn() + Send + Sync>) -> impl IntoView {
    let (id, after) = (state.call.conversation_id, state.cursor);
    let over = matches!(state.call.status, ConversationStatus::Ended(_));
    let state = RwSignal::new(state);
    let watching = Watching {
        id,
        state,
        status: Memo::new(move |_| state.with(|state| state.call.status)),
        floor: Memo::new(move |_| state.with(|state| state.floor.clone())),
        colleague: Memo::new(move |_| state.with(|state| state.colleague.clone())),
    };
    provide_context(watching);
    let feed = (!over).then(|| {
        follow(
            Topic::Conversation(id),
            after,
            move |batches| {
                state.update(|state| {
                    for batch in batches {
                        batch.events.iter().for_each(|event| state.apply(event));
                        batch.glimpses.iter().for_each(|glimpse| state.glimpse(glimpse));
                    }
                });
            },
            move || reload(),
        )
    });
    view! {
        <div class="monitor">
            <Head own_window=own_window />
            {feed.map(|feed| view! { <Broken feed=feed /> })}
            <floor_banner::FloorBanner />
            <div class="monitor-middle">
                <transcript::Transcript />
                <side::Side />
            </div>
            <Show
                when=move || !watching.ended()
                fallback=move || {
                    view! {
                        <div class="monitor-foot">
                            <p>"The call is over."</p>
                            <LinkButton href=format!("/conversations/{id}") icon="file-text" class="primary">
                                "Open the conversation"
                            </LinkButton>
                        </div>
                    }
                }
            >
                <Show when=|| may(Permission::SteerCalls) || may(Permission::Listen)>
                    <actions::Actions />
                </Show>
            </Show>
        </div>
    }
}

#[component]
fn Head(own_window: bool) -> impl IntoView {
    let watching = expect_context::<Watching>();
    let state = watching.state;
    let (lead, number, campaign, started, direction) = state.with_untracked(|state| {
        let call = &state.call;
        (
            call.lead_name.reveal().to_owned(),
            call.phone_number.clone(),
            call.campaign_name.clone(),
            call.started_at,
            call.direction,
        )
    });
    let agent = Memo::new(move |_| state.with(|state| state.call.agent_state));
    let since = Memo::new(move |_| state.with(|state| state.call.answered_at).unwrap_or(started));
    let running = Signal::derive(move || !watching.ended());
    let id = watching.id;
    view! {
        <div class="monitor-head">
            <strong>{if lead.is_empty() { number.clone() } else { lead }}</strong>
            <span class="muted nowrap">{number}</span>
            <span class="muted campaign">{campaign}</span>
            <CalledBack direction=direction />
            <StatusBadge status=watching.status />
            <Show when=move || running.get()>
                <StatusBadge status=agent />
            </Show>
            <CallTimer since=since running=running />
            {(!own_window)
                .then(|| {
                    view! {
                        <a
                            class="button quiet icon-only"
                            href=format!("/monitor/{id}")
                            target="_blank"
                            rel="noopener"
                            aria-label="Open in a window of its own"
                            title="Open in a window of its own"
                        >
                            <Icon name="external-link" />
                        </a>
                    }
                })}
        </div>
    }
}

#[component]
fn Broken(feed: ReadSignal<FeedStatus>) -> impl IntoView {
    view! {
        <div role="status">
            <Show when=move || feed.get() == FeedStatus::Reconnecting>
                <p class="who-hears">
                    <Icon name="wifi-off" />
                    "The connection broke. Reconnecting; nothing will be missed."
                </p>
            </Show>
        </div>
    }
}
