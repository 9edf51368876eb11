//! Short messages that come and go. Their live region is in the server's HTML, or the first would go unheard.

use super::{Icon, IconButton, Tone};
use leptos::prelude::*;
use std::time::Duration;

/// How long a toast stays; one about a failure stays until it is closed.
const STAYS: Duration = Duration::from_secs(6);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Toast {
    number: u32,
    tone: Tone,
    text: String,
}

/// Where toasts are put up; a context of the whole application.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
}

impl Toasts {
    /// The toasts of this application, provided by [`provide_toasts`].
    #[must_use]
    pub fn of_app() -> Self {
        use_context().unwrap_or_else(|| Self {
            shown: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
        })
    }

    /// Something was done.
    pub fn done(self, text: impl Into<String>) {
        self.put_up(Tone::Live, text.into());
    }

    /// Something could not be done.
    pub fn failed(self, text: impl Into<String>) {
        self.put_up(Tone::Failed, text.into());
    }

    fn put_up(self, tone: Tone, text: String) {
        let number = self.next.get_value();
        self.next.set_value(number.wrapping_add(1));
        self.shown.update(|shown| {
            shown.retain(|toast| toast.text != text);
            shown.push(Toast { number, tone, text });
        });
        if tone != Tone::Failed {
            set_timeout(move || self.take_down(number), STAYS);
        }
    }

    fn take_down(self, number: u32) {
        // The application may be gone by the time the timer rings.
        let _ = self
            .shown
            .try_update(|shown| shown.retain(|toast| toast.number != number));
    }
}

/// Makes [`Toasts::of_app`] work below this point.
pub fn provide_toasts() -> Toasts {
    let toasts = Toasts {
        shown: RwSignal::new(Vec::new()),
        next: StoredValue::new(0),
    };
    provide_context(toasts);
    toasts
}

/// The corner of the screen where they appear.
#[component]
pub fn ToastCorner(toasts: Toasts) -> impl IntoView {
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.shown.get() key=|toast| toast.number let:toast>
                <div class=format!("toast {}", toast.tone.class())>
                    <Icon name=if toast.tone == Tone::Failed { "circle-alert" } else { "circle-check" } />
                    <span>{toast.text.clone()}</span>
                    <IconButton icon="x" label="Close" class="small" on_press=move |_| toasts.take_down(toast.number) />
                </div>
            </For>
        </div>
    }
}
