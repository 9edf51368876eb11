//! The frame around every page of somebody who is signed in: navigation, banner, the call monitor's popup.

mod banner;
mod navigation;

use crate::{
    components::{Now, Problem, Skeleton, ToastCorner, provide_toasts},
    monitor::{CallMonitorPopup, OpenMonitor},
    session::{FrameOfRequest, FrameView},
};
use domain::UnixMillis;
use leptos::prelude::*;
use leptos_router::{components::Outlet, hooks::use_location};
use std::time::Duration;

/// The frame. Who is signed in comes with the page, not as a resource: around a pending resource the server would walk
/// through the page several times and give its resources other numbers than the browser does.
#[component]
pub fn Frame() -> impl IntoView {
    let view = SharedValue::new(|| use_context::<FrameOfRequest>().map(|FrameOfRequest(view)| view)).into_inner();
    match view {
        Some(Ok(view)) => view! { <SignedInFrame view=view /> }.into_any(),
        Some(Err(error)) => view! { <Problem error=error /> }.into_any(),
        // The browser came from a page without a frame, that is, somebody has just signed in.
        None => {
            Effect::new(|| {
                // It fails only where there is no page to load again.
                let _ = window().location().reload();
            });
            view! { <Skeleton lines=1 /> }.into_any()
        }
    }
}

#[component]
fn SignedInFrame(view: FrameView) -> impl IntoView {
    provide_context(view.clone());
    provide_context(Now(ticking(view.now)));
    let open_monitor = OpenMonitor::new();
    provide_context(open_monitor);
    let toasts = provide_toasts();
    // A call watched in a window of its own has the window to itself.
    let path = use_location().pathname;
    let bare = Memo::new(move |_| path.with(|path| path.starts_with("/monitor/")));
    view! {
        <a class="skip-link" href="#page">
            "Skip to the page"
        </a>
        <div class=move || if bare.get() { "frame bare" } else { "frame" }>
            <Show when=move || !bare.get()>
                <navigation::Navigation />
            </Show>
            <div class="content">
                <Show when=move || !bare.get()>
                    <banner::Banner />
                </Show>
                <main id="page" tabindex="-1" class=move || if bare.get() { "" } else { "page" }>
                    <Outlet />
                </main>
            </div>
        </div>
        <CallMonitorPopup open=open_monitor />
        <ToastCorner toasts=toasts />
    }
}

/// The server's time, moved on by the browser's own clock. The server and the first moment in the browser show the same.
fn ticking(start: UnixMillis) -> Signal<UnixMillis> {
    let now = RwSignal::new(start);
    Effect::new(move || {
        let began = js_sys::Date::now();
        let tick = move || {
            let passed = (js_sys::Date::now() - began).max(0.0);
            // Truncation to whole milliseconds is what is wanted.
            let _ = now.try_set(start.plus(Duration::from_millis(passed as u64)));
        };
        if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
    now.into()
}
